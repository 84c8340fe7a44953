use std::collections::BTreeMap;

use json_patch::PatchOperation;
use serde_json::{Map, Value, json};

use crate::config::{Config, ManagedNamespace, Role};
use crate::object::{COMPONENT, COMPONENT_LABEL, Level, Version};
use crate::yaml::FieldPath;

use super::LevelVersion;
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
/// Its annotations keep Helm and Argo CD from deleting it, and everything in it, once they own it (decision on:
/// Namespaces outlive releases).
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

/// The patch that gives a Namespace of the input its Pod Security labels (decision on: Namespaces outlive releases).
///
/// Missing labels are added, weaker ones and older versions raised, and values that the API server rejects replaced.
/// Nothing gets weaker: a stricter level stays, and so does a newer version. A level without a version means `latest`, so
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

/// What a Namespace with these labels enforces once [`patch_namespace`] has given it its labels.
pub fn enforced_after(labels: &BTreeMap<String, String>, managed: &ManagedNamespace, config: &Config) -> LevelVersion {
    let label = |key: &str| labels.get(key).map(|text| json!(text));
    let (level, version) = (label(&level_label("enforce")), label(&version_label("enforce")));
    let present = Labels { level: level.as_ref(), version: version.as_ref() };
    let (level, version) = present.at_least(wanted_level(managed, "enforce"), config.pod_security.version);
    LevelVersion { level, version }
}

/// The labels of Pod Security that had another value before a patch: their names without prefix, what they said, and what
/// they say.
pub fn raised_labels(before: &Value, after: &Value) -> Vec<(&'static str, String, String)> {
    let label = |object: &Value, key: &str| {
        let value = object.pointer("/metadata/labels")?.get(key).filter(|value| !value.is_null())?;
        Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    let names = ["enforce", "enforce-version", "audit", "audit-version", "warn", "warn-version"];
    let changed = names.into_iter().filter_map(|name| {
        let key = level_label(name);
        Some((name, label(before, &key)?, label(after, &key)?))
    });
    changed.filter(|(_, before, after)| before != after).collect()
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
        // An old version of a strict level lets pass what the configured one forbids, so it is raised like a weak level.
        let level = level.map_or(wanted, |level| level.max(wanted));
        (level, version.map_or(wanted_version, |version| version.max(wanted_version)))
    }
}

#[cfg(test)]
mod tests {
    use json_patch::patch;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::config::PodSecurityConfig;

    fn config(version: Version) -> Config {
        Config { pod_security: PodSecurityConfig { version, ..PodSecurityConfig::default() }, ..Config::default() }
    }

    fn managed(role: Role, level: Level) -> ManagedNamespace {
        ManagedNamespace { name: "n".to_owned(), role, level }
    }

    fn patched(object: &Value, level: Level, version: Version) -> Value {
        let (managed, config) = (managed(Role::Platform, level), config(version));
        let mut result = object.clone();
        patch(&mut result, &patch_namespace(object, &managed, &config).unwrap()).unwrap();
        assert_eq!(patch_namespace(&result, &managed, &config).unwrap(), [], "not idempotent: {result:#}");
        result
    }

    #[test]
    fn an_appended_namespace_has_all_labels_and_is_kept() {
        let domain = managed(Role::Domain("sales".to_owned()), Level::Baseline);
        assert_eq!(
            namespace_object(&domain, &config(Version::Minor(29))),
            json!({
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {
                    "name": "n",
                    "labels": {
                        "app.kubernetes.io/managed-by": "floe",
                        "floe.dev/component": "network-security",
                        "floe.dev/domain": "sales",
                        "floe.dev/layer": "data",
                        "pod-security.kubernetes.io/enforce": "baseline",
                        "pod-security.kubernetes.io/enforce-version": "v1.29",
                        "pod-security.kubernetes.io/audit": "restricted",
                        "pod-security.kubernetes.io/audit-version": "v1.29",
                        "pod-security.kubernetes.io/warn": "restricted",
                        "pod-security.kubernetes.io/warn-version": "v1.29",
                    },
                    "annotations": {
                        "helm.sh/resource-policy": "keep",
                        "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
                    },
                },
            })
        );
        let jobs = namespace_object(&managed(Role::Jobs, Level::Restricted), &config(Version::Latest));
        assert_eq!(jobs["metadata"]["labels"].get("floe.dev/domain"), None);
        let (jobs_role, config) = (managed(Role::Jobs, Level::Restricted), config(Version::Latest));
        assert_eq!(patch_namespace(&jobs, &jobs_role, &config).unwrap(), []);
    }

    #[test]
    fn missing_labels_are_added_in_one_operation() {
        for object in [
            json!({"metadata": {"name": "n"}}),
            json!({"metadata": {"name": "n", "labels": null}}),
            json!({"metadata": {"name": "n", "labels": {}}}),
        ] {
            let operations =
                patch_namespace(&object, &managed(Role::Platform, Level::Baseline), &config(Version::Latest)).unwrap();
            assert_eq!(operations.len(), 1);
            let labels = patched(&object, Level::Baseline, Version::Latest)["metadata"]["labels"].clone();
            assert_eq!(labels.as_object().unwrap().len(), 6);
            assert_eq!(labels["pod-security.kubernetes.io/enforce"], json!("baseline"));
            assert_eq!(labels["pod-security.kubernetes.io/warn"], json!("restricted"));
            assert_eq!(labels["pod-security.kubernetes.io/warn-version"], json!("latest"));
        }
        let object = json!({"metadata": {"labels": {"team": "a"}}});
        assert_eq!(patched(&object, Level::Baseline, Version::Latest)["metadata"]["labels"]["team"], json!("a"));
    }

    /// Level and version of `enforce` in the input, what is wanted, and what becomes of it.
    #[test]
    fn weaker_labels_are_raised_and_stricter_ones_stay() {
        use Level::{Baseline, Privileged, Restricted};
        use Version::{Latest, Minor};
        let absent = Value::Null;
        let cases = [
            // Raised.
            (json!("privileged"), absent.clone(), Baseline, Minor(29), "baseline v1.29"),
            (json!("privileged"), json!("v1.20"), Baseline, Latest, "baseline latest"),
            (json!("baseline"), json!("v1.30"), Restricted, Minor(29), "restricted v1.30"),
            (json!("baseline"), absent.clone(), Restricted, Minor(29), "restricted latest"),
            (json!("restricted"), json!("v1.20"), Baseline, Latest, "restricted latest"),
            (json!("restricted"), absent.clone(), Baseline, Minor(29), "restricted latest"),
            (json!("baseline"), json!("v1.20"), Baseline, Latest, "baseline latest"),
            // Stays.
            (json!("baseline"), json!("latest"), Baseline, Minor(29), "baseline latest"),
            (json!("baseline"), absent.clone(), Baseline, Minor(29), "baseline latest"),
            (json!("privileged"), absent.clone(), Privileged, Minor(29), "privileged v1.29"),
            // A version alone.
            (absent.clone(), json!("v1.31"), Baseline, Minor(29), "baseline v1.31"),
            (absent.clone(), json!("v1.20"), Baseline, Minor(29), "baseline v1.29"),
            // Values that the API server rejects.
            (json!("Restricted"), json!("1.29"), Baseline, Minor(29), "baseline v1.29"),
            (json!("restricted"), json!("1.29"), Baseline, Minor(29), "restricted v1.29"),
            (json!(true), json!(1.29), Baseline, Latest, "baseline latest"),
        ];
        for (level, version, wanted, wanted_version, expected) in cases {
            let object = json!({"metadata": {"labels": {
                "pod-security.kubernetes.io/enforce": level, "pod-security.kubernetes.io/enforce-version": version,
            }}});
            let labels = patched(&object, wanted, wanted_version)["metadata"]["labels"].clone();
            let text = |key: &str| labels[key].as_str().unwrap().to_owned();
            let actual = format!("{} {}", text(&level_label("enforce")), text(&version_label("enforce")));
            assert_eq!(actual, expected, "{object}");
        }
    }

    #[test]
    fn a_wrong_shape_is_an_error() {
        let object = json!({"metadata": {"labels": ["a"]}});
        let error = patch_namespace(&object, &managed(Role::Platform, Level::Baseline), &config(Version::Latest));
        assert_eq!(error.unwrap_err().to_string(), "metadata.labels must be a mapping, but is a list");
    }

    proptest! {
        #[test]
        fn never_weakens_and_is_idempotent(
            level in select(vec![json!(null), json!("privileged"), json!("baseline"), json!("restricted"), json!("x")]),
            version in select(vec![json!(null), json!("latest"), json!("v1.1"), json!("v1.40"), json!("x")]),
            wanted in select(Level::ALL.to_vec()),
            wanted_version in select(vec![Version::Latest, Version::Minor(29)]),
            mode in select(MODES.to_vec()),
        ) {
            let object = json!({"metadata": {"labels": {level_label(mode): level, version_label(mode): version}}});
            let labels = patched(&object, wanted, wanted_version)["metadata"]["labels"].clone();
            let text = |value: &Value| value.as_str().map(str::to_owned).unwrap_or_default();
            let new_level = Level::parse(&text(&labels[level_label(mode)])).unwrap();
            let new_version = Version::parse(&text(&labels[version_label(mode)])).unwrap();
            prop_assert!(new_level >= wanted || mode != "enforce");
            prop_assert!(new_level == Level::Restricted || mode == "enforce");
            if let Some(old) = Level::parse(&text(&level)) {
                prop_assert!(new_level >= old);
            }
            if let Some(old) = Version::parse(&text(&version)) {
                prop_assert!(new_version >= old);
            }
        }
    }
}
