//! kindnet, of kind clusters.

use super::{Enforcement, Profile};

/// kindnet, of kind clusters.
pub(super) const PROFILE: Profile = Profile {
    aliases: &["kind"],
    enforcement: Enforcement::Conditional("from kind v0.24.0 (image v20240813) on"),
    remediation: "upgrade kind, or disableDefaultCNI and install Calico",
    source: "kind's releases; older images were measured",
    ..Profile::conforming("kindnet", "kindnet")
};
