//! A policy that selects nothing is often a label that has changed.

use super::{Lint, Subject, Surroundings};
use crate::finding::{CheckId, Severity};
use crate::yaml::FieldPath;

/// A policy that selects no pod of the input.
pub const SELECTS_NOTHING: CheckId = CheckId("selects-nothing");

pub(super) fn check(subject: &Subject<'_>, surroundings: &Surroundings<'_>) -> Vec<Lint> {
    let policy = subject.policy;
    let mut there = surroundings.world.pods.iter().filter(|pod| pod.namespace == policy.namespace).peekable();
    // Without any pod of the namespace the input says nothing about this.
    if there.peek().is_none() || there.any(|pod| policy.pod_selector.matches(&pod.labels)) {
        return Vec::new();
    }
    vec![Lint {
        severity: Severity::Info,
        check: SELECTS_NOTHING,
        path: FieldPath::of_keys(["spec", "podSelector"]),
        message: format!("no pod of the input in {} has `{}`", policy.namespace, policy.pod_selector),
        help: "compare the labels with those of the pod templates; pods that an operator makes are not in the input"
            .to_owned(),
    }]
}
