//! A named port that no pod resolves opens nothing; on kube-router and k3s it opens every port (measured).

use std::collections::BTreeSet;

use super::{Lint, Subject, Surroundings, items};
use crate::finding::{CheckId, Severity};
use crate::object::{ContainerPort, Protocol};
use crate::reachability::{Direction, Party};

/// How many ports of pods the help names.
const MOST_SHOWN: usize = 6;

/// A named port that no pod of the rule has.
pub const UNRESOLVED_NAMED_PORT: CheckId = CheckId("unresolved-named-port");

/// The names in the rules of one policy that no pod of the input resolves.
pub fn unresolved_named_ports(subject: &Subject<'_>, surroundings: &Surroundings<'_>) -> Vec<Lint> {
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
        let there: BTreeSet<String> = destinations.iter().flat_map(|pod| &pod.ports).filter_map(shown).collect();
        let help = match there.len() {
            0 => "name the number of the port at the pod; these pods name no ports".to_owned(),
            1..=MOST_SHOWN => {
                let there: Vec<String> = there.into_iter().collect();
                format!("name the number of the port at the pod, or one that it has: {}", there.join(", "))
            }
            _ => "name the number of the port at the pod".to_owned(),
        };
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
                message: format!(
                    "no pod of the input that this rule is about has a port `{name}` of {protocol}; this {effect}"
                ),
                help: help.clone(),
            });
        }
    }
    found
}

fn named(port: &ContainerPort) -> Option<(Protocol, &str)> {
    Some((port.protocol, port.name.as_deref()?))
}

/// A port with a name, as the help shows it.
fn shown(port: &ContainerPort) -> Option<String> {
    let name = port.name.as_deref()?;
    Some(format!("`{name}` ({} {})", port.protocol, port.port))
}
