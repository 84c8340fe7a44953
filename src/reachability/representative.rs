//! Pods that nobody has seen yet, but that policies could tell apart.
//!
//! A folder of policies has no pods, and a cluster will get others tomorrow. What policies mean for those is asked of
//! pods made up from the selectors: one with what each selector wants, and one with no labels, in every namespace that
//! a policy is in or names, in one made up for every other selector of namespaces, and in one that nothing names.

use std::collections::{BTreeMap, BTreeSet};

use super::{LabelSelector, Labels, Operator, Peer, Policy, Rule};
use crate::object::{NAMESPACE_NAME_LABEL, NamespaceFacts, PodFacts};

/// Pods that are made up, and the namespaces that were made up for them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Representatives {
    /// The pods; the name of their owner says whom they stand for: `[pods with app=web]`, `[other pods]`.
    pub pods: Vec<PodFacts>,
    /// The namespaces that are not real: `[namespaces with team=a]`, `[other namespaces]`.
    pub namespaces: Vec<NamespaceFacts>,
}

/// Makes up pods for policies, in the namespaces that are known and in those that policies ask for.
pub fn representatives(policies: &[&Policy], known: &BTreeMap<String, Labels>) -> Representatives {
    let mut namespaces: BTreeMap<String, Labels> = known.clone();
    let mut made_up: BTreeSet<String> = BTreeSet::new();
    for policy in policies {
        add_namespace(&mut namespaces, &policy.namespace);
    }
    for selector in peers(policies).filter_map(|(_, peer)| match peer {
        Peer::Pods { namespaces, .. } => namespaces.as_ref(),
        Peer::Addresses(_) => None,
    }) {
        let names = named(selector);
        for name in &names {
            add_namespace(&mut namespaces, name);
        }
        if names.is_empty() && !selector.is_everything() {
            let name = format!("[namespaces with {selector}]");
            made_up.insert(name.clone());
            namespaces.entry(name).or_insert_with(|| witness(selector));
        }
    }
    let nowhere = "[other namespaces]".to_owned();
    made_up.insert(nowhere.clone());
    namespaces.insert(nowhere, Labels::new());

    let mut pods = Vec::new();
    for (name, labels) in &namespaces {
        let mut sets: BTreeMap<Labels, String> = BTreeMap::from([(Labels::new(), "[other pods]".to_owned())]);
        for selector in selectors(policies, name, labels).filter(|selector| !selector.is_everything()) {
            sets.entry(witness(selector)).or_insert_with(|| format!("[pods with {selector}]"));
        }
        pods.extend(sets.into_iter().map(|(labels, owner)| PodFacts::made_up(name, labels, &owner)));
    }
    let namespaces = namespaces.into_iter().filter(|(name, _)| made_up.contains(name));
    let namespaces = namespaces.map(|(name, labels)| NamespaceFacts { name, labels }).collect();
    Representatives { pods, namespaces }
}

/// The selectors for pods of a namespace.
fn selectors<'p>(policies: &[&'p Policy], name: &str, labels: &Labels) -> impl Iterator<Item = &'p LabelSelector> {
    let own: Vec<_> = policies.iter().filter(|it| it.namespace == name).map(|it| &it.pod_selector).collect();
    let far: Vec<_> = peers(policies)
        .filter_map(|(own, peer)| match peer {
            Peer::Pods { namespaces: None, pods } => (own == name).then_some(pods),
            Peer::Pods { namespaces: Some(selector), pods } => selector.matches(labels).then_some(pods),
            Peer::Addresses(_) => None,
        })
        .collect();
    own.into_iter().chain(far)
}

fn peers<'p>(policies: &[&'p Policy]) -> impl Iterator<Item = (&'p str, &'p Peer)> {
    policies.iter().flat_map(|policy| {
        let rules = [&policy.egress, &policy.ingress].into_iter().flatten().flatten();
        rules.flat_map(|rule: &Rule| rule.peers.iter().flatten()).map(|peer| (policy.namespace.as_str(), peer))
    })
}

fn add_namespace(namespaces: &mut BTreeMap<String, Labels>, name: &str) {
    let labels = namespaces.entry(name.to_owned()).or_default();
    labels.insert(NAMESPACE_NAME_LABEL.to_owned(), name.to_owned());
}

/// The names that a selector asks for, if it asks for nothing else: then it selects those namespaces.
fn named(selector: &LabelSelector) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for requirement in selector.requirements() {
        match &requirement.operator {
            Operator::In(values) if requirement.key == NAMESPACE_NAME_LABEL => names.extend(values.clone()),
            _ => return BTreeSet::new(),
        }
    }
    names
}

/// Labels that a selector selects, as few as possible; of a selector that contradicts itself, what it asks for last.
fn witness(selector: &LabelSelector) -> Labels {
    let mut labels = Labels::new();
    for requirement in selector.requirements() {
        let value = match &requirement.operator {
            Operator::In(values) => {
                // Another requirement may forbid some of the values.
                let fits = |value: &&String| {
                    let one = Labels::from([(requirement.key.clone(), (*value).clone())]);
                    let same_key = selector.requirements().filter(|other| other.key == requirement.key);
                    same_key.into_iter().all(|other| other.matches(&one))
                };
                values.iter().find(fits).or_else(|| values.first()).cloned()
            }
            Operator::Exists => Some("any".to_owned()),
            Operator::NotIn(_) | Operator::DoesNotExist => None,
        };
        if let Some(value) = value {
            let asked_by_value = matches!(requirement.operator, Operator::In(_));
            if asked_by_value || !labels.contains_key(&requirement.key) {
                labels.insert(requirement.key.clone(), value);
            }
        }
    }
    labels
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn policy(namespace: &str, spec: &Value) -> Policy {
        Policy::read(&json!({"metadata": {"name": "p"}, "spec": spec}), namespace).unwrap()
    }

    fn shown(policies: &[Policy]) -> Vec<String> {
        let made = representatives(&policies.iter().collect::<Vec<_>>(), &BTreeMap::new());
        made.pods.iter().map(|pod| format!("{}/{}", pod.namespace, pod.owner.name)).collect()
    }

    #[test]
    fn every_selector_gets_a_pod_where_it_looks() {
        let policies = [policy(
            "shop",
            &json!({
                "podSelector": {"matchLabels": {"app": "web"}},
                "ingress": [{"from": [
                    {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "edge"}},
                        "podSelector": {"matchLabels": {"app": "proxy"}}},
                    {"namespaceSelector": {"matchLabels": {"team": "a"}}},
                    {"podSelector": {"matchLabels": {"app": "job"}}},
                ]}],
            }),
        )];
        assert_eq!(
            shown(&policies),
            [
                "[namespaces with team=a]/[other pods]",
                "[other namespaces]/[other pods]",
                "edge/[other pods]",
                "edge/[pods with app=proxy]",
                "shop/[other pods]",
                "shop/[pods with app=job]",
                "shop/[pods with app=web]",
            ]
        );
    }

    #[test]
    fn a_pod_made_up_for_a_selector_is_selected_by_it() {
        for expressions in [
            json!([{"key": "a", "operator": "In", "values": ["1", "2"]}, {"key": "a", "operator": "NotIn",
                "values": ["1"]}]),
            json!([{"key": "a", "operator": "Exists"}, {"key": "a", "operator": "In", "values": ["x"]}]),
            json!([{"key": "a", "operator": "DoesNotExist"}, {"key": "b", "operator": "Exists"}]),
            json!([{"key": "a", "operator": "NotIn", "values": ["any2"]}, {"key": "a", "operator": "Exists"}]),
        ] {
            let selector = policy("x", &json!({"podSelector": {"matchExpressions": expressions}})).pod_selector;
            assert!(selector.matches(&witness(&selector)), "{selector}");
        }
    }
}
