//! The Amazon VPC CNI judges egress before the address of a Service is translated.

use super::{Lint, Subject, Surroundings};
use crate::cni::Translation;
use crate::finding::{CheckId, Severity};
use crate::object::{ServiceFacts, ServicePort};
use crate::reachability::{Direction, Peer, Rule};

/// A rule for the port of a pod whose Service has another.
pub(in crate::network_policy) const PORT_BEFORE_TRANSLATION: CheckId = CheckId("port-before-translation");

pub(super) fn check(subject: &Subject<'_>, surroundings: &Surroundings<'_>) -> Vec<Lint> {
    let Some(plugins) = surroundings.on(|plugin| plugin.judged == Translation::Before) else { return Vec::new() };
    let mut found = Vec::new();
    for rule in subject.rules().filter(|rule| rule.direction == Direction::Egress) {
        for service in surroundings.services.iter().filter(|it| leads_to(it, rule.rule, subject, surroundings)) {
            let is_missed = |it: &&ServicePort| {
                let numbers = &rule.rule.ports.numbers;
                // A name is looked up on the pods behind the Service; on other pods it may be another port.
                let targets = service.target_ports(it, &surroundings.world.pods);
                targets.iter().any(|target| numbers.contains(it.protocol, *target))
                    && !numbers.contains(it.protocol, it.port)
            };
            let Some(port) = service.ports.iter().find(is_missed) else { continue };
            found.push(Lint {
                severity: surroundings.severity(Severity::Info),
                check: PORT_BEFORE_TRANSLATION,
                path: rule.path.child("ports"),
                message: format!(
                    "{plugins} judges before translation: through Service {} this needs port {} as well",
                    service.id.name, port.port
                ),
                help: "add the Service's port, or give Service and container the same".to_owned(),
            });
        }
    }
    found
}

fn leads_to(service: &ServiceFacts, rule: &Rule, subject: &Subject<'_>, surroundings: &Surroundings<'_>) -> bool {
    let Some(namespace) = service.namespace.as_ref().filter(|_| !service.headless && service.chooses_pods()) else {
        return false;
    };
    rule.peers.iter().flatten().any(|peer| match peer {
        Peer::Addresses(_) => false,
        Peer::Pods { namespaces, pods } => {
            let there = match namespaces {
                None => *namespace == subject.policy.namespace,
                Some(selector) => selector.matches(surroundings.world.namespace_labels(namespace)),
            };
            there && pods.matches(&service.selector)
        }
    })
}
