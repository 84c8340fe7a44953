//! kube-network-policies of the Kubernetes project.

use super::detect::Detection;
use super::{Observed, Profile};

/// kube-network-policies of the Kubernetes project.
pub(super) const PROFILE: Profile = Profile {
    remediation: "nothing to do; nodes need nftables queues",
    source: "its source, pkg/networkpolicy",
    ..Profile::conforming("kube-network-policies", "kube-network-policies")
};

/// Its own agent, beside a plugin that only connects pods.
pub(super) fn detect(observed: &Observed) -> Option<Detection> {
    let agent = observed.agent(&["kube-network-policies"], &["networking/kube-network-policies"])?;
    Some(Detection::running(&PROFILE, &agent))
}
