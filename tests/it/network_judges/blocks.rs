//! Blocks of addresses, and the addresses at their edges.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use serde_json::{Value, json};

use crate::dice::Dice;

/// The networks that pods have their addresses from.
const POD_NETWORKS: [(&str, &str); 3] =
    [("10.0.0.0/24", "fd00:10::/64"), ("10.1.2.0/24", "fd00:10::/64"), ("192.168.7.0/24", "2001:db8::/32")];

/// Blocks that hold many pods, some or none, one with host bits, as old clusters have them.
const BLOCKS: [&str; 18] = [
    "0.0.0.0/0",
    "10.0.0.0/8",
    "10.0.0.0/24",
    "10.0.0.2/31",
    "10.1.0.0/16",
    "10.1.2.3/32",
    "10.1.2.9/28",
    "192.168.0.0/16",
    "192.168.7.0/29",
    "203.0.113.0/24",
    "128.0.0.0/1",
    "255.255.255.255/32",
    "::/0",
    "fd00:10::/64",
    "fd00::/8",
    "2001:db8::/32",
    "2001:db8::5/128",
    "ffff::/16",
];

/// The addresses of the pod of an index, no two pods have the same: one of IPv4, and often one of IPv6.
pub(super) fn pod_addresses(dice: &mut Dice, index: usize) -> Vec<IpAddr> {
    let (four, six) = dice.pick(&POD_NETWORKS);
    let host = u128::try_from(index + 1).unwrap();
    let mut addresses = vec![at(four.parse().unwrap(), host)];
    if dice.percent(35) {
        addresses.push(at(six.parse().unwrap(), host));
    }
    addresses
}

/// The address at an offset from the first of a network.
fn at(network: IpNet, offset: u128) -> IpAddr {
    match network.network() {
        IpAddr::V4(first) => Ipv4Addr::from_bits(first.to_bits() + u32::try_from(offset).unwrap()).into(),
        IpAddr::V6(first) => Ipv6Addr::from_bits(first.to_bits() + offset).into(),
    }
}

/// The value of `ipBlock`.
pub(super) fn random_block(dice: &mut Dice) -> Value {
    let cidr = dice.pick(&BLOCKS);
    let network: IpNet = cidr.parse().unwrap();
    let mut block = json!({"cidr": cidr});
    if dice.percent(55) && network.prefix_len() < network.max_prefix_len() {
        let except: Vec<_> = (0..=dice.below(3)).map(|_| random_part(dice, network).to_string()).collect();
        block["except"] = except.into();
    } else if dice.percent(10) {
        block["except"] = json!([]);
    }
    block
}

/// A part of a network that is smaller than it; often one that pods are in.
fn random_part(dice: &mut Dice, network: IpNet) -> IpNet {
    let known: Vec<IpNet> =
        BLOCKS.iter().chain(&["10.0.0.0/30", "10.1.2.0/26", "fd00:10::4/126"]).map(|it| it.parse().unwrap()).collect();
    let inside: Vec<_> = known
        .into_iter()
        .map(|it| it.trunc())
        .filter(|it| network.contains(it) && it.prefix_len() > network.prefix_len())
        .collect();
    if !inside.is_empty() && dice.percent(60) {
        return dice.pick(&inside);
    }
    let longer = usize::from(network.max_prefix_len() - network.prefix_len());
    let length = network.prefix_len() + u8::try_from(1 + dice.below(longer.min(12))).unwrap();
    let parts = 1_u128 << (length - network.prefix_len());
    let part = u128::try_from(dice.below(4096)).unwrap() % parts;
    // The parts are counted from the end as often as from the start.
    let part = if dice.percent(50) { part } else { parts - 1 - part };
    let offset = part << (network.max_prefix_len() - length);
    IpNet::new(at(network, offset), length).unwrap().trunc()
}

/// The addresses just inside and just outside of a block.
pub(super) fn edges(block: &str) -> Vec<IpAddr> {
    let network: IpNet = block.parse().unwrap();
    let around: Vec<Option<IpAddr>> = match network {
        IpNet::V4(network) => {
            let (first, last) = (network.network().to_bits(), network.broadcast().to_bits());
            let bits = [first.checked_sub(1), Some(first), Some(last), last.checked_add(1)];
            bits.into_iter().map(|bits| bits.map(|bits| Ipv4Addr::from_bits(bits).into())).collect()
        }
        IpNet::V6(network) => {
            let (first, last) = (network.network().to_bits(), network.broadcast().to_bits());
            let bits = [first.checked_sub(1), Some(first), Some(last), last.checked_add(1)];
            bits.into_iter().map(|bits| bits.map(|bits| Ipv6Addr::from_bits(bits).into())).collect()
        }
    };
    around.into_iter().flatten().collect()
}
