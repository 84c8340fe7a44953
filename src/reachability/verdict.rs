//! The verdict on one connection, with its reasons.

use std::net::IpAddr;

use super::{Direction, Party, Policy, PortSet, World};
use crate::config::IpFamily;
use crate::object::{PodFacts, Protocol};

/// One connection, as policy sees it after address translation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Traffic {
    /// Who opens it.
    pub source: Party,
    /// Who accepts it.
    pub destination: Party,
    /// Its protocol.
    pub protocol: Protocol,
    /// The port at the destination.
    pub port: u16,
}

/// A rule of a policy, by positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleRef {
    /// The policy, in [`World::policies`].
    pub policy: usize,
    /// The rule in its `ingress` or `egress`.
    pub rule: usize,
}

/// Why a rule of an isolating policy does not let a connection pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NearMiss {
    /// The rule.
    pub rule: RuleRef,
    /// The far end is among its peers.
    pub peer_matches: bool,
    /// The port is among its ports.
    pub port_matches: bool,
}

/// What policies say at one end of a connection, and which ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Side {
    /// Not a pod: no policy applies.
    Outside,
    /// No policy isolates the pod in this direction.
    NotIsolated,
    /// Rules allow it.
    Allowed {
        /// All that do, in order.
        by: Vec<RuleRef>,
        /// The isolating policies, by their positions in [`World::policies`].
        isolating: Vec<usize>,
    },
    /// Policies isolate the pod, and none has a rule for it.
    Denied {
        /// The isolating policies.
        isolating: Vec<usize>,
        /// Their rules.
        rules: Vec<NearMiss>,
    },
}

impl Side {
    /// Whether this end lets the connection pass.
    pub const fn passes(&self) -> bool {
        !matches!(self, Self::Denied { .. })
    }
}

/// What a rule of an isolating policy means for two parties, whatever the port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleReading {
    /// The rule.
    pub rule: RuleRef,
    /// The far end is among its peers.
    pub peer_matches: bool,
    /// Its ports at the destination.
    pub ports: PortSet,
}

/// Why the API does not define what becomes of a connection; the plugin decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Undefined {
    /// A pod of the host's network: policies that select it have no effect on most plugins, and selectors do not match
    /// it as a peer.
    HostNetwork(Direction),
    /// A pod that connects to the node it runs on: some plugins let it, some do not.
    OwnNode,
}

/// Why a connection is made whatever policies say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Exception {
    /// A pod may always talk to itself.
    Itself,
    /// The node that a pod runs on may always connect to it: its probes come from there.
    OwnNode,
}

/// The verdict on a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Why it is made in any case; the sides then say what policies would.
    pub exception: Option<Exception>,
    /// At the source.
    pub egress: Side,
    /// At the destination.
    pub ingress: Side,
    /// What makes the verdict depend on the plugin.
    pub undefined: Vec<Undefined>,
}

impl Verdict {
    /// Whether the connection is made: both ends must let it pass.
    pub const fn allowed(&self) -> bool {
        self.exception.is_some() || (self.egress.passes() && self.ingress.passes())
    }

    fn passing_ends(&self) -> usize {
        [&self.egress, &self.ingress].into_iter().filter(|side| side.passes()).count()
    }
}

impl World {
    /// Judges one connection by the rules of the API: a pod is isolated in a direction if a policy of its namespace
    /// selects it there; then the union of the rules decides.
    pub fn verdict(&self, traffic: &Traffic) -> Verdict {
        let families = self.families(traffic.source, traffic.destination);
        let mut verdicts = families.into_iter().map(|family| self.verdict_over(traffic, family));
        let first = verdicts.next().unwrap_or_else(|| self.verdict_over(traffic, None));
        // The one that gets furthest tells most; of equals, that of IPv4.
        verdicts.fold(first, |best, other| if other.passing_ends() > best.passing_ends() { other } else { best })
    }

    fn verdict_over(&self, traffic: &Traffic, family: Option<IpFamily>) -> Verdict {
        let Traffic { source, destination, .. } = *traffic;
        let host_network = |party, direction| {
            self.pod(party).filter(|pod| pod.host_network).map(|_| Undefined::HostNetwork(direction))
        };
        Verdict {
            exception: self.exception(source, destination),
            egress: self.side(Direction::Egress, source, destination, traffic, family),
            ingress: self.side(Direction::Ingress, destination, source, traffic, family),
            undefined: [(source, Direction::Egress), (destination, Direction::Ingress)]
                .into_iter()
                .filter_map(|(party, direction)| host_network(party, direction))
                .chain(self.is_to_own_node(source, destination).then_some(Undefined::OwnNode))
                .collect(),
        }
    }

    fn is_to_own_node(&self, source: Party, destination: Party) -> bool {
        let Party::Address(address) = destination else { return false };
        self.pod(source).is_some_and(|pod| pod.node_addresses.contains(&address))
    }

    fn side(&self, direction: Direction, near: Party, far: Party, traffic: &Traffic, family: Option<IpFamily>) -> Side {
        let Some(pod) = self.pod(near) else { return Side::Outside };
        let isolating: Vec<usize> = self.isolating(direction, pod).collect();
        if isolating.is_empty() {
            return Side::NotIsolated;
        }
        let destination = self.pod(traffic.destination).map(|pod| pod.ports.as_slice()).unwrap_or_default();
        let (mut by, mut misses) = (Vec::new(), Vec::new());
        for (index, policy) in isolating.iter().filter_map(|&index| Some((index, self.policies.get(index)?))) {
            for (position, rule) in policy.rules(direction).unwrap_or_default().iter().enumerate() {
                let rule_ref = RuleRef { policy: index, rule: position };
                let is_peer = |peer| self.is_peer(peer, &policy.namespace, far, family);
                let peer_matches = rule.peers.as_ref().is_none_or(|peers| peers.iter().any(is_peer));
                let port_matches = rule.ports.at(destination).contains(traffic.protocol, traffic.port);
                if peer_matches && port_matches {
                    by.push(rule_ref);
                } else {
                    misses.push(NearMiss { rule: rule_ref, peer_matches, port_matches });
                }
            }
        }
        if by.is_empty() { Side::Denied { isolating, rules: misses } } else { Side::Allowed { by, isolating } }
    }

    /// The policies that isolate a pod in a direction, by their positions.
    pub fn isolating<'a>(&'a self, direction: Direction, pod: &'a PodFacts) -> impl Iterator<Item = usize> + 'a {
        let selects = move |policy: &Policy| {
            policy.namespace == pod.namespace
                && policy.rules(direction).is_some()
                && policy.pod_selector.matches(&pod.labels)
        };
        self.policies.iter().enumerate().filter(move |(_, policy)| selects(policy)).map(|(index, _)| index)
    }

    /// How each rule of the policies that isolate one end reads for two parties, in order; absent where no policy
    /// isolates it, and where it is no pod.
    pub fn readings(&self, direction: Direction, source: Party, destination: Party) -> Option<Vec<RuleReading>> {
        let (near, far) = match direction {
            Direction::Egress => (source, destination),
            Direction::Ingress => (destination, source),
        };
        let mut isolating = self.isolating(direction, self.pod(near)?).peekable();
        isolating.peek()?;
        let declared = self.pod(destination).map(|pod| pod.ports.as_slice()).unwrap_or_default();
        let policies = isolating.filter_map(|index| Some((index, self.policies.get(index)?)));
        let rules = policies.flat_map(|(index, policy)| {
            policy
                .rules(direction)
                .unwrap_or_default()
                .iter()
                .enumerate()
                .map(move |(at, rule)| (index, policy, at, rule))
        });
        let read = |(policy, owner, rule, it): (usize, &Policy, usize, &super::Rule)| {
            let is_peer = |peer| {
                self.families(source, destination)
                    .into_iter()
                    .any(|family| self.is_peer(peer, &owner.namespace, far, family))
            };
            RuleReading {
                rule: RuleRef { policy, rule },
                peer_matches: it.peers.as_ref().is_none_or(|peers| peers.iter().any(is_peer)),
                ports: it.ports.at(declared).into_owned(),
            }
        };
        Some(rules.map(read).collect())
    }

    pub(super) fn pod(&self, party: Party) -> Option<&PodFacts> {
        match party {
            Party::Pod(pod) => self.pods.get(pod),
            Party::Address(_) => None,
        }
    }

    /// What lets one party connect to another whatever policies say (`types.go` of `networking.k8s.io/v1`).
    pub fn exception(&self, source: Party, destination: Party) -> Option<Exception> {
        let pod = self.pod(destination)?;
        match source {
            Party::Pod(_) => (source == destination).then_some(Exception::Itself),
            Party::Address(address) => pod.node_addresses.contains(&address).then_some(Exception::OwnNode),
        }
    }

    /// All that passes between two parties.
    pub fn connections(&self, source: Party, destination: Party) -> PortSet {
        if self.exception(source, destination).is_some() {
            return PortSet::everything();
        }
        let families = self.families(source, destination).into_iter().map(|family| {
            let egress = self.passing(Direction::Egress, source, destination, destination, family);
            egress.intersection(&self.passing(Direction::Ingress, destination, source, destination, family))
        });
        families.fold(PortSet::default(), |all, set| all.union(&set))
    }

    fn passing(
        &self,
        direction: Direction,
        near: Party,
        far: Party,
        destination: Party,
        family: Option<IpFamily>,
    ) -> PortSet {
        let Some(pod) = self.pod(near) else { return PortSet::everything() };
        let mut isolating = self.isolating(direction, pod).peekable();
        if isolating.peek().is_none() {
            return PortSet::everything();
        }
        let declared = self.pod(destination).map(|pod| pod.ports.as_slice()).unwrap_or_default();
        let policies = isolating.filter_map(|index| self.policies.get(index));
        let rules = policies.flat_map(|it| it.rules(direction).unwrap_or_default().iter().map(move |rule| (it, rule)));
        let matching = rules.filter(|(policy, rule)| {
            let is_peer = |peer| self.is_peer(peer, &policy.namespace, far, family);
            rule.peers.as_ref().is_none_or(|peers| peers.iter().any(is_peer))
        });
        matching.fold(PortSet::default(), |all, (_, rule)| all.union(&rule.ports.at(declared)))
    }
}

/// The party at an address: the pod that has it, else the address.
pub fn party_at(world: &World, address: IpAddr) -> Party {
    let pod = world.pods.iter().position(|pod| pod.addresses.contains(&address));
    pod.map_or(Party::Address(address), Party::Pod)
}
