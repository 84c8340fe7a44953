//! Upstream's own fixtures: every pod under `pass` is admitted and every one under `fail` is rejected by the level and
//! policy version of its folder.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a fixture that cannot be read fails the test")]

use std::path::{Path, PathBuf};

use floe::object::{Level, Version};
use floe::pod_security::{Evaluator, Pod, Violation, checks};
use serde_json::Value;

use crate::support::data_dir;

struct Fixture {
    path: PathBuf,
    level: Level,
    version: Version,
    is_allowed: bool,
    pod: Value,
}

impl Fixture {
    fn violations(&self, level: Level) -> Vec<Violation> {
        let pod = Pod::new(&self.pod).unwrap_or_else(|| panic!("{} holds no pod", self.path.display()));
        Evaluator::default().judge(pod, level, self.version)
    }

    /// The check that the file is about, in lower case.
    fn subject(&self) -> &str {
        let stem = self.path.file_stem().and_then(|stem| stem.to_str()).unwrap();
        stem.trim_end_matches(|char: char| char.is_ascii_digit())
    }
}

/// All fixtures, sorted by path; absent, after reporting the skip, where there is no test data.
fn fixtures() -> Option<Vec<Fixture>> {
    let root = data_dir()?.join("pod-security");
    let mut fixtures = Vec::new();
    for level in [Level::Baseline, Level::Restricted] {
        for version_folder in entries(&root.join(level.as_str())) {
            let name = version_folder.file_name().and_then(|name| name.to_str()).unwrap();
            let version = Version::parse(name).unwrap();
            for (folder, is_allowed) in [("pass", true), ("fail", false)] {
                for path in entries(&version_folder.join(folder)) {
                    let text = std::fs::read_to_string(&path).unwrap();
                    let pod = serde_saphyr::from_str(&text).unwrap();
                    fixtures.push(Fixture { path, level, version, is_allowed, pod });
                }
            }
        }
    }
    assert!(fixtures.len() >= 3_949, "only {} fixtures", fixtures.len());
    Some(fixtures)
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// The id under which a check reports at restricted once another one overrides it.
fn reported_as(subject: &str) -> &str {
    match subject {
        "capabilities_baseline" => "capabilities_restricted",
        "hostpathvolumes" => "restrictedvolumes",
        "seccompprofile_baseline" => "seccompprofile_restricted",
        "procmount" => "procmount_restricted",
        other => other,
    }
}

#[test]
fn verdicts_are_upstreams() {
    let Some(fixtures) = fixtures() else { return };
    for fixture in &fixtures {
        let violations = fixture.violations(fixture.level);
        assert_eq!(violations.is_empty(), fixture.is_allowed, "{} {violations:#?}", fixture.path.display());
    }
}

#[test]
fn each_rejected_pod_violates_the_check_it_was_made_for() {
    let Some(fixtures) = fixtures() else { return };
    for fixture in fixtures.iter().filter(|fixture| !fixture.is_allowed) {
        let subject = fixture.subject();
        assert!(
            checks().iter().any(|check| check.id.0.to_ascii_lowercase() == subject),
            "{} is about no check",
            fixture.path.display()
        );
        let violations = fixture.violations(fixture.level);
        let expected = [subject, reported_as(subject)];
        assert!(
            violations.iter().any(|violation| expected.contains(&violation.check.0.to_ascii_lowercase().as_str())),
            "{} {violations:#?}",
            fixture.path.display()
        );
    }
}

#[test]
fn levels_are_nested() {
    let Some(fixtures) = fixtures() else { return };
    for fixture in &fixtures {
        let shown = fixture.path.display();
        assert!(fixture.violations(Level::Privileged).is_empty(), "{shown}");
        match (fixture.level, fixture.is_allowed) {
            (Level::Restricted, true) => assert!(fixture.violations(Level::Baseline).is_empty(), "{shown}"),
            (Level::Baseline, false) => assert!(!fixture.violations(Level::Restricted).is_empty(), "{shown}"),
            _ => {}
        }
    }
}

#[test]
fn every_violation_points_at_a_field_that_exists() {
    let Some(fixtures) = fixtures() else { return };
    for fixture in &fixtures {
        for violation in fixture.violations(fixture.level) {
            assert!(!violation.paths.is_empty(), "{} {violation:?}", fixture.path.display());
            for path in &violation.paths {
                let found = fixture.pod.pointer(&path.to_pointer());
                assert!(found.is_some(), "{} {path}", fixture.path.display());
            }
        }
    }
}
