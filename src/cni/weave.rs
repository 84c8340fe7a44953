//! Weave Net, archived in 2022.

use super::{Enforcement, Profile, Support};

/// Weave Net, archived in 2022.
pub(super) const PROFILE: Profile = Profile {
    aliases: &["weave-net"],
    enforcement: Enforcement::Conditional("not with EXPECT_NPC=0"),
    end_port: Support::No,
    sctp: Support::No,
    named_ports: Support::No,
    remediation: "migrate: it is archived",
    source: "its source, npc/analyser.go",
    ..Profile::conforming("weave", "Weave Net")
};
