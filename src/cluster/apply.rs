//! Objects go into the cluster by server-side apply: the server merges by field, and names the owner of a field that
//! another manager has set differently.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::Method;
use kube::core::response::StatusCause;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::client::Cluster;
use super::error::{ClusterError, causes};
use super::kinds::Kinds;
use super::list::encoded;
use super::request::{ApiRequest, ApiResponse, Connection, JSON};
use crate::object::{COMPONENT_LABEL, ResourceId};

/// The name by which the server remembers which fields floe has set.
const FIELD_MANAGER: &str = "floe";

/// Requests that are under way at the same time: enough to hide the time on the way, and no burden for a server.
const AT_ONCE: usize = 8;

/// How often an object is applied again that somebody else changes at the same moment.
const CHANGED_MEANWHILE: usize = 5;

/// An object without its content.
const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

/// How often the server is asked for a kind whose definition has just been applied, and how long is waited in between.
const DEFINITION_WAITS: usize = 20;
const DEFINITION_WAIT: std::time::Duration = std::time::Duration::from_millis(500);

/// What is changed, and what not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commitment {
    /// The server judges, admits and answers, and stores nothing.
    DryRun,
    /// It stores.
    Store,
}

impl Commitment {
    /// How much of an object the server is to show.
    const fn shown(self) -> &'static str {
        match self {
            Self::DryRun => JSON,
            Self::Store => METADATA,
        }
    }

    /// What tells whether an object has changed: the version that is stored. A dry run stores none, so there it is the
    /// object itself, but for who has set what.
    fn state(self, mut object: Value) -> Value {
        if self == Self::Store {
            return object.pointer("/metadata/resourceVersion").cloned().unwrap_or_default();
        }
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("managedFields");
            metadata.remove("resourceVersion");
        }
        object
    }
}

/// What happens to a field that somebody else has set differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnConflict {
    /// The object is refused.
    Refuse,
    /// The field becomes floe's.
    Take,
}

/// What became of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// It is new.
    Created,
    /// It was there, and is another now.
    Configured,
    /// It was there just so.
    Unchanged,
    /// A dry run cannot judge it, because its namespace is not there yet.
    Unjudged,
}

/// A field that somebody else has set differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The field, as the server writes it: `.spec.podSelector`.
    pub field: String,
    /// The other manager, in the server's words: `"kubectl-edit" using networking.k8s.io/v1`.
    pub owner: String,
}

/// Why an object is not applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// Somebody else has set some of its fields differently.
    #[error("{}", owners(.0))]
    Conflicts(Vec<Conflict>),
    /// The server has no such kind.
    #[error("the cluster has no kind {0}: its definition is missing")]
    NoSuchKind(String),
    /// The server refuses it, or cannot be asked.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
}

/// What belongs to whom, in one line.
fn owners(conflicts: &[Conflict]) -> String {
    let each = conflicts.iter().map(|it| format!("{} belongs to {}", it.field, it.owner));
    each.collect::<Vec<_>>().join("; ")
}

#[derive(Deserialize)]
struct Resources {
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
struct Resource {
    name: String,
    kind: String,
    namespaced: bool,
}

impl Cluster {
    /// Applies objects at the same time, as far as they go; the results are in the order of the objects. One without a
    /// namespace goes to `home`. Each object that is done is told at once.
    pub fn apply(
        &self,
        objects: &[Value],
        home: &str,
        commitment: Commitment,
        on_conflict: OnConflict,
        mut told: impl FnMut(&Value),
    ) -> Vec<Result<Applied, ApplyError>> {
        self.block_on(async {
            let mut running = JoinSet::new();
            let places = Arc::new(Semaphore::new(AT_ONCE));
            for (number, object) in objects.iter().cloned().enumerate() {
                let (connection, places, home) = (Arc::clone(&self.connection), Arc::clone(&places), home.to_owned());
                running.spawn(async move {
                    let _place = places.acquire().await;
                    (number, connection.apply(&object, &home, commitment, on_conflict).await)
                });
            }
            let mut results: BTreeMap<usize, Result<Applied, ApplyError>> = BTreeMap::new();
            while let Some(joined) = running.join_next().await {
                if let Ok((number, result)) = joined {
                    if let Some(object) = objects.get(number) {
                        told(object);
                    }
                    results.insert(number, result);
                }
            }
            let lost = || {
                let what = "apply".to_owned();
                Err(ApplyError::Cluster(ClusterError::Garbled { what, reason: "it was given up".to_owned() }))
            };
            (0..objects.len()).map(|number| results.remove(&number).unwrap_or_else(lost)).collect()
        })
    }

    /// Deletes an object as it was seen: one that was made anew since stays. Gone already is well.
    pub fn delete(&self, object: &Value, commitment: Commitment) -> Result<(), ApplyError> {
        self.block_on(async {
            let path = self.connection.path(object, &self.connection.namespace).await?;
            let uid = object.pointer("/metadata/uid");
            // All in the body: beside one, the server does not look at the query.
            let mut options =
                serde_json::json!({"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"});
            if let (Some(uid), Some(fields)) = (uid, options.as_object_mut()) {
                fields.insert("preconditions".to_owned(), serde_json::json!({"uid": uid}));
            }
            if let (Commitment::DryRun, Some(fields)) = (commitment, options.as_object_mut()) {
                fields.insert("dryRun".to_owned(), serde_json::json!(["All"]));
            }
            let question = ApiRequest {
                method: Method::DELETE,
                path,
                accept: JSON,
                body: Some((JSON, options.to_string().into_bytes())),
                what: format!("delete {}", named(object)),
            };
            let answer = self.connection.ask(&question).await?;
            match answer.status {
                200..=299 | 404 | 409 => Ok(()),
                _ => Err(self.connection.refusal(&question, &answer).into()),
            }
        })
    }

    /// Reads an object as it is now; absent if it is not there.
    pub fn read(&self, object: &Value, home: &str) -> Result<Option<Value>, ApplyError> {
        self.block_on(async {
            let path = self.connection.path(object, home).await?;
            let question = ApiRequest::get(path, format!("read {}", named(object)));
            let answer = self.connection.ask(&question).await?;
            match answer.status {
                404 => Ok(None),
                200 => Ok(serde_json::from_str(&answer.text).ok()),
                _ => Err(self.connection.refusal(&question, &answer).into()),
            }
        })
    }
}

impl Connection {
    async fn apply(
        &self,
        object: &Value,
        home: &str,
        commitment: Commitment,
        on_conflict: OnConflict,
    ) -> Result<Applied, ApplyError> {
        let path = self.path(object, home).await?;
        let live = self.live(object, &path, commitment).await?;
        let mut object = object.clone();
        if let Some(live) = &live {
            claim_rules(&mut object, live);
        }
        let before = live.map(|live| commitment.state(live));
        let mut query = format!("fieldManager={FIELD_MANAGER}&fieldValidation=Strict");
        if on_conflict == OnConflict::Take {
            query.push_str("&force=true");
        }
        if commitment == Commitment::DryRun {
            query.push_str("&dryRun=All");
        }
        let question = ApiRequest {
            method: Method::PATCH,
            path: format!("{path}?{query}"),
            accept: commitment.shown(),
            // JSON is YAML.
            body: Some(("application/apply-patch+yaml", object.to_string().into_bytes())),
            what: format!("apply {}", named(&object)),
        };
        let mut answer = self.ask(&question).await?;
        // The object was changed while the server merged: no field belongs to anybody, so the same request may go well.
        for _ in 0..CHANGED_MEANWHILE {
            if answer.status != 409 || !conflicts(&answer).is_empty() {
                break;
            }
            answer = self.ask(&question).await?;
        }
        if !answer.is_success() {
            let conflicts = conflicts(&answer);
            return match answer.status {
                409 if !conflicts.is_empty() => Err(ApplyError::Conflicts(conflicts)),
                404 if commitment == Commitment::DryRun => Ok(Applied::Unjudged),
                _ => Err(self.refusal(&question, &answer).into()),
            };
        }
        let after = commitment.state(serde_json::from_str(&answer.text).unwrap_or_default());
        Ok(match before {
            None => Applied::Created,
            Some(before) if before == after => Applied::Unchanged,
            Some(_) => Applied::Configured,
        })
    }

    /// The object as it is, or at least its metadata; absent if it is not there.
    async fn live(&self, object: &Value, path: &str, commitment: Commitment) -> Result<Option<Value>, ApplyError> {
        let mut question = ApiRequest::get(path, format!("read {}", named(object)));
        question.accept = commitment.shown();
        let answer = self.ask(&question).await?;
        match answer.status {
            404 => Ok(None),
            200 => Ok(Some(serde_json::from_str(&answer.text).unwrap_or_default())),
            _ => Err(self.refusal(&question, &answer).into()),
        }
    }

    fn refusal(&self, question: &ApiRequest, answer: &ApiResponse) -> ClusterError {
        ClusterError::of_answer(&self.server, &question.what, answer.status, &answer.text)
    }

    /// The path of an object.
    async fn path(&self, object: &Value, home: &str) -> Result<String, ApplyError> {
        let text = |path: &str| object.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let (api_version, kind) = (text("/apiVersion"), text("/kind"));
        let root = if api_version.contains('/') { "/apis" } else { "/api" };
        let (plural, is_namespaced) = self.kind(&format!("{root}/{api_version}"), kind).await?;
        let name = encoded(text("/metadata/name"));
        let namespace = Some(text("/metadata/namespace")).filter(|it| !it.is_empty()).unwrap_or(home);
        Ok(if is_namespaced {
            format!("{root}/{api_version}/namespaces/{}/{plural}/{name}", encoded(namespace))
        } else {
            format!("{root}/{api_version}/{plural}/{name}")
        })
    }

    /// What the API calls a kind. A definition that has just been applied takes a moment to be served.
    async fn kind(&self, version: &str, kind: &str) -> Result<(String, bool), ApplyError> {
        let mut known = self.kinds.0.lock().await;
        let is_builtin = version == "/api/v1" || known.get(version).is_some_and(|kinds| kinds.contains_key(kind));
        let waits = if is_builtin || !self.expects_definitions.load(std::sync::atomic::Ordering::Relaxed) {
            1
        } else {
            DEFINITION_WAITS
        };
        for wait in 0..waits {
            if wait > 0 {
                tokio::time::sleep(DEFINITION_WAIT).await;
            }
            if wait > 0 || !known.contains_key(version) {
                known.insert(version.to_owned(), self.kinds_of(version).await?);
            }
            if let Some(found) = known.get(version).and_then(|kinds| kinds.get(kind)) {
                return Ok(found.clone());
            }
        }
        let group = version.trim_start_matches("/apis/").trim_start_matches("/api/");
        Err(ApplyError::NoSuchKind(format!("{kind} of {group}")))
    }

    async fn kinds_of(&self, version: &str) -> Result<Kinds, ApplyError> {
        let question = ApiRequest::get(version, format!("list resources of {version}"));
        let answer = self.ask(&question).await?;
        if answer.status == 404 {
            return Ok(Kinds::new());
        }
        if !answer.is_success() {
            return Err(self.refusal(&question, &answer).into());
        }
        let garbled =
            |error: serde_json::Error| ClusterError::Garbled { what: question.what.clone(), reason: error.to_string() };
        let resources: Resources = serde_json::from_str(&answer.text).map_err(garbled)?;
        // A name with a slash is that of a subresource.
        let own = resources.resources.into_iter().filter(|it| !it.name.contains('/'));
        Ok(own.map(|it| (it.kind, (it.name, it.namespaced))).collect())
    }
}

/// Writes the rules that a policy of floe does not have as empty lists, where somebody else has set some. A field that
/// floe leaves out belongs to whoever sets it, so rules that are added to a default-deny would stay, and nobody would
/// say so; an empty list is a conflict. The server does not store it, so it is not written always.
fn claim_rules(object: &mut Value, live: &Value) {
    let is_own = object.pointer("/metadata/labels").and_then(|labels| labels.get(COMPONENT_LABEL)).is_some();
    if !is_own || object.get("kind").and_then(Value::as_str) != Some("NetworkPolicy") {
        return;
    }
    let managers = live.pointer("/metadata/managedFields").and_then(Value::as_array).into_iter().flatten();
    let others = managers.filter(|it| it.get("manager").and_then(Value::as_str) != Some(FIELD_MANAGER));
    let theirs: Vec<&Value> = others.filter_map(|it| it.pointer("/fieldsV1/f:spec")).collect();
    let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) else { return };
    for (rules, field) in [("ingress", "f:ingress"), ("egress", "f:egress")] {
        if theirs.iter().any(|fields| fields.get(field).is_some()) {
            spec.entry(rules).or_insert_with(|| Value::Array(Vec::new()));
        }
    }
}

fn named(object: &Value) -> String {
    ResourceId::of(object).map_or_else(|| "an object".to_owned(), |id| id.to_string())
}

/// The fields that others have set, of an answer that says so.
fn conflicts(answer: &ApiResponse) -> Vec<Conflict> {
    let causes = causes(&answer.text).into_iter().filter(|it| it.reason == "FieldManagerConflict");
    let conflict = |it: StatusCause| Conflict {
        field: it.field,
        owner: it.message.trim_start_matches("conflict with ").to_owned(),
    };
    causes.map(conflict).collect()
}
