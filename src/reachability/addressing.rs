//! Over which addresses two pods are judged, where an `ipBlock` may match them.
//!
//! A connection has addresses of one family at both ends. A dual-stack pod may be let through over one of them and
//! stopped over the other, and a pod never uses a family that the other pod does not have.

use std::collections::BTreeSet;

use super::{Direction, IpBlockReach, Party, Peer, World};
use crate::config::IpFamily;
use crate::object::PodFacts;

/// The families that a pod has addresses of; both for a pod whose addresses are not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Families {
    v4: bool,
    v6: bool,
}

impl Families {
    pub(super) fn of(pod: &PodFacts) -> Self {
        let has = |family| pod.addresses.is_empty() || pod.addresses.iter().any(|&it| IpFamily::of(it) == family);
        Self { v4: has(IpFamily::V4), v6: has(IpFamily::V6) }
    }

    const fn has(self, family: IpFamily) -> bool {
        match family {
            IpFamily::V4 => self.v4,
            IpFamily::V6 => self.v6,
        }
    }

    /// The families that both have, in order.
    fn shared(self, other: Self) -> impl Iterator<Item = IpFamily> {
        IpFamily::ALL.into_iter().filter(move |&family| self.has(family) && other.has(family))
    }
}

/// The addresses by which pairs of pods are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Addressing {
    /// All addresses of any pair: their families make no difference.
    Together,
    /// Those of one family, for pairs that share it.
    Over(IpFamily),
    /// All addresses of pairs that share no family. The network keeps such pods apart, whatever policies say; the
    /// verdict is on policies.
    Apart,
}

impl Addressing {
    /// The family, where it is only one.
    pub(super) const fn family(self) -> Option<IpFamily> {
        match self {
            Self::Over(family) => Some(family),
            Self::Together | Self::Apart => None,
        }
    }

    /// Whether it is for a pair of pods.
    pub(super) fn concerns(self, one: Families, other: Families) -> bool {
        match self {
            Self::Together => true,
            Self::Over(family) => one.has(family) && other.has(family),
            Self::Apart => one.shared(other).next().is_none(),
        }
    }

    /// What the pairs of a world have to be judged by; a pair is let through if one that concerns it lets it.
    pub(super) fn all_of(world: &World) -> &'static [Self] {
        if world.ip_blocks == IpBlockReach::OutsideOnly {
            return &[Self::Together];
        }
        let pods: BTreeSet<Families> = world.pods.iter().map(Families::of).collect();
        // One family for all pods is the one that any pair uses.
        let is_single_stack = pods.len() == 1 && pods.iter().all(|pod| pod.v4 != pod.v6);
        // Without blocks of the other family, a family that all pods have lets through whatever that one does.
        let decides = |family| pods.iter().all(|pod| pod.has(family)) && !has_blocks(world, other_than(family));
        if is_single_stack || IpFamily::ALL.into_iter().any(decides) {
            return &[Self::Together];
        }
        let is_apart = |one: &Families| pods.iter().any(|other| Self::Apart.concerns(*one, *other));
        if pods.iter().any(is_apart) {
            &[Self::Over(IpFamily::V4), Self::Over(IpFamily::V6), Self::Apart]
        } else {
            &[Self::Over(IpFamily::V4), Self::Over(IpFamily::V6)]
        }
    }
}

const fn other_than(family: IpFamily) -> IpFamily {
    match family {
        IpFamily::V4 => IpFamily::V6,
        IpFamily::V6 => IpFamily::V4,
    }
}

/// Whether some rule has a block with addresses of the family.
fn has_blocks(world: &World, family: IpFamily) -> bool {
    let is_of_family = |peer: &Peer| matches!(peer, Peer::Addresses(set) if !set.of_family(family).is_empty());
    let mut rules = Direction::ALL.into_iter().flat_map(|direction| world.rules(direction));
    rules.any(|(_, rule)| rule.peers.iter().flatten().any(is_of_family))
}

impl World {
    /// The families over which a connection may be made, one by one; absent stands for whatever addresses there are,
    /// where the family makes no difference. Never empty.
    pub(super) fn families(&self, source: Party, destination: Party) -> Vec<Option<IpFamily>> {
        let pods = self.pod(source).zip(self.pod(destination));
        let Some((source, destination)) = pods.filter(|_| self.ip_blocks == IpBlockReach::PodsToo) else {
            return vec![None];
        };
        let shared: Vec<_> = Families::of(source).shared(Families::of(destination)).map(Some).collect();
        // Pods that share none: `Addressing::Apart`.
        if shared.is_empty() { vec![None] } else { shared }
    }
}
