//! Calico.

use super::Profile;

/// Calico.
pub(super) const PROFILE: Profile = Profile {
    source: "ipBlock against pods and nodes was measured on a cluster",
    ..Profile::conforming("calico", "Calico")
};
