//! Flannel alone.

use super::{Enforcement, Profile};

/// Flannel alone.
pub(super) const PROFILE: Profile = Profile {
    enforcement: Enforcement::No,
    remediation: "install flannel with netpol.enabled=true, or use Canal, Calico or Cilium",
    source: "measured on a cluster; with netpol.enabled=true it runs kube-network-policies",
    ..Profile::conforming("flannel", "Flannel")
};
