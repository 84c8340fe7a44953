//! A pod that may connect to somewhere by name needs DNS, over UDP and, for long answers, over TCP.

use super::{Lint, Subject, Surroundings};
use crate::finding::{CheckId, Severity};
use crate::object::{NAMESPACE_NAME_LABEL, Protocol};
use crate::reachability::{Labels, Operator, Peer, Policy, Rule};
use crate::yaml::FieldPath;

/// Pods with egress rules that cannot ask for names.
pub(in crate::network_policy) const DNS_BLOCKED: CheckId = CheckId("dns-blocked");

pub(super) fn check(subject: &Subject<'_>, surroundings: &Surroundings<'_>) -> Vec<Lint> {
    let policy = subject.policy;
    if policy.egress.is_none() {
        return Vec::new();
    }
    let world = surroundings.world;
    let there: Vec<&Labels> = world
        .pods
        .iter()
        .filter(|pod| pod.namespace == policy.namespace && !pod.host_network)
        .map(|pod| &pod.labels)
        .collect();
    let wanted = wanted(policy);
    let pods: Vec<&Labels> = if there.is_empty() {
        // Pods that are not known may be selected by other policies as well: one that opens DNS is enough.
        let opens = |it: &&Policy| Protocol::ALL.iter().any(|&protocol| opens_dns(it, protocol, surroundings));
        let is_named = world.policies.iter().filter(|it| it.namespace == policy.namespace).any(|it| opens(&it));
        if is_named { Vec::new() } else { vec![&wanted] }
    } else {
        there.into_iter().filter(|labels| policy.pod_selector.matches(labels)).collect()
    };
    for labels in pods {
        let isolating: Vec<&Policy> = world
            .policies
            .iter()
            .filter(|it| it.namespace == policy.namespace && it.egress.is_some() && it.pod_selector.matches(labels))
            .collect();
        // Said once for each pod, at the first of its policies; a pod without any egress needs no names.
        let is_first = isolating.first().is_some_and(|it| it.name == policy.name);
        let is_closed = isolating.iter().all(|it| it.egress.iter().flatten().next().is_none());
        if !is_first || is_closed {
            continue;
        }
        let is_blocked = |protocol: &Protocol| !isolating.iter().any(|it| opens_dns(it, *protocol, surroundings));
        let blocked: Vec<String> =
            [Protocol::Udp, Protocol::Tcp].iter().filter(|it| is_blocked(it)).map(ToString::to_string).collect();
        if blocked.is_empty() {
            continue;
        }
        return vec![Lint {
            severity: Severity::Warning,
            check: DNS_BLOCKED,
            path: FieldPath::of_keys(["spec", "egress"]),
            message: format!("pods that this selects cannot ask for names over {}", blocked.join(" and ")),
            help: "open port 53 of UDP and TCP to the pods of DNS".to_owned(),
        }];
    }
    Vec::new()
}

/// The labels that a selector asks for.
fn wanted(policy: &Policy) -> Labels {
    let of = |it: &crate::reachability::Requirement| match &it.operator {
        Operator::In(values) => Some((it.key.clone(), values.first()?.clone())),
        Operator::Exists => Some((it.key.clone(), String::new())),
        Operator::NotIn(_) | Operator::DoesNotExist => None,
    };
    policy.pod_selector.requirements().filter_map(of).collect()
}

fn opens_dns(policy: &Policy, protocol: Protocol, surroundings: &Surroundings<'_>) -> bool {
    policy.egress.iter().flatten().any(|rule| {
        let has_port = |port: &u16| rule.ports.numbers.contains(protocol, *port);
        let has_name = rule.ports.names.iter().any(|(named, _)| *named == protocol);
        (surroundings.dns.ports.iter().any(has_port) || has_name) && reaches_dns(rule, policy, surroundings)
    })
}

fn reaches_dns(rule: &Rule, policy: &Policy, surroundings: &Surroundings<'_>) -> bool {
    let dns = surroundings.dns;
    let Some(peers) = &rule.peers else { return true };
    // Whoever names the port means DNS, wherever it is in that cluster.
    let is_meant = rule.ports.numbers.range_count() > 0 && rule.ports.numbers.range_count() <= 4;
    let mut labels = surroundings.world.namespace_labels(&dns.namespace).clone();
    labels.insert(NAMESPACE_NAME_LABEL.to_owned(), dns.namespace.clone());
    peers.iter().any(|peer| match peer {
        Peer::Addresses(_) => true,
        Peer::Pods { namespaces, pods } => {
            let there = match namespaces {
                None => dns.namespace == policy.namespace,
                Some(selector) => selector.matches(&labels),
            };
            is_meant || (there && pods.matches(&dns.pod_labels))
        }
    })
}
