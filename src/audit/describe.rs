//! Rules in words.

use crate::reachability::{LabelSelector, Peer, Policy, PortSet, Rule, RulePorts};

/// The far ends of a rule, each in words.
pub(super) fn peers(rule: &Rule) -> Vec<String> {
    match &rule.peers {
        None => vec!["everybody".to_owned()],
        Some(peers) => peers.iter().map(peer).collect(),
    }
}

fn peer(peer: &Peer) -> String {
    match peer {
        Peer::Addresses(set) => {
            let blocks: Vec<String> = set.blocks().iter().map(ToString::to_string).collect();
            if blocks.is_empty() { "no address".to_owned() } else { blocks.join("; ") }
        }
        Peer::Pods { namespaces, pods } => {
            let pods = pods_with(pods);
            match namespaces {
                None => format!("{pods} of the namespace"),
                Some(selector) if selector.is_everything() => format!("{pods} of all namespaces"),
                Some(selector) => format!("{pods} of namespaces with {selector}"),
            }
        }
    }
}

fn pods_with(selector: &LabelSelector) -> String {
    if selector.is_everything() { "all pods".to_owned() } else { format!("pods with {selector}") }
}

/// The pods that a policy selects.
pub(super) fn selected(policy: &Policy) -> String {
    pods_with(&policy.pod_selector)
}

/// Ports by number and by name.
pub(super) fn ports(ports: &RulePorts) -> String {
    let mut words = Vec::new();
    if !ports.numbers.is_empty() {
        words.push(numbers(&ports.numbers));
    }
    words.extend(ports.names.iter().map(|(protocol, name)| format!("{protocol} `{name}`")));
    words.join(", ")
}

/// Ports by number.
pub(super) fn numbers(ports: &PortSet) -> String {
    if ports.is_everything() { "every port".to_owned() } else { ports.to_string() }
}
