//! kube-network-policies of the Kubernetes project.

use super::Profile;

/// kube-network-policies of the Kubernetes project.
pub(super) const PROFILE: Profile = Profile {
    remediation: "nothing to do; nodes need nftables queues",
    source: "its source, pkg/networkpolicy",
    ..Profile::conforming("kube-network-policies", "kube-network-policies")
};
