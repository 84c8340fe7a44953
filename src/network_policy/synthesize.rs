use std::collections::{BTreeMap, BTreeSet};

use super::canonical::merge;
use super::{Direction, Endpoint, Flow, NetworkPolicy, Peer, PolicyRules, PortSet, RangeStyle};
use crate::config::{Config, ManagedNamespace, Role};
use crate::object::own::DEFAULT_DENY;
use crate::object::{COMPONENT, COMPONENT_LABEL};

type Labels = BTreeMap<String, String>;

/// Pods with labels of their own, and what they are allowed in one direction.
#[derive(Default)]
struct Group {
    subjects: BTreeSet<&'static str>,
    entries: Vec<(Peer, PortSet)>,
}

/// Writes flows as policies: per managed namespace, in the order of the configuration, `default-deny`, `allow-egress`
/// and `allow-ingress` (FR-071), then `allow-ingress-<service>` for pods with labels of their own.
///
/// Every flow is written at each end whose namespace is managed, because under default-deny one side alone opens
/// nothing. `allow-egress` and `allow-ingress` are there even without rules, so a namespace is isolated in both
/// directions whether or not `default_deny` adds the policy that says so. Empty when policies are switched off.
pub fn synthesize(config: &Config, flows: &[Flow]) -> Vec<NetworkPolicy> {
    if !config.network.enabled {
        return Vec::new();
    }
    let mut policies = Vec::new();
    for namespace in &config.namespaces {
        if config.network.default_deny {
            policies.push(policy(config, namespace, DEFAULT_DENY.to_owned(), Labels::new(), PolicyRules::DefaultDeny));
        }
        for direction in [Direction::Egress, Direction::Ingress] {
            let mut names = BTreeMap::new();
            for (labels, group) in group_by_selector(&namespace.name, direction, flows) {
                let name = unique_name(direction, &labels, &group.subjects, &mut names);
                let rules = PolicyRules::Allow { direction, rules: merge(group.entries) };
                policies.push(policy(config, namespace, name, labels, rules));
            }
        }
    }
    policies
}

/// The flows that end or start in the namespace, by the labels of the pods there; all its pods come first.
fn group_by_selector(namespace: &str, direction: Direction, flows: &[Flow]) -> BTreeMap<Labels, Group> {
    let mut groups = BTreeMap::from([(Labels::new(), Group::default())]);
    for flow in flows {
        let (near, far) = match direction {
            Direction::Egress => (&flow.source, &flow.destination),
            Direction::Ingress => (&flow.destination, &flow.source),
        };
        let Endpoint::Pods { namespace: there, labels } = near else { continue };
        if there != namespace {
            continue;
        }
        let group: &mut Group = groups.entry(labels.clone()).or_default();
        group.subjects.insert(flow.reason.subject());
        group.entries.extend(Peer::of(far, namespace).into_iter().map(|peer| (peer, flow.ports.clone())));
    }
    groups
}

/// `allow-egress` for all pods, `allow-egress-<subjects>` for some; a number tells apart selectors of equal subjects.
fn unique_name(
    direction: Direction,
    labels: &Labels,
    subjects: &BTreeSet<&'static str>,
    taken: &mut BTreeMap<String, usize>,
) -> String {
    let mut name = format!("allow-{direction}");
    if !labels.is_empty() {
        for subject in subjects {
            name.push('-');
            name.push_str(subject);
        }
    }
    let count = taken.entry(name.clone()).or_insert(0);
    *count += 1;
    if *count == 1 { name } else { format!("{name}-{count}") }
}

fn policy(
    config: &Config,
    namespace: &ManagedNamespace,
    name: String,
    pod_selector: Labels,
    rules: PolicyRules,
) -> NetworkPolicy {
    let ranges = if config.network.end_port { RangeStyle::EndPort } else { RangeStyle::WrittenOut };
    NetworkPolicy {
        name,
        namespace: namespace.name.clone(),
        labels: own_labels(&namespace.role),
        pod_selector,
        rules,
        ranges,
    }
}

/// FR-090, floe's own mark, and FR-043 for domains.
fn own_labels(role: &Role) -> Labels {
    let mut labels = Labels::from([
        ("app.kubernetes.io/managed-by".to_owned(), "floe".to_owned()),
        (COMPONENT_LABEL.to_owned(), COMPONENT.to_owned()),
    ]);
    if let Role::Domain(domain) = role {
        labels.insert("floe.dev/domain".to_owned(), domain.clone());
        labels.insert("floe.dev/layer".to_owned(), "data".to_owned());
    }
    labels
}
