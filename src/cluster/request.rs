//! One request and its answer, repeated where that may help.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use http::{Method, Request};
use http_body_util::BodyExt as _;
use kube::client::Body;
use kube::{Client, Config};
use tokio::sync::{Mutex, RwLock};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::error::ClusterError;
use super::kinds::KnownKinds;

/// How often a request is repeated that may succeed the next time.
const REPETITIONS: u32 = 5;

/// The wait before the first repetition where the server names none; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// The longest wait that a server may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Objects as JSON.
pub(super) const JSON: &str = "application/json";

/// A server and how it is talked to.
pub(super) struct Connection {
    /// Replaced where the server does not take its credentials any more.
    pub(super) client: RwLock<Arc<Client>>,
    /// How a client with new credentials is made, where that is possible: by asking an exec plugin again.
    pub(super) renewed_by: Option<Config>,
    pub(super) server: String,
    pub(super) namespace: String,
    pub(super) timeout: Option<Duration>,
    pub(super) pace: Pace,
    pub(super) kinds: KnownKinds,
    pub(super) expects_definitions: AtomicBool,
}

/// Makes a client; an exec plugin of the kubeconfig runs.
pub(super) fn new_client(config: Config, server: &str) -> Result<Client, ClusterError> {
    Client::try_from(config).map_err(|error| match &error {
        kube::Error::Auth(auth) => ClusterError::Credentials { server: server.to_owned(), reason: auth.to_string() },
        _ => ClusterError::Kubeconfig(error.to_string()),
    })
}

/// Keeps requests apart, for `--kube-api-qps`.
pub(super) struct Pace {
    interval: Option<Duration>,
    next: Mutex<Option<Instant>>,
}

impl Pace {
    pub(super) fn new(queries_per_second: Option<f64>) -> Self {
        let interval = queries_per_second.and_then(|rate| Duration::try_from_secs_f64(1.0 / rate).ok());
        Self { interval, next: Mutex::new(None) }
    }

    async fn wait(&self) {
        let Some(interval) = self.interval else { return };
        let mut next = self.next.lock().await;
        let at = next.unwrap_or_else(Instant::now).max(Instant::now());
        *next = Some(at + interval);
        drop(next);
        sleep_until(at).await;
    }
}

/// What is asked.
#[derive(Debug, Clone)]
pub(super) struct ApiRequest {
    pub(super) method: Method,
    /// Path and query.
    pub(super) path: String,
    pub(super) accept: &'static str,
    /// Content type and body.
    pub(super) body: Option<(&'static str, Vec<u8>)>,
    /// What messages call it: `list pods`.
    pub(super) what: String,
}

impl ApiRequest {
    /// Reads something.
    pub(super) fn get(path: impl Into<String>, what: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), accept: JSON, body: None, what: what.into() }
    }
}

/// What the server says.
#[derive(Debug)]
pub(super) struct ApiResponse {
    pub(super) status: u16,
    pub(super) text: String,
    retry_after: Option<Duration>,
}

impl ApiResponse {
    pub(super) const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// Overload and faults of the server or of what stands before it; a repetition may succeed.
    const fn is_passing(&self) -> bool {
        matches!(self.status, 429 | 500 | 502 | 503 | 504)
    }
}

impl Connection {
    /// Asks, and asks again where the server is overloaded, fails, or is cut off, and with new credentials where it
    /// does not take these any more. Every question of floe may be asked twice: it reads, applies or deletes.
    pub(super) async fn ask(&self, question: &ApiRequest) -> Result<ApiResponse, ClusterError> {
        let used = Arc::clone(&*self.client.read().await);
        let answer = self.ask_patiently(question).await?;
        let Some(config) = self.renewed_by.as_ref().filter(|_| answer.status == 401) else { return Ok(answer) };
        let mut client = self.client.write().await;
        // Another question may have renewed it meanwhile.
        if Arc::ptr_eq(&client, &used) {
            tracing::debug!("{}: the credentials are not accepted, the plugin is asked again", question.what);
            *client = Arc::new(new_client(config.clone(), &self.server)?);
        }
        drop(client);
        self.ask_patiently(question).await
    }

    async fn ask_patiently(&self, question: &ApiRequest) -> Result<ApiResponse, ClusterError> {
        let mut wait = FIRST_WAIT;
        for _ in 0..REPETITIONS {
            let pause = match self.ask_once(question).await {
                Ok(answer) if answer.is_passing() => {
                    tracing::debug!(status = answer.status, "{}: the server asks for patience", question.what);
                    answer.retry_after.unwrap_or(wait).min(LONGEST_WAIT)
                }
                Err(error) if error.is_passing() => {
                    tracing::debug!("{error}");
                    wait
                }
                done => return done,
            };
            sleep(pause).await;
            wait *= 2;
        }
        self.ask_once(question).await
    }

    /// Asks and takes every answer but success for an error.
    pub(super) async fn expect(&self, question: &ApiRequest) -> Result<String, ClusterError> {
        let answer = self.ask(question).await?;
        if answer.is_success() {
            return Ok(answer.text);
        }
        Err(ClusterError::of_answer(&self.server, &question.what, answer.status, &answer.text))
    }

    async fn ask_once(&self, question: &ApiRequest) -> Result<ApiResponse, ClusterError> {
        self.pace.wait().await;
        let Some(limit) = self.timeout else { return self.exchange(question).await };
        match timeout(limit, self.exchange(question)).await {
            Ok(answer) => answer,
            Err(_) => {
                Err(ClusterError::Timeout { server: self.server.clone(), what: question.what.clone(), after: limit })
            }
        }
    }

    async fn exchange(&self, question: &ApiRequest) -> Result<ApiResponse, ClusterError> {
        let ApiRequest { method, path, accept, body, what } = question;
        tracing::debug!("{method} {path}");
        let mut request = Request::builder().method(method).uri(path).header(ACCEPT, *accept);
        if let Some((content_type, _)) = body {
            request = request.header(CONTENT_TYPE, *content_type);
        }
        let content = body.as_ref().map(|(_, content)| content.clone()).unwrap_or_default();
        let garbled = |reason: String| ClusterError::Garbled { what: what.clone(), reason };
        let request = request.body(Body::from(content)).map_err(|error| garbled(error.to_string()))?;
        let client = Arc::clone(&*self.client.read().await);
        let response =
            client.send(request).await.map_err(|error| ClusterError::of_request(&self.server, what, &error))?;
        let status = response.status().as_u16();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|it| it.to_str().ok()?.parse().ok());
        let collected = response.into_body().collect().await;
        let bytes = collected.map_err(|error| ClusterError::of_request(&self.server, what, &error))?.to_bytes();
        let text = String::from_utf8(bytes.into()).map_err(|error| garbled(error.to_string()))?;
        Ok(ApiResponse { status, text, retry_after: retry_after.map(Duration::from_secs) })
    }
}
