//! kube-router and k3s judge both rule lists of an object in one chain, which opens traffic (measured).

use super::{Lint, Subject, Surroundings};
use crate::cni::TwoDirections;
use crate::finding::{CheckId, Severity};
use crate::reachability::Direction;
use crate::yaml::FieldPath;

/// One object for both directions, with rules.
pub(in crate::network_policy) const TWO_DIRECTIONS: CheckId = CheckId("two-directions");

pub(super) fn check(subject: &Subject<'_>, surroundings: &Surroundings<'_>) -> Vec<Lint> {
    let isolates = Direction::ALL.iter().all(|&it| subject.policy.rules(it).is_some());
    let has_rules = subject.rules().next().is_some();
    let Some(plugins) = surroundings.on(|plugin| plugin.two_directions == TwoDirections::Mixed) else {
        return Vec::new();
    };
    if !isolates || !has_rules {
        return Vec::new();
    }
    vec![Lint {
        severity: surroundings.severity(Severity::Warning),
        check: TWO_DIRECTIONS,
        path: FieldPath::of_keys(["spec"]),
        message: format!(
            "rules of one direction also open the other, between pods that this policy selects, on {plugins}"
        ),
        help: "make one policy for each direction; only one without rules may have both".to_owned(),
    }]
}
