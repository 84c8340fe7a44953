//! Merging of rules (FR-073) for one namespace, direction and pod selector.
//!
//! The result depends on the meaning of the entries only, not on their order or on how they were cut: each peer gets
//! the ports that it is allowed in total, what a wider peer already has is taken away, and peers with equal ports
//! share a rule. No rule can then be removed without changing the meaning. Two things are never weighed against each
//! other, because plugins differ: pods against address ranges, and names against numbers.

use std::collections::{BTreeMap, BTreeSet};

use super::peer::carries;
use super::{IpBlock, NamespaceScope, Peer, PortSet, Rule};
use crate::object::Protocol;
use crate::reachability::{AddressSet, length};

type Labels = BTreeMap<String, String>;

/// Merges what peers are allowed into sorted rules in the portable form: an `ipBlock` with `except` is alone in its
/// rule, because kube-router applies the exceptions to the other blocks of the rule as well.
pub(super) fn merge(entries: impl IntoIterator<Item = (Peer, PortSet)>) -> Vec<Rule> {
    let mut any = PortSet::default();
    let mut pods: BTreeMap<(NamespaceScope, Labels), PortSet> = BTreeMap::new();
    let mut blocks: Vec<(IpBlock, PortSet)> = Vec::new();
    for (peer, ports) in entries {
        match peer {
            Peer::Any => any = any.union(&ports),
            Peer::Pods { namespace, labels } => {
                let total = pods.entry((namespace, labels)).or_default();
                *total = total.union(&ports);
            }
            Peer::Block(block) => blocks.push((block, ports)),
        }
    }

    let mut peers: BTreeMap<Peer, PortSet> = merge_pods(&pods, &any);
    peers.extend(merge_blocks(&blocks, &any));
    peers.insert(Peer::Any, any);
    group(peers)
}

/// Peers with equal ports share a rule, except those that must stand alone.
fn group(peers: BTreeMap<Peer, PortSet>) -> Vec<Rule> {
    let mut shared: BTreeMap<PortSet, Vec<Peer>> = BTreeMap::new();
    let mut rules = Vec::new();
    for (peer, ports) in peers {
        let alone = match &peer {
            Peer::Any => true,
            Peer::Block(block) => !block.exceptions().is_empty(),
            Peer::Pods { .. } => false,
        };
        if ports.is_empty() {
            continue;
        }
        if alone {
            rules.push(Rule { peers: vec![peer], ports });
        } else {
            shared.entry(ports).or_default().push(peer);
        }
    }
    rules.extend(shared.into_iter().map(|(ports, peers)| Rule { peers, ports }));
    rules.sort_unstable();
    rules
}

/// Label peers: one is wider than another in the same namespace if it asks for fewer labels. A union of others never
/// covers one, since a pod with just its labels matches only the wider ones; so comparing pairs is exact.
fn merge_pods(pods: &BTreeMap<(NamespaceScope, Labels), PortSet>, any: &PortSet) -> BTreeMap<Peer, PortSet> {
    let mut merged = BTreeMap::new();
    for ((namespace, labels), own) in pods {
        let wider = pods
            .iter()
            .filter(|((other, wanted), _)| other == namespace && wanted != labels && carries(labels, wanted))
            .fold(any.clone(), |ports, (_, more)| ports.union(more));
        let ports = bridge(&own.difference(&wider), &own.union(&wider));
        merged.insert(Peer::Pods { namespace: namespace.clone(), labels: labels.clone() }, ports);
    }
    merged
}

/// Address peers, by set arithmetic: for every stretch of ports the set of addresses, written as disjoint blocks.
fn merge_blocks(blocks: &[(IpBlock, PortSet)], any: &PortSet) -> BTreeMap<Peer, PortSet> {
    if any.is_everything() {
        return BTreeMap::new();
    }
    let blocks: Vec<(AddressSet, &PortSet)> =
        blocks.iter().map(|(block, ports)| (AddressSet::of(block), ports)).collect();
    let addresses_of = |ports: &PortSet| {
        let allowed = blocks.iter().filter(|(_, more)| more.covers(ports));
        allowed.fold(AddressSet::default(), |all, (addresses, _)| all.union(addresses))
    };
    // "Everything" is a stretch of its own: it stands for the protocols that no port number names.
    let fully_open = addresses_of(&PortSet::everything());

    let mut stretches: BTreeMap<AddressSet, PortSet> = BTreeMap::new();
    for stretch in stretches_of(blocks.iter().map(|(_, ports)| *ports)) {
        let addresses = addresses_of(&stretch);
        let ports = stretches.entry(addresses).or_default();
        *ports = ports.union(&stretch.difference(any));
    }

    let mut allowed: BTreeMap<IpBlock, PortSet> = BTreeMap::new();
    let mut add = |blocks: Vec<IpBlock>, ports: &PortSet| {
        for block in blocks {
            let total = allowed.entry(block).or_default();
            *total = total.union(ports);
        }
    };
    for (addresses, ports) in &stretches {
        let mut whole = addresses.blocks();
        if fully_open.is_empty() {
            add(whole, ports);
            continue;
        }
        // What is fully open needs no ports, but cutting it out may take more words than leaving it in.
        let rest = addresses.difference(&fully_open).blocks();
        whole.retain(|block| !fully_open.covers(&AddressSet::of(block)));
        add(if length(&whole) < length(&rest) { whole } else { rest }, ports);
    }
    add(fully_open.blocks(), &PortSet::everything());

    let total = |block: &IpBlock| {
        let addresses = AddressSet::of(block);
        let holding = stretches.iter().filter(|(other, _)| other.covers(&addresses));
        holding.fold(any.clone(), |ports, (_, more)| ports.union(more))
    };
    allowed.iter().map(|(block, own)| (Peer::Block(block.clone()), bridge(own, &total(block)))).collect()
}

/// Joins two ranges of `own` where everything between them is allowed elsewhere: `total` is all that is allowed.
/// Without this, taking out port 443 because a wider peer has it would cut 1-65535 in two.
fn bridge(own: &PortSet, total: &PortSet) -> PortSet {
    let ranges = total.ranges().map(|(protocol, range)| PortSet::range(protocol, range.first, range.last));
    ranges
        .filter(|range| range.intersection(own).range_count() > 1)
        .fold(own.clone(), |ports, range| ports.union(&range))
}

/// Cuts the ports that any of the sets names into stretches that each set holds wholly or not at all.
fn stretches_of<'p>(sets: impl Iterator<Item = &'p PortSet>) -> Vec<PortSet> {
    let mut cuts: BTreeSet<(Protocol, u32)> = BTreeSet::new();
    for (protocol, range) in sets.flat_map(PortSet::ranges) {
        cuts.insert((protocol, range.first.into()));
        cuts.insert((protocol, u32::from(range.last) + 1));
    }
    let ends = cuts.iter().skip(1);
    cuts.iter()
        .zip(ends)
        .filter(|((protocol, _), (next, _))| protocol == next)
        .filter_map(|(&(protocol, first), &(_, end))| {
            Some(PortSet::range(protocol, first.try_into().ok()?, (end - 1).try_into().ok()?))
        })
        .collect()
}
