//! Calico.

use super::agent::has_container;
use super::detection::Detection;
use super::evidence::{Confidence, Enforced, Evidence};
use super::signs::AKS_POLICY_LABEL;
use super::{Observed, Profile, canal};

/// Calico.
pub(super) const PROFILE: Profile = Profile {
    source: "ipBlock against pods and nodes was measured on a cluster",
    ..Profile::conforming("calico", "Calico")
};

/// `calico-node` without flannel beside it, which is Canal; operator and controllers alone enforce nothing.
pub(super) fn detect(observed: &Observed) -> Option<Detection> {
    let images = ["calico/node", "rancher/mirrored-calico-node", "k0sproject/calico-node"];
    // The agent with flannel beside it is Canal's.
    let is_foreign = |it: &serde_json::Value| canal::is_canal(it) || has_container(it, "kube-flannel");
    if let Some(agent) = observed.agent_unless(&["calico-node"], &images, is_foreign) {
        return Some(Detection::running(&PROFILE, &agent));
    }
    if observed.daemon_sets.iter().any(is_foreign) {
        return None;
    }
    if let Some((node, value)) = observed.node_with("labels", AKS_POLICY_LABEL).filter(|(_, it)| *it == "calico") {
        let evidence = Evidence::of(node, "Node", format!("metadata.labels[{AKS_POLICY_LABEL}]"), value);
        return Some(Detection::by(&PROFILE, Enforced::Yes, Confidence::Medium, vec![evidence]));
    }
    let by_group = || observed.group("crd.projectcalico.org");
    let evidence = observed.controller(&["calico-kube-controllers", "tigera-operator"]).or_else(by_group)?;
    Some(Detection::without_agent(&PROFILE, evidence, "find out why the DaemonSet calico-node is missing"))
}
