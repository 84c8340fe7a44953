#![expect(clippy::disallowed_methods, reason = "an edge module: a lease is a matter of time")]

//! A Lease keeps two deploys of one installation apart, so that the cluster ends as one of the two and not as a mixture.

use std::time::Duration;

use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::client::Cluster;
use super::error::ClusterError;
use super::list::encoded;
use super::request::{ApiRequest, ApiResponse, Connection, JSON};

/// How often the Lease is looked at again that somebody else changes at the same moment.
const CHANGED_MEANWHILE: usize = 5;

/// The right to deploy into an installation, for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Where it is kept.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Who wants it. Runs that would apply the same share one name: they cannot get in each other's way, and one that was
    /// interrupted can be repeated at once.
    pub holder: String,
    /// How long it holds without being taken again.
    pub lasts: Duration,
}

/// What became of taking a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// It is held.
    Taken,
    /// Its namespace is not there yet.
    NoNamespace,
    /// Somebody else holds it, for so long.
    Busy {
        /// Who.
        holder: String,
        /// How long it holds yet.
        left: Duration,
    },
    /// The user may not keep leases; the server's words.
    Forbidden(String),
}

impl Cluster {
    /// Takes a lease that nobody else holds, or takes it again.
    pub fn take(&self, lease: &Lease) -> Result<Claim, ClusterError> {
        self.block_on(self.connection.take(lease))
    }

    /// Gives a lease back. That it cannot be is no failure: it ends by itself.
    pub fn give_back(&self, lease: &Lease) {
        let question = ApiRequest {
            method: Method::DELETE,
            path: format!("{}/{}", path(lease), encoded(&lease.name)),
            accept: JSON,
            body: None,
            what: "give the lease back".to_owned(),
        };
        if let Err(error) = self.block_on(self.connection.ask(&question)) {
            tracing::debug!("{error}");
        }
    }
}

fn path(lease: &Lease) -> String {
    format!("/apis/coordination.k8s.io/v1/namespaces/{}/leases", encoded(&lease.namespace))
}

/// The object, as of now.
fn object(lease: &Lease, version: Option<&Value>, now: Timestamp) -> Value {
    let mut metadata = json!({"name": lease.name, "namespace": lease.namespace});
    if let (Some(version), Some(fields)) = (version, metadata.as_object_mut()) {
        fields.insert("resourceVersion".to_owned(), version.clone());
    }
    // The API wants exactly six digits.
    let now = format!("{now:.6}");
    json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata,
        "spec": {"holderIdentity": lease.holder, "leaseDurationSeconds": lease.lasts.as_secs(),
            "acquireTime": now, "renewTime": now},
    })
}

/// How long somebody else holds a lease yet; absent if it is free.
fn held(found: &Value, lease: &Lease, now: Timestamp) -> Option<(String, Duration)> {
    let spec = found.get("spec")?;
    let holder = spec.get("holderIdentity")?.as_str().filter(|it| !it.is_empty() && *it != lease.holder)?;
    let renewed: Timestamp = spec.get("renewTime")?.as_str()?.parse().ok()?;
    let lasts = SignedDuration::from_secs(spec.get("leaseDurationSeconds")?.as_i64()?);
    let left = renewed.checked_add(lasts).ok()?.duration_since(now);
    Some((holder.to_owned(), left.try_into().ok()?)).filter(|(_, left): &(_, Duration)| !left.is_zero())
}

impl Connection {
    async fn take(&self, lease: &Lease) -> Result<Claim, ClusterError> {
        let path = path(lease);
        let object_path = format!("{path}/{}", encoded(&lease.name));
        let mut last = None;
        for _ in 0..CHANGED_MEANWHILE {
            let question = ApiRequest::get(&object_path, "read the lease of deploys");
            let answer = self.ask(&question).await?;
            let (method, path, version) = match answer.status {
                200 => {
                    let found: Value = serde_json::from_str(&answer.text).unwrap_or_default();
                    if let Some((holder, left)) = held(&found, lease, Timestamp::now()) {
                        return Ok(Claim::Busy { holder, left });
                    }
                    (Method::PUT, &object_path, found.pointer("/metadata/resourceVersion").cloned())
                }
                404 => (Method::POST, &path, None),
                _ => return self.refused(&question, &answer),
            };
            let is_new = method == Method::POST;
            let object = object(lease, version.as_ref(), Timestamp::now());
            let question = ApiRequest {
                method,
                path: path.clone(),
                accept: JSON,
                body: Some((JSON, object.to_string().into_bytes())),
                what: "take the lease of deploys".to_owned(),
            };
            let answer = self.ask(&question).await?;
            match answer.status {
                200..=299 => return Ok(Claim::Taken),
                404 if is_new => return Ok(Claim::NoNamespace),
                404 | 409 => last = Some((question, answer)),
                _ => return self.refused(&question, &answer),
            }
        }
        match last {
            Some((question, answer)) => self.refused(&question, &answer),
            None => Ok(Claim::Taken),
        }
    }

    fn refused(&self, question: &ApiRequest, answer: &ApiResponse) -> Result<Claim, ClusterError> {
        match ClusterError::of_answer(&self.server, &question.what, answer.status, &answer.text) {
            ClusterError::Forbidden { message, .. } => Ok(Claim::Forbidden(message)),
            error => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_free_for_its_holder_and_when_it_is_over() {
        let lease = |holder: &str| Lease {
            namespace: "p".to_owned(),
            name: "l".to_owned(),
            holder: holder.to_owned(),
            lasts: Duration::from_secs(60),
        };
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let found = object(&lease("a"), None, at("2026-01-01T00:00:00Z"));
        assert_eq!(found["spec"]["renewTime"], "2026-01-01T00:00:00.000000Z");
        let left = |holder: &str, now: &str| held(&found, &lease(holder), at(now)).map(|(_, left)| left.as_secs());
        assert_eq!(left("b", "2026-01-01T00:00:10Z"), Some(50));
        assert_eq!(left("b", "2026-01-01T00:01:00Z"), None);
        assert_eq!(left("b", "2026-01-01T00:02:00Z"), None);
        assert_eq!(left("a", "2026-01-01T00:00:10Z"), None);
        assert_eq!(held(&json!({}), &lease("b"), at("2026-01-01T00:00:00Z")), None);
    }
}
