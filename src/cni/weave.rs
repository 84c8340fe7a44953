//! Weave Net, archived in 2022.

use super::detection::Detection;
use super::evidence::Evidence;
use super::{Enforcement, Observed, Profile, Support};

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

/// `weave-net`: its second container enforces, unless it is told that there is none.
pub(super) fn detect(observed: &Observed) -> Option<Detection> {
    let agent = observed.agent(&["weave-net"], &["weaveworks/weave-kube"])?;
    let found = Detection::running(&PROFILE, &agent).advising();
    if let Some((_, evidence)) = agent.variable("EXPECT_NPC").filter(|(value, _)| value == "0") {
        return Some(found.off(evidence, PROFILE.remediation));
    }
    if agent.container("weave-npc").is_none() {
        let field = "spec.template.spec.containers[weave-npc]";
        return Some(found.off(Evidence::of(agent.object, "DaemonSet", field, ""), PROFILE.remediation));
    }
    Some(found)
}
