//! Which objects floe has made. The label alone says nothing, because anybody can write it: an object is floe's where
//! its kind and name, and what is in it, are such as floe writes them.

use serde_json::Value;

use super::{COMPONENT, COMPONENT_LABEL, ResourceId};

/// The name of the policy that denies everything.
pub const DEFAULT_DENY: &str = "default-deny";

/// What the names of all other policies begin with, one for each direction.
pub const ALLOW_POLICIES: [&str; 2] = ["allow-egress", "allow-ingress"];

/// The label by which people see who manages an object; Helm writes over it.
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// The entry of the summary that no other `ConfigMap` has.
pub const SUMMARY_KEY: &str = "input-digest";

/// Prefixes of annotations by which hosts track an item between their functions.
const HOST_PREFIXES: [&str; 5] = [
    "internal.config.kubernetes.io/",
    "config.kubernetes.io/",
    "config.k8s.io/",
    "internal.config.k8s.io/",
    "kustomize.config.k8s.io/",
];

/// The annotation by which kpt and Kustomize drop an item before anything is applied (KRM Functions Specification).
pub const LOCAL_CONFIG: &str = "config.kubernetes.io/local-config";

/// The annotation by which Helm 4 keeps the files of a chart apart.
const HELM_FILENAME: &str = crate::stream::HELM_FILENAME_ANNOTATION;

/// Whether an annotation is a host's own, so that it stays on an object whose content is written anew.
pub fn is_host_annotation(key: &str) -> bool {
    key == HELM_FILENAME || (key != LOCAL_CONFIG && HOST_PREFIXES.iter().any(|prefix| key.starts_with(prefix)))
}

/// Whether an object carries floe's label.
pub fn is_marked(object: &Value) -> bool {
    text_map(object, "labels").any(|(key, value)| key == COMPONENT_LABEL && value == COMPONENT)
}

/// Whether floe has made an object: a policy of the names that it gives, a Namespace with nothing in it but what it writes
/// (one that people took over and labelled is theirs), or a summary.
pub fn is_own(id: &ResourceId, object: &Value) -> bool {
    if !is_marked(object) {
        return false;
    }
    match (id.gvk.group.as_str(), id.gvk.kind.as_str()) {
        ("networking.k8s.io", "NetworkPolicy") => is_policy_name(&id.name),
        ("", "ConfigMap") => object.pointer("/data").and_then(|data| data.get(SUMMARY_KEY)).is_some(),
        ("", "Namespace") => is_only_of_floe(object),
        _ => false,
    }
}

/// Whether floe gives a policy such a name.
fn is_policy_name(name: &str) -> bool {
    let allows =
        |prefix: &&str| name.strip_prefix(*prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    name == DEFAULT_DENY || ALLOW_POLICIES.iter().any(allows)
}

fn is_only_of_floe(namespace: &Value) -> bool {
    let is_label = |key: &str| {
        matches!(key, MANAGED_BY | "floe.dev/domain" | "floe.dev/layer" | super::NAMESPACE_NAME_LABEL)
            || key == COMPONENT_LABEL
            || key.starts_with("pod-security.kubernetes.io/")
    };
    let is_annotation = |key: &str| {
        matches!(key, "helm.sh/resource-policy" | "argocd.argoproj.io/sync-options" | LOCAL_CONFIG)
            || is_host_annotation(key)
    };
    text_map(namespace, "labels").all(|(key, _)| is_label(key))
        && text_map(namespace, "annotations").all(|(key, _)| is_annotation(key))
        && namespace.get("spec").is_none()
}

/// Labels or annotations; those that are no text have an empty value.
fn text_map<'v>(object: &'v Value, name: &str) -> impl Iterator<Item = (&'v str, &'v str)> {
    let map = object.get("metadata").and_then(|metadata| metadata.get(name)).and_then(Value::as_object);
    map.into_iter().flatten().map(|(key, value)| (key.as_str(), value.as_str().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn own(mut object: Value) -> bool {
        object["metadata"]["labels"]["floe.dev/component"] = json!("network-security");
        is_own(&ResourceId::of(&object).unwrap(), &object)
    }

    #[test]
    fn kind_name_and_content_decide() {
        let policy = |name: &str| json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name}});
        for name in ["default-deny", "allow-egress", "allow-ingress-minio-2"] {
            assert!(own(policy(name)), "{name}");
        }
        for name in ["open", "default-deny-2", "allow-egressx", ""] {
            assert!(!own(policy(name)), "{name}");
        }
        let of = |kind: &str| json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "x"}});
        assert!(!own(of("Service")) && !own(of("Deployment")) && !own(of("ConfigMap")) && own(of("Namespace")));
        let mut summary = of("ConfigMap");
        summary["data"]["input-digest"] = json!("x");
        assert!(
            own(summary.clone()) && !is_own(&ResourceId::of(&summary).unwrap(), &summary),
            "the label decides, too"
        );
    }

    #[test]
    fn a_namespace_that_people_took_over_is_theirs() {
        let with = |field: &str, key: &str| {
            let mut object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}});
            object["metadata"][field][key] = json!("enabled");
            own(object)
        };
        assert!(
            with("labels", "pod-security.kubernetes.io/enforce") && with("annotations", "config.kubernetes.io/index")
        );
        assert!(!with("labels", "istio-injection") && !with("annotations", "team"));
    }
}
