//! What an audit calls superfluous is: without it, nobody reaches anybody else than before.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use floe::audit::{AuditRequest, POLICY_DUPLICATE, RULE_SHADOWED, audit};
use floe::object::Workloads;
use floe::reachability::{IpBlockReach, Rule};
use floe::snapshot::{Snapshot, compare};
use floe::stream::frame_all;

use crate::support::data_dir;

/// Takes away all rules and policies that are reported; gives their number, and checks that nothing changes.
fn check(name: &str, texts: &[String]) -> usize {
    let streams = frame_all(texts.iter().map(String::as_str));
    let Ok(before) = Snapshot::take(&streams, &Workloads::new(&[]), None) else { return 0 };
    let found = audit(&streams, None, &AuditRequest::default()).unwrap();
    let mut rules: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    let mut policies: BTreeSet<(String, String)> = BTreeSet::new();
    for it in &found.findings {
        let (Some(id), Some(location)) = (&it.finding.object, &it.finding.location) else { continue };
        let key = (it.namespace.clone().unwrap_or_default(), id.name.clone());
        if it.finding.check == RULE_SHADOWED {
            // Of an item of a list, the path begins at the item.
            rules.entry(key).or_default().insert(location.path.to_string());
        } else if it.finding.check == POLICY_DUPLICATE {
            policies.insert(key);
        }
    }
    let mut after = before.clone();
    after.policies.retain(|it| !policies.contains(&(it.policy.namespace.clone(), it.policy.name.clone())));
    for it in &mut after.policies {
        let Some(superfluous) = rules.get(&(it.policy.namespace.clone(), it.policy.name.clone())) else { continue };
        let kept = |field: &str, rules: &Option<Vec<Rule>>| {
            let kept = |(at, rule): (usize, &Rule)| {
                let path = format!("spec.{field}[{at}]");
                (!superfluous.iter().any(|other| other.ends_with(&path))).then(|| rule.clone())
            };
            rules.as_ref().map(|rules| rules.iter().enumerate().filter_map(kept).collect::<Vec<_>>())
        };
        it.policy.egress = kept("egress", &it.policy.egress);
        it.policy.ingress = kept("ingress", &it.policy.ingress);
    }
    let cluster = [];
    for reading in [IpBlockReach::OutsideOnly, IpBlockReach::PodsToo] {
        let changes = compare(&before, &after, reading, &cluster).connections;
        assert!(changes.is_empty(), "{name}: without {rules:?} and {policies:?}: {changes:#?}");
    }
    rules.values().map(BTreeSet::len).sum::<usize>() + policies.len()
}

#[test]
fn what_is_superfluous_can_go() {
    for rule in [RULE_SHADOWED, POLICY_DUPLICATE] {
        let file = super::fixtures().join(rule.0).join("fail.yaml");
        assert!(check(rule.0, &[fs::read_to_string(file).unwrap()]) > 0);
    }
}

fn manifests(folder: &Path, found: &mut Vec<String>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            manifests(&path, found);
        } else if path.extension().is_some_and(|it| it == "yaml" || it == "yml" || it == "json") {
            found.push(fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn what_is_superfluous_in_real_sets_can_go() {
    let Some(data) = data_dir() else { return };
    let (mut sets, mut superfluous) = (0, 0);
    for (folder, below) in [("netpol", "manifests"), ("cyclonus", "")] {
        let mut cases: Vec<PathBuf> =
            fs::read_dir(data.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        cases.sort();
        for case in cases.iter().filter(|case| case.is_dir()) {
            let mut texts = Vec::new();
            manifests(&case.join(below), &mut texts);
            superfluous += check(&case.display().to_string(), &texts);
            sets += 1;
        }
    }
    println!("{superfluous} superfluous rules and policies in {sets} sets");
    assert!(sets > 200 && superfluous >= 2, "{superfluous} in {sets}");
}
