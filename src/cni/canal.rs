//! Canal: Calico's policies over flannel's network.

use super::Profile;

/// Canal: Calico's policies over flannel's network.
pub(super) const PROFILE: Profile = Profile {
    aliases: &["rke2-canal"],
    source: "Calico is its policy engine",
    ..Profile::conforming("canal", "Canal")
};
