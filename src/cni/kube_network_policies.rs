//! kube-network-policies of the Kubernetes project.

use serde_json::Value;

use super::detection::Detection;
use super::evidence::text;
use super::signs::FLANNEL_NAMES;
use super::{Observed, Profile};

/// kube-network-policies of the Kubernetes project.
pub(super) const PROFILE: Profile = Profile {
    remediation: "nothing to do; nodes need nftables queues",
    source: "its source, pkg/networkpolicy",
    ..Profile::conforming("kube-network-policies", "kube-network-policies")
};

/// Its own agent, beside a plugin that only connects pods. As a container of flannel's it is found there.
pub(super) fn detect(observed: &Observed) -> Option<Detection> {
    let is_flannel = |it: &Value| FLANNEL_NAMES.contains(&text(it, "/metadata/name"));
    let images = ["networking/kube-network-policies"];
    let agent = observed.agent_unless(&["kube-network-policies"], &images, is_flannel)?;
    Some(Detection::running(&PROFILE, &agent))
}
