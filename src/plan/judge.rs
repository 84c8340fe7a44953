//! The verdict on a pod template: the one place where templates meet the checks of Pod Security.

use serde_json::Value;

use crate::pod_security::{Evaluator, LevelVersion, Pod, Violation, near_miss};
use crate::yaml::FieldPath;

/// What a pod template violates; nothing if its pods are admitted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Judged {
    /// The checks that forbid its pods, in upstream's order.
    pub(super) violations: Vec<Violation>,
    /// Values that were probably meant to satisfy a check, with what to write; empty if nothing is violated.
    pub(super) near_misses: Vec<(FieldPath, String)>,
}

/// Judges the pods that the template at `template` makes, as admission will. Absent if there is no pod spec.
pub(super) fn judge(
    evaluator: Evaluator,
    object: &Value,
    template: &FieldPath,
    policy: LevelVersion,
) -> Option<Judged> {
    let pod = object.pointer(&template.to_pointer()).and_then(Pod::new)?;
    let violations = evaluator.judge(pod, policy.level, policy.version);
    let near_misses = if violations.is_empty() { Vec::new() } else { near_miss(pod) };
    Some(Judged { violations, near_misses })
}
