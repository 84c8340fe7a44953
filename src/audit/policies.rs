//! The policies, and what their rules mean (US8, first scenario).

use super::describe;
use super::model::Model;
use crate::reachability::Direction;

/// A rule in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleAudit {
    /// Its direction.
    pub direction: Direction,
    /// Its number in `ingress` or `egress`.
    pub rule: usize,
    /// The far ends, any of them.
    pub peers: Vec<String>,
    /// The ports at the destination.
    pub ports: String,
}

/// A policy in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyAudit {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Whether floe made it.
    pub is_own: bool,
    /// The pods that it is for.
    pub selects: String,
    /// The workloads that it selects, in order.
    pub workloads: Vec<String>,
    /// The directions in which it isolates them.
    pub isolates: Vec<Direction>,
    /// What it allows.
    pub rules: Vec<RuleAudit>,
}

/// Every policy, by namespace and name.
pub(super) fn policies(model: &Model<'_>) -> Vec<PolicyAudit> {
    let all = model.snapshot.policies.iter().enumerate();
    let mut policies: Vec<PolicyAudit> = all
        .map(|(at, found)| {
            let rules = model.rules(at).map(|(at, rule)| RuleAudit {
                direction: at.direction,
                rule: at.rule,
                peers: describe::peers(rule),
                ports: describe::ports(&rule.ports),
            });
            let policy = &found.policy;
            PolicyAudit {
                namespace: policy.namespace.clone(),
                name: policy.name.clone(),
                is_own: found.is_own,
                selects: describe::selected(policy),
                workloads: model.workloads(&model.selected_pods(at)),
                isolates: Direction::ALL.into_iter().filter(|it| policy.rules(*it).is_some()).collect(),
                rules: rules.collect(),
            }
        })
        .collect();
    policies.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    policies
}
