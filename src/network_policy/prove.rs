//! The proof that policies say what flows declare, run on every result before it is written.
//!
//! It compares two readings that share no code but set arithmetic: what the declared flows cover, and what the policies
//! let pass by the rules of the API. The parties are a finite set that stands for all: every label set that a selector
//! can tell apart, in each namespace that is named and in one that is not, and the first address of every stretch
//! between two ends of ranges. Ports are not sampled: whole port sets are compared.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::address_set::number;
use super::evaluate::{connections, isolating};
use super::peer::carries;
use super::{
    Direction, Endpoint, Flow, IpBlock, IpBlockReach, NamespaceScope, NetworkPolicy, Party, Peer, PortSet, Rule,
};
use crate::config::Config;
use crate::object::Inventory;

type Labels = BTreeMap<String, String>;

/// Why policies do not say what flows declare: always a fault of floe, never of its input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// A declared flow is not let through.
    #[error("{ends}: {ports} is declared, but the policies block it")]
    Blocked {
        /// Who to whom, and how `ipBlock` is read.
        ends: Box<Ends>,
        /// What is blocked.
        ports: PortSet,
    },
    /// Something passes that no flow declares.
    #[error("{ends}: the policies let {ports} pass, which no flow declares")]
    Undeclared {
        /// Who to whom, and how `ipBlock` is read.
        ends: Box<Ends>,
        /// What passes.
        ports: PortSet,
    },
}

/// The two ends of a connection on which the proof failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ends {
    /// Who opens it.
    pub source: Party,
    /// Who accepts it.
    pub destination: Party,
    /// How `ipBlock` is read.
    pub reach: IpBlockReach,
}

impl fmt::Display for Ends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reach = match self.reach {
            IpBlockReach::OutsideOnly => "matches addresses outside only",
            IpBlockReach::PodsToo => "matches pods too",
        };
        write!(f, "{} -> {}, where ipBlock {reach}", self.source, self.destination)
    }
}

/// Proves that the policies let every declared flow pass at both ends and nothing else at any managed end, whether
/// `ipBlock` matches pods or not.
///
/// Fails with the first difference found, in a fixed order. Holds trivially when policies are switched off.
pub fn prove(
    config: &Config,
    flows: &[Flow],
    policies: &[NetworkPolicy],
    inventory: &Inventory,
) -> Result<(), ProofError> {
    if !config.network.enabled {
        return Ok(());
    }
    let addresses = addresses(config, flows, policies);
    let labels = label_sets(config, flows, policies, inventory);
    let pods = |address: Option<IpAddr>| {
        let by_namespace = labels.iter().flat_map(|(namespace, sets)| sets.iter().map(move |set| (namespace, set)));
        by_namespace.map(move |(namespace, labels)| Party::Pod {
            namespace: namespace.clone(),
            labels: labels.clone(),
            address,
        })
    };

    let outside = pods(None).chain(addresses.into_iter().map(Party::Address)).collect();
    compare(config, flows, policies, outside, IpBlockReach::OutsideOnly)?;
    // Addresses were compared above, and the reading of ipBlock does not change them.
    for address in pod_addresses(config) {
        compare(config, flows, policies, pods(Some(address)).collect(), IpBlockReach::PodsToo)?;
    }
    Ok(())
}

/// A party with all that depends on it alone.
struct Candidate<'p> {
    party: Party,
    managed: bool,
    egress: Vec<(&'p NetworkPolicy, &'p [Rule])>,
    ingress: Vec<(&'p NetworkPolicy, &'p [Rule])>,
}

fn compare(
    config: &Config,
    flows: &[Flow],
    policies: &[NetworkPolicy],
    parties: Vec<Party>,
    reach: IpBlockReach,
) -> Result<(), ProofError> {
    let mut by_namespace: BTreeMap<&str, Vec<&NetworkPolicy>> = BTreeMap::new();
    for policy in policies {
        by_namespace.entry(&policy.namespace).or_default().push(policy);
    }
    let candidate = |party: Party| {
        let there = namespace(&party);
        let policies = by_namespace.get(there).map(Vec::as_slice).unwrap_or_default();
        Candidate {
            managed: config.managed(there).is_some(),
            egress: isolating(policies.iter().copied(), Direction::Egress, &party),
            ingress: isolating(policies.iter().copied(), Direction::Ingress, &party),
            party,
        }
    };
    let parties: Vec<_> = parties.into_iter().map(candidate).collect();

    for source in &parties {
        let from_here: Vec<_> = flows.iter().filter(|flow| holds(&flow.source, source, reach)).collect();
        for destination in parties.iter().filter(|destination| source.managed || destination.managed) {
            let covering = from_here.iter().filter(|flow| holds(&flow.destination, destination, reach));
            let declared = covering.fold(PortSet::default(), |all, flow| all.union(&flow.ports));
            let egress = connections(&source.egress, namespace(&source.party), &destination.party, reach);
            let ingress = connections(&destination.ingress, namespace(&destination.party), &source.party, reach);
            let passing = egress.intersection(&ingress);
            if passing != declared {
                return Err(difference(source, destination, reach, &declared, &passing));
            }
        }
    }
    Ok(())
}

fn difference(
    source: &Candidate,
    destination: &Candidate,
    reach: IpBlockReach,
    declared: &PortSet,
    passing: &PortSet,
) -> ProofError {
    let ends = Box::new(Ends { source: source.party.clone(), destination: destination.party.clone(), reach });
    if passing.covers(declared) {
        ProofError::Undeclared { ends, ports: passing.difference(declared) }
    } else {
        ProofError::Blocked { ends, ports: declared.difference(passing) }
    }
}

/// Whether a flow's end is written for the party. In a managed namespace only an end that names pods is: a flow to
/// addresses does not open the pods that happen to have them.
fn holds(end: &Endpoint, candidate: &Candidate, reach: IpBlockReach) -> bool {
    let (address, is_pod) = match &candidate.party {
        Party::Address(address) => (Some(*address), false),
        Party::Pod { address, .. } => (*address, true),
    };
    match (end, &candidate.party) {
        (Endpoint::Pods { namespace, labels }, Party::Pod { namespace: there, labels: carried, .. }) => {
            namespace == there && carries(carried, labels)
        }
        (Endpoint::Pods { .. }, Party::Address(_)) => false,
        (Endpoint::Any, _) => !candidate.managed,
        (Endpoint::Addresses(blocks), _) => {
            let readable = !is_pod || reach == IpBlockReach::PodsToo;
            !candidate.managed && readable && address.is_some_and(|it| blocks.iter().any(|block| block.contains(it)))
        }
    }
}

/// The namespace of a pod; no namespace is called by the empty name that an address gets.
fn namespace(party: &Party) -> &str {
    match party {
        Party::Pod { namespace, .. } => namespace,
        Party::Address(_) => "",
    }
}

/// Label sets worth telling apart, by namespace: those that flows and policies name, those of the pods in the input
/// (only the labels that some selector for the namespace asks for), and none; also in a namespace that nothing names.
fn label_sets(
    config: &Config,
    flows: &[Flow],
    policies: &[NetworkPolicy],
    inventory: &Inventory,
) -> BTreeMap<String, BTreeSet<Labels>> {
    let mut sets: BTreeMap<String, BTreeSet<Labels>> = BTreeMap::new();
    let mut add = |namespace: &str, labels: &Labels| {
        let known = sets.entry(namespace.to_owned()).or_default();
        known.insert(Labels::new());
        known.insert(labels.clone());
    };
    for namespace in &config.namespaces {
        add(&namespace.name, &Labels::new());
    }
    for end in flows.iter().flat_map(|flow| [&flow.source, &flow.destination]) {
        if let Endpoint::Pods { namespace, labels } = end {
            add(namespace, labels);
        }
    }
    for policy in policies {
        add(&policy.namespace, &policy.pod_selector);
        for peer in peers(policy) {
            match peer {
                Peer::Pods { namespace: NamespaceScope::Own, labels } => add(&policy.namespace, labels),
                Peer::Pods { namespace: NamespaceScope::Named(name), labels } => add(name, labels),
                Peer::Any | Peer::Block(_) => {}
            }
        }
    }

    let selectors: BTreeSet<Labels> = sets.values().flatten().cloned().collect();
    let asked: BTreeMap<String, BTreeSet<String>> = sets
        .iter()
        .map(|(namespace, sets)| (namespace.clone(), sets.iter().flat_map(BTreeMap::keys).cloned().collect()))
        .collect();
    // Policies do not select pods of the host's network.
    for pod in inventory.pods.iter().filter(|pod| !pod.host_network) {
        if let (Some(keys), Some(sets)) = (asked.get(&pod.namespace), sets.get_mut(&pod.namespace)) {
            let relevant = pod.labels.iter().filter(|(key, _)| keys.contains(*key));
            sets.insert(relevant.map(|(key, value)| (key.clone(), value.clone())).collect());
        }
    }
    let mut unnamed = "unmanaged".to_owned();
    while sets.contains_key(&unnamed) {
        unnamed.push('-');
    }
    sets.insert(unnamed, selectors);
    sets
}

/// The first address of every stretch between two ends of ranges: all others behave like one of them.
fn addresses(config: &Config, flows: &[Flow], policies: &[NetworkPolicy]) -> BTreeSet<IpAddr> {
    let mut found = BTreeSet::from([IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)]);
    let mut add = |cidr: IpNet| {
        found.insert(cidr.network());
        found.extend(following(cidr.broadcast()));
    };
    let mut add_block = |block: &IpBlock| {
        add(block.cidr());
        block.exceptions().iter().copied().for_each(&mut add);
    };
    for end in flows.iter().flat_map(|flow| [&flow.source, &flow.destination]) {
        if let Endpoint::Addresses(blocks) = end {
            blocks.iter().for_each(&mut add_block);
        }
    }
    for peer in policies.iter().flat_map(peers) {
        if let Peer::Block(block) = peer {
            add_block(block);
        }
    }
    config.network.cluster_cidrs.iter().copied().map(IpBlock::of).for_each(|block| add_block(&block));
    found
}

fn following(address: IpAddr) -> Option<IpAddr> {
    let next = number(address).checked_add(1)?;
    match address {
        IpAddr::V4(_) => u32::try_from(next).ok().map(|it| Ipv4Addr::from(it).into()),
        IpAddr::V6(_) => Some(Ipv6Addr::from(next).into()),
    }
}

/// An address that a pod may have, per family: the first of the first cluster range. One is enough, because what flows
/// and policies say about single addresses was compared before.
fn pod_addresses(config: &Config) -> Vec<IpAddr> {
    let cluster = &config.network.cluster_cidrs;
    let first = |wanted: fn(&IpNet) -> bool| cluster.iter().find(|cidr| wanted(cidr)).map(IpNet::network);
    first(|cidr| cidr.addr().is_ipv4()).into_iter().chain(first(|cidr| cidr.addr().is_ipv6())).collect()
}

fn peers(policy: &NetworkPolicy) -> impl Iterator<Item = &Peer> {
    let rules = [Direction::Egress, Direction::Ingress].into_iter().filter_map(|it| policy.rules_for(it));
    rules.flatten().flat_map(Rule::peers)
}
