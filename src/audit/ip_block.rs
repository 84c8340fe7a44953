//! Blocks of addresses whose meaning depends on the plugin: whether `ipBlock` matches pods (decision on: `ipBlock` and
//! pods).

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::draft::Draft;
use super::model::{Model, RuleAt};
use crate::finding::{CheckId, Severity};
use crate::object::PodFacts;
use crate::reachability::{AddressSet, Direction, IpBlockReach, Peer, Policy, Reachability, SetId, Source, World};
use crate::snapshot::FoundPod;

/// An `ipBlock` matches pods on some plugins, and that decides about connections.
pub(in crate::audit) const IP_BLOCK_DEPENDS_ON_PLUGIN: CheckId = CheckId("ip-block-depends-on-plugin");

/// The connections of the input in both readings.
pub(super) struct Readings {
    world: World,
    outside_only: Reachability,
    pods_too: Reachability,
}

impl Readings {
    pub(super) fn new(model: &Model<'_>) -> Self {
        let world = model.snapshot.world(IpBlockReach::PodsToo, &model.config.network.cluster_cidrs);
        let outside_only = Reachability::new(&world.reading(IpBlockReach::OutsideOnly), &[]);
        let pods_too = Reachability::new(&world, &[]);
        Self { world, outside_only, pods_too }
    }

    pub(super) const fn of(&self, reach: IpBlockReach) -> &Reachability {
        match reach {
            IpBlockReach::OutsideOnly => &self.outside_only,
            IpBlockReach::PodsToo => &self.pods_too,
        }
    }

    fn pod(&self, class: usize) -> Option<(usize, &PodFacts)> {
        let pod = self.pods_too.classes().get(class)?.representative();
        Some((pod, self.world.pods.get(pod)?))
    }

    /// The pairs of classes between which more passes where blocks match pods.
    fn differences(&self) -> Differences {
        let other_class = |class| self.outside_only.class_of(self.pod(class)?.0);
        let classes = 0..self.pods_too.classes().len();
        let others: Vec<Option<usize>> = classes.clone().map(other_class).collect();
        let of_class = |class: usize| {
            let more = self.pods_too.from(Source::Pods(class)).pods;
            let less = others.get(class).copied().flatten().map(|it| self.outside_only.from(Source::Pods(it)).pods);
            let less = less.unwrap_or_default();
            // A row has few different sets.
            let mut known: BTreeMap<(SetId, SetId), bool> = BTreeMap::new();
            let mut row = vec![0_u64; more.len().div_ceil(BITS)];
            for (to, &after) in more.iter().enumerate().filter(|(_, set)| **set != SetId::NOTHING) {
                let before = others.get(to).copied().flatten().and_then(|it| less.get(it)).copied();
                let before = before.unwrap_or(SetId::NOTHING);
                let differs = *known
                    .entry((before, after))
                    .or_insert_with(|| !self.outside_only.set(before).covers(&self.pods_too.set(after)));
                if let Some(word) = row.get_mut(to / BITS).filter(|_| differs) {
                    *word |= 1 << (to % BITS);
                }
            }
            row
        };
        Differences(classes.into_par_iter().map(of_class).collect())
    }

    pub(super) fn check(&self, model: &Model<'_>) -> Vec<Draft> {
        let has_blocks = |policy: &Policy| Direction::ALL.into_iter().any(|it| blocks(policy, it).next().is_some());
        if !self.world.policies.iter().any(has_blocks) {
            return Vec::new();
        }
        let differences = self.differences();
        let all: Vec<(usize, &Policy)> = self.world.policies.iter().enumerate().collect();
        all.par_iter().flat_map_iter(|(at, policy)| self.of_policy(model, *at, policy, &differences)).collect()
    }

    fn of_policy(&self, model: &Model<'_>, at: usize, policy: &Policy, differences: &Differences) -> Vec<Draft> {
        let mut found = Vec::new();
        for direction in Direction::ALL {
            for (rule, set) in blocks(policy, direction) {
                let Some((from, to)) = self.difference(policy, set, direction, differences) else { continue };
                let name = |pod: usize| model.snapshot.pods.get(pod).map(FoundPod::full_name).unwrap_or_default();
                let blocks: Vec<String> = set.blocks().iter().map(ToString::to_string).collect();
                found.push(Draft {
                    namespace: Some(policy.namespace.clone()),
                    severity: Severity::Warning,
                    check: IP_BLOCK_DEPENDS_ON_PLUGIN,
                    message: format!(
                        "whether {} matches pods depends on the plugin, and with it {} => {}",
                        blocks.join("; "),
                        name(from),
                        name(to)
                    ),
                    help:
                        "select pods by labels, and leave the cluster's ranges out with `except`; or name the plugin \
                           with --cni"
                            .to_owned(),
                    place: model.place_of_rule(RuleAt { policy: at, direction, rule }),
                });
            }
        }
        found
    }

    /// The pods of a connection on which the readings differ, between one that the policy selects and one that the
    /// block covers: source, then destination.
    fn difference(
        &self,
        policy: &Policy,
        set: &AddressSet,
        direction: Direction,
        differences: &Differences,
    ) -> Option<(usize, usize)> {
        let classes = |is_wanted: &dyn Fn(&PodFacts) -> bool| -> Vec<usize> {
            let all = 0..self.pods_too.classes().len();
            all.filter(|&class| self.pod(class).is_some_and(|(_, facts)| is_wanted(facts))).collect()
        };
        let near = classes(&|pod| pod.namespace == policy.namespace && policy.pod_selector.matches(&pod.labels));
        let far = if near.is_empty() { Vec::new() } else { classes(&|pod| self.covers(set, pod)) };
        let pairs = near.iter().flat_map(|&near| far.iter().map(move |&far| (near, far)));
        let mut connections = pairs.map(|(near, far)| match direction {
            Direction::Egress => (near, far),
            Direction::Ingress => (far, near),
        });
        let (from, to) = connections.find(|&(from, to)| differences.has(from, to))?;
        Some((self.pod(from)?.0, self.pod(to)?.0))
    }

    /// As [`World`] has it: a pod whose addresses are not known may have any of the cluster's.
    fn covers(&self, set: &AddressSet, pod: &PodFacts) -> bool {
        if pod.addresses.is_empty() {
            return set.intersects(&self.world.cluster);
        }
        pod.addresses.iter().any(|&address| set.contains(address))
    }
}

/// Pairs of classes, a bit for each: a large cluster has millions.
struct Differences(Vec<Vec<u64>>);

/// Bits of a word.
const BITS: usize = 64;

impl Differences {
    fn has(&self, from: usize, to: usize) -> bool {
        self.0.get(from).and_then(|row| row.get(to / BITS)).is_some_and(|word| word >> (to % BITS) & 1 == 1)
    }
}

/// The blocks of a direction, each with the number of its rule.
fn blocks(policy: &Policy, direction: Direction) -> impl Iterator<Item = (usize, &AddressSet)> {
    let rules = policy.rules(direction).unwrap_or_default().iter().enumerate();
    rules.flat_map(|(at, rule)| {
        let sets = rule.peers.iter().flatten();
        sets.filter_map(move |peer| if let Peer::Addresses(set) = peer { Some((at, set)) } else { None })
    })
}
