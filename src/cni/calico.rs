//! Calico.

use super::agent::has_container;
use super::detect::{Confidence, Detection, Enforced, Evidence, text};
use super::{Observed, Profile, azure, canal};

/// Calico.
pub(super) const PROFILE: Profile = Profile {
    source: "ipBlock against pods and nodes was measured on a cluster",
    ..Profile::conforming("calico", "Calico")
};

/// `calico-node` without flannel beside it, which is Canal; operator and controllers alone enforce nothing.
pub(super) fn detect(observed: &Observed) -> Option<Detection> {
    let images = ["calico/node", "rancher/mirrored-calico-node"];
    let is_foreign = |it: &serde_json::Value| canal::is_canal(it) || has_container(it, "kube-flannel");
    if let Some(agent) = observed.agent_unless(&["calico-node"], &images, is_foreign) {
        return Some(Detection::running(&PROFILE, &agent));
    }
    if observed.daemon_sets.iter().any(is_foreign) {
        return None;
    }
    let controller = observed.deployment(&["calico-kube-controllers", "tigera-operator"]);
    if let Some(controller) = controller {
        let evidence = Evidence::of(controller, "Deployment", "metadata.name", text(controller, "/metadata/name"));
        let mut found = Detection::by(&PROFILE, Enforced::Unknown, Confidence::Low, vec![evidence]);
        found.remediation = Some("find out why the DaemonSet calico-node is missing");
        return Some(found);
    }
    let (node, value) = observed.node_with("labels", azure::POLICY_LABEL).filter(|(_, value)| *value == "calico")?;
    let field = format!("metadata.labels[{}]", azure::POLICY_LABEL);
    let evidence = Evidence::of(node, "Node", field, value);
    Some(Detection::by(&PROFILE, Enforced::Yes, Confidence::Medium, vec![evidence]))
}
