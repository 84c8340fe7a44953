//! Default-deny of a namespace (FR-092, SC-008), and what else is true of it as a whole.

use super::draft::{Draft, some_of};
use super::model::{Model, Namespace};
use crate::finding::{CheckId, Severity};
use crate::pod_security::{ENFORCE_LEVEL_LABEL, Policy, policy_to_evaluate};
use crate::reachability::Direction;

/// A namespace has no default-deny policy in some direction.
pub(in crate::audit) const DEFAULT_DENY_MISSING: CheckId = CheckId("default-deny-missing");

/// How a namespace is isolated in one direction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Isolation {
    /// A policy selects every pod, isolates in this direction, and has no rules for it. Its name does not matter.
    pub default_deny: bool,
    /// The workloads that no policy isolates, in order; those of the host's network are left out.
    pub open: Vec<String>,
}

/// A namespace as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamespaceAudit {
    /// Its name.
    pub name: String,
    /// Whether it is floe's to look after.
    pub is_managed: bool,
    /// Number of workloads.
    pub workloads: usize,
    /// Number of policies.
    pub policies: usize,
    /// Connections that its pods accept.
    pub ingress: Isolation,
    /// Connections that its pods open.
    pub egress: Isolation,
    /// The Pod Security level that its Namespace enforces, `restricted:latest`; absent where none is labelled.
    pub enforce: Option<String>,
}

impl NamespaceAudit {
    /// How it is isolated in a direction.
    pub const fn isolation(&self, direction: Direction) -> &Isolation {
        match direction {
            Direction::Egress => &self.egress,
            Direction::Ingress => &self.ingress,
        }
    }
}

/// Every namespace, by name.
pub(super) fn namespaces(model: &Model<'_>) -> Vec<NamespaceAudit> {
    let all = model.namespaces.iter();
    all.map(|(name, namespace)| {
        let labels = model.snapshot.namespaces.iter().filter(|it| it.name == *name).map(|it| &it.labels).next_back();
        let enforced = labels.filter(|labels| labels.contains_key(ENFORCE_LEVEL_LABEL));
        NamespaceAudit {
            name: name.clone(),
            is_managed: namespace.is_managed,
            workloads: model.workloads(&namespace.pods).len(),
            policies: namespace.policies.len(),
            ingress: isolation(model, namespace, Direction::Ingress),
            egress: isolation(model, namespace, Direction::Egress),
            enforce: enforced.map(|labels| policy_to_evaluate(labels, Policy::default()).0.enforce.to_string()),
        }
    })
    .collect()
}

fn isolation(model: &Model<'_>, namespace: &Namespace, direction: Direction) -> Isolation {
    Isolation {
        default_deny: has_default_deny(model, namespace, direction),
        open: model.workloads(&open_pods(model, namespace, direction)),
    }
}

/// By selector, types and the absence of rules, never by name.
fn has_default_deny(model: &Model<'_>, namespace: &Namespace, direction: Direction) -> bool {
    let mut policies = namespace.policies.iter().filter_map(|&policy| model.policy(policy));
    policies.any(|it| it.pod_selector.is_everything() && it.rules(direction).is_some_and(<[_]>::is_empty))
}

/// The pods that no policy isolates in a direction, but for those of the host's network.
pub(super) fn open_pods(model: &Model<'_>, namespace: &Namespace, direction: Direction) -> Vec<usize> {
    let is_open = |pod: &usize| {
        !model.is_of_host(*pod)
            && model.class_of(*pod).is_some_and(|class| model.isolating(direction, class).is_empty())
    };
    namespace.pods.iter().copied().filter(is_open).collect()
}

pub(super) fn check(model: &Model<'_>) -> Vec<Draft> {
    let concerned = model.namespaces.iter().filter(|(_, it)| it.is_managed || !it.pods.is_empty());
    concerned.filter_map(|(name, namespace)| of_namespace(model, name, namespace)).collect()
}

fn of_namespace(model: &Model<'_>, name: &str, namespace: &Namespace) -> Option<Draft> {
    let missing: Vec<Direction> = [Direction::Ingress, Direction::Egress]
        .into_iter()
        .filter(|it| !has_default_deny(model, namespace, *it))
        .collect();
    let directions = match missing.as_slice() {
        [] => return None,
        [one] => one.to_string(),
        _ => "ingress and egress".to_owned(),
    };
    let mut open: Vec<usize> = missing.iter().flat_map(|&it| open_pods(model, namespace, it)).collect();
    open.sort_unstable();
    open.dedup();
    let open = model.counted(&open, namespace);
    let of_host = namespace.pods.iter().filter(|&&pod| model.is_of_host(pod)).count();
    let pods = match open.len() {
        0 if namespace.pods.is_empty() => "it has no pods now".to_owned(),
        0 if of_host == namespace.pods.len() => {
            "its pods are in the host's network, which policies do not bind; new ones may not be".to_owned()
        }
        0 if of_host > 0 => {
            "all of its pods outside the host's network are isolated by other policies; new ones may not be".to_owned()
        }
        0 => "all of its pods are isolated by other policies; new ones may not be".to_owned(),
        _ => format!("no policy isolates {}", some_of(&open)),
    };
    // Who has switched it off in the configuration knows, but should still see it.
    let network = &model.config.network;
    let is_off = model.config.managed(name).is_some() && !(network.enabled && network.default_deny);
    let severity = if namespace.is_managed && !is_off { Severity::Error } else { Severity::Warning };
    let managed = if namespace.is_managed { "managed namespace" } else { "namespace" };
    Some(Draft {
        namespace: Some(name.to_owned()),
        severity,
        check: DEFAULT_DENY_MISSING,
        message: format!("the {managed} {name} has no default-deny policy for {directions}: {pods}"),
        help:
            "add a policy with `podSelector: {}`, both policyTypes and no rules, after those that allow what is needed"
                .to_owned(),
        place: model.place_of_namespace(name),
    })
}
