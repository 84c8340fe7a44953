use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::IpBlock;
use super::interval_set::IntervalSet;
use crate::config::IpFamily;

/// A set of addresses, families apart; equal sets are equal values and yield equal blocks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct AddressSet {
    v4: IntervalSet,
    v6: IntervalSet,
}

impl AddressSet {
    /// Every address of a family.
    pub fn everything(family: IpFamily) -> Self {
        match family {
            IpFamily::V4 => Self { v4: IntervalSet::of(0, u32::MAX.into()), v6: IntervalSet::default() },
            IpFamily::V6 => Self { v4: IntervalSet::default(), v6: IntervalSet::of(0, u128::MAX) },
        }
    }

    /// The addresses of a block.
    pub fn of(block: &IpBlock) -> Self {
        let range = |cidr: &IpNet| IntervalSet::of(number(cidr.network()), number(cidr.broadcast()));
        let set = block.exceptions().iter().fold(range(&block.cidr()), |set, cidr| set.difference(&range(cidr)));
        match block.cidr() {
            IpNet::V4(_) => Self { v4: set, v6: IntervalSet::default() },
            IpNet::V6(_) => Self { v4: IntervalSet::default(), v6: set },
        }
    }

    /// The addresses from one to another of the same family; none if they are of two.
    pub fn range(first: IpAddr, last: IpAddr) -> Self {
        let set = IntervalSet::of(number(first), number(last));
        match (first, last) {
            (IpAddr::V4(_), IpAddr::V4(_)) => Self { v4: set, v6: IntervalSet::default() },
            (IpAddr::V6(_), IpAddr::V6(_)) => Self { v4: IntervalSet::default(), v6: set },
            _ => Self::default(),
        }
    }

    /// Whether it has no address.
    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    /// Whether it has that address.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.of_family(IpFamily::of(address)).contains(number(address))
    }

    /// Whether it has some address of the other.
    pub fn intersects(&self, other: &Self) -> bool {
        self.v4.meets(&other.v4) || self.v6.meets(&other.v6)
    }

    /// Whether it has every address of the other.
    pub fn covers(&self, other: &Self) -> bool {
        other.difference(self).is_empty()
    }

    /// The addresses of either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self { v4: self.v4.union(&other.v4), v6: self.v6.union(&other.v6) }
    }

    /// Its addresses that the other has not.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        Self { v4: self.v4.difference(&other.v4), v6: self.v6.difference(&other.v6) }
    }

    /// Writes the set as disjoint blocks with as few ranges as a tree of prefixes allows, exceptions counted too.
    ///
    /// A plain list wins over an equally short one with exceptions, because `except` is where plugins differ most.
    pub fn blocks(&self) -> Vec<IpBlock> {
        let mut blocks = cover(&self.v4, Prefix { family: IpFamily::V4, base: 0, length: 0 }).outside;
        blocks.extend(cover(&self.v6, Prefix { family: IpFamily::V6, base: 0, length: 0 }).outside);
        blocks
    }

    /// Its stretches without gaps, IPv4 first, in order.
    pub fn ranges(&self) -> impl Iterator<Item = (IpAddr, IpAddr)> + '_ {
        let families = [IpFamily::V4, IpFamily::V6].into_iter();
        families.flat_map(|family| {
            let ranges = self.of_family(family).iter();
            ranges.filter_map(move |(first, last)| Some((address(family, first)?, address(family, last)?)))
        })
    }

    pub(super) fn of_ranges(family: IpFamily, ranges: impl IntoIterator<Item = (u128, u128)>) -> Self {
        let set = ranges.into_iter().collect();
        match family {
            IpFamily::V4 => Self { v4: set, v6: IntervalSet::default() },
            IpFamily::V6 => Self { v4: IntervalSet::default(), v6: set },
        }
    }

    pub(super) const fn of_family(&self, family: IpFamily) -> &IntervalSet {
        match family {
            IpFamily::V4 => &self.v4,
            IpFamily::V6 => &self.v6,
        }
    }
}

/// The address of a family that has this number.
pub(super) fn address(family: IpFamily, number: u128) -> Option<IpAddr> {
    Some(match family {
        IpFamily::V4 => IpAddr::V4(Ipv4Addr::from(u32::try_from(number).ok()?)),
        IpFamily::V6 => IpAddr::V6(Ipv6Addr::from(number)),
    })
}

/// The address as a number of its family.
fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u32::from(address).into(),
        IpAddr::V6(address) => address.into(),
    }
}

/// How many ranges a list of blocks writes.
pub fn length(blocks: &[IpBlock]) -> usize {
    blocks.iter().map(|block| 1 + block.exceptions().len()).sum()
}

/// A node of the tree of prefixes.
#[derive(Clone, Copy)]
struct Prefix {
    family: IpFamily,
    base: u128,
    length: u8,
}

impl Prefix {
    const fn bits(self) -> u8 {
        match self.family {
            IpFamily::V4 => 32,
            IpFamily::V6 => 128,
        }
    }

    /// The last address.
    fn last(self) -> u128 {
        let host_bits = u32::from(self.bits() - self.length);
        self.base | u128::MAX.checked_shr(128 - host_bits).unwrap_or(0)
    }

    /// The two halves; absent for a single address.
    fn halves(self) -> Option<(Self, Self)> {
        let length = self.length + 1;
        let shift = self.bits().checked_sub(length)?;
        Some((Self { length, ..self }, Self { base: self.base | 1_u128 << shift, length, ..self }))
    }

    fn cidr(self) -> Option<IpNet> {
        IpNet::new(address(self.family, self.base)?, self.length).ok()
    }
}

/// The shortest ways to write the part of a set that lies under one prefix.
#[derive(Default)]
struct Cover {
    /// Blocks, when no enclosing block holds the prefix.
    outside: Vec<IpBlock>,
    /// Exceptions of the enclosing block that holds the prefix, and blocks inside these exceptions.
    inside: (Vec<IpNet>, Vec<IpBlock>),
}

fn cover(set: &IntervalSet, prefix: Prefix) -> Cover {
    let (first, last) = (prefix.base, prefix.last());
    if set.contains_all(first, last) {
        return Cover { outside: prefix.cidr().map(IpBlock::of).into_iter().collect(), ..Cover::default() };
    }
    if !set.intersects(first, last) {
        return Cover { inside: (prefix.cidr().into_iter().collect(), Vec::new()), ..Cover::default() };
    }
    let (Some((low, high)), Some(cidr)) = (prefix.halves(), prefix.cidr()) else { return Cover::default() };
    let (low, high) = (cover(set, low), cover(set, high));

    let split = joined(low.outside, high.outside);
    let (exceptions, nested) = (joined(low.inside.0, high.inside.0), joined(low.inside.1, high.inside.1));
    let inside_cost = exceptions.len() + length(&nested);

    let opened = || IpBlock::except(cidr, exceptions.iter().copied()).into_iter().chain(nested.iter().cloned());
    let outside = if 1 + inside_cost < length(&split) { opened().collect() } else { split.clone() };
    let inside = if 1 + length(&split) < inside_cost { (vec![cidr], split) } else { (exceptions, nested) };
    Cover { outside, inside }
}

fn joined<T>(mut left: Vec<T>, right: Vec<T>) -> Vec<T> {
    left.extend(right);
    left
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(blocks: &[&str]) -> AddressSet {
        let parse = |text: &&str| AddressSet::of(&IpBlock::of(text.parse().unwrap()));
        blocks.iter().map(parse).fold(AddressSet::default(), |all, one| all.union(&one))
    }

    fn written(set: &AddressSet) -> Vec<String> {
        set.blocks().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn siblings_join() {
        assert_eq!(written(&set(&["10.128.0.0/9", "10.0.0.0/9", "::/1", "8000::/1"])), ["10.0.0.0/8", "::/0"]);
    }

    #[test]
    fn the_internet_keeps_its_exceptions() {
        let internet = set(&["0.0.0.0/0"]).difference(&set(&["10.0.0.0/8", "127.0.0.0/8", "192.168.0.0/16"]));
        assert_eq!(written(&internet), ["0.0.0.0/0 except 10.0.0.0/8, 127.0.0.0/8, 192.168.0.0/16"]);
    }

    #[test]
    fn an_address_inside_an_exception_is_a_block_of_its_own() {
        let internet = set(&["0.0.0.0/0"]).difference(&set(&["10.0.0.0/8"])).union(&set(&["10.0.0.1/32"]));
        assert_eq!(written(&internet), ["0.0.0.0/0 except 10.0.0.0/8", "10.0.0.1/32"]);
    }

    #[test]
    fn plain_blocks_win_a_tie() {
        assert_eq!(written(&set(&["128.0.0.0/1", "0.0.0.0/2"])), ["0.0.0.0/2", "128.0.0.0/1"]);
        assert_eq!(written(&set(&["52.0.0.0/8", "54.0.0.0/8"])), ["52.0.0.0/8", "54.0.0.0/8"]);
    }

    #[test]
    fn reaches_the_last_address() {
        let last = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128";
        assert_eq!(written(&set(&["255.255.255.255/32", last])), ["255.255.255.255/32", last]);
    }

    proptest! {
        #[test]
        fn blocks_say_the_set(parts in prop::collection::vec((0_u32..64, 26_u8..=32, any::<bool>()), 0..8)) {
            let mut all = AddressSet::default();
            for (host, length, add) in parts {
                let cidr = IpNet::new(Ipv4Addr::from(0x0a00_0000 | host).into(), length).unwrap();
                let one = AddressSet::of(&IpBlock::of(cidr));
                all = if add { all.union(&one) } else { all.difference(&one) };
            }
            let blocks = all.blocks();
            let again = blocks.iter().map(AddressSet::of).fold(AddressSet::default(), |sum, one| sum.union(&one));
            prop_assert_eq!(&again, &all);
            for (index, block) in blocks.iter().enumerate() {
                for other in &blocks[index + 1..] {
                    let both = AddressSet::of(block).difference(&AddressSet::of(other));
                    prop_assert_eq!(both, AddressSet::of(block), "blocks overlap");
                }
            }
        }
    }
}
