use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;

use super::{AddressSet, Direction, IpBlock, Labels, Peer, Policy, Rule};
use crate::config::IpFamily;
use crate::object::{NAMESPACE_NAME_LABEL, NamespaceFacts, PodFacts};

/// Whether `ipBlock` matches the addresses of pods: plugins differ (Calico: yes, Cilium: no).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IpBlockReach {
    /// Only addresses outside the cluster.
    OutsideOnly,
    /// Pods as well.
    PodsToo,
}

/// One end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// A pod, by its position in [`World::pods`].
    Pod(usize),
    /// An address that is no pod's.
    Address(IpAddr),
}

/// Everything that decides who may talk to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    /// The pods. A finished one talks to nobody; leave it out.
    pub pods: Vec<PodFacts>,
    /// Labels of the namespaces, by name; every namespace that a pod runs in is there.
    namespaces: BTreeMap<String, Labels>,
    /// The policies, whatever their namespace.
    pub policies: Vec<Policy>,
    /// How `ipBlock` is read.
    pub ip_blocks: IpBlockReach,
    /// Where pods have their addresses; for pods whose own is not known.
    pub cluster: AddressSet,
}

impl World {
    /// A world of these pods and policies. A namespace that is not listed has only the label that the API server sets;
    /// listed ones get it where it is missing.
    pub fn new(
        pods: Vec<PodFacts>,
        namespaces: &[NamespaceFacts],
        policies: Vec<Policy>,
        ip_blocks: IpBlockReach,
        cluster_cidrs: &[IpNet],
    ) -> Self {
        let mut labelled: BTreeMap<String, Labels> = BTreeMap::new();
        for namespace in namespaces {
            labelled.entry(namespace.name.clone()).or_default().extend(namespace.labels.clone());
        }
        for pod in &pods {
            labelled.entry(pod.namespace.clone()).or_default();
        }
        for policy in &policies {
            labelled.entry(policy.namespace.clone()).or_default();
        }
        for (name, labels) in &mut labelled {
            labels.insert(NAMESPACE_NAME_LABEL.to_owned(), name.clone());
        }
        let cluster = cluster_cidrs.iter().map(|&cidr| AddressSet::of(&IpBlock::of(cidr)));
        let cluster = cluster.fold(AddressSet::default(), |all, one| all.union(&one));
        Self { pods, namespaces: labelled, policies, ip_blocks, cluster }
    }

    /// The rules of a direction, each with the namespace of its policy.
    pub(super) fn rules(&self, direction: Direction) -> impl Iterator<Item = (&str, &Rule)> {
        self.policies.iter().flat_map(move |policy| {
            policy.rules(direction).into_iter().flatten().map(|rule| (policy.namespace.as_str(), rule))
        })
    }

    /// The same world with `ipBlock` read in another way.
    #[must_use]
    pub fn reading(&self, ip_blocks: IpBlockReach) -> Self {
        Self { ip_blocks, ..self.clone() }
    }

    /// The namespaces with their labels, in order.
    pub const fn namespaces(&self) -> &BTreeMap<String, Labels> {
        &self.namespaces
    }

    /// Labels of a namespace; one that is not in the world has none.
    pub fn namespace_labels(&self, name: &str) -> &Labels {
        static NONE: Labels = Labels::new();
        self.namespaces.get(name).unwrap_or(&NONE)
    }

    /// Whether a block matches a pod by its address of the family. A pod whose addresses are not known counts as
    /// matched by a block that overlaps the cluster's ranges: the worst case.
    pub(super) fn covers_pod(&self, set: &AddressSet, pod: &PodFacts, family: Option<IpFamily>) -> bool {
        if self.ip_blocks == IpBlockReach::OutsideOnly {
            return false;
        }
        if pod.addresses.is_empty() {
            return match family {
                None => set.intersects(&self.cluster),
                Some(family) => set.of_family(family).meets(self.cluster.of_family(family)),
            };
        }
        let of_family = |address: IpAddr| family.is_none_or(|family| IpFamily::of(address) == family);
        pod.addresses.iter().any(|&address| of_family(address) && set.contains(address))
    }

    /// Whether a peer of a rule in the namespace `own` is this party.
    pub fn is_peer_of(&self, peer: &Peer, own: &str, party: Party) -> bool {
        self.is_peer(peer, own, party, None)
    }

    /// Whether a peer of a rule in the namespace `own` is this party, reached over the family.
    pub(super) fn is_peer(&self, peer: &Peer, own: &str, party: Party, family: Option<IpFamily>) -> bool {
        match (peer, party) {
            (Peer::Pods { namespaces, pods }, Party::Pod(pod)) => self.pods.get(pod).is_some_and(|pod| {
                let there = match namespaces {
                    None => pod.namespace == own,
                    Some(selector) => selector.matches(self.namespace_labels(&pod.namespace)),
                };
                there && pods.matches(&pod.labels)
            }),
            (Peer::Pods { .. }, Party::Address(_)) => false,
            (Peer::Addresses(set), Party::Address(address)) => set.contains(address),
            (Peer::Addresses(set), Party::Pod(pod)) => {
                self.pods.get(pod).is_some_and(|pod| self.covers_pod(set, pod, family))
            }
        }
    }
}
