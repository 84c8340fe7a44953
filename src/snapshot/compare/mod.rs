//! What changes between two sets of objects: first who may talk to whom, then the policies themselves.

mod effects;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

use crate::object::{NamespaceFacts, PodFacts, incomplete};
use crate::reachability::{
    AddressSet, Connections, IpBlockReach, Labels, Peer, Policy, PortSet, Reachability, SetId, Source, World,
    representatives,
};
use crate::snapshot::{FoundPolicy, Snapshot};

pub(crate) use effects::{Effects, Swap, effects};

/// One end of a connection, as a report names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum EndName {
    /// A stretch of addresses outside the cluster.
    Addresses(IpAddr, IpAddr),
    /// A workload, `shop/web[Deployment]`, or pods that might come, `shop/[pods with app=web]`.
    Pods(String),
}

impl fmt::Display for EndName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Addresses(first, last) => write!(f, "{first}-{last}[External]"),
            Self::Pods(name) => f.write_str(name),
        }
    }
}

/// What may pass between two ends before and after; the two differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionChange {
    /// Who opens the connection.
    pub source: EndName,
    /// Who accepts it.
    pub destination: EndName,
    /// What may pass before.
    pub before: PortSet,
    /// What may pass after.
    pub after: PortSet,
}

/// A policy that is only on one side, or means something else on the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyChange {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The object before; absent if there was none.
    pub before: Option<Value>,
    /// The object after; absent if there is none.
    pub after: Option<Value>,
}

/// All differences between two sides, each list in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Comparison {
    /// Connections that became possible, impossible, or possible on other ports.
    pub connections: Vec<ConnectionChange>,
    /// Policies that differ in meaning, or exist on one side only.
    pub policies: Vec<PolicyChange>,
    /// What to know of policies of other APIs on either side, which are not compared; absent where there are none.
    pub incomplete: Option<String>,
}

impl Comparison {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.connections.is_empty() && self.policies.is_empty()
    }
}

/// Compares two snapshots; a side without any pods has those of the other, so that policies alone can be compared.
///
/// Besides the pods that are there, pods are made up that the policies of either side would tell apart from them
/// ([`representatives`]); policies that differ in another way are found object by object.
pub fn compare(before: &Snapshot, after: &Snapshot, ip_blocks: IpBlockReach, cluster: &[IpNet]) -> Comparison {
    let only_after = after.other_policies.iter().filter(|it| !before.other_policies.iter().any(|old| old.id == it.id));
    Comparison {
        incomplete: incomplete(before.other_policies.iter().chain(only_after)),
        connections: compare_connections(before, after, ip_blocks, cluster),
        policies: compare_policies(&before.policies, &after.policies),
    }
}

pub(crate) fn compare_policies(before: &[FoundPolicy], after: &[FoundPolicy]) -> Vec<PolicyChange> {
    let by_name = |policies: &[FoundPolicy]| -> BTreeMap<(String, String), FoundPolicy> {
        let key = |it: &FoundPolicy| (it.policy.namespace.clone(), it.policy.name.clone());
        policies.iter().map(|it| (key(it), it.clone())).collect()
    };
    let (before, mut after) = (by_name(before), by_name(after));
    let mut changes = Vec::new();
    for ((namespace, name), old) in before {
        let new = after.remove(&(namespace.clone(), name.clone()));
        if new.as_ref().is_none_or(|new| new.policy.normalized() != old.policy.normalized()) {
            changes.push(PolicyChange {
                namespace,
                name,
                before: Some(old.facts.value),
                after: new.map(|new| new.facts.value),
            });
        }
    }
    let added = |((namespace, name), new): ((String, String), FoundPolicy)| PolicyChange {
        namespace,
        name,
        before: None,
        after: Some(new.facts.value),
    };
    changes.extend(after.into_iter().map(added));
    changes.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    changes
}

/// One side: its world, and the positions of its pods by the names that people know them by.
struct Side {
    world: World,
    pods: BTreeMap<String, Vec<usize>>,
}

/// Pods by name that neither side tells apart, as the classes that they are in on each side.
type JointClass = (BTreeSet<usize>, BTreeSet<usize>);

/// A side: what is there, and its policies.
struct Given<'s> {
    snapshot: &'s Snapshot,
    policies: Vec<&'s Policy>,
}

impl<'s> Given<'s> {
    fn of(snapshot: &'s Snapshot) -> Self {
        Self { snapshot, policies: snapshot.policies.iter().map(|it| &it.policy).collect() }
    }
}

/// The namespaces that some snapshots speak of.
fn known_namespaces(snapshots: &[&Snapshot]) -> BTreeMap<String, Labels> {
    let mut known: BTreeMap<String, Labels> = BTreeMap::new();
    for it in snapshots.iter().flat_map(|it| &it.namespaces) {
        known.entry(it.name.clone()).or_default().extend(it.labels.clone());
    }
    for pod in snapshots.iter().flat_map(|it| &it.pods) {
        known.entry(pod.facts.namespace.clone()).or_default();
    }
    known
}

/// What may pass before and not after, or the other way round, in the order of the ends.
fn compare_connections(
    before: &Snapshot,
    after: &Snapshot,
    ip_blocks: IpBlockReach,
    cluster: &[IpNet],
) -> Vec<ConnectionChange> {
    connections(&Given::of(before), &Given::of(after), ip_blocks, cluster)
}

fn connections(
    before: &Given<'_>,
    after: &Given<'_>,
    ip_blocks: IpBlockReach,
    cluster: &[IpNet],
) -> Vec<ConnectionChange> {
    let policies = || before.policies.iter().chain(&after.policies).copied();
    let known = known_namespaces(&[before.snapshot, after.snapshot]);
    let made_up = representatives(&policies().collect::<Vec<_>>(), &known);
    let side = |given: &Given<'_>, other: &Snapshot| {
        let own = given.snapshot;
        let shown = if own.pods.is_empty() { other } else { own };
        let named = shown.pods.iter().map(|pod| (pod.full_name(), pod.facts.clone()));
        let guessed = made_up.pods.iter().map(|pod| (format!("{}/{}", pod.namespace, pod.owner.name), pod.clone()));
        let (labels, facts): (Vec<String>, Vec<PodFacts>) = named.chain(guessed).unzip();
        let mut pods: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (position, name) in labels.into_iter().enumerate() {
            pods.entry(name).or_default().push(position);
        }
        // A namespace that one side does not list is taken to be as the other side has it.
        let listed: BTreeSet<&str> = own.namespaces.iter().map(|it| it.name.as_str()).collect();
        let borrowed = other.namespaces.iter().filter(|it| !listed.contains(it.name.as_str()));
        let namespaces: Vec<NamespaceFacts> =
            own.namespaces.iter().chain(borrowed).chain(&made_up.namespaces).cloned().collect();
        let policies: Vec<Policy> = given.policies.iter().copied().cloned().collect();
        Side { world: World::new(facts, &namespaces, policies, ip_blocks, cluster), pods }
    };
    let sides = [side(before, after.snapshot), side(after, before.snapshot)];
    let cuts: Vec<AddressSet> = policies().flat_map(blocks).cloned().collect();
    let reachable = [0, 1].map(|at| sides.get(at).map(|side| Reachability::new(&side.world, &cuts)));
    let [Some(old), Some(new)] = reachable else { return Vec::new() };
    let classes = joint_classes(&sides, [&old, &new], &made_up.pods);
    let mut changes = Changes { old: &old, new: &new, found: Vec::new() };

    for (from, sources) in &classes {
        let [was, is] = [outgoing(&old, &from.0), outgoing(&new, &from.1)];
        for (to, destinations) in &classes {
            let pair = (into(&was, &to.0), into(&is, &to.1));
            let Some((before, after)) = changes.difference(&pair.0, &pair.1) else { continue };
            for source in sources {
                for destination in destinations.iter().filter(|it| *it != source || !it.ends_with("[Pod]")) {
                    let ends = (EndName::Pods(source.clone()), EndName::Pods(destination.clone()));
                    changes.add(ends, &before, &after);
                }
            }
        }
        let to_address = |connections: &[Connections], at: usize| -> BTreeSet<SetId> {
            connections.iter().filter_map(|it| it.addresses.get(at).copied()).collect()
        };
        let sets =
            old.destinations().iter().enumerate().map(|(at, set)| (set, to_address(&was, at), to_address(&is, at)));
        for (set, before, after) in changes.by_difference(sets) {
            for source in sources {
                for (first, last) in set.ranges() {
                    let ends = (EndName::Pods(source.clone()), EndName::Addresses(first, last));
                    changes.add(ends, &before, &after);
                }
            }
        }
    }
    let incoming = |reachability: &Reachability| -> Vec<[Connections; 1]> {
        (0..reachability.sources().len()).map(|at| [reachability.from(Source::Addresses(at))]).collect()
    };
    let (was, is) = (incoming(&old), incoming(&new));
    for (to, destinations) in &classes {
        let sources = old.sources().iter().zip(was.iter().zip(&is));
        let sets = sources.map(|(set, (was, is))| (set, into(was, &to.0), into(is, &to.1)));
        for (set, before, after) in changes.by_difference(sets) {
            for destination in destinations {
                for (first, last) in set.ranges() {
                    let ends = (EndName::Addresses(first, last), EndName::Pods(destination.clone()));
                    changes.add(ends, &before, &after);
                }
            }
        }
    }
    let mut found = changes.found;
    found.sort_by(|a, b| (&a.source, &a.destination).cmp(&(&b.source, &b.destination)));
    found
}

/// Names by joint class. What is made up stands only where no real pod is in the same class.
fn joint_classes(
    sides: &[Side; 2],
    [old, new]: [&Reachability; 2],
    made_up: &[PodFacts],
) -> BTreeMap<JointClass, BTreeSet<String>> {
    let guessed: BTreeSet<String> = made_up.iter().map(|pod| format!("{}/{}", pod.namespace, pod.owner.name)).collect();
    let [before, after] = sides;
    let names: BTreeSet<&String> = before.pods.keys().chain(after.pods.keys()).collect();
    let classes = |side: &Side, reachability: &Reachability, name: &str| -> BTreeSet<usize> {
        side.pods.get(name).into_iter().flatten().filter_map(|&pod| reachability.class_of(pod)).collect()
    };
    let mut joint: BTreeMap<JointClass, BTreeSet<String>> = BTreeMap::new();
    for name in names {
        let class = (classes(before, old, name), classes(after, new, name));
        joint.entry(class).or_default().insert(name.clone());
    }
    for names in joint.values_mut() {
        keep_real(names, &guessed);
    }
    joint
}

/// Of names that nothing tells apart those of pods that are there; if all are made up, the first.
fn keep_real<N: Ord + Clone>(names: &mut BTreeSet<N>, guessed: &BTreeSet<N>) {
    if names.iter().any(|name| !guessed.contains(name)) {
        names.retain(|name| !guessed.contains(name));
    } else if let Some(first) = names.first().cloned() {
        names.retain(|name| *name == first);
    }
}

fn outgoing(reachability: &Reachability, classes: &BTreeSet<usize>) -> Vec<Connections> {
    classes.iter().map(|&class| reachability.from(Source::Pods(class))).collect()
}

fn into(connections: &[Connections], classes: &BTreeSet<usize>) -> BTreeSet<SetId> {
    let sets = connections.iter().flat_map(|it| classes.iter().filter_map(|&class| it.pods.get(class)));
    sets.copied().collect()
}

fn blocks(policy: &Policy) -> impl Iterator<Item = &AddressSet> {
    let rules = [&policy.egress, &policy.ingress].into_iter().flatten().flatten();
    rules.flat_map(|rule| rule.peers.iter().flatten()).filter_map(|peer| match peer {
        Peer::Addresses(set) => Some(set),
        Peer::Pods { .. } => None,
    })
}

/// Differences as they are found. Sets of one side have numbers that mean nothing on the other.
struct Changes<'r> {
    old: &'r Reachability,
    new: &'r Reachability,
    found: Vec<ConnectionChange>,
}

impl Changes<'_> {
    fn difference(&self, before: &BTreeSet<SetId>, after: &BTreeSet<SetId>) -> Option<(PortSet, PortSet)> {
        let union = |reachability: &Reachability, sets: &BTreeSet<SetId>| {
            sets.iter().fold(PortSet::default(), |all, &set| all.union(&reachability.set(set)))
        };
        let (before, after) = (union(self.old, before), union(self.new, after));
        (before != after).then_some((before, after))
    }

    /// Addresses with the same difference, together.
    fn by_difference<'s>(
        &self,
        sets: impl Iterator<Item = (&'s AddressSet, BTreeSet<SetId>, BTreeSet<SetId>)>,
    ) -> Vec<(AddressSet, PortSet, PortSet)> {
        let mut together: BTreeMap<(PortSet, PortSet), AddressSet> = BTreeMap::new();
        for (set, before, after) in sets {
            if let Some(difference) = self.difference(&before, &after) {
                let all = together.entry(difference).or_default();
                *all = all.union(set);
            }
        }
        together.into_iter().map(|((before, after), set)| (set, before, after)).collect()
    }

    fn add(&mut self, (source, destination): (EndName, EndName), before: &PortSet, after: &PortSet) {
        let (before, after) = (before.clone(), after.clone());
        self.found.push(ConnectionChange { source, destination, before, after });
    }
}

#[cfg(test)]
mod tests;
