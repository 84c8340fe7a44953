//! A plugin that nobody knows.

use super::detection::Detection;
use super::evidence::{Confidence, Enforced, Evidence, text};
use super::{Enforcement, Observed, Profile, Reach, Support};

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

/// Agents of plugins, or of networks beside the first, of which nobody has looked whether they enforce.
const AGENTS: [&str; 5] = ["kube-multus-ds", "multus", "romana-agent", "sriov-cni", "ipvlan"];

/// A plugin that is known by name only: Multus adds networks that no policy reaches.
pub(super) fn detect(observed: &Observed) -> Option<Detection> {
    let agent = observed.daemon_sets.iter().find(|it| AGENTS.contains(&text(it, "/metadata/name")))?;
    let evidence = Evidence::of(agent, "DaemonSet", "metadata.name", text(agent, "/metadata/name"));
    Some(Detection::by(&PROFILE, Enforced::Unknown, Confidence::Low, vec![evidence]))
}
