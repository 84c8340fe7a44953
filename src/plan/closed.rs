//! Declared flows that policies of others close at the end that is not managed: a default-deny in the namespace of DNS, say.
//! The proof holds for floe's policies alone, and these can only open their own ends.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::Config;
use crate::finding::{CheckId, Finding, Severity};
use crate::network_policy::{Endpoint, Flow};
use crate::object::{Inventory, NAMESPACE_NAME_LABEL, PodFacts, PolicyFacts};
use crate::reachability::{Direction, IpBlockReach, Party, Peer, Policy, PortSet, Rule, World};

/// A policy of the input closes what the configuration declares.
pub const DECLARED_FLOW_CLOSED: CheckId = CheckId("declared-flow-closed");

/// Flows that a finding names.
const SHOWN: usize = 3;

/// The policies of others that close declared flows at their far ends, each with the flows that it is the first to close.
pub(super) fn closed(config: &Config, inventory: &Inventory, flows: &[Flow]) -> Vec<Finding> {
    let foreign = inventory.policies.iter().filter_map(|facts| {
        let namespace = facts.namespace.as_deref().filter(|it| config.managed(it).is_none())?;
        Some((facts, Policy::read(&facts.value, namespace).ok()?))
    });
    let policies: Vec<(&PolicyFacts, Policy)> = foreign.collect();
    if policies.is_empty() || !config.network.enabled {
        return Vec::new();
    }
    let mut found: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for flow in flows {
        for (direction, near, far) in [
            (Direction::Ingress, &flow.source, &flow.destination),
            (Direction::Egress, &flow.destination, &flow.source),
        ] {
            let end = FarEnd { config, inventory, policies: &policies, direction };
            for (policy, ports) in end.closes(flow, near, far) {
                let words = format!("{} => {}: {ports} ({})", flow.source, flow.destination, flow.reason);
                found.entry(policy).or_default().insert(words);
            }
        }
    }
    let finding = |(at, flows): (usize, BTreeSet<String>)| {
        let (facts, _) = policies.get(at)?;
        let shown: Vec<&str> = flows.iter().take(SHOWN).map(String::as_str).collect();
        let more = flows.len() - shown.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let message = format!("this policy closes what the configuration declares: {}{more}", shown.join("; "));
        let help = "let these in there: add a policy to that namespace that allows them, because policies add up";
        let finding = Finding::new(Severity::Warning, DECLARED_FLOW_CLOSED, message);
        Some(finding.at(&facts.id, facts.location.clone()).help(help))
    };
    found.into_iter().filter_map(finding).collect()
}

/// The end of flows that others look after, in one direction.
struct FarEnd<'f> {
    config: &'f Config,
    inventory: &'f Inventory,
    policies: &'f [(&'f PolicyFacts, Policy)],
    direction: Direction,
}

impl FarEnd<'_> {
    /// What is closed of a flow, by the first policy that isolates the pods there.
    fn closes(&self, flow: &Flow, near: &Endpoint, far: &Endpoint) -> BTreeMap<usize, PortSet> {
        let mut closed: BTreeMap<usize, PortSet> = BTreeMap::new();
        let Endpoint::Pods { namespace, .. } = far else { return closed };
        let concerns = |policy: &Policy| policy.namespace == *namespace && policy.rules(self.direction).is_some();
        if self.config.managed(namespace).is_some() || !self.policies.iter().any(|(_, it)| concerns(it)) {
            return closed;
        }
        let (mut pods, there) = (self.pods_of(near), self.pods_of(far));
        let near_pods = pods.len();
        pods.extend(there);
        let world = World::new(
            pods,
            &self.inventory.namespaces,
            Vec::new(),
            IpBlockReach::PodsToo,
            &self.config.network.cluster_cidrs,
        );
        for pod in world.pods.iter().skip(near_pods) {
            let isolates = |it: &&(usize, &Policy)| concerns(it.1) && it.1.pod_selector.matches(&pod.labels);
            let all = self.policies.iter().enumerate().map(|(at, (_, policy))| (at, policy));
            let isolating: Vec<(usize, &Policy)> = all.filter(|it| isolates(&it)).collect();
            let Some(&(first, _)) = isolating.first() else { continue };
            for source in 0..near_pods {
                let destination = if self.direction == Direction::Ingress { Some(pod) } else { world.pods.get(source) };
                let rules = isolating.iter().flat_map(|(_, it)| it.rules(self.direction).unwrap_or_default());
                let rules = rules.filter(|rule| self.lets(rule, namespace, &world, source));
                let open = rules.fold(PortSet::default(), |all, rule| all.union(&ports(rule, destination)));
                let missing = flow.ports.difference(&open);
                if !missing.is_empty() {
                    let entry = closed.entry(first).or_default();
                    *entry = entry.union(&missing);
                }
            }
        }
        closed
    }

    /// Whether a pod is among the peers of a rule; it counts as one where labels of its Namespace would tell that are not
    /// in the input.
    fn lets(&self, rule: &Rule, own: &str, world: &World, pod: usize) -> bool {
        let name = world.pods.get(pod).map(|it| it.namespace.as_str()).unwrap_or_default();
        let is_known = self.inventory.namespaces.iter().any(|it| it.name == name);
        let may_be = |peer: &Peer| {
            let Peer::Pods { namespaces: Some(namespaces), pods } = peer else { return false };
            let labels = world.pods.get(pod).map(|it| &it.labels);
            !is_known
                && namespaces.requirements().any(|it| it.key != NAMESPACE_NAME_LABEL)
                && labels.is_some_and(|labels| pods.matches(labels))
        };
        let Some(peers) = &rule.peers else { return true };
        peers.iter().any(|peer| world.is_peer_of(peer, own, Party::Pod(pod)) || may_be(peer))
    }

    /// The pods of an end that policies can tell apart, one of a kind; one that stands for all where the input has none.
    fn pods_of(&self, end: &Endpoint) -> Vec<PodFacts> {
        let Endpoint::Pods { namespace, labels } = end else { return Vec::new() };
        let is_there = |pod: &&PodFacts| {
            pod.namespace == *namespace
                && !pod.host_network
                && labels.iter().all(|(key, value)| pod.labels.get(key) == Some(value))
        };
        let mut kinds: BTreeMap<_, &PodFacts> = BTreeMap::new();
        for pod in self.inventory.pods.iter().filter(is_there) {
            kinds.entry((&pod.labels, &pod.ports, &pod.addresses)).or_insert(pod);
        }
        if !kinds.is_empty() {
            return kinds.into_values().cloned().collect();
        }
        vec![PodFacts::made_up(namespace, labels.clone(), "")]
    }
}

/// What a rule opens at a destination. A port by name may be any where the pod is not known.
fn ports(rule: &Rule, destination: Option<&PodFacts>) -> PortSet {
    let declared = destination.map(|it| it.ports.as_slice()).unwrap_or_default();
    if declared.is_empty() && !rule.ports.names.is_empty() {
        return PortSet::everything();
    }
    rule.ports.at(declared).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Workloads;
    use crate::plan::generate;
    use crate::snapshot::Snapshot;
    use crate::stream::frame;

    fn found(policies: &str) -> Vec<String> {
        let snapshot = Snapshot::take(&[frame(policies)], &Workloads::new(&[]), None).unwrap();
        let generated = generate(&Config::default(), &snapshot.inventory()).unwrap();
        let findings = generated.flows.findings.into_iter().filter(|it| it.check == DECLARED_FLOW_CLOSED);
        findings.map(|it| it.message).collect()
    }

    fn policy(namespace: &str, spec: &str) -> String {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: theirs, namespace: {namespace}}}\n\
             spec: {spec}\n---\n"
        )
    }

    #[test]
    fn a_default_deny_at_dns_closes_it() {
        let found = found(&policy("kube-system", "{podSelector: {}, policyTypes: [Ingress]}"));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("floe-jobs => kube-system"), "{found:?}");
        assert!(found[0].contains(": TCP 53, UDP 53 (dns)"), "{found:?}");
    }

    #[test]
    fn an_ingress_controller_that_may_not_connect_is_closed() {
        let found = found(&policy("ingress-nginx", "{podSelector: {}, policyTypes: [Egress]}"));
        assert!(found.len() == 1 && found[0].contains("ingress-controller"), "{found:?}");
    }

    #[test]
    fn what_lets_the_flow_in_closes_nothing() {
        let open = [
            "{podSelector: {}, ingress: [{}]}",
            "{podSelector: {matchLabels: {k8s-app: other}}, policyTypes: [Ingress]}",
            "{podSelector: {}, ingress: [{from: [{namespaceSelector: {}}], ports: [{port: 53, protocol: UDP}, {port: 53}]}]}",
            "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: floe}}}]}]}",
            "{podSelector: {}, ingress: [{ports: [{port: dns, protocol: UDP}, {port: dns-tcp}]}]}",
            "{podSelector: {}, policyTypes: [Egress]}",
        ];
        for spec in open {
            let found = found(&policy("kube-system", spec));
            assert!(found.is_empty(), "{spec}: {found:?}");
        }
        assert!(found(&policy("elsewhere", "{podSelector: {}, policyTypes: [Ingress]}")).is_empty());
        // Policies add up.
        let both = policy("kube-system", "{podSelector: {}, policyTypes: [Ingress]}") + &policy("kube-system", open[2]);
        assert!(found(&both).is_empty());
    }

    #[test]
    fn one_protocol_alone_is_not_enough() {
        let found = found(&policy("kube-system", "{podSelector: {}, ingress: [{ports: [{port: 53, protocol: UDP}]}]}"));
        assert!(found.len() == 1 && found[0].contains(": TCP 53 (dns)"), "{found:?}");
    }
}
