//! What single policies change, each by itself, everything else being as it is: a comparison of the whole for each would
//! cost the square of their number.
//!
//! Who may talk to whom is worked out once ([`Alternatives`]); for one policy only the connections of the pods that it
//! selects are looked at. The answer is that of [`compare_connections`](super::compare_connections), in its order.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::IpAddr;

use ipnet::IpNet;
use rayon::prelude::*;

use super::{ConnectionChange, EndName, Given, blocks, connections, keep_real, known_namespaces};
use crate::object::NamespaceFacts;
use crate::reachability::{
    AddressSet, Alternative, Alternatives, BeforeAfter, IpBlockReach, LabelSelector, Peer, Policy, PortSet, SetId,
    World, representatives,
};
use crate::snapshot::Snapshot;

/// Connections that a finding shows.
const SHOWN: usize = 3;

/// One change: a policy that is not there, one that is there in addition, or one in the place of another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Swap<'p> {
    /// What is not there, by its position in [`Snapshot::policies`].
    pub(crate) without: Option<usize>,
    /// What is there.
    pub(crate) with: Option<&'p Policy>,
}

/// What a change opens and closes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Effects {
    /// The first connections that differ.
    pub(crate) shown: Vec<ConnectionChange>,
    /// How many differ.
    pub(crate) count: usize,
}

impl Effects {
    /// In words, each connection in those of the caller: `a; b; c`, and how many more there are.
    pub(crate) fn list(&self, words: impl Fn(&ConnectionChange) -> String) -> (String, usize) {
        let shown: Vec<String> = self.shown.iter().map(words).collect();
        (shown.join("; "), self.count - self.shown.len())
    }
}

/// Which differences count, by what passes before and after.
pub(crate) type Counts = dyn Fn(&PortSet, &PortSet) -> bool + Sync;

/// What each change does to the policies of a snapshot.
pub(crate) fn effects(
    snapshot: &Snapshot,
    swaps: &[Swap<'_>],
    ip_blocks: IpBlockReach,
    cluster: &[IpNet],
    counts: &Counts,
) -> Vec<Effects> {
    let task = Task { snapshot, ip_blocks, cluster, counts };
    let usual = Vocabulary::of(snapshot);
    let mut together: BTreeMap<Vec<Word<'_>>, Vec<usize>> = BTreeMap::new();
    let mut apart = Vec::new();
    for (at, swap) in swaps.iter().enumerate() {
        match swap.with {
            Some(policy) if task.blocks_tell_pods_apart() && !usual.has_blocks_of(policy) => apart.push(at),
            Some(policy) => together.entry(usual.new_words_of(policy)).or_default().push(at),
            None => together.entry(Vec::new()).or_default().push(at),
        }
    }
    let together: Vec<Vec<usize>> = together.into_values().collect();
    let of_group = |group: Vec<usize>| {
        let swaps: Vec<Swap<'_>> = group.iter().filter_map(|&at| swaps.get(at).copied()).collect();
        group.into_iter().zip(task.together(&swaps)).collect::<Vec<_>>()
    };
    let mut found: BTreeMap<usize, Effects> = together.into_par_iter().flat_map_iter(of_group).collect();
    let whole = |at: usize| swaps.get(at).map(|swap| (at, task.whole(*swap)));
    found.par_extend(apart.into_par_iter().filter_map(whole));
    found.into_values().collect()
}

/// Something by which policies tell pods apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Word<'p> {
    /// The pods of a namespace that a policy selects.
    Selector(&'p str, &'p LabelSelector),
    /// Pods of the policy's own namespace, as peers.
    Near(&'p str, &'p LabelSelector),
    /// Pods of the namespaces that are selected, as peers.
    Far(&'p LabelSelector, &'p LabelSelector),
    /// A port by its name.
    Port(&'p str),
}

/// What policies tell pods apart by. Changes with the same new words tell the same pods apart, so one world does for all
/// of them.
struct Vocabulary<'p> {
    words: HashSet<Word<'p>>,
    blocks: HashSet<&'p AddressSet>,
}

impl<'p> Vocabulary<'p> {
    fn of(snapshot: &'p Snapshot) -> Self {
        let policies = || snapshot.policies.iter().map(|it| &it.policy);
        Self { words: policies().flat_map(words).collect(), blocks: policies().flat_map(blocks).collect() }
    }

    fn has_blocks_of(&self, policy: &Policy) -> bool {
        blocks(policy).all(|set| self.blocks.contains(set))
    }

    /// In the order in which pods are made up for them.
    fn new_words_of<'o>(&self, policy: &'o Policy) -> Vec<Word<'o>> {
        words(policy).into_iter().filter(|word| !self.words.contains(word)).collect()
    }
}

fn words(policy: &Policy) -> Vec<Word<'_>> {
    let own = policy.namespace.as_str();
    let rules = || [&policy.egress, &policy.ingress].into_iter().flatten().flatten();
    let peers = rules().flat_map(|rule| rule.peers.iter().flatten()).filter_map(|peer| match peer {
        Peer::Pods { namespaces: None, pods } => Some(Word::Near(own, pods)),
        Peer::Pods { namespaces: Some(namespaces), pods } => Some(Word::Far(namespaces, pods)),
        Peer::Addresses(_) => None,
    });
    let ports = rules().flat_map(|rule| &rule.ports.names).map(|(_, name)| Word::Port(name));
    [Word::Selector(own, &policy.pod_selector)].into_iter().chain(peers).chain(ports).collect()
}

/// What changes are made to, and what is asked.
#[derive(Clone, Copy)]
struct Task<'s> {
    snapshot: &'s Snapshot,
    ip_blocks: IpBlockReach,
    cluster: &'s [IpNet],
    counts: &'s Counts,
}

impl Task<'_> {
    /// Whether a pod may be matched by a block that does not match another.
    fn blocks_tell_pods_apart(&self) -> bool {
        self.ip_blocks == IpBlockReach::PodsToo && self.snapshot.pods.iter().any(|pod| !pod.facts.addresses.is_empty())
    }

    fn whole(&self, swap: Swap<'_>) -> Effects {
        let before: Vec<&Policy> = self.snapshot.policies.iter().map(|it| &it.policy).collect();
        let kept = before.iter().enumerate().filter(|(at, _)| Some(*at) != swap.without).map(|(_, policy)| *policy);
        let after = kept.chain(swap.with).collect();
        let before = Given { snapshot: self.snapshot, policies: before };
        let after = Given { snapshot: self.snapshot, policies: after };
        let mut found = connections(&before, &after, self.ip_blocks, self.cluster);
        found.retain(|it| (self.counts)(&it.before, &it.after));
        let count = found.len();
        found.truncate(SHOWN);
        Effects { shown: found, count }
    }

    /// Changes that tell the same pods apart.
    fn together(&self, swaps: &[Swap<'_>]) -> Vec<Effects> {
        if swaps.is_empty() {
            return Vec::new();
        }
        let in_force = self.snapshot.policies.len();
        let policies =
            || self.snapshot.policies.iter().map(|it| &it.policy).chain(swaps.iter().filter_map(|it| it.with));
        let known = known_namespaces(&[self.snapshot]);
        let made_up = representatives(&policies().collect::<Vec<_>>(), &known);
        let first_made_up = self.snapshot.pods.len();
        let real = self.snapshot.pods.iter().map(|pod| (pod.full_name(), pod.facts.clone()));
        let guessed = made_up.pods.iter().map(|pod| (format!("{}/{}", pod.namespace, pod.owner.name), pod.clone()));
        let (names, pods): (Vec<String>, Vec<_>) = real.chain(guessed).unzip();
        let namespaces: Vec<NamespaceFacts> =
            self.snapshot.namespaces.iter().chain(&made_up.namespaces).cloned().collect();
        let world = World::new(pods, &namespaces, policies().cloned().collect(), self.ip_blocks, self.cluster);
        let stage = Stage::new(Alternatives::new(&world, in_force), &names, first_made_up);
        let mut next = in_force..;
        let alternatives: Vec<Alternative> = swaps
            .iter()
            .map(|swap| Alternative { without: swap.without, with: swap.with.and_then(|_| next.next()) })
            .collect();
        alternatives.par_iter().map(|alternative| stage.effects(*alternative, self.counts)).collect()
    }
}

/// Names whose pods are in the same classes.
struct Group {
    classes: Vec<usize>,
    /// By their ranks, in order.
    names: Vec<usize>,
}

/// A world in which changes are looked at, one by one.
struct Stage<'w> {
    alternatives: Alternatives<'w>,
    groups: Vec<Group>,
    /// The groups of each class.
    groups_of: Vec<Vec<usize>>,
    /// In order.
    names: Vec<String>,
}

/// An end of a connection, in the order of [`EndName`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Addresses(IpAddr, IpAddr),
    Pods(usize),
}

impl<'w> Stage<'w> {
    /// Of pods by their names; those from a position on are made up.
    fn new(alternatives: Alternatives<'w>, names: &[String], first_made_up: usize) -> Self {
        let reachability = alternatives.reachability();
        let mut classes: BTreeMap<&String, BTreeSet<usize>> = BTreeMap::new();
        for (pod, name) in names.iter().enumerate() {
            classes.entry(name).or_default().extend(reachability.class_of(pod));
        }
        let guessed: BTreeSet<&String> = names.iter().skip(first_made_up).collect();
        let ranks: HashMap<&String, usize> = classes.keys().enumerate().map(|(rank, name)| (*name, rank)).collect();
        let sorted: Vec<String> = classes.keys().map(|name| (*name).clone()).collect();
        let mut together: BTreeMap<BTreeSet<usize>, BTreeSet<&String>> = BTreeMap::new();
        for (name, classes) in classes {
            together.entry(classes).or_default().insert(name);
        }
        let group = |(classes, mut names): (BTreeSet<usize>, BTreeSet<&String>)| {
            keep_real(&mut names, &guessed);
            let names = names.into_iter().filter_map(|name| ranks.get(name).copied()).collect();
            Group { classes: classes.into_iter().collect(), names }
        };
        let groups: Vec<Group> = together.into_iter().map(group).collect();
        let mut groups_of = vec![Vec::new(); reachability.classes().len()];
        for (number, group) in groups.iter().enumerate() {
            for &class in &group.classes {
                if let Some(groups) = groups_of.get_mut(class) {
                    groups.push(number);
                }
            }
        }
        Self { alternatives, groups, groups_of, names: sorted }
    }

    fn effects(&self, alternative: Alternative, counts: &Counts) -> Effects {
        let reachability = self.alternatives.reachability();
        let first_address = reachability.classes().len();
        let changed = self.alternatives.changed(alternative);
        let groups = |classes: &BTreeSet<usize>| -> BTreeSet<usize> {
            classes.iter().filter_map(|&class| self.groups_of.get(class)).flatten().copied().collect()
        };
        let (sources, destinations) = (groups(&changed.sources), groups(&changed.destinations));
        let mut found = Found { stage: self, counts, known: HashMap::new(), first: BTreeMap::new(), count: 0 };
        for source in sources.iter().filter_map(|&number| self.groups.get(number)) {
            let lines: Vec<BeforeAfter> =
                source.classes.iter().map(|&class| self.alternatives.from(class, &changed)).collect();
            for destination in &self.groups {
                found.pods(source, destination, self.joined(&lines, &destination.classes));
            }
            let sets = self.by_difference(&lines, first_address, reachability.destinations());
            found.addresses(source, &sets, |pods, addresses| (pods, addresses));
        }
        for destination in destinations.iter().filter_map(|&number| self.groups.get(number)) {
            let lines: Vec<BeforeAfter> =
                destination.classes.iter().map(|&class| self.alternatives.to(class, &changed)).collect();
            for (_, source) in self.groups.iter().enumerate().filter(|(number, _)| !sources.contains(number)) {
                found.pods(source, destination, self.joined(&lines, &source.classes));
            }
            let sets = self.by_difference(&lines, first_address, reachability.sources());
            found.addresses(destination, &sets, |pods, addresses| (addresses, pods));
        }
        found.finish()
    }

    /// What passes between some classes and some far ends, before and after.
    fn joined(&self, lines: &[BeforeAfter], far: &[usize]) -> (SetId, SetId) {
        let reachability = self.alternatives.reachability();
        let join = |all, set: Option<&SetId>| reachability.either(all, set.copied().unwrap_or_default());
        let pairs = lines.iter().flat_map(|line| far.iter().map(move |&at| (line, at)));
        pairs.fold((SetId::NOTHING, SetId::NOTHING), |(before, after), (line, at)| {
            (join(before, line.before.get(at)), join(after, line.after.get(at)))
        })
    }

    /// Addresses with the same difference, together.
    fn by_difference(
        &self,
        lines: &[BeforeAfter],
        first: usize,
        parts: &[AddressSet],
    ) -> BTreeMap<(SetId, SetId), AddressSet> {
        let mut together: BTreeMap<(SetId, SetId), AddressSet> = BTreeMap::new();
        for (at, set) in parts.iter().enumerate() {
            let pair = self.joined(lines, &[first + at]);
            if pair.0 != pair.1 {
                let all = together.entry(pair).or_default();
                *all = all.union(set);
            }
        }
        together
    }
}

/// Differences as they are found: how many, and the first of them.
struct Found<'s, 'w> {
    stage: &'s Stage<'w>,
    counts: &'s Counts,
    /// Whether pairs of sets count.
    known: HashMap<(SetId, SetId), bool>,
    first: BTreeMap<(End, End), (SetId, SetId)>,
    count: usize,
}

impl Found<'_, '_> {
    fn is_counted(&mut self, pair: (SetId, SetId)) -> bool {
        let reachability = self.stage.alternatives.reachability();
        let counts = self.counts;
        pair.0 != pair.1
            && *self.known.entry(pair).or_insert_with(|| counts(&reachability.set(pair.0), &reachability.set(pair.1)))
    }

    fn pods(&mut self, source: &Group, destination: &Group, pair: (SetId, SetId)) {
        if !self.is_counted(pair) {
            return;
        }
        let is_one_pod = |name: usize| self.stage.names.get(name).is_some_and(|name| name.ends_with("[Pod]"));
        let ends = source.names.iter().flat_map(|&from| destination.names.iter().map(move |&to| (from, to)));
        let ends: Vec<_> = ends.filter(|&(from, to)| from != to || !is_one_pod(from)).collect();
        for (from, to) in ends {
            self.add((End::Pods(from), End::Pods(to)), pair);
        }
    }

    fn addresses(
        &mut self,
        pods: &Group,
        sets: &BTreeMap<(SetId, SetId), AddressSet>,
        ends: impl Fn(End, End) -> (End, End),
    ) {
        for (&pair, set) in sets {
            if self.is_counted(pair) {
                for (first, last) in set.ranges() {
                    for &name in &pods.names {
                        self.add(ends(End::Pods(name), End::Addresses(first, last)), pair);
                    }
                }
            }
        }
    }

    fn add(&mut self, ends: (End, End), pair: (SetId, SetId)) {
        self.count += 1;
        if self.first.len() < SHOWN || self.first.last_key_value().is_some_and(|(last, _)| ends < *last) {
            self.first.insert(ends, pair);
            if self.first.len() > SHOWN {
                self.first.pop_last();
            }
        }
    }

    fn finish(self) -> Effects {
        let name = |end: End| match end {
            End::Addresses(first, last) => EndName::Addresses(first, last),
            End::Pods(rank) => EndName::Pods(self.stage.names.get(rank).cloned().unwrap_or_default()),
        };
        let reachability = self.stage.alternatives.reachability();
        let change = |((source, destination), (before, after)): (&(End, End), &(SetId, SetId))| ConnectionChange {
            source: name(*source),
            destination: name(*destination),
            before: reachability.set(*before),
            after: reachability.set(*after),
        };
        Effects { shown: self.first.iter().map(change).collect(), count: self.count }
    }
}
