//! What passes where one policy of a world is another, is not there, or is there in addition.
//!
//! Everything is worked out once for the policies in force. An alternative changes the rows of the classes that the old
//! or the new policy selects, and no others, so only these are made anew.

use std::collections::{BTreeMap, BTreeSet};

use super::matrix::{Matching, Row, Rows, Scratch, Tables};
use super::sets::Arithmetic;
use super::{Direction, Reachability, SetId, Source, World};

/// A world with policies in force, and others that may take their place.
#[derive(Debug)]
pub struct Alternatives<'w> {
    world: &'w World,
    reachability: Reachability,
    matchings: Vec<[Matching<'w>; 2]>,
    /// For each table and far end (classes, then destinations): the egress profiles that let out to it, with what they
    /// let out beyond their rows' `rest`.
    egress_by_destination: Vec<Vec<Vec<(usize, SetId)>>>,
    by_namespace: BTreeMap<&'w str, Vec<usize>>,
}

/// One alternative: a policy in force that is not there, and another that is; by their positions in the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alternative {
    /// In force otherwise.
    pub without: Option<usize>,
    /// In force now.
    pub with: Option<usize>,
}

/// What an alternative changes: the rows of classes, for each table.
#[derive(Debug)]
pub struct Changed {
    /// The classes whose connections may differ as sources.
    pub sources: BTreeSet<usize>,
    /// The classes whose connections may differ as destinations.
    pub destinations: BTreeSet<usize>,
    egress: Vec<BTreeMap<usize, Row>>,
    ingress: Vec<BTreeMap<usize, Row>>,
}

/// What passes from, or to, every far end: before and after.
#[derive(Debug)]
pub struct BeforeAfter {
    /// With the policies in force: classes, then classes of addresses.
    pub before: Vec<SetId>,
    /// With the alternative.
    pub after: Vec<SetId>,
}

impl<'w> Alternatives<'w> {
    /// Of a world whose first policies are in force.
    pub fn new(world: &'w World, in_force: usize) -> Self {
        let (reachability, matchings) = Reachability::with_matching(world, &[], in_force);
        let far = reachability.classes.len() + reachability.destinations().len();
        let transposed = |tables: &Tables| {
            let mut by_destination = vec![Vec::new(); far];
            for (profile, row) in tables.egress.rows.iter().enumerate() {
                for &(far, set) in &row.entries {
                    if let Some(entries) = by_destination.get_mut(far) {
                        entries.push((profile, set));
                    }
                }
            }
            by_destination
        };
        let egress_by_destination = reachability.tables.iter().map(transposed).collect();
        let mut by_namespace: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, class) in reachability.classes.iter().enumerate() {
            if let Some(pod) = world.pods.get(class.representative()) {
                by_namespace.entry(&pod.namespace).or_default().push(at);
            }
        }
        Self { world, reachability, matchings, egress_by_destination, by_namespace }
    }

    /// What passes with the policies in force.
    pub const fn reachability(&self) -> &Reachability {
        &self.reachability
    }

    /// What an alternative changes.
    pub fn changed(&self, alternative: Alternative) -> Changed {
        let rows = |direction| {
            let near = self.selected(alternative, direction);
            let of_table = |number: usize| self.rows(number, direction, alternative, &near);
            let rows: Vec<BTreeMap<usize, Row>> = (0..self.matchings.len()).map(of_table).collect();
            (near, rows)
        };
        let (sources, egress) = rows(Direction::Egress);
        let (destinations, ingress) = rows(Direction::Ingress);
        Changed { sources, destinations, egress, ingress }
    }

    /// The classes that either policy isolates in a direction.
    fn selected(&self, alternative: Alternative, direction: Direction) -> BTreeSet<usize> {
        let policies = [alternative.without, alternative.with].into_iter().flatten();
        let policies = policies.filter_map(|at| self.world.policies.get(at));
        let selected = policies.filter(|policy| policy.rules(direction).is_some()).flat_map(|policy| {
            let there = self.by_namespace.get(policy.namespace.as_str()).into_iter().flatten().copied();
            there.filter(|&class| {
                let class = self.reachability.classes.get(class);
                let pod = class.and_then(|class| self.world.pods.get(class.representative()));
                pod.is_some_and(|pod| policy.pod_selector.matches(&pod.labels))
            })
        });
        selected.collect()
    }

    fn rows(
        &self,
        number: usize,
        direction: Direction,
        alternative: Alternative,
        near: &BTreeSet<usize>,
    ) -> BTreeMap<usize, Row> {
        let Reachability { classes, sets, tables, .. } = &self.reachability;
        let matching = self.matchings.get(number).map(|[to, from]| match direction {
            Direction::Egress => to,
            Direction::Ingress => from,
        });
        let (Some(matching), Some(tables)) = (matching, tables.get(number)) else { return BTreeMap::new() };
        let (table, addresses) = match direction {
            Direction::Egress => (&tables.egress, self.reachability.destinations()),
            Direction::Ingress => (&tables.ingress, self.reachability.sources()),
        };
        let rows = Rows { world: self.world, classes, matching, sets, direction };
        let mut scratch = Scratch::new(sets, classes.len() + addresses.len());
        let with = alternative
            .with
            .filter(|&at| self.world.policies.get(at).is_some_and(|policy| policy.rules(direction).is_some()));
        let row = |&class: &usize| {
            let pod = classes.get(class)?.representative();
            let profile = table.profile_of.get(class).and_then(|&profile| table.policies.get(profile))?;
            let selects = |at: &usize| {
                let policy = self.world.policies.get(*at).zip(self.world.pods.get(pod));
                policy.is_some_and(|(policy, pod)| policy.pod_selector.matches(&pod.labels))
            };
            let kept = profile.iter().copied().filter(|at| Some(*at) != alternative.without);
            let policies: Vec<usize> = kept.chain(with.filter(selects)).collect();
            Some((class, rows.row(&policies, pod, &mut scratch)))
        };
        near.iter().filter_map(row).collect()
    }

    /// What passes from a source: to the classes, then to the classes of destinations.
    pub fn from(&self, source: usize, changed: &Changed) -> BeforeAfter {
        let before = self.reachability.from(Source::Pods(source));
        let before: Vec<SetId> = before.pods.into_iter().chain(before.addresses).collect();
        let Reachability { classes, sets, tables, .. } = &self.reachability;
        let mut arithmetic = Arithmetic::new(sets);
        let mut after = vec![SetId::NOTHING; before.len()];
        let Some(near) = classes.get(source) else { return BeforeAfter { before, after } };
        for (number, tables) in tables.iter().enumerate() {
            let own = changed.egress.get(number).and_then(|rows| rows.get(&source));
            let out = own.or_else(|| tables.egress.row_of(source)).map(|row| row.spread(after.len()));
            let mut by_profile: Vec<SetId> = tables.ingress.rows.iter().map(|row| row.rest).collect();
            lay_over(&mut by_profile, tables.ingress_by_source.get(source));
            let mut into = spread(&by_profile, &tables.ingress.profile_of);
            for (&class, row) in changed.ingress.get(number).into_iter().flatten() {
                put(&mut into, class, row.at(source));
            }
            for (into, class) in into.iter_mut().zip(classes) {
                if !tables.addressing.concerns(near.families, class.families) {
                    *into = SetId::NOTHING;
                }
            }
            let into = into.into_iter().chain(std::iter::repeat(SetId::EVERYTHING));
            for (at, (entry, into)) in after.iter_mut().zip(into).enumerate() {
                let out = out.as_ref().and_then(|out| out.get(at)).copied().unwrap_or_default();
                let both = arithmetic.intersection(out, into);
                *entry = arithmetic.union(*entry, both);
            }
        }
        BeforeAfter { before, after }
    }

    /// What passes to a destination: from the classes, then from the classes of sources.
    pub fn to(&self, destination: usize, changed: &Changed) -> BeforeAfter {
        BeforeAfter { before: self.column(destination, None), after: self.column(destination, Some(changed)) }
    }

    fn column(&self, destination: usize, changed: Option<&Changed>) -> Vec<SetId> {
        let Reachability { classes, sets, tables, .. } = &self.reachability;
        let mut arithmetic = Arithmetic::new(sets);
        let mut column = vec![SetId::NOTHING; classes.len() + self.reachability.sources().len()];
        let Some(near) = classes.get(destination) else { return column };
        for (number, tables) in tables.iter().enumerate() {
            let own = changed.and_then(|it| it.ingress.get(number)).and_then(|rows| rows.get(&destination));
            let into = own.or_else(|| tables.ingress.row_of(destination)).map(|row| row.spread(column.len()));
            let mut by_profile: Vec<SetId> = tables.egress.rows.iter().map(|row| row.rest).collect();
            lay_over(&mut by_profile, self.egress_by_destination.get(number).and_then(|it| it.get(destination)));
            let mut out = spread(&by_profile, &tables.egress.profile_of);
            for (&class, row) in changed.and_then(|it| it.egress.get(number)).into_iter().flatten() {
                put(&mut out, class, row.at(destination));
            }
            for (out, class) in out.iter_mut().zip(classes) {
                if !tables.addressing.concerns(class.families, near.families) {
                    *out = SetId::NOTHING;
                }
            }
            let out = out.into_iter().chain(std::iter::repeat(SetId::EVERYTHING));
            for (at, (entry, out)) in column.iter_mut().zip(out).enumerate() {
                let into = into.as_ref().and_then(|into| into.get(at)).copied().unwrap_or_default();
                let both = arithmetic.intersection(out, into);
                *entry = arithmetic.union(*entry, both);
            }
        }
        column
    }
}

/// What each class has by its profile.
fn spread(by_profile: &[SetId], profile_of: &[usize]) -> Vec<SetId> {
    profile_of.iter().map(|&profile| by_profile.get(profile).copied().unwrap_or_default()).collect()
}

fn lay_over(by_profile: &mut [SetId], entries: Option<&Vec<(usize, SetId)>>) {
    for &(profile, set) in entries.into_iter().flatten() {
        put(by_profile, profile, set);
    }
}

fn put(sets: &mut [SetId], at: usize, set: SetId) {
    if let Some(entry) = sets.get_mut(at) {
        *entry = set;
    }
}
