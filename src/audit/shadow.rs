//! Rules and policies that can go without a change: found by what they match, also for pods that nobody has seen yet.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::draft::Draft;
use super::model::{Model, RuleAt};
use crate::finding::{CheckId, Severity};
use crate::reachability::{Direction, Policy, PortSet};
use crate::yaml::FieldPath;

/// A rule allows only what other rules allow as well.
pub const RULE_SHADOWED: CheckId = CheckId("rule-shadowed");

/// A policy means the same as another of its namespace.
pub const POLICY_DUPLICATE: CheckId = CheckId("policy-duplicate");

pub(super) fn check(model: &Model<'_>) -> Vec<Draft> {
    let namespaces: Vec<(&String, &[usize])> =
        model.namespaces.iter().map(|(name, it)| (name, it.policies.as_slice())).collect();
    let of_namespace = |(_, policies): &(&String, &[usize])| {
        let duplicates = duplicates(model, policies);
        let kept: Vec<usize> = policies.iter().copied().filter(|it| !duplicates.contains_key(it)).collect();
        let mut found: Vec<Draft> =
            duplicates.into_iter().filter_map(|(policy, first)| duplicate(model, policy, first)).collect();
        for direction in Direction::ALL {
            let shadowed = shadowed(model, &kept, direction);
            found.extend(shadowed.into_iter().filter_map(|at| shadow(model, at)));
        }
        found
    };
    namespaces.par_iter().flat_map_iter(of_namespace).collect()
}

/// Policies that are equal to an earlier one, with that one.
fn duplicates(model: &Model<'_>, policies: &[usize]) -> BTreeMap<usize, usize> {
    let meaning = |policy: usize| Some(Policy { name: String::new(), ..model.policy(policy)?.normalized() });
    let mut known: Vec<(usize, Policy)> = Vec::new();
    let mut found = BTreeMap::new();
    for &policy in policies {
        let Some(meaning) = meaning(policy) else { continue };
        match known.iter().find(|(_, other)| *other == meaning) {
            Some((first, _)) => _ = found.insert(policy, *first),
            None => known.push((policy, meaning)),
        }
    }
    found
}

fn duplicate(model: &Model<'_>, policy: usize, first: usize) -> Option<Draft> {
    let (own, other) = (model.policy(policy)?, model.policy(first)?);
    Some(Draft {
        namespace: Some(own.namespace.clone()),
        severity: Severity::Info,
        check: POLICY_DUPLICATE,
        message: format!("{} means the same as {}", own.full_name(), other.full_name()),
        help: "remove one of the two: who changes only one will wonder why nothing changes".to_owned(),
        place: model.place(policy, FieldPath::of_keys(["metadata", "name"])),
    })
}

/// Rules that may all be removed together. Of rules that stand for each other the first stays.
fn shadowed(model: &Model<'_>, policies: &[usize], direction: Direction) -> Vec<RuleAt> {
    let in_direction = |policy: usize| model.rules(policy).filter(move |(at, _)| at.direction == direction);
    let near: BTreeSet<usize> = policies.iter().flat_map(|&policy| model.selected(policy)).collect();
    // Pods that the same policies isolate are judged once, unless rules name ports that these pods resolve.
    let names_ports = direction == Direction::Ingress
        && policies.iter().flat_map(|&it| in_direction(it)).any(|(_, it)| !it.ports.names.is_empty());
    let mut profiles: BTreeMap<(Vec<usize>, Option<usize>), usize> = BTreeMap::new();
    for class in near {
        let isolating = model.isolating(direction, class).iter().copied().filter(|it| policies.contains(it)).collect();
        profiles.entry((isolating, names_ports.then_some(class))).or_insert(class);
    }
    let mut removed: BTreeSet<RuleAt> = BTreeSet::new();
    let rules: Vec<RuleAt> = policies.iter().flat_map(|&policy| in_direction(policy)).map(|(at, _)| at).collect();
    for &at in rules.iter().rev() {
        let mut concerned = profiles.iter().filter(|((isolating, _), _)| isolating.contains(&at.policy)).peekable();
        let is_covered = concerned.peek().is_some()
            && concerned.all(|((isolating, _), &near)| {
                let others = isolating.iter().flat_map(|&policy| in_direction(policy)).map(|(other, _)| other);
                let others: Vec<RuleAt> = others.filter(|other| *other != at && !removed.contains(other)).collect();
                is_covered(model, at, near, &others)
            });
        if is_covered {
            removed.insert(at);
        }
    }
    removed.into_iter().collect()
}

fn is_covered(model: &Model<'_>, at: RuleAt, near: usize, others: &[RuleAt]) -> bool {
    let Some(rule) = model.rule(at) else { return false };
    let Some(listed) = model.listed(at) else {
        // Everybody: only rules for everybody are sure to cover everybody.
        let others =
            others.iter().filter(|other| model.listed(**other).is_none()).filter_map(|other| model.rule(*other));
        let (mut numbers, mut names) = (PortSet::default(), BTreeSet::new());
        for other in others {
            numbers = numbers.union(&other.ports.numbers);
            names.extend(other.ports.names.iter());
        }
        let is_named = rule.ports.names.iter().all(|name| names.contains(name));
        return numbers.is_everything() || (numbers.covers(&rule.ports.numbers) && is_named);
    };
    // What a name opens is not known before a pod resolves it, so only the same name is sure to cover it.
    let unresolved = model.unresolved(at);
    listed.iter().all(|&far| {
        let wanted = model.ports(at, near, far);
        let (mut covered, mut unnamed) = (PortSet::default(), unresolved.clone());
        (wanted.is_empty() && unnamed.is_empty())
            || others.iter().any(|&other| {
                covered = covered.union(&model.ports(other, near, far));
                if model.matches(other, far)
                    && let Some(other) = model.rule(other)
                {
                    unnamed.retain(|name| !other.ports.names.contains(name));
                }
                covered.is_everything() || (covered.covers(&wanted) && unnamed.is_empty())
            })
    })
}

fn shadow(model: &Model<'_>, at: RuleAt) -> Option<Draft> {
    let own = model.policy(at.policy)?;
    let matches_nobody = model.listed(at).is_some_and(<[usize]>::is_empty);
    let (why, help) = if matches_nobody {
        ("it matches nobody", "correct its peers: their selectors or ranges leave nothing over")
    } else {
        ("other rules allow all of it", "remove it, or narrow the rules that were not meant to allow so much")
    };
    Some(Draft {
        namespace: Some(own.namespace.clone()),
        severity: Severity::Info,
        check: RULE_SHADOWED,
        message: format!("this {} rule of {} changes nothing: {why}", at.direction, own.full_name()),
        help: help.to_owned(),
        place: model.place_of_rule(at),
    })
}
