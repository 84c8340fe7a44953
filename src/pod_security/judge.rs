//! The verdict on what pods are made from: the one place where objects meet the checks of Pod Security.

use serde_json::Value;

use super::{Evaluator, LevelVersion, Pod, Violation, judge_place, near_miss};
use crate::config::PodSecurityConfig;
use crate::object::PodPlace;
use crate::yaml::FieldPath;

/// What the pods made from a place violate; nothing if they are admitted. Paths are relative to the place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Judged {
    /// The checks that forbid the pods, in upstream's order.
    pub(crate) violations: Vec<Violation>,
    /// Values that were probably meant to satisfy a check, with what to write; empty if nothing is violated.
    pub(crate) near_misses: Vec<(FieldPath, String)>,
}

/// Judges the pods made from a place, as admission will. Absent if nothing is there, or a template without a pod spec.
pub(crate) fn judge_pods(
    evaluator: Evaluator,
    object: &Value,
    place: &PodPlace,
    policy: LevelVersion,
    config: &PodSecurityConfig,
) -> Option<Judged> {
    let there = object.pointer(&place.path.to_pointer())?;
    let pod = if place.shape.is_template() { Some(Pod::new(there)?) } else { None };
    let violations = judge_place(there, place.shape, evaluator, policy, config);
    let near_misses = pod.filter(|_| !violations.is_empty()).map(near_miss).unwrap_or_default();
    Some(Judged { violations, near_misses })
}
