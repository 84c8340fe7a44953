//! Antrea.

use super::Profile;

/// Antrea.
pub(super) const PROFILE: Profile =
    Profile { source: "its source; enforcement was measured on a cluster", ..Profile::conforming("antrea", "Antrea") };
