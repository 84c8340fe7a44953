//! Traffic that kube-router, and so k3s, opens because one object has rules for both directions.
//!
//! Its chain for such an object holds both lists, so a rule of one direction also satisfies the check of the other,
//! between pods that the object selects (measured with packets on v2.9.0 and v2.11.1).

use super::draft::{Draft, some_of};
use super::model::Model;
use crate::cni::{Profile, TwoDirections};
use crate::finding::{CheckId, Severity};
use crate::reachability::Direction;
use crate::yaml::FieldPath;

/// A policy with rules opens more than it says on plugins that mix its directions.
pub(in crate::audit) const POLICY_MIXES_DIRECTIONS: CheckId = CheckId("policy-mixes-directions");

pub(super) fn check(model: &Model<'_>, plugin: Option<&Profile>) -> Vec<Draft> {
    let severity = match plugin {
        Some(plugin) if plugin.two_directions == TwoDirections::Mixed => Severity::Error,
        _ => Severity::Warning,
    };
    (0..model.snapshot.policies.len()).filter_map(|policy| leak(model, policy, severity)).collect()
}

fn leak(model: &Model<'_>, policy: usize, severity: Severity) -> Option<Draft> {
    let own = model.policy(policy)?;
    if Direction::ALL.into_iter().any(|direction| own.rules(direction).is_none()) {
        return None;
    }
    let selected = model.selected(policy);
    let mut leaks = Vec::new();
    for &from in &selected {
        for &to in selected.iter().filter(|&&to| to != from || model.has_pairs(from)) {
            leaks.extend(between(model, policy, from, to));
        }
    }
    if leaks.is_empty() {
        return None;
    }
    Some(Draft {
        namespace: Some(own.namespace.clone()),
        severity,
        check: POLICY_MIXES_DIRECTIONS,
        message: format!(
            "rules for both directions in {}: kube-router and k3s take each for the other, which opens {}",
            own.full_name(),
            some_of(&leaks)
        ),
        help: "make one policy for each direction; only one without rules may have both".to_owned(),
        place: model.place(policy, FieldPath::of_keys(["spec", "policyTypes"])),
    })
}

/// What a rule of one direction lets pass between two selected classes and the other end does not.
fn between(model: &Model<'_>, policy: usize, from: usize, to: usize) -> Option<String> {
    let leaks = model.rules(policy).filter_map(|(at, _)| {
        let (near, far, other) = match at.direction {
            Direction::Egress => (from, to, Direction::Ingress),
            Direction::Ingress => (to, from, Direction::Egress),
        };
        let ports = model.ports(at, near, far);
        let more = ports.difference(&model.passing(other, far, near));
        (!more.is_empty()).then_some(more)
    });
    let leaked = leaks.reduce(|all, more| all.union(&more))?;
    let name = |class| model.names(class).pop_first();
    Some(format!("{} => {} on {leaked}", name(from)?, name(to)?))
}
