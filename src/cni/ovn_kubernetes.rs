//! OVN-Kubernetes, of OpenShift and others.

use super::{Profile, Support};

/// OVN-Kubernetes, of OpenShift and others.
pub(super) const PROFILE: Profile = Profile {
    aliases: &["openshift", "ovn"],
    sctp: Support::Unknown,
    remediation: "nothing to do; DNS on OpenShift is openshift-dns, port 5353",
    source: "its network-policy.md",
    ..Profile::conforming("ovn-kubernetes", "OVN-Kubernetes")
};
