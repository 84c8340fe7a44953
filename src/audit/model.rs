//! Pods, policies and addresses in classes, with what every rule of every policy matches.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::draft::Place;
use super::internet::Internet;
use crate::config::Config;
use crate::object::{COMPONENT, COMPONENT_LABEL, PodFacts, Protocol};
use crate::reachability::{
    Direction, IpBlockReach, Labels, Peer, Policy, PortSet, Reachability, Rule, World, representatives,
};
use crate::snapshot::{FoundPod, Snapshot};
use crate::yaml::FieldPath;

/// A rule of a policy, by positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RuleAt {
    pub(super) policy: usize,
    pub(super) direction: Direction,
    pub(super) rule: usize,
}

/// The far ends that a rule matches.
#[derive(Debug, Clone, Default)]
struct FarEnds {
    everybody: bool,
    /// Classes of pods, then those of addresses; in order.
    listed: Vec<usize>,
}

/// A namespace and what is in it.
#[derive(Debug, Clone, Default)]
pub(super) struct Namespace {
    /// Whether it is floe's to look after.
    pub(super) is_managed: bool,
    /// Its pods, by their positions in the snapshot.
    pub(super) pods: Vec<usize>,
    /// Its policies, by their positions in the snapshot.
    pub(super) policies: Vec<usize>,
}

/// The input, ready for questions. An `ipBlock` matches addresses outside only; rules that ask about the other reading
/// have [`Readings`](super::ip_block::Readings).
pub(super) struct Model<'s> {
    pub(super) snapshot: &'s Snapshot,
    pub(super) config: &'s Config,
    /// The pods of the snapshot in their order, then pods made up from the selectors.
    world: World,
    reachability: Reachability,
    pub(super) namespaces: BTreeMap<String, Namespace>,
    pub(super) internet: Internet,
    /// For each class of pods, the policies that isolate it.
    egress: Vec<Vec<usize>>,
    ingress: Vec<Vec<usize>>,
    /// For each policy, egress and ingress, the far ends of each rule.
    far_ends: Vec<[Vec<FarEnds>; 2]>,
}

impl<'s> Model<'s> {
    pub(super) fn new(snapshot: &'s Snapshot, config: &'s Config) -> Self {
        let namespaces = namespaces(snapshot, config);
        let world = world(snapshot, config);
        let reachability = Reachability::new(&world, &[]);
        let isolating = |direction| {
            let of_class = |pod: Option<&PodFacts>| {
                let there = pod.and_then(|pod| Some((pod, namespaces.get(&pod.namespace)?)));
                let selects = |pod: &PodFacts, policy: usize| {
                    let policy = snapshot.policies.get(policy).map(|it| &it.policy);
                    policy.is_some_and(|it| it.rules(direction).is_some() && it.pod_selector.matches(&pod.labels))
                };
                let Some((pod, namespace)) = there else { return Vec::new() };
                namespace.policies.iter().copied().filter(|&policy| selects(pod, policy)).collect()
            };
            let classes = reachability.classes().iter();
            classes.map(|class| of_class(world.pods.get(class.representative()))).collect::<Vec<Vec<usize>>>()
        };
        let (egress, ingress) = (isolating(Direction::Egress), isolating(Direction::Ingress));
        let far_ends = far_ends(&world, &reachability);
        let internet = Internet::outside(&world.cluster);
        Self { snapshot, config, world, reachability, namespaces, internet, egress, ingress, far_ends }
    }

    /// The classes of pods, by their numbers.
    pub(super) fn classes(&self) -> std::ops::Range<usize> {
        0..self.reachability.classes().len()
    }

    /// A pod that stands for a class.
    pub(super) fn pod(&self, class: usize) -> Option<&PodFacts> {
        self.world.pods.get(self.reachability.classes().get(class)?.representative())
    }

    /// Whether a class has pods of the input.
    pub(super) fn is_real(&self, class: usize) -> bool {
        let class = self.reachability.classes().get(class);
        class.is_some_and(|class| class.representative() < self.snapshot.pods.len())
    }

    /// Whether a class may hold two pods.
    pub(super) fn has_pairs(&self, class: usize) -> bool {
        has_pairs(self.snapshot, &self.reachability, class)
    }

    /// The class of a pod of the snapshot.
    pub(super) fn class_of(&self, pod: usize) -> Option<usize> {
        self.reachability.class_of(pod)
    }

    /// What people call the pods of a class, each workload once.
    pub(super) fn names(&self, class: usize) -> BTreeSet<String> {
        let pods = self.reachability.classes().get(class).map(|class| class.pods.as_slice()).unwrap_or_default();
        let real: BTreeSet<String> =
            pods.iter().filter_map(|&pod| self.snapshot.pods.get(pod)).map(FoundPod::full_name).collect();
        if real.is_empty() {
            self.pod(class).map(|pod| format!("{}/{}", pod.namespace, pod.owner.name)).into_iter().collect()
        } else {
            real
        }
    }

    /// The classes of addresses that may connect to pods, each with the number by which it is a far end.
    pub(super) fn sources(&self) -> impl Iterator<Item = (usize, &crate::reachability::AddressSet)> {
        let first = self.reachability.classes().len();
        self.reachability.sources().iter().enumerate().map(move |(at, set)| (first + at, set))
    }

    /// A policy of the snapshot.
    pub(super) fn policy(&self, policy: usize) -> Option<&'s Policy> {
        self.snapshot.policies.get(policy).map(|it| &it.policy)
    }

    /// All rules of a policy.
    pub(super) fn rules(&self, policy: usize) -> impl Iterator<Item = (RuleAt, &'s Rule)> {
        let rules = move |direction| {
            let rules = self.policy(policy).and_then(|it| it.rules(direction)).unwrap_or_default();
            rules.iter().enumerate().map(move |(rule, content)| (RuleAt { policy, direction, rule }, content))
        };
        Direction::ALL.into_iter().flat_map(rules)
    }

    pub(super) fn rule(&self, at: RuleAt) -> Option<&'s Rule> {
        self.policy(at.policy)?.rules(at.direction)?.get(at.rule)
    }

    /// The policies that isolate a class.
    pub(super) fn isolating(&self, direction: Direction, class: usize) -> &[usize] {
        let lists = match direction {
            Direction::Egress => &self.egress,
            Direction::Ingress => &self.ingress,
        };
        lists.get(class).map(Vec::as_slice).unwrap_or_default()
    }

    /// The classes that a policy selects in a direction in which it isolates.
    pub(super) fn selected(&self, policy: usize) -> Vec<usize> {
        let Some(own) = self.policy(policy) else { return Vec::new() };
        let is_selected = |class: &usize| {
            self.pod(*class).is_some_and(|it| it.namespace == own.namespace && own.pod_selector.matches(&it.labels))
        };
        self.classes().filter(is_selected).collect()
    }

    /// The pods of the input that a policy selects, by their positions.
    pub(super) fn selected_pods(&self, policy: usize) -> Vec<usize> {
        let Some(own) = self.policy(policy) else { return Vec::new() };
        let there = self.namespaces.get(&own.namespace).map(|it| it.pods.as_slice()).unwrap_or_default();
        let is_selected =
            |pod: &usize| self.snapshot.pods.get(*pod).is_some_and(|it| own.pod_selector.matches(&it.facts.labels));
        there.iter().copied().filter(is_selected).collect()
    }

    /// The names of some pods of the input, each once.
    pub(super) fn workloads(&self, pods: &[usize]) -> Vec<String> {
        let names: BTreeSet<String> =
            pods.iter().filter_map(|&pod| self.snapshot.pods.get(pod)).map(FoundPod::full_name).collect();
        names.into_iter().collect()
    }

    /// The same for pods of a namespace, with their number where a workload has others: `h/w[StatefulSet] (1 of 2 pods)`.
    pub(super) fn counted(&self, pods: &[usize], namespace: &Namespace) -> Vec<String> {
        let all = self.numbers(&namespace.pods);
        let counted = |(name, number): (String, usize)| match all.get(&name) {
            Some(&all) if number < all => format!("{name} ({number} of {all} pods)"),
            _ => name,
        };
        self.numbers(pods).into_iter().map(counted).collect()
    }

    /// How many of some pods each workload has, by its name.
    pub(super) fn numbers(&self, pods: &[usize]) -> BTreeMap<String, usize> {
        let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
        for name in pods.iter().filter_map(|&pod| self.snapshot.pods.get(pod)).map(FoundPod::full_name) {
            *numbers.entry(name).or_default() += 1;
        }
        numbers
    }

    /// Whether a pod of the snapshot is in the network of its node, where most plugins apply no policy.
    pub(super) fn is_of_host(&self, pod: usize) -> bool {
        self.snapshot.pods.get(pod).is_none_or(|pod| pod.facts.host_network)
    }

    /// The far ends that a rule lists; absent if it matches everybody.
    pub(super) fn listed(&self, at: RuleAt) -> Option<&[usize]> {
        self.far(at).filter(|far| !far.everybody).map(|far| far.listed.as_slice())
    }

    fn far(&self, at: RuleAt) -> Option<&FarEnds> {
        let [egress, ingress] = self.far_ends.get(at.policy)?;
        match at.direction {
            Direction::Egress => egress.get(at.rule),
            Direction::Ingress => ingress.get(at.rule),
        }
    }

    /// Whether a rule matches a far end.
    pub(super) fn matches(&self, at: RuleAt, far: usize) -> bool {
        self.far(at).is_some_and(|it| it.everybody || it.listed.binary_search(&far).is_ok())
    }

    /// The names of ports of a rule that no pod of the input resolves which the rule is about: they open nothing that is
    /// known.
    pub(super) fn unresolved(&self, at: RuleAt) -> BTreeSet<(Protocol, String)> {
        let Some(rule) = self.rule(at).filter(|rule| !rule.ports.names.is_empty()) else { return BTreeSet::new() };
        let destinations = match (at.direction, self.listed(at)) {
            (Direction::Ingress, _) => self.selected(at.policy),
            (Direction::Egress, None) => self.classes().collect(),
            (Direction::Egress, Some(listed)) => listed.to_vec(),
        };
        let mut names = rule.ports.names.clone();
        for port in destinations.iter().filter_map(|&class| self.pod(class)).flat_map(|pod| &pod.ports) {
            if let Some(name) = &port.name {
                names.remove(&(port.protocol, name.clone()));
            }
        }
        names
    }

    /// What a rule lets pass between a class that its policy selects and a far end.
    pub(super) fn ports(&self, at: RuleAt, near: usize, far: usize) -> PortSet {
        let Some(rule) = self.rule(at).filter(|_| self.matches(at, far)) else { return PortSet::default() };
        let destination = match at.direction {
            Direction::Egress => self.pod(far),
            Direction::Ingress => self.pod(near),
        };
        rule.ports.at(destination.map(|pod| pod.ports.as_slice()).unwrap_or_default()).into_owned()
    }

    /// What a class lets pass to or from a far end.
    pub(super) fn passing(&self, direction: Direction, near: usize, far: usize) -> PortSet {
        let isolating = self.isolating(direction, near);
        if isolating.is_empty() {
            return PortSet::everything();
        }
        let rules = isolating.iter().flat_map(|&policy| self.rules(policy)).filter(|(at, _)| at.direction == direction);
        rules.fold(PortSet::default(), |all, (at, _)| all.union(&self.ports(at, near, far)))
    }

    /// A field of a policy.
    pub(super) fn place(&self, policy: usize, path: FieldPath) -> Place {
        self.snapshot.policies.get(policy).map_or(Place::Nowhere, |it| Place::Field(it.origin.clone(), path))
    }

    /// A rule of a policy.
    pub(super) fn place_of_rule(&self, at: RuleAt) -> Place {
        self.place(at.policy, FieldPath::of_keys(["spec", at.direction.rules_field()]).child(at.rule))
    }

    /// A pod, by the object that describes it.
    pub(super) fn place_of_pod(&self, pod: usize) -> Place {
        let found = self.snapshot.pods.get(pod);
        let path = FieldPath::of_keys(["metadata", "name"]);
        found.map_or(Place::Nowhere, |pod| Place::Field(pod.origin.clone(), path))
    }

    /// A namespace: the Namespace if it is in the input, else the first object that is in it.
    pub(super) fn place_of_namespace(&self, name: &str) -> Place {
        if let Some(origin) = self.snapshot.origin_of_namespace(name) {
            return Place::Field(origin.clone(), FieldPath::of_keys(["metadata", "name"]));
        }
        let path = FieldPath::of_keys(["metadata", "namespace"]);
        let Some(namespace) = self.namespaces.get(name) else { return Place::Nowhere };
        match (namespace.policies.first(), namespace.pods.first().and_then(|&pod| self.snapshot.pods.get(pod))) {
            (_, Some(pod)) => Place::Field(pod.origin.clone(), path),
            (Some(&policy), None) => self.place(policy, path),
            (None, None) => Place::Nowhere,
        }
    }
}

/// Whether a class may hold two pods: a template makes several, as does what may come; a single pod is alone.
pub(super) fn has_pairs(snapshot: &Snapshot, reachability: &Reachability, class: usize) -> bool {
    let Some(class) = reachability.classes().get(class) else { return false };
    let first = snapshot.pods.get(class.representative());
    class.pods.len() > 1 || first.is_none_or(|pod| pod.workload.gvk.kind != "Pod")
}

fn namespaces(snapshot: &Snapshot, config: &Config) -> BTreeMap<String, Namespace> {
    let mut found: BTreeMap<String, Namespace> = BTreeMap::new();
    for managed in &config.namespaces {
        found.entry(managed.name.clone()).or_default().is_managed = true;
    }
    for it in &snapshot.namespaces {
        let is_own = it.labels.get(COMPONENT_LABEL).is_some_and(|value| value == COMPONENT);
        found.entry(it.name.clone()).or_default().is_managed |= is_own;
    }
    for (at, pod) in snapshot.pods.iter().enumerate() {
        found.entry(pod.facts.namespace.clone()).or_default().pods.push(at);
    }
    for (at, it) in snapshot.policies.iter().enumerate() {
        let namespace = found.entry(it.policy.namespace.clone()).or_default();
        namespace.policies.push(at);
        namespace.is_managed |= it.is_own;
    }
    found
}

/// The world of the snapshot and of pods that its policies would tell apart.
fn world(snapshot: &Snapshot, config: &Config) -> World {
    let policies: Vec<Policy> = snapshot.policies.iter().map(|it| it.policy.clone()).collect();
    let mut known: BTreeMap<String, Labels> = BTreeMap::new();
    for it in &snapshot.namespaces {
        known.entry(it.name.clone()).or_default().extend(it.labels.clone());
    }
    for pod in &snapshot.pods {
        known.entry(pod.facts.namespace.clone()).or_default();
    }
    let made_up = representatives(&policies.iter().collect::<Vec<_>>(), &known);
    let pods = snapshot.pods.iter().map(|pod| pod.facts.clone()).chain(made_up.pods).collect();
    let namespaces: Vec<_> = snapshot.namespaces.iter().cloned().chain(made_up.namespaces).collect();
    World::new(pods, &namespaces, policies, IpBlockReach::OutsideOnly, &config.network.cluster_cidrs)
}

fn far_ends(world: &World, reachability: &Reachability) -> Vec<[Vec<FarEnds>; 2]> {
    let mut by_namespace: BTreeMap<&str, Vec<(usize, &PodFacts)>> = BTreeMap::new();
    for (at, class) in reachability.classes().iter().enumerate() {
        if let Some(pod) = world.pods.get(class.representative()) {
            by_namespace.entry(&pod.namespace).or_default().push((at, pod));
        }
    }
    let first_address = reachability.classes().len();
    let of_peer = |own: &str, peer: &Peer, direction: Direction, listed: &mut Vec<usize>| match peer {
        Peer::Pods { namespaces, pods } => {
            let is_there = |name: &str| match namespaces {
                None => name == own,
                Some(selector) => selector.matches(world.namespace_labels(name)),
            };
            let there = by_namespace.iter().filter(|(name, _)| is_there(name)).flat_map(|(_, pods)| pods);
            listed.extend(there.filter(|(_, pod)| pods.matches(&pod.labels)).map(|(at, _)| *at));
        }
        Peer::Addresses(set) => {
            let parts = match direction {
                Direction::Egress => reachability.destinations(),
                Direction::Ingress => reachability.sources(),
            };
            let inside = parts.iter().enumerate().filter(|(_, part)| set.intersects(part));
            listed.extend(inside.map(|(at, _)| first_address + at));
        }
    };
    let of_rules = |policy: &Policy, direction| {
        let of_rule = |rule: &Rule| {
            let mut far = FarEnds { everybody: rule.peers.is_none(), listed: Vec::new() };
            for peer in rule.peers.iter().flatten() {
                of_peer(&policy.namespace, peer, direction, &mut far.listed);
            }
            far.listed.sort_unstable();
            far.listed.dedup();
            far
        };
        policy.rules(direction).unwrap_or_default().iter().map(of_rule).collect()
    };
    world.policies.par_iter().map(|policy| Direction::ALL.map(|direction| of_rules(policy, direction))).collect()
}
