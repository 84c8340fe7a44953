//! Azure NPM takes few blocks.

use super::{Lint, Subject, Surroundings};
use crate::finding::{CheckId, Severity};

/// More blocks in a policy than a plugin takes.
pub(in crate::network_policy) const MANY_IP_BLOCKS: CheckId = CheckId("many-ip-blocks");

pub(super) fn check(subject: &Subject<'_>, surroundings: &Surroundings<'_>) -> Vec<Lint> {
    let blocks: Vec<_> = subject.blocks().collect();
    let is_beyond = |limit: usize| blocks.len() > limit;
    let Some(plugins) = surroundings.on(|plugin| plugin.max_ip_blocks.is_some_and(is_beyond)) else {
        return Vec::new();
    };
    let Some((path, _)) = blocks.last() else { return Vec::new() };
    vec![Lint {
        severity: surroundings.severity(Severity::Info),
        check: MANY_IP_BLOCKS,
        path: path.clone(),
        message: format!("{} blocks of addresses in one policy are too many for {plugins}", blocks.len()),
        help: "spread them over several policies; they add up".to_owned(),
    }]
}
