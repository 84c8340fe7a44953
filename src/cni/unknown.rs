//! A plugin that nobody knows.

use super::{Enforcement, Profile, Reach, Support};

/// A plugin that nobody knows.
pub(super) const PROFILE: Profile = Profile {
    enforcement: Enforcement::Unknown,
    end_port: Support::Unknown,
    sctp: Support::Unknown,
    named_ports: Support::Unknown,
    ip_block_reach: Reach::Unknown,
    ipv6: Support::Unknown,
    remediation: "try whether a policy without rules stops anything",
    source: "nothing is known",
    ..Profile::conforming("unknown", "an unknown plugin")
};
