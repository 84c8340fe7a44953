//! kube-router and k3s put all blocks of a rule into one set, exceptions included (measured).

use super::{Lint, Subject, Surroundings, has_except};
use crate::cni::Except;
use crate::finding::{CheckId, Severity};

/// An `ipBlock` with `except` beside other blocks in a rule.
pub(in crate::network_policy) const SHARED_EXCEPT: CheckId = CheckId("shared-except");

pub(super) fn check(subject: &Subject<'_>, surroundings: &Surroundings<'_>) -> Vec<Lint> {
    let Some(plugins) = surroundings.on(|plugin| plugin.except == Except::WholeRule) else { return Vec::new() };
    let mut found = Vec::new();
    for rule in subject.rules() {
        let blocks = rule.blocks();
        let Some((path, _)) = blocks.iter().find(|(_, block)| has_except(block)).filter(|_| blocks.len() > 1) else {
            continue;
        };
        found.push(Lint {
            severity: surroundings.severity(Severity::Warning),
            check: SHARED_EXCEPT,
            path: path.child("except"),
            message: format!("these exceptions also cut the other blocks of the rule on {plugins}"),
            help: "give a block with exceptions a rule of its own".to_owned(),
        });
    }
    found
}
