//! On kube-router and k3s a named port that no pod resolves opens every port (measured).

use std::collections::BTreeSet;

use super::{Lint, Subject, Surroundings, items};
use crate::finding::{CheckId, Severity};
use crate::object::{ContainerPort, Protocol};
use crate::reachability::{Direction, Party};

/// A named port that no pod of the rule has.
pub(in crate::network_policy) const UNRESOLVED_NAMED_PORT: CheckId = CheckId("unresolved-named-port");

pub(super) fn check(subject: &Subject<'_>, surroundings: &Surroundings<'_>) -> Vec<Lint> {
    let world = surroundings.world;
    let namespace = &subject.policy.namespace;
    let mut found = Vec::new();
    for rule in subject.rules() {
        // The destination: who the policy selects for ingress, its peers for egress.
        let is_destination = |pod: usize| match (rule.direction, &rule.rule.peers) {
            (Direction::Ingress, _) => world
                .pods
                .get(pod)
                .is_some_and(|pod| pod.namespace == *namespace && subject.policy.pod_selector.matches(&pod.labels)),
            (Direction::Egress, None) => true,
            (Direction::Egress, Some(peers)) => {
                peers.iter().any(|peer| world.is_peer_of(peer, namespace, Party::Pod(pod)))
            }
        };
        let destinations: Vec<_> =
            world.pods.iter().enumerate().filter(|(at, _)| is_destination(*at)).map(|(_, pod)| pod).collect();
        // Without any pod there is nothing to resolve a name by.
        if destinations.is_empty() {
            continue;
        }
        let declared: BTreeSet<(Protocol, &str)> =
            destinations.iter().flat_map(|pod| &pod.ports).filter_map(named).collect();
        for (path, port) in items(rule.value, "ports", &rule.path) {
            let protocol =
                port.get("protocol").and_then(|it| it.as_str()).and_then(Protocol::parse).unwrap_or_default();
            let Some(name) = port.get("port").and_then(|port| port.as_str()) else { continue };
            if declared.contains(&(protocol, name)) {
                continue;
            }
            let opened = surroundings.on(|plugin| plugin.unresolved_name_opens_all);
            let (severity, effect) = match opened {
                Some(plugins) => {
                    (surroundings.severity(Severity::Warning), format!("opens every port on {plugins}, none elsewhere"))
                }
                None => (Severity::Warning, "opens nothing".to_owned()),
            };
            found.push(Lint {
                severity,
                check: UNRESOLVED_NAMED_PORT,
                path: path.child("port"),
                message: format!("no pod that this rule is about has a port `{name}` of {protocol}; this {effect}"),
                help: "name the number of the port at the pod".to_owned(),
            });
        }
    }
    found
}

fn named(port: &ContainerPort) -> Option<(Protocol, &str)> {
    Some((port.protocol, port.name.as_deref()?))
}
