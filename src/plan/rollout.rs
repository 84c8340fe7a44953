//! The order in which objects come into a cluster, so that nothing that must work is cut off in between.
//!
//! Namespaces come first, because everything else lives in them, with their Pod Security labels before any pod.
//! Policies that allow come before those that only deny: a pod that a policy selects is cut off from all that no policy
//! allows. Workloads come last, so that no pod ever runs unprotected.

use serde_json::Value;

/// A step of a rollout. If one fails, the next does not begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Namespaces.
    Namespaces,
    /// Definitions of custom resources.
    Definitions,
    /// Network policies with rules.
    Allow,
    /// Network policies without any rule: they only isolate.
    Deny,
    /// Everything else, by the order of its kind.
    Workloads(usize),
}

/// Kinds in the order in which Helm installs them; other kinds come behind them, admission last, which would judge the
/// rest.
const KINDS: [&str; 34] = [
    "PriorityClass",
    "ResourceQuota",
    "LimitRange",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "GatewayClass",
    "Gateway",
    "HTTPRoute",
    "GRPCRoute",
    "TCPRoute",
    "TLSRoute",
    "UDPRoute",
    "APIService",
];

const LAST: [&str; 4] = [
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
];

impl Phase {
    /// The step in which an object comes.
    pub fn of(object: &Value) -> Self {
        let text = |field: &str| object.get(field).and_then(Value::as_str).unwrap_or_default();
        match (text("apiVersion"), text("kind")) {
            ("v1", "Namespace") => Self::Namespaces,
            (_, "CustomResourceDefinition") => Self::Definitions,
            (version, "NetworkPolicy") if version.starts_with("networking.k8s.io/") => {
                let has_rules = |field: &str| {
                    object.pointer(field).and_then(Value::as_array).is_some_and(|rules| !rules.is_empty())
                };
                if has_rules("/spec/ingress") || has_rules("/spec/egress") { Self::Allow } else { Self::Deny }
            }
            (_, kind) => {
                let known = KINDS.iter().position(|known| *known == kind);
                let last = LAST.iter().position(|last| *last == kind).map(|at| KINDS.len() + 1 + at);
                Self::Workloads(known.or(last).unwrap_or(KINDS.len()))
            }
        }
    }
}

/// Objects by step; within a step in the order in which they came.
pub fn rollout(objects: Vec<Value>) -> Vec<(Phase, Vec<Value>)> {
    let mut steps: std::collections::BTreeMap<Phase, Vec<Value>> = std::collections::BTreeMap::new();
    for object in objects {
        steps.entry(Phase::of(&object)).or_default().push(object);
    }
    steps.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_is_cut_off_and_nothing_runs_unprotected() {
        let policy = |name: &str, spec: Value| {
            json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                "metadata": {"name": name}, "spec": spec})
        };
        let objects = vec![
            json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
                "metadata": {"name": "w"}}),
            json!({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "t"}}),
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}}),
            json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "s"}}),
            policy("deny", json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})),
            policy("empty", json!({"podSelector": {}, "ingress": []})),
            policy("allow", json!({"podSelector": {}, "ingress": [{}]})),
            json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                "metadata": {"name": "c"}}),
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}),
        ];
        let names: Vec<Vec<String>> = rollout(objects)
            .into_iter()
            .map(|(_, objects)| objects.iter().map(|it| it["metadata"]["name"].as_str().unwrap().to_owned()).collect())
            .collect();
        let expected: [&[&str]; 8] = [&["n"], &["c"], &["allow"], &["deny", "empty"], &["s"], &["d"], &["t"], &["w"]];
        assert_eq!(names, expected);
    }
}
