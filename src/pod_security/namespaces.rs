use json_patch::PatchOperation;
use serde_json::{Map, Value, json};

use crate::config::{Config, ManagedNamespace, Role};
use crate::object::{COMPONENT, COMPONENT_LABEL, Level, Version};
use crate::yaml::FieldPath;

use super::draft::{Draft, HardenError};

/// The three modes of Pod Security Admission, in the order of output.
const MODES: [&str; 3] = ["enforce", "audit", "warn"];

/// The label that holds the level of a mode.
fn level_label(mode: &str) -> String {
    format!("pod-security.kubernetes.io/{mode}")
}

/// The label that holds the policy version of a mode.
fn version_label(mode: &str) -> String {
    format!("pod-security.kubernetes.io/{mode}-version")
}

/// The level that a managed namespace should have in a mode: enforced is what the configuration says (FR-051, FR-052,
/// FR-054), audited and warned about is always `restricted` (FR-053).
fn wanted_level(managed: &ManagedNamespace, mode: &str) -> Level {
    if mode == "enforce" { managed.level } else { Level::Restricted }
}

/// The Namespace that floe appends where the input has none (FR-050).
///
/// Its annotations keep Helm and Argo CD from deleting it, and everything in it, once they own it (decision 11).
pub fn namespace_object(managed: &ManagedNamespace, config: &Config) -> Value {
    let mut labels = Map::new();
    labels.insert("app.kubernetes.io/managed-by".to_owned(), json!("floe"));
    labels.insert(COMPONENT_LABEL.to_owned(), json!(COMPONENT));
    if let Role::Domain(domain) = &managed.role {
        labels.insert("floe.dev/domain".to_owned(), json!(domain));
        labels.insert("floe.dev/layer".to_owned(), json!("data"));
    }
    for mode in MODES {
        labels.insert(level_label(mode), json!(wanted_level(managed, mode).as_str()));
        labels.insert(version_label(mode), json!(config.pod_security.version.to_string()));
    }
    json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": managed.name,
            "labels": labels,
            "annotations": {
                "helm.sh/resource-policy": "keep",
                "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
            },
        },
    })
}

/// The patch that gives a Namespace of the input its Pod Security labels (decision 11).
///
/// Missing labels are added, weaker ones raised, and values that the API server rejects replaced. Nothing gets weaker: a
/// stricter level stays, and so does a version with a level that stays. A level without a version means `latest`, so
/// that is what is written beside it. Other labels are not touched; patching the result gives an empty patch.
pub fn patch_namespace(
    object: &Value,
    managed: &ManagedNamespace,
    config: &Config,
) -> Result<Vec<PatchOperation>, HardenError> {
    let mut draft = Draft::new(object);
    let path = FieldPath::of_keys(["metadata", "labels"]);
    let labels = object.pointer("/metadata/labels").unwrap_or(&Value::Null);
    for mode in MODES {
        let (level, version) = (level_label(mode), version_label(mode));
        let present = Labels { level: labels.get(&level), version: labels.get(&version) };
        let wanted = present.at_least(wanted_level(managed, mode), config.pod_security.version);
        for (key, value) in [(level, wanted.0.to_string()), (version, wanted.1.to_string())] {
            match labels.get(&key) {
                Some(Value::String(text)) if *text == value => {}
                None | Some(Value::Null) => draft.set(path.child(key), json!(value))?,
                Some(_) => draft.replace(path.child(key), json!(value)),
            }
        }
    }
    Ok(draft.finish().0)
}

/// The labels of one mode as they stand in the input.
struct Labels<'v> {
    level: Option<&'v Value>,
    version: Option<&'v Value>,
}

impl Labels<'_> {
    /// The level and version that are no weaker than these labels, nor than what is wanted.
    fn at_least(&self, wanted: Level, wanted_version: Version) -> (Level, Version) {
        let level = self.level.and_then(Value::as_str).and_then(Level::parse);
        let has_version = self.version.is_some_and(|value| !value.is_null());
        let version = match self.version.and_then(Value::as_str).and_then(Version::parse) {
            // Without a version the API server takes the latest.
            None if !has_version && level.is_some_and(|level| level > Level::Privileged) => Some(Version::Latest),
            version => version,
        };
        match level {
            Some(level) if level >= wanted => (level, version.unwrap_or(wanted_version)),
            // The rules of a version matter only together with their level, so the newer of the two is the stricter.
            _ => (wanted, version.map_or(wanted_version, |version| version.max(wanted_version))),
        }
    }
}
