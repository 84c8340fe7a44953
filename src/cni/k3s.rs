//! k3s, which has kube-router's policies built in.

use super::{Enforcement, Except, Profile, TwoDirections};

/// k3s, which has kube-router's policies built in.
pub(super) const PROFILE: Profile = Profile {
    enforcement: Enforcement::Conditional("not with --disable-network-policy"),
    unresolved_name_opens_all: true,
    two_directions: TwoDirections::Mixed,
    except: Except::WholeRule,
    remediation: "as for kube-router; or Calico or Cilium with --flannel-backend=none",
    source: "its policy engine is kube-router",
    ..Profile::conforming("k3s", "k3s")
};
