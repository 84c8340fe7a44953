//! Pods and addresses that no policy can tell apart, taken together.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::addressing::{Addressing, Families};
use super::{AddressSet, Direction, LabelSelector, Labels, Peer, World};
use crate::config::IpFamily;
use crate::object::{ContainerPort, PodFacts, Protocol};

/// Pods that every policy treats alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodClass {
    /// Its pods, by their positions in [`World::pods`], in order; never empty.
    pub pods: Vec<usize>,
    /// Which named ports they have: equal numbers, equal ports.
    pub(super) ports: usize,
    /// Of which families they have addresses.
    pub(super) families: Families,
}

impl PodClass {
    /// A pod that stands for all.
    pub fn representative(&self) -> usize {
        self.pods.first().copied().unwrap_or_default()
    }
}

/// What tells two pods apart.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Traits<'w> {
    namespace: &'w str,
    labels: Vec<(&'w str, &'w str)>,
    ports: usize,
    /// Absent where they make no difference.
    families: Option<Families>,
    blocks: Vec<(usize, Option<IpFamily>)>,
}

/// The classes of the pods of a world, and the class of each pod.
pub(super) fn pod_classes(world: &World, addressings: &[Addressing]) -> (Vec<PodClass>, Vec<usize>) {
    let keys = keys_by_namespace(world);
    let names = port_names(world);
    let blocks: BTreeSet<&AddressSet> = Direction::ALL.into_iter().flat_map(|it| blocks(world, it)).collect();
    let blocks: Vec<&AddressSet> = blocks.into_iter().collect();

    let mut port_lists: HashMap<Vec<(Protocol, &str, u16)>, usize> = HashMap::new();
    let mut found: HashMap<Traits<'_>, usize> = HashMap::new();
    let mut classes: Vec<PodClass> = Vec::new();
    let mut class_of = Vec::with_capacity(world.pods.len());
    for (index, pod) in world.pods.iter().enumerate() {
        let keys = keys.get(pod.namespace.as_str());
        let relevant = |key: &str| keys.is_some_and(|keys| keys.contains(key));
        let list = named(pod, &names);
        let next = port_lists.len();
        let ports = *port_lists.entry(list).or_insert(next);
        let families = Families::of(pod);
        let traits = Traits {
            namespace: &pod.namespace,
            labels: pod.labels.iter().filter(|(key, _)| relevant(key)).map(|(k, v)| (k.as_str(), v.as_str())).collect(),
            ports,
            families: (addressings != [Addressing::Together]).then_some(families),
            blocks: covering(world, &blocks, pod, addressings),
        };
        let class = *found.entry(traits).or_insert_with(|| {
            classes.push(PodClass { pods: Vec::new(), ports, families });
            classes.len() - 1
        });
        if let Some(class) = classes.get_mut(class) {
            class.pods.push(index);
        }
        class_of.push(class);
    }
    (classes, class_of)
}

fn covering(
    world: &World,
    blocks: &[&AddressSet],
    pod: &PodFacts,
    addressings: &[Addressing],
) -> Vec<(usize, Option<IpFamily>)> {
    let families = || addressings.iter().map(|it| it.family());
    let all = blocks.iter().enumerate().flat_map(|(at, set)| families().map(move |family| (at, *set, family)));
    all.filter(|(_, set, family)| world.covers_pod(set, pod, *family)).map(|(at, _, family)| (at, family)).collect()
}

/// The ports of a pod that some policy may name, sorted.
fn named<'w>(pod: &'w PodFacts, names: &BTreeSet<&str>) -> Vec<(Protocol, &'w str, u16)> {
    let port = |port: &'w ContainerPort| Some((port.protocol, port.name.as_deref()?, port.port));
    let mut ports: Vec<_> = pod.ports.iter().filter_map(port).filter(|(_, name, _)| names.contains(name)).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

fn port_names(world: &World) -> BTreeSet<&str> {
    let rules = Direction::ALL.into_iter().flat_map(|direction| world.rules(direction));
    rules.flat_map(|(_, rule)| &rule.ports.names).map(|(_, name)| name.as_str()).collect()
}

/// The label keys that selectors for pods of a namespace look at.
fn keys_by_namespace(world: &World) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut keys: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut by_selector: BTreeMap<&LabelSelector, BTreeSet<&str>> = BTreeMap::new();
    for policy in &world.policies {
        keys.entry(&policy.namespace).or_default().extend(keys_of(&policy.pod_selector));
    }
    for (own, peer) in peers(world) {
        if let Peer::Pods { namespaces, pods } = peer {
            let keys = match namespaces {
                None => keys.entry(own).or_default(),
                Some(selector) => by_selector.entry(selector).or_default(),
            };
            keys.extend(keys_of(pods));
        }
    }
    for (selector, wanted) in by_selector {
        for (name, labels) in world.namespaces() {
            if selector.matches(labels) {
                keys.entry(name).or_default().extend(&wanted);
            }
        }
    }
    keys
}

fn keys_of(selector: &LabelSelector) -> impl Iterator<Item = &str> {
    selector.requirements().map(|requirement| requirement.key.as_str())
}

fn peers(world: &World) -> impl Iterator<Item = (&str, &Peer)> {
    let rules = Direction::ALL.into_iter().flat_map(|direction| world.rules(direction));
    rules.flat_map(|(own, rule)| rule.peers.iter().flatten().map(move |peer| (own, peer)))
}

/// The different blocks of a direction, in order.
pub(super) fn blocks(world: &World, direction: Direction) -> BTreeSet<&AddressSet> {
    let peers = world.rules(direction).flat_map(|(_, rule)| rule.peers.iter().flatten());
    peers.filter_map(|peer| if let Peer::Addresses(set) = peer { Some(set) } else { None }).collect()
}

/// Addresses of one family that the same sets hold.
struct Part {
    ranges: Vec<(u128, u128)>,
    holders: Vec<usize>,
}

/// The whole address space, cut where any of the sets begins or ends, each part with the sets that hold it.
///
/// Parts are disjoint, non-empty and together everything; the order is that of their first addresses. Addresses with
/// the same sets around them are one part.
pub(super) fn address_classes(sets: &[&AddressSet]) -> Vec<(AddressSet, Vec<usize>)> {
    let mut parts = Vec::new();
    for family in IpFamily::ALL {
        let everything = AddressSet::everything(family);
        let ranges = |set: &AddressSet| set.of_family(family).iter().collect::<Vec<_>>();
        let mut starts = BTreeSet::from([0]);
        for (first, last) in sets.iter().flat_map(|set| ranges(set)) {
            starts.insert(first);
            starts.extend(last.checked_add(1));
        }
        let end = everything.of_family(family).iter().map(|(_, last)| last).max().unwrap_or_default();
        starts.retain(|&start| start <= end);
        let starts: Vec<u128> = starts.into_iter().collect();

        let mut holders: Vec<Vec<usize>> = vec![Vec::new(); starts.len()];
        for (number, set) in sets.iter().enumerate() {
            for (first, last) in ranges(set) {
                let from = starts.partition_point(|&start| start < first);
                let to = starts.partition_point(|&start| start <= last);
                holders.iter_mut().take(to).skip(from).for_each(|holders| holders.push(number));
            }
        }
        let ends = starts.iter().skip(1).map(|next| next - 1).chain([end]);
        let mut position: HashMap<Vec<usize>, usize> = HashMap::new();
        let mut grouped: Vec<Part> = Vec::new();
        for ((&first, last), holders) in starts.iter().zip(ends).zip(holders) {
            let at = *position.entry(holders.clone()).or_insert_with(|| {
                grouped.push(Part { ranges: Vec::new(), holders });
                grouped.len() - 1
            });
            if let Some(part) = grouped.get_mut(at) {
                part.ranges.push((first, last));
            }
        }
        parts.extend(grouped.into_iter().map(|it| (AddressSet::of_ranges(family, it.ranges), it.holders)));
    }
    parts
}

/// The namespaces that a selector selects, in order.
pub(super) fn selected_namespaces<'w>(world: &'w World, selector: &LabelSelector) -> Vec<&'w str> {
    let selected = |(_, labels): &(&String, &Labels)| selector.matches(labels);
    world.namespaces().iter().filter(selected).map(|(name, _)| name.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(cidr: &str) -> AddressSet {
        AddressSet::of(&super::super::IpBlock::of(cidr.parse().unwrap()))
    }

    #[test]
    fn addresses_are_cut_at_every_edge_and_joined_where_nothing_tells_them_apart() {
        let (wide, narrow, other) = (set("10.0.0.0/8"), set("10.1.0.0/16"), set("fd00::/8"));
        let parts = address_classes(&[&wide, &narrow, &other]);
        let shown: Vec<String> = parts
            .iter()
            .map(|(set, holders)| {
                let ranges: Vec<_> = set.ranges().map(|(first, last)| format!("{first}-{last}")).collect();
                format!("{} {holders:?}", ranges.join(" "))
            })
            .collect();
        let expected = [
            "0.0.0.0-9.255.255.255 11.0.0.0-255.255.255.255 []",
            "10.0.0.0-10.0.255.255 10.2.0.0-10.255.255.255 [0]",
            "10.1.0.0-10.1.255.255 [0, 1]",
            "::-fcff:ffff:ffff:ffff:ffff:ffff:ffff:ffff fe00::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff []",
            "fd00::-fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff [2]",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn without_blocks_there_is_one_class_for_each_family() {
        assert_eq!(address_classes(&[]).len(), 2);
    }
}
