//! Flannel alone.

use super::detection::Detection;
use super::evidence::{Confidence, Enforced, Evidence};
use super::signs::FLANNEL_NAMES;
use super::{Enforcement, Observed, Profile, canal, k3s, kube_network_policies};

/// What flannel writes on nodes.
const BACKEND: &str = "flannel.alpha.coreos.com/backend-type";

/// Flannel alone.
pub(super) const PROFILE: Profile = Profile {
    enforcement: Enforcement::No,
    remediation: "install flannel with netpol.enabled=true, or use Canal, Calico or Cilium",
    source: "measured on a cluster; with netpol.enabled=true it runs kube-network-policies",
    ..Profile::conforming("flannel", "Flannel")
};

/// flannel without Calico in the same agent; a second container, that of kube-network-policies, may enforce.
pub(super) fn detect(observed: &Observed) -> Option<Detection> {
    let images = [
        "flannel/flannel",
        "flannel-io/flannel",
        "flannelcni/flannel",
        "coreos/flannel",
        "rancher/mirrored-flannel",
        "rancher/hardened-flannel",
    ];
    if let Some(agent) = observed.agent_unless(&FLANNEL_NAMES, &images, canal::is_canal) {
        let found = Detection::running(&PROFILE, &agent);
        return Some(match agent.program("/bin/netpol") {
            Some(evidence) => Detection { plugin: &kube_network_policies::PROFILE, ..found.because(evidence) },
            None => Detection { enforced: Enforced::No, remediation: Some(PROFILE.remediation), ..found },
        });
    }
    // Canal and k3s have flannel inside, and say themselves what they enforce.
    if observed.daemon_sets.iter().any(canal::is_canal) || k3s::runs(observed) {
        return None;
    }
    let (node, value) = observed.node_with("annotations", BACKEND)?;
    let evidence = Evidence::of(node, "Node", format!("metadata.annotations[{BACKEND}]"), value);
    Some(Detection::by(&PROFILE, Enforced::No, Confidence::Medium, vec![evidence]))
}
