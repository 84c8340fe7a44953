//! Configuration that is wrong: exit code 2, the place, and the nearest right word.

use std::fs;

use super::{assert_words, deployment};
use crate::support::{Ran, run};

/// Runs floe with a manifest of this text.
fn configured(manifest: &str) -> Ran {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("floe.yaml");
    fs::write(&file, format!("apiVersion: floe.dev/v1\nkind: Manifest\n{manifest}")).unwrap();
    run(&["--config", file.to_str().unwrap()], deployment(""))
}

fn assert_wrong(manifest: &str, words: &[&str]) {
    let ran = configured(manifest);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{manifest}{ran:?}");
    let (headline, more): (Vec<&str>, Vec<&str>) = words.iter().partition(|word| !word.starts_with('~'));
    assert_words(&ran, &headline);
    for word in more {
        assert!(ran.stderr.contains(&word[1..]), "no `{word}` in:\n{}", ran.stderr);
    }
}

#[test]
fn an_unknown_key_is_named_with_its_place_and_the_nearest_one() {
    assert_wrong("securty: {}\nsecurity:\n  pod_securty: {}\n", &["pod_securty", "floe.yaml:5:3", "~pod_security"]);
    assert_wrong(
        "security:\n  network_policies:\n    defualt_deny: true\n",
        &["defualt_deny", ":5:5", "~default_deny"],
    );
    assert_wrong("security:\n  pod_security: {conflict: warn}\n", &["conflict", ":4:18", "~conflicts"]);
    assert_wrong("security:\n  summary:\n    nam: x\n", &["nam", ":5:5", "~name"]);
    assert_wrong("domains:\n- nme: sales\n", &["nme", ":4:3", "~name"]);
}

#[test]
fn a_wrong_value_is_named_with_its_place() {
    assert_wrong("security: [1]\n", &["mapping", ":3:11"]);
    assert_wrong("security: {pod_security: {jobs_level: strict}}\n", &["strict", ":3:39", "~restricted"]);
    assert_wrong("security: {pod_security: {conflicts: wran}}\n", &["wran", ":3:38", "~warn"]);
    assert_wrong("security: {network_policies: {enabled: \"yes\"}}\n", &["enabled", ":3:40"]);
    assert_wrong("security: {network_policies: {cluster_cidrs: [10.0.0.0/33]}}\n", &["10.0.0.0/33", ":3:47"]);
    assert_wrong("security: {namespaces: {jobs: Floe_Jobs}}\n", &["Floe_Jobs", ":3:31"]);
    assert_wrong("security: {pod_security: {\n", &["YAML", "floe.yaml:"]);
}

#[test]
fn a_contradiction_names_both_sides() {
    assert_wrong(
        "security: {namespaces: {platform: shop, jobs: shop}}\n",
        &["`shop`", ":3:47", "~namespaces.platform"],
    );
    assert_wrong("domains: [{name: sales}, {name: sales}]\n", &["`sales`", "twice", "~domains[0]"]);
    assert_wrong("domains: [{name: sales, namespace: floe-jobs}]\n", &["`floe-jobs`", "jobs"]);
}

#[test]
fn the_command_line_is_checked_like_a_file() {
    for (arguments, words) in [
        (&["--nmespace", "x"][..], &["--nmespace", "--namespace"][..]),
        (&["--only", "pod"], &["pod", "pods"]),
        (&["--conflicts", "ignore"], &["ignore", "fail, warn"]),
        (&["--output", "diff"], &["--dry-run"]),
        (&["rendr"], &["rendr", "render"]),
        (&["--namespace", "Not A Name"], &["Not A Name", "--namespace"]),
    ] {
        let ran = run(arguments, deployment(""));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{arguments:?} {ran:?}");
        for word in words {
            assert!(ran.stderr.contains(word), "{arguments:?}: no `{word}` in:\n{}", ran.stderr);
        }
    }
}
