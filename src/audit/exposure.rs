//! What is open to the internet or to all namespaces, and what may reach the internet: by workload, and by the rules
//! that open it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::describe;
use super::draft::{Draft, some_of};
use super::model::{Model, RuleAt};
use crate::finding::{CheckId, Severity};
use crate::object::NAMESPACE_NAME_LABEL;
use crate::reachability::{Direction, Labels, Peer, PortSet, Rule};

/// A rule lets the internet reach pods.
pub(in crate::audit) const INGRESS_FROM_INTERNET: CheckId = CheckId("ingress-from-internet");

/// A rule lets pods of every namespace reach pods.
pub(in crate::audit) const INGRESS_FROM_ALL_NAMESPACES: CheckId = CheckId("ingress-from-all-namespaces");

/// A rule lets pods reach the internet.
pub(in crate::audit) const EGRESS_TO_INTERNET: CheckId = CheckId("egress-to-internet");

/// What is open to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Opening {
    /// The internet may connect to the pods: most public addresses of a family.
    FromInternet,
    /// Pods of any namespace, also of new ones, may connect to the pods; a rule may want labels of them.
    FromAllNamespaces,
    /// The pods may connect to the internet.
    ToInternet,
}

impl Opening {
    /// The words of the reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FromInternet => "from the internet",
            Self::FromAllNamespaces => "from all namespaces",
            Self::ToInternet => "to the internet",
        }
    }
}

/// A rule by the name of its policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleName {
    /// The policy, `namespace/name`.
    pub policy: String,
    /// The direction.
    pub direction: Direction,
    /// The number of the rule there.
    pub rule: usize,
}

/// Something that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposure {
    /// The namespace of the workload.
    pub namespace: String,
    /// The workload, `shop/web[Deployment]`.
    pub workload: String,
    /// To whom.
    pub opening: Opening,
    /// On which ports of the destination.
    pub ports: PortSet,
    /// The rules that open it, in order; none where no policy isolates the pods.
    pub rules: Vec<RuleName>,
}

/// Every exposure of pods that are not of the host's network, by workload.
pub(super) fn exposures(model: &Model<'_>) -> Vec<Exposure> {
    let openings = openings(model);
    let mut found: BTreeMap<(String, Opening), (String, PortSet, BTreeSet<RuleName>)> = BTreeMap::new();
    for class in model.classes().filter(|&class| model.is_real(class)) {
        let Some(pod) = model.pod(class).filter(|pod| !pod.host_network) else { continue };
        let mut add = |opening, ports: &PortSet, rule: Option<RuleName>| {
            for name in model.names(class) {
                let nothing = || (pod.namespace.clone(), PortSet::default(), BTreeSet::new());
                let (_, open, rules) = found.entry((name, opening)).or_insert_with(nothing);
                *open = open.union(ports);
                rules.extend(rule.clone());
            }
        };
        for direction in Direction::ALL {
            let isolating = model.isolating(direction, class);
            if isolating.is_empty() {
                let all: &[Opening] = match direction {
                    Direction::Ingress => &[Opening::FromInternet, Opening::FromAllNamespaces],
                    Direction::Egress => &[Opening::ToInternet],
                };
                for &opening in all {
                    add(opening, &PortSet::everything(), None);
                }
            }
            for (at, rule) in isolating.iter().flat_map(|&policy| model.rules(policy)) {
                let ports = match at.direction {
                    // Addresses resolve no names.
                    Direction::Egress => Cow::Borrowed(&rule.ports.numbers),
                    Direction::Ingress => rule.ports.at(&pod.ports),
                };
                let opened = openings.get(&at).into_iter().flatten();
                for opening in opened.filter(|_| at.direction == direction && !ports.is_empty()) {
                    add(*opening, &ports, rule_name(model, at));
                }
            }
        }
    }
    let exposure = |((workload, opening), (namespace, ports, rules)): ((String, Opening), (String, PortSet, _))| {
        let rules: BTreeSet<RuleName> = rules;
        Exposure { namespace, workload, opening, ports, rules: rules.into_iter().collect() }
    };
    found.into_iter().map(exposure).collect()
}

fn rule_name(model: &Model<'_>, at: RuleAt) -> Option<RuleName> {
    Some(RuleName { policy: model.policy(at.policy)?.full_name(), direction: at.direction, rule: at.rule })
}

/// What each rule opens; rules that open nothing of the kind are left out.
fn openings(model: &Model<'_>) -> BTreeMap<RuleAt, Vec<Opening>> {
    let rules = (0..model.snapshot.policies.len()).flat_map(|policy| model.rules(policy));
    let opened = rules.map(|(at, rule)| {
        let is_internet = model.internet.is_far_end_of(rule);
        let opened = match at.direction {
            // Addresses resolve no names.
            Direction::Egress => [(is_internet && !rule.ports.numbers.is_empty()).then_some(Opening::ToInternet), None],
            Direction::Ingress if is_unresolved(model, at, rule) => [None, None],
            Direction::Ingress => {
                [is_internet.then_some(Opening::FromInternet), all_namespaces(rule).map(|_| Opening::FromAllNamespaces)]
            }
        };
        (at, opened.into_iter().flatten().collect::<Vec<_>>())
    });
    opened.filter(|(_, opened)| !opened.is_empty()).collect()
}

/// Whether a rule opens nothing because it only names ports, and none of the pods that are there has one of them.
fn is_unresolved(model: &Model<'_>, at: RuleAt, rule: &Rule) -> bool {
    let is_named = rule.ports.numbers.is_empty() && model.unresolved(at).len() == rule.ports.names.len();
    is_named && !model.selected_pods(at.policy).is_empty()
}

/// Whether a rule matches pods of a namespace that nobody has heard of: all of them, or only some by their labels.
fn all_namespaces(rule: &Rule) -> Option<Scope> {
    let Some(peers) = &rule.peers else { return Some(Scope::AllPods) };
    let unknown = Labels::from([(NAMESPACE_NAME_LABEL.to_owned(), String::new())]);
    let scopes = peers.iter().filter_map(|peer| match peer {
        Peer::Pods { namespaces: Some(namespaces), pods } if namespaces.matches(&unknown) => {
            Some(if pods.is_everything() { Scope::AllPods } else { Scope::SomePods })
        }
        _ => None,
    });
    scopes.min()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    AllPods,
    SomePods,
}

pub(super) fn check(model: &Model<'_>) -> Vec<Draft> {
    openings(model).into_iter().filter_map(|(at, opened)| of_rule(model, at, &opened)).collect()
}

fn of_rule(model: &Model<'_>, at: RuleAt, opened: &[Opening]) -> Option<Draft> {
    let (own, rule) = (model.policy(at.policy)?, model.rule(at)?);
    let workloads = model.workloads(&model.selected_pods(at.policy));
    let has_pods = model.namespaces.get(&own.namespace).is_some_and(|it| !it.pods.is_empty());
    if workloads.is_empty() && has_pods {
        return None;
    }
    let pods = if workloads.is_empty() {
        format!("{} of {}", describe::selected(own), own.namespace)
    } else {
        some_of(&workloads)
    };
    let ports = describe::ports(&rule.ports);
    let (check, severity, message, help) = match opened {
        [Opening::ToInternet] => {
            let severity = if rule.ports.numbers.is_everything() { Severity::Warning } else { Severity::Info };
            let message = format!("this rule lets {pods} reach the internet on {ports}");
            (EGRESS_TO_INTERNET, severity, message, "name the ranges that are needed, or go through a proxy")
        }
        [Opening::FromInternet, rest @ ..] => {
            let more = if rest.is_empty() { "" } else { " and every namespace" };
            let message = format!("this rule lets the internet{more} reach {pods} on {ports}");
            (
                INGRESS_FROM_INTERNET,
                Severity::Warning,
                message,
                "name in `from` who is to connect: the ingress controller, say",
            )
        }
        _ => {
            let (who, severity) = match all_namespaces(rule)? {
                Scope::AllPods => ("pods", Severity::Warning),
                Scope::SomePods => ("pods with certain labels", Severity::Info),
            };
            let message = format!("this rule lets {who} of every namespace reach {pods} on {ports}");
            (
                INGRESS_FROM_ALL_NAMESPACES,
                severity,
                message,
                "name the namespaces by their `kubernetes.io/metadata.name`",
            )
        }
    };
    Some(Draft {
        namespace: Some(own.namespace.clone()),
        severity,
        check,
        message,
        help: help.to_owned(),
        place: model.place_of_rule(at),
    })
}
