//! Whether the network plugin of a cluster enforces policies at all: by the exact names of its `DaemonSet`s, their images and
//! arguments, never by parts of names.

use serde_json::Value;

/// What is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Enforcement {
    /// A plugin enforces.
    Enforced {
        /// Its name.
        plugin: &'static str,
    },
    /// There is a plugin, and it does not.
    Unenforced {
        /// Its name.
        plugin: &'static str,
        /// What to do about it.
        remediation: &'static str,
    },
    /// No plugin is known by what is there.
    Unknown,
}

impl std::fmt::Display for Enforcement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Enforced { plugin } => write!(f, "enforced ({plugin})"),
            Self::Unenforced { plugin, .. } => write!(f, "unenforced ({plugin})"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

/// Plugins that enforce wherever they run, by the name of their `DaemonSet`. They win over those that do not, beside which
/// some of them run.
const ENFORCING: [(&str, &str); 10] = [
    ("anetd", "GKE Dataplane V2"),
    ("antrea-agent", "Antrea"),
    ("azure-npm", "Azure NPM"),
    ("calico-node", "Calico"),
    ("canal", "Canal"),
    ("cilium", "Cilium"),
    ("kube-network-policies", "kube-network-policies"),
    ("ovnkube-node", "OVN-Kubernetes"),
    ("rke2-canal", "Canal"),
    ("weave-net", "Weave"),
];

/// The first image of kindnet that enforces, by its date (kind v0.24.0).
const KINDNET: &str = "v20240813";

/// Judges by the `DaemonSet`s and Nodes of a cluster.
pub fn enforcement(daemon_sets: &[Value], nodes: &[Value]) -> Enforcement {
    let named = |name: &str| daemon_sets.iter().find(|it| text(it, "/metadata/name") == name);
    if let Some((_, plugin)) = ENFORCING.iter().find(|(name, _)| named(name).is_some()) {
        return Enforcement::Enforced { plugin };
    }
    if let Some(router) = named("kube-router") {
        return judged(
            "kube-router",
            !has_argument(router, "--run-firewall=false"),
            "start it with --run-firewall=true",
        );
    }
    if let Some(vpc) = named("aws-node") {
        let on = has_argument(vpc, "--enable-network-policy=true");
        return judged("AWS VPC CNI", on, "set the add-on's configuration to {\"enableNetworkPolicy\":\"true\"}");
    }
    if let Some(kindnet) = named("kindnet") {
        let tag = images(kindnet).find_map(|image| image.rsplit_once(':').map(|(_, tag)| tag.to_owned()));
        // Dates in this form have the order of their letters.
        let on = tag.is_some_and(|tag| tag.as_str() >= KINDNET);
        return judged("kindnet", on, "use kind v0.24.0 or later, or `disableDefaultCNI` with Calico");
    }
    if let Some(flannel) = named("kube-flannel-ds").or_else(|| named("kube-flannel")) {
        let on = containers(flannel).any(|it| strings(it, "command").any(|word| word.ends_with("/netpol")));
        return judged("flannel", on, "set `netpol.enabled=true` of its chart, or use Canal, Calico or Cilium");
    }
    let arguments = |node: &Value| text(node, "/metadata/annotations/k3s.io~1node-args").to_owned();
    let k3s: Vec<String> = nodes.iter().map(arguments).filter(|it| !it.is_empty()).collect();
    if !k3s.is_empty() {
        let off = k3s.iter().any(|it| it.contains("\"--disable-network-policy\""));
        return judged("k3s", !off, "remove --disable-network-policy from the servers");
    }
    Enforcement::Unknown
}

const fn judged(plugin: &'static str, is_enforced: bool, remediation: &'static str) -> Enforcement {
    if is_enforced { Enforcement::Enforced { plugin } } else { Enforcement::Unenforced { plugin, remediation } }
}

fn text<'v>(object: &'v Value, path: &str) -> &'v str {
    object.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

fn containers(daemon_set: &Value) -> impl Iterator<Item = &Value> {
    daemon_set.pointer("/spec/template/spec/containers").and_then(Value::as_array).into_iter().flatten()
}

fn strings<'v>(container: &'v Value, field: &str) -> impl Iterator<Item = &'v str> {
    container.get(field).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

fn has_argument(daemon_set: &Value, wanted: &str) -> bool {
    containers(daemon_set).any(|it| strings(it, "args").chain(strings(it, "command")).any(|word| word == wanted))
}

fn images(daemon_set: &Value) -> impl Iterator<Item = &str> {
    containers(daemon_set).map(|it| text(it, "/image"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn daemon_set(name: &str, container: &Value) -> Value {
        json!({"metadata": {"name": name}, "spec": {"template": {"spec": {"containers": [container]}}}})
    }

    fn judge(name: &str, container: &Value) -> String {
        enforcement(&[daemon_set(name, container)], &[]).to_string()
    }

    #[test]
    fn plugins_are_known_by_exact_names() {
        assert_eq!(judge("calico-node", &json!({})), "enforced (Calico)");
        assert_eq!(judge("my-calico-node", &json!({})), "unknown");
        assert_eq!(judge("kube-flannel-ds", &json!({})), "unenforced (flannel)");
        assert_eq!(judge("kube-flannel-ds", &json!({"command": ["/bin/netpol"]})), "enforced (flannel)");
        assert_eq!(judge("aws-node", &json!({"args": ["--enable-network-policy=false"]})), "unenforced (AWS VPC CNI)");
        assert_eq!(judge("aws-node", &json!({"args": ["--enable-network-policy=true"]})), "enforced (AWS VPC CNI)");
        assert_eq!(judge("kube-router", &json!({"args": ["--run-firewall=false"]})), "unenforced (kube-router)");
        assert_eq!(
            judge("kindnet", &json!({"image": "docker.io/kindest/kindnetd:v20240202-8f1494ea"})),
            "unenforced (kindnet)"
        );
        assert_eq!(
            judge("kindnet", &json!({"image": "docker.io/kindest/kindnetd:v20250512-df8de77b"})),
            "enforced (kindnet)"
        );
        let canal = [daemon_set("kube-flannel-ds", &json!({})), daemon_set("kube-network-policies", &json!({}))];
        assert_eq!(enforcement(&canal, &[]).to_string(), "enforced (kube-network-policies)");
    }

    #[test]
    fn k3s_shows_in_its_nodes() {
        let node = |arguments: &str| json!({"metadata": {"annotations": {"k3s.io/node-args": arguments}}});
        assert_eq!(enforcement(&[], &[node("[\"server\"]")]).to_string(), "enforced (k3s)");
        let off = node("[\"server\",\"--disable-network-policy\"]");
        assert_eq!(enforcement(&[], &[off]).to_string(), "unenforced (k3s)");
    }
}
