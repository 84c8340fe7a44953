use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::certificates::Credentials;

/// What the server does about a field that it does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldValidation {
    /// Drops it.
    Ignore,
    /// Refuses the object, as `kubectl apply` asks it to.
    Strict,
}

/// The server's answer.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The object, or a `Status` that says what is wrong.
    pub(crate) body: Value,
}

impl Reply {
    /// Whether the object was accepted.
    pub(crate) fn is_accepted(&self) -> bool {
        matches!(self.status, 200 | 201)
    }

    /// What is wrong, in the server's words.
    pub(crate) fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }
}

/// The collection that objects of a kind belong to.
#[derive(Debug, Clone)]
struct Resource {
    plural: String,
    is_namespaced: bool,
}

/// Requests over connections that are kept; may be shared by threads.
pub(crate) struct Client {
    agent: Agent,
    url: String,
    authorization: String,
    /// The resources of each API version that was asked for, by kind.
    resources: Mutex<BTreeMap<String, BTreeMap<String, Resource>>>,
}

impl Client {
    pub(super) fn new(url: String, credentials: &Credentials) -> Self {
        let certificate = Certificate::from_pem(&fs::read(&credentials.certificate).unwrap()).unwrap();
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::new_with_certs(&[certificate]))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            // The caller's environment may name one.
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(60)))
            // As many as there are threads that fill a cluster.
            .max_idle_connections_per_host(16)
            .build();
        Self {
            agent: config.into(),
            url,
            authorization: format!("Bearer {}", credentials.token),
            resources: Mutex::default(),
        }
    }

    /// The same rights as a kubeconfig, which may be JSON.
    pub(super) fn kubeconfig(&self, credentials: &Credentials) -> Value {
        json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "t", "cluster": {
                "server": self.url, "certificate-authority": credentials.certificate,
            }}],
            "users": [{"name": "t", "user": {"token": credentials.token}}],
            "contexts": [{"name": "t", "context": {"cluster": "t", "user": "t"}}],
            "current-context": "t",
        })
    }

    /// Whether the server says that it is ready.
    pub(super) fn is_ready(&self) -> bool {
        let request = self.agent.get(format!("{}/readyz", self.url)).header("authorization", &self.authorization);
        request.call().is_ok_and(|response| response.status() == 200)
    }

    /// Reads a resource.
    pub(crate) fn get(&self, path: &str) -> Reply {
        let request = self.agent.get(format!("{}{path}", self.url)).header("authorization", &self.authorization);
        reply(request.call())
    }

    /// Makes an object that has its namespace in itself, if any.
    pub(crate) fn create(&self, object: &Value) -> Reply {
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or("default");
        let path = self.collection(object, namespace).expect("the server knows what tests make");
        self.post(&path, object)
    }

    /// Asks whether an object could be made; `None` for a kind that the server does not have.
    ///
    /// An object that has no namespace in itself goes to the one that is given.
    pub(crate) fn dry_run_create(&self, object: &Value, namespace: &str, validation: FieldValidation) -> Option<Reply> {
        let path = self.collection(object, object["metadata"]["namespace"].as_str().unwrap_or(namespace))?;
        Some(self.post(&format!("{path}?dryRun=All&fieldValidation={validation:?}"), object))
    }

    /// Changes a resource by a JSON merge patch, as somebody else than floe.
    pub(crate) fn merge(&self, path: &str, change: &Value) -> Reply {
        let request = self.agent.patch(format!("{}{path}?fieldManager=somebody", self.url));
        let request = request.header("authorization", &self.authorization);
        reply(request.content_type("application/merge-patch+json").send(change.to_string()))
    }

    /// Deletes a resource.
    pub(crate) fn delete(&self, path: &str) -> Reply {
        let request = self.agent.delete(format!("{}{path}", self.url)).header("authorization", &self.authorization);
        reply(request.call())
    }

    /// Passes a request on as it is; for the proxy.
    pub(crate) fn pass(
        &self,
        request: ureq::http::request::Builder,
        path: &str,
        body: Vec<u8>,
    ) -> (u16, String, Vec<u8>) {
        let request = request.uri(format!("{}{path}", self.url));
        let answered = if body.is_empty() {
            self.agent.run(request.body(()).unwrap())
        } else {
            self.agent.run(request.body(body).unwrap())
        };
        let mut answer = answered.unwrap_or_else(|error| panic!("no answer of the API server: {error}"));
        let kind = answer.headers().get("content-type").and_then(|it| it.to_str().ok()).unwrap_or_default().to_owned();
        (answer.status().as_u16(), kind, answer.body_mut().with_config().limit(1 << 30).read_to_vec().unwrap())
    }

    fn post(&self, path: &str, object: &Value) -> Reply {
        let request = self.agent.post(format!("{}{path}", self.url)).header("authorization", &self.authorization);
        reply(request.content_type("application/json").send(object.to_string()))
    }

    /// Asks whether an object could be made or changed to this, by server-side apply.
    pub(crate) fn dry_run_apply(&self, object: &Value, namespace: &str) -> Option<Reply> {
        let metadata = &object["metadata"];
        let path = self.collection(object, metadata["namespace"].as_str().unwrap_or(namespace))?;
        let name = metadata["name"].as_str().unwrap_or_default();
        let query = "dryRun=All&fieldValidation=Strict&fieldManager=floe&force=true";
        let request = self.agent.patch(format!("{}{path}/{name}?{query}", self.url));
        let request = request.header("authorization", &self.authorization);
        Some(reply(request.content_type("application/apply-patch+yaml").send(object.to_string())))
    }

    /// The path of the collection that an object belongs to.
    fn collection(&self, object: &Value, namespace: &str) -> Option<String> {
        let (api_version, kind) = (object["apiVersion"].as_str()?, object["kind"].as_str()?);
        let root = if api_version.contains('/') { "/apis" } else { "/api" };
        let mut known = self.resources.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.contains_key(api_version) {
            known.insert(api_version.to_owned(), self.discover(&format!("{root}/{api_version}")));
        }
        let Resource { plural, is_namespaced } = known.get(api_version)?.get(kind)?;
        Some(if *is_namespaced {
            format!("{root}/{api_version}/namespaces/{namespace}/{plural}")
        } else {
            format!("{root}/{api_version}/{plural}")
        })
    }

    /// The resources of an API version by kind; none where the server does not serve it.
    fn discover(&self, path: &str) -> BTreeMap<String, Resource> {
        let list = self.get(path);
        let resources = list.body["resources"].as_array().into_iter().flatten();
        let named = resources.filter_map(|resource| {
            let (plural, kind) = (resource["name"].as_str()?, resource["kind"].as_str()?);
            // A name with a slash is that of a subresource.
            let is_namespaced = resource["namespaced"] == true;
            (!plural.contains('/')).then(|| (kind.to_owned(), Resource { plural: plural.to_owned(), is_namespaced }))
        });
        named.collect()
    }
}

fn reply(response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Reply {
    let mut response = response.unwrap_or_else(|error| panic!("no answer of the API server: {error}"));
    let status = response.status().as_u16();
    let body = response.body_mut().read_to_vec().unwrap();
    // Some answers, such as that to an unknown path, are plain text.
    let body = serde_json::from_slice(&body).unwrap_or_else(|_| json!({"message": String::from_utf8_lossy(&body)}));
    Reply { status, body }
}
