//! The proof that policies say what flows declare, run on every result before it is written.
//!
//! It compares two readings that share no code but set arithmetic: what the declared flows cover, and what the policies
//! let pass, read from the objects that are written. The parties are a finite set that stands for all: every label set
//! that a selector can tell apart, in each namespace that is named and in one that is not, and every class of
//! addresses. Ports are not sampled: whole port sets are compared.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

use super::peer::{carries, write_labels};
use super::{Direction, Endpoint, Flow, NamespaceScope, NetworkPolicy, Peer, PortSet, Rule};
use crate::config::Config;
use crate::object::{Inventory, PodFacts, ResourceId};
use crate::reachability::{AddressSet, IpBlockReach, Policy, Reachability, ReadError, Source, World};

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
    /// A policy is not what the API server would take.
    #[error("the policy {policy} cannot be read: {error}")]
    Unreadable {
        /// Its `namespace/name`.
        policy: String,
        /// What is wrong with it.
        error: ReadError,
    },
}

/// Who speaks or is spoken to. Two equal pods are two pods: a pod may always talk to itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// A pod.
    Pod {
        /// Its namespace.
        namespace: String,
        /// Its labels.
        labels: Labels,
    },
    /// Something that is not a pod.
    Address(IpAddr),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "{address}"),
            Self::Pod { namespace, labels } => {
                write!(f, "a pod of {namespace}")?;
                write_labels(f, labels)
            }
        }
    }
}

/// The two ends of a connection on which the proof failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ends {
    /// Who opens it.
    pub source: End,
    /// Who accepts it.
    pub destination: End,
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
    let read = |policy: &NetworkPolicy| {
        Policy::read(&policy.to_value(), &policy.namespace)
            .map_err(|error| ProofError::Unreadable { policy: format!("{}/{}", policy.namespace, policy.name), error })
    };
    let objects: Vec<Policy> = policies.iter().map(read).collect::<Result<_, _>>()?;
    let labels = label_sets(config, flows, policies, inventory);
    let world = |ip_blocks, address: Option<IpAddr>| {
        let by_namespace = labels.iter().flat_map(|(namespace, sets)| sets.iter().map(move |set| (namespace, set)));
        let pods = by_namespace.map(|(namespace, labels)| representative(namespace, labels, address)).collect();
        World::new(pods, &[], objects.clone(), ip_blocks, &config.network.cluster_cidrs)
    };
    compare(config, flows, &world(IpBlockReach::OutsideOnly, None))?;
    pod_addresses(config)
        .into_iter()
        .try_for_each(|address| compare(config, flows, &world(IpBlockReach::PodsToo, Some(address))))
}

/// A pod that stands for all with its labels.
pub(super) fn representative(namespace: &str, labels: &Labels, address: Option<IpAddr>) -> PodFacts {
    let gvk = crate::object::GroupVersionKind::new("v1", "Pod");
    PodFacts {
        owner: ResourceId { gvk, namespace: Some(namespace.to_owned()), name: String::new() },
        namespace: namespace.to_owned(),
        labels: labels.clone(),
        ports: Vec::new(),
        host_network: false,
        addresses: address.into_iter().collect(),
        node_addresses: Vec::new(),
        is_finished: false,
        controller: None,
    }
}

/// A party with all that depends on it alone.
struct Candidate {
    end: End,
    managed: bool,
    address: Option<IpAddr>,
    reach: IpBlockReach,
}

fn compare(config: &Config, flows: &[Flow], world: &World) -> Result<(), ProofError> {
    let blocks = flows.iter().flat_map(|flow| [&flow.source, &flow.destination]).filter_map(|end| match end {
        Endpoint::Addresses(blocks) => Some(blocks),
        Endpoint::Any | Endpoint::Pods { .. } => None,
    });
    let cuts: Vec<AddressSet> = blocks.flatten().map(AddressSet::of).collect();
    let reachability = Reachability::new(world, &cuts);
    let reach = world.ip_blocks;
    let pods: Vec<Candidate> = world
        .pods
        .iter()
        .map(|pod| Candidate {
            end: End::Pod { namespace: pod.namespace.clone(), labels: pod.labels.clone() },
            managed: config.managed(&pod.namespace).is_some(),
            address: pod.addresses.first().copied(),
            reach,
        })
        .collect();
    let outside = |classes: &[AddressSet]| -> Vec<Candidate> {
        let first = |set: &AddressSet| set.ranges().next().map(|(first, _)| first);
        let candidate =
            |address| Candidate { end: End::Address(address), managed: false, address: Some(address), reach };
        classes.iter().filter_map(first).map(candidate).collect()
    };
    let (sources, destinations) = (outside(reachability.sources()), outside(reachability.destinations()));

    let from_pods =
        pods.iter().enumerate().map(|(at, pod)| (pod, Source::Pods(reachability.class_of(at).unwrap_or(at))));
    let from_outside = sources.iter().enumerate().map(|(at, address)| (address, Source::Addresses(at)));
    for (source, from) in from_pods.chain(from_outside) {
        let from_here: Vec<_> = flows.iter().filter(|flow| holds(&flow.source, source)).collect();
        let connections = reachability.from(from);
        let into = |pod: usize| reachability.class_of(pod).and_then(|class| connections.pods.get(class));
        let to_pods = pods.iter().enumerate().map(|(at, pod)| (pod, into(at)));
        let to_outside = destinations.iter().zip(connections.addresses.iter().map(Some));
        for (destination, set) in to_pods.chain(to_outside).filter(|(it, _)| source.managed || it.managed) {
            let covering = from_here.iter().filter(|flow| holds(&flow.destination, destination));
            let declared = covering.fold(PortSet::default(), |all, flow| all.union(&flow.ports));
            let passing = set.map(|&set| reachability.set(set)).unwrap_or_default();
            if passing != declared {
                return Err(difference(source, destination, &declared, &passing));
            }
        }
    }
    Ok(())
}

fn difference(source: &Candidate, destination: &Candidate, declared: &PortSet, passing: &PortSet) -> ProofError {
    let ends = Box::new(Ends { source: source.end.clone(), destination: destination.end.clone(), reach: source.reach });
    if passing.covers(declared) {
        ProofError::Undeclared { ends, ports: passing.difference(declared) }
    } else {
        ProofError::Blocked { ends, ports: declared.difference(passing) }
    }
}

/// Whether a flow's end is written for the party. In a managed namespace only an end that names pods is: a flow to
/// addresses does not open the pods that happen to have them.
fn holds(end: &Endpoint, candidate: &Candidate) -> bool {
    match (end, &candidate.end) {
        (Endpoint::Pods { namespace, labels }, End::Pod { namespace: there, labels: carried }) => {
            namespace == there && carries(carried, labels)
        }
        (Endpoint::Pods { .. }, End::Address(_)) => false,
        (Endpoint::Any, _) => !candidate.managed,
        (Endpoint::Addresses(blocks), end) => {
            let readable = matches!(end, End::Address(_)) || candidate.reach == IpBlockReach::PodsToo;
            let within = |address| blocks.iter().any(|block| block.contains(address));
            !candidate.managed && readable && candidate.address.is_some_and(within)
        }
    }
}

/// Label sets worth telling apart, by namespace: those that flows and policies name, those of the pods in the input
/// (only the labels that some selector for the namespace asks for: selectors ask for values, so any other value is like
/// none), and none; also in a namespace that nothing names.
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
    let labels_of =
        |sets: &BTreeSet<Labels>| sets.iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect();
    let asked: BTreeMap<String, BTreeSet<(String, String)>> =
        sets.iter().map(|(namespace, sets)| (namespace.clone(), labels_of(sets))).collect();
    // Policies do not select pods of the host's network.
    for pod in inventory.pods.iter().filter(|pod| !pod.host_network) {
        if let (Some(asked), Some(sets)) = (asked.get(&pod.namespace), sets.get_mut(&pod.namespace)) {
            let labels = pod.labels.iter().map(|(key, value)| (key.clone(), value.clone()));
            sets.insert(labels.filter(|label| asked.contains(label)).collect());
        }
    }
    let mut unnamed = "unmanaged".to_owned();
    while sets.contains_key(&unnamed) {
        unnamed.push('-');
    }
    sets.insert(unnamed, selectors);
    sets
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
