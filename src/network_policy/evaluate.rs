use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use super::peer::{carries, write_labels};
use super::{Direction, NetworkPolicy, Peer, PortSet, Rule};
use crate::object::Protocol;

/// Whether `ipBlock` matches the addresses of pods: plugins differ (Calico: yes, Cilium: no).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IpBlockReach {
    /// Only addresses outside the cluster.
    OutsideOnly,
    /// Pods as well.
    PodsToo,
}

/// Who speaks or is spoken to. Two equal pods are two pods: a pod may always talk to itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    /// A pod.
    Pod {
        /// Its namespace.
        namespace: String,
        /// Its labels.
        labels: BTreeMap<String, String>,
        /// Its address, where known; without one no `ipBlock` matches it.
        address: Option<IpAddr>,
    },
    /// Something that is not a pod.
    Address(IpAddr),
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "{address}"),
            Self::Pod { namespace, labels, .. } => {
                write!(f, "a pod of {namespace}")?;
                write_labels(f, labels)
            }
        }
    }
}

/// One connection, as policy sees it after address translation.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// What policies say at one end of a connection, and which ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Side {
    /// Not a pod: no policy applies.
    Outside,
    /// No policy isolates the pod in this direction.
    NotIsolated,
    /// A rule allows it.
    Allowed {
        /// The policy, as `namespace/name`.
        policy: String,
        /// The rule's position in it, from 0.
        rule: usize,
    },
    /// Policies isolate the pod, and none has a rule for it.
    Denied {
        /// The isolating policies, as `namespace/name`.
        policies: Vec<String>,
    },
}

impl Side {
    /// Whether this end lets the connection pass.
    pub const fn passes(&self) -> bool {
        !matches!(self, Self::Denied { .. })
    }
}

/// The verdict on a connection, with its reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// At the source.
    pub egress: Side,
    /// At the destination.
    pub ingress: Side,
}

impl Verdict {
    /// Whether the connection is made: both ends must let it pass.
    pub const fn allowed(&self) -> bool {
        self.egress.passes() && self.ingress.passes()
    }
}

/// Judges one connection by the rules of the API: a pod is isolated in a direction if a policy of its namespace selects
/// it there; then the union of the rules decides.
pub fn evaluate(policies: &[NetworkPolicy], traffic: &Traffic, reach: IpBlockReach) -> Verdict {
    let side = |direction, near, far| judge(policies, direction, near, far, traffic, reach);
    Verdict {
        egress: side(Direction::Egress, &traffic.source, &traffic.destination),
        ingress: side(Direction::Ingress, &traffic.destination, &traffic.source),
    }
}

fn judge(
    policies: &[NetworkPolicy],
    direction: Direction,
    near: &Party,
    far: &Party,
    traffic: &Traffic,
    reach: IpBlockReach,
) -> Side {
    let Party::Pod { namespace, .. } = near else { return Side::Outside };
    let isolating = isolating(policies, direction, near);
    if isolating.is_empty() {
        return Side::NotIsolated;
    }
    let name = |policy: &NetworkPolicy| format!("{}/{}", policy.namespace, policy.name);
    for (policy, rules) in &isolating {
        let matching =
            |rule: &Rule| rule.ports().contains(traffic.protocol, traffic.port) && admits(rule, namespace, far, reach);
        if let Some(rule) = rules.iter().position(matching) {
            return Side::Allowed { policy: name(policy), rule };
        }
    }
    Side::Denied { policies: isolating.iter().map(|(policy, _)| name(policy)).collect() }
}

/// The policies that isolate a party in a direction, with their rules for it; none for an address.
pub(super) fn isolating<'p>(
    policies: impl IntoIterator<Item = &'p NetworkPolicy>,
    direction: Direction,
    party: &Party,
) -> Vec<(&'p NetworkPolicy, &'p [Rule])> {
    let Party::Pod { namespace, labels, .. } = party else { return Vec::new() };
    let selects = |policy: &&NetworkPolicy| policy.namespace == *namespace && carries(labels, &policy.pod_selector);
    let selecting = policies.into_iter().filter(selects);
    selecting.filter_map(|policy| Some((policy, policy.rules_for(direction)?))).collect()
}

/// All that isolating policies of the namespace `own` let pass to or from a party; everything where there are none.
pub(super) fn connections(
    isolating: &[(&NetworkPolicy, &[Rule])],
    own: &str,
    far: &Party,
    reach: IpBlockReach,
) -> PortSet {
    if isolating.is_empty() {
        return PortSet::everything();
    }
    let rules = isolating.iter().flat_map(|(_, rules)| *rules);
    let admitting = rules.filter(|rule| admits(rule, own, far, reach));
    admitting.fold(PortSet::default(), |all, rule| all.union(rule.ports()))
}

fn admits(rule: &Rule, own: &str, far: &Party, reach: IpBlockReach) -> bool {
    rule.peers().iter().any(|peer| matches(peer, own, far, reach))
}

fn matches(peer: &Peer, own: &str, far: &Party, reach: IpBlockReach) -> bool {
    match far {
        Party::Address(address) => peer.matches_address(*address),
        Party::Pod { namespace, labels, address } => {
            peer.matches_pod(own, namespace, labels)
                || (reach == IpBlockReach::PodsToo && address.is_some_and(|it| peer.matches_address(it)))
        }
    }
}
