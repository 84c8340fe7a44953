//! All connections of a world, by class.
//!
//! Pods that the same policies isolate share a *profile*. A profile's row says what its rules let pass to or from every
//! class; a connection passes if the row of its source (egress) and that of its destination (ingress) let it. So the
//! work grows with the number of rules and of pairs of classes, never with pairs of pods.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rayon::prelude::*;

use super::addressing::Addressing;
use super::classes::{PodClass, address_classes, blocks, pod_classes, selected_namespaces};
use super::sets::{Arithmetic, ConnectionSets};
use super::{AddressSet, Direction, LabelSelector, Peer, PortSet, Rule, SetId, World};
use crate::config::IpFamily;

/// Who may talk to whom, for every pod of a world and every address.
#[derive(Debug)]
pub struct Reachability {
    pub(super) classes: Vec<PodClass>,
    class_of: Vec<usize>,
    destinations: Vec<AddressSet>,
    sources: Vec<AddressSet>,
    pub(super) sets: ConnectionSets,
    /// What pairs have to be judged by.
    pub(super) tables: Vec<Tables>,
}

/// What each end lets pass, by some of the pods' addresses.
#[derive(Debug)]
pub(super) struct Tables {
    pub(super) addressing: Addressing,
    pub(super) egress: Table,
    pub(super) ingress: Table,
    /// For each source (classes, then address classes): the ingress profiles that let it in, with what they let in
    /// beyond their rows' `rest`.
    pub(super) ingress_by_source: Vec<Vec<(usize, SetId)>>,
}

/// One direction: the profile of each class, and what it lets pass.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) profile_of: Vec<usize>,
    pub(super) rows: Vec<Row>,
    /// The policies of each profile, in order.
    pub(super) policies: Vec<Vec<usize>>,
}

/// What a profile lets pass to or from the far ends: classes, then address classes.
#[derive(Debug, Default)]
pub(super) struct Row {
    /// To or from everybody who is not listed.
    pub(super) rest: SetId,
    /// In order of the far ends.
    pub(super) entries: Vec<(usize, SetId)>,
}

/// Where connections start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A class of pods, by its position in [`Reachability::classes`].
    Pods(usize),
    /// A class of addresses, by its position in [`Reachability::sources`].
    Addresses(usize),
}

/// All connections from one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connections {
    /// To each class of pods. From a class to itself: between two different pods of it.
    pub pods: Vec<SetId>,
    /// To each class of addresses in [`Reachability::destinations`]; none from an address.
    pub addresses: Vec<SetId>,
}

impl Reachability {
    /// Works out who may talk to whom. Addresses are also told apart where one of `cuts` begins or ends.
    pub fn new(world: &World, cuts: &[AddressSet]) -> Self {
        Self::with_matching(world, cuts, world.policies.len()).0
    }

    /// The same where only the first policies are in force; the others tell pods and addresses apart all the same. Also
    /// what the peers of all rules match, for each of the tables.
    pub(super) fn with_matching<'w>(
        world: &'w World,
        cuts: &[AddressSet],
        in_force: usize,
    ) -> (Self, Vec<[Matching<'w>; 2]>) {
        let addressings = Addressing::all_of(world);
        let (classes, class_of) = pod_classes(world, addressings);
        let sets = ConnectionSets::new();
        let space = |direction| {
            let found: BTreeSet<&AddressSet> = blocks(world, direction).into_iter().chain(cuts).collect();
            let found: Vec<&AddressSet> = found.into_iter().collect();
            let parts = address_classes(&found);
            let mut by_block: BTreeMap<AddressSet, Vec<usize>> = BTreeMap::new();
            for (at, (_, holders)) in parts.iter().enumerate() {
                for set in holders.iter().filter_map(|&holder| found.get(holder)) {
                    by_block.entry((*set).clone()).or_default().push(at);
                }
            }
            (parts.into_iter().map(|(set, _)| set).collect::<Vec<_>>(), by_block)
        };
        let (destinations, by_destination) = space(Direction::Egress);
        let (sources, by_source) = space(Direction::Ingress);
        let mut matchings = Vec::new();
        let tables = addressings.iter().map(|&addressing| {
            let matching = [&by_destination, &by_source]
                .map(|by_block| Matching::new(world, &classes, by_block, addressing.family()));
            let [to, from] = &matching;
            let rows = |matching, direction| Rows { world, classes: &classes, matching, sets: &sets, direction };
            let egress = rows(to, Direction::Egress).table(in_force, classes.len() + destinations.len());
            let ingress = rows(from, Direction::Ingress).table(in_force, classes.len() + sources.len());
            matchings.push(matching);
            let mut ingress_by_source = vec![Vec::new(); classes.len() + sources.len()];
            for (profile, row) in ingress.rows.iter().enumerate() {
                for &(far, set) in &row.entries {
                    if let Some(entries) = ingress_by_source.get_mut(far) {
                        entries.push((profile, set));
                    }
                }
            }
            Tables { addressing, egress, ingress, ingress_by_source }
        });
        let tables = tables.collect();
        (Self { classes, class_of, destinations, sources, sets, tables }, matchings)
    }

    /// The classes of pods, in the order of their first pods.
    pub fn classes(&self) -> &[PodClass] {
        &self.classes
    }

    /// The class of a pod, by its position in [`World::pods`].
    pub fn class_of(&self, pod: usize) -> Option<usize> {
        self.class_of.get(pod).copied()
    }

    /// The classes of addresses that pods may connect to: disjoint, together everything.
    pub fn destinations(&self) -> &[AddressSet] {
        &self.destinations
    }

    /// The classes of addresses that may connect to pods: disjoint, together everything.
    pub fn sources(&self) -> &[AddressSet] {
        &self.sources
    }

    /// The connections that a number stands for.
    pub fn set(&self, id: SetId) -> PortSet {
        self.sets.get(id)
    }

    /// The number of some connections.
    pub fn number(&self, set: PortSet) -> SetId {
        self.sets.intern(set)
    }

    /// What either number stands for.
    pub fn union(&self, left: SetId, right: SetId) -> SetId {
        Arithmetic::new(&self.sets).union(left, right)
    }

    /// The same without work where one of them stands for nothing.
    pub fn either(&self, left: SetId, right: SetId) -> SetId {
        match (left, right) {
            (SetId::NOTHING, other) | (other, SetId::NOTHING) => other,
            _ if left == right => left,
            _ => self.union(left, right),
        }
    }

    /// All connections from one source.
    pub fn from(&self, source: Source) -> Connections {
        let mut arithmetic = Arithmetic::new(&self.sets);
        let count = match source {
            Source::Pods(_) => self.classes.len() + self.destinations.len(),
            Source::Addresses(_) => self.classes.len(),
        };
        let mut passing = vec![SetId::NOTHING; count];
        for tables in &self.tables {
            let far = match source {
                Source::Pods(class) => class,
                Source::Addresses(at) => self.classes.len() + at,
            };
            let egress = match source {
                Source::Pods(class) => tables.egress.row_of(class).map(|row| row.spread(count)),
                Source::Addresses(_) => None,
            };
            // What each ingress profile lets in from here.
            let mut ingress: Vec<SetId> = tables.ingress.rows.iter().map(|row| row.rest).collect();
            for &(profile, set) in tables.ingress_by_source.get(far).into_iter().flatten() {
                if let Some(entry) = ingress.get_mut(profile) {
                    *entry = set;
                }
            }
            let near = match source {
                Source::Pods(class) => self.classes.get(class),
                Source::Addresses(_) => None,
            };
            let is_judged =
                |class: &PodClass| near.is_none_or(|near| tables.addressing.concerns(near.families, class.families));
            let into_pods = self.classes.iter().zip(&tables.ingress.profile_of).map(|(class, &profile)| {
                let set = ingress.get(profile).filter(|_| is_judged(class));
                set.copied().unwrap_or(SetId::NOTHING)
            });
            let into = into_pods.chain(std::iter::repeat(SetId::EVERYTHING));
            for (at, (entry, into)) in passing.iter_mut().zip(into).enumerate() {
                let out = egress.as_ref().map_or(SetId::EVERYTHING, |row| row.get(at).copied().unwrap_or_default());
                let both = arithmetic.intersection(out, into);
                *entry = arithmetic.union(*entry, both);
            }
        }
        let addresses = passing.split_off(self.classes.len());
        Connections { pods: passing, addresses }
    }
}

impl Table {
    pub(super) fn row_of(&self, class: usize) -> Option<&Row> {
        self.profile_of.get(class).and_then(|&profile| self.rows.get(profile))
    }
}

impl Row {
    /// What passes to or from one far end.
    pub(super) fn at(&self, far: usize) -> SetId {
        let found = self.entries.binary_search_by_key(&far, |&(far, _)| far).ok();
        found.and_then(|at| self.entries.get(at)).map_or(self.rest, |&(_, set)| set)
    }

    pub(super) fn spread(&self, count: usize) -> Vec<SetId> {
        let mut spread = vec![self.rest; count];
        for &(far, set) in &self.entries {
            if let Some(entry) = spread.get_mut(far) {
                *entry = set;
            }
        }
        spread
    }
}

/// Who isolates a class of pods, and what else its row depends on.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Profile {
    policies: Vec<usize>,
    /// The named ports of the pods, where they are destinations.
    ports: Option<usize>,
}

/// What all rows of a direction are made from.
pub(super) struct Rows<'a, 'w> {
    pub(super) world: &'w World,
    pub(super) classes: &'a [PodClass],
    pub(super) matching: &'a Matching<'w>,
    pub(super) sets: &'a ConnectionSets,
    pub(super) direction: Direction,
}

/// Room to work in, used again for every row: a cell for each far end, and those that are not empty.
pub(super) struct Scratch<'s> {
    arithmetic: Arithmetic<'s>,
    cells: Vec<SetId>,
    touched: Vec<usize>,
}

impl<'s> Scratch<'s> {
    /// Room for this many far ends.
    pub(super) fn new(sets: &'s ConnectionSets, far: usize) -> Self {
        Self { arithmetic: Arithmetic::new(sets), cells: vec![SetId::NOTHING; far], touched: Vec::new() }
    }

    fn add(&mut self, far: usize, set: SetId) {
        if let Some(cell) = self.cells.get_mut(far) {
            if *cell == SetId::NOTHING {
                self.touched.push(far);
            }
            *cell = self.arithmetic.union(*cell, set);
        }
    }
}

impl Rows<'_, '_> {
    /// The profiles of all classes by the first policies, which are in force.
    fn table(&self, in_force: usize, far: usize) -> Table {
        let Self { world, classes, direction, .. } = *self;
        let mut by_namespace: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let isolating = world.policies.iter().take(in_force).enumerate();
        for (index, policy) in isolating.filter(|(_, it)| it.rules(direction).is_some()) {
            by_namespace.entry(&policy.namespace).or_default().push(index);
        }
        let mut profiles: Vec<(Vec<usize>, usize)> = Vec::new();
        let mut known: HashMap<Profile, usize> = HashMap::new();
        let profile_of = classes.iter().map(|class| {
            let pod = world.pods.get(class.representative());
            let there = pod.and_then(|pod| by_namespace.get(pod.namespace.as_str())).into_iter().flatten();
            let selects = |index: &&usize| {
                let policy = world.policies.get(**index);
                policy.zip(pod).is_some_and(|(policy, pod)| policy.pod_selector.matches(&pod.labels))
            };
            let policies: Vec<usize> = there.filter(selects).copied().collect();
            let ports = (direction == Direction::Ingress && !policies.is_empty()).then_some(class.ports);
            *known.entry(Profile { policies: policies.clone(), ports }).or_insert_with(|| {
                profiles.push((policies, class.representative()));
                profiles.len() - 1
            })
        });
        let profile_of = profile_of.collect();
        let rows = profiles
            .par_iter()
            .with_min_len(16)
            .map_init(|| Scratch::new(self.sets, far), |scratch, (policies, near)| self.row(policies, *near, scratch))
            .collect();
        Table { profile_of, rows, policies: profiles.into_iter().map(|(policies, _)| policies).collect() }
    }

    /// What some policies together let pass to or from pods like `near`; everything where there are none.
    pub(super) fn row(&self, policies: &[usize], near: usize, scratch: &mut Scratch<'_>) -> Row {
        if policies.is_empty() {
            return Row { rest: SetId::EVERYTHING, entries: Vec::new() };
        }
        let mut rest = SetId::NOTHING;
        for policy in policies.iter().filter_map(|&index| self.world.policies.get(index)) {
            for rule in policy.rules(self.direction).unwrap_or_default() {
                // A name is resolved at the destination: the pod itself, or each far end.
                let is_fixed = self.direction == Direction::Ingress || rule.ports.names.is_empty();
                let fixed = match self.direction {
                    Direction::Ingress => self.set_at(rule, near),
                    Direction::Egress => self.sets.intern(rule.ports.numbers.clone()),
                };
                let set = |far: usize| if is_fixed { fixed } else { self.set_at_class(rule, far).unwrap_or(fixed) };
                match &rule.peers {
                    None => {
                        rest = scratch.arithmetic.union(rest, fixed);
                        if !is_fixed {
                            (0..self.classes.len()).for_each(|far| scratch.add(far, set(far)));
                        }
                    }
                    Some(peers) => {
                        let far = peers.iter().flat_map(|peer| self.matching.of(&policy.namespace, peer));
                        far.for_each(|far| scratch.add(far, set(far)));
                    }
                }
            }
        }
        let mut touched = std::mem::take(&mut scratch.touched);
        touched.sort_unstable();
        touched.dedup();
        let mut entries = Vec::with_capacity(touched.len());
        for &far in &touched {
            let Some(cell) = scratch.cells.get_mut(far) else { continue };
            let set = scratch.arithmetic.union(std::mem::take(cell), rest);
            if set != rest {
                entries.push((far, set));
            }
        }
        touched.clear();
        scratch.touched = touched;
        Row { rest, entries }
    }

    fn set_at(&self, rule: &Rule, pod: usize) -> SetId {
        let ports = self.world.pods.get(pod).map(|pod| pod.ports.as_slice()).unwrap_or_default();
        self.sets.intern(rule.ports.at(ports).into_owned())
    }

    /// Absent for a far end that is no pod.
    fn set_at_class(&self, rule: &Rule, far: usize) -> Option<SetId> {
        self.classes.get(far).map(|class| self.set_at(rule, class.representative()))
    }
}

/// Which far ends each peer matches.
#[derive(Debug)]
pub(super) struct Matching<'w> {
    /// By namespace scope: the policy's own namespace, or a selector; then by selector of the pods.
    pods: HashMap<(Scope<'w>, &'w LabelSelector), Vec<usize>>,
    blocks: HashMap<&'w AddressSet, Vec<usize>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Scope<'w> {
    Own(&'w str),
    Selected(&'w LabelSelector),
}

impl<'w> Scope<'w> {
    fn of(own: &'w str, namespaces: Option<&'w LabelSelector>) -> Self {
        namespaces.map_or(Self::Own(own), Self::Selected)
    }
}

impl<'w> Matching<'w> {
    fn new(
        world: &'w World,
        classes: &[PodClass],
        by_block: &BTreeMap<AddressSet, Vec<usize>>,
        family: Option<IpFamily>,
    ) -> Self {
        let mut by_namespace: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, class) in classes.iter().enumerate() {
            if let Some(pod) = world.pods.get(class.representative()) {
                by_namespace.entry(&pod.namespace).or_default().push(at);
            }
        }
        let mut selected: HashMap<&LabelSelector, Vec<&str>> = HashMap::new();
        let mut found = Self { pods: HashMap::new(), blocks: HashMap::new() };
        let rules = Direction::ALL.into_iter().flat_map(|it| world.rules(it));
        for (own, peer) in
            rules.flat_map(|(own, rule): (_, &Rule)| rule.peers.iter().flatten().map(move |it| (own, it)))
        {
            match peer {
                Peer::Pods { namespaces, pods } => {
                    let scope = Scope::of(own, namespaces.as_ref());
                    let names: &[&str] = match scope {
                        Scope::Own(own) => &[own],
                        Scope::Selected(selector) => {
                            selected.entry(selector).or_insert_with(|| selected_namespaces(world, selector))
                        }
                    };
                    found.pods.entry((scope, pods)).or_insert_with(|| {
                        let there = names.iter().filter_map(|name| by_namespace.get(name)).flatten();
                        let matches = |class: &&usize| {
                            let pod = classes.get(**class).and_then(|class| world.pods.get(class.representative()));
                            pod.is_some_and(|pod| pods.matches(&pod.labels))
                        };
                        there.filter(matches).copied().collect()
                    });
                }
                Peer::Addresses(set) => {
                    found.blocks.entry(set).or_insert_with(|| {
                        let covered = classes.iter().enumerate().filter(|(_, class)| {
                            let pod = world.pods.get(class.representative());
                            pod.is_some_and(|pod| world.covers_pod(set, pod, family))
                        });
                        let outside = by_block.get(set).into_iter().flatten().map(|at| classes.len() + at);
                        covered.map(|(at, _)| at).chain(outside).collect()
                    });
                }
            }
        }
        found
    }

    fn of<'m>(&'m self, own: &'m str, peer: &'m Peer) -> impl Iterator<Item = usize> + 'm
    where
        'w: 'm,
    {
        let found = match peer {
            Peer::Pods { namespaces, pods } => self.pods.get(&(Scope::of(own, namespaces.as_ref()), pods)),
            Peer::Addresses(set) => self.blocks.get(set),
        };
        found.into_iter().flatten().copied()
    }
}
