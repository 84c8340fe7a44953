//! Inputs on which floe failed once, each with the answer that is right: what gets past, what is lost, what is not said.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::{Ran, data_dir, floe, run_with};

/// A case: its folder, its input, the arguments, the exit code, and parts of standard error.
type Case = (&'static str, &'static str, &'static [&'static str], i32, &'static [&'static str]);

const JOBS: &[&str] = &["-n", "floe-jobs"];
const BY_MANIFEST: &[&str] = &["--config", "manifest.yaml"];

const CASES: &[Case] = &[
    (
        "break-01",
        "input.yaml",
        JOBS,
        1,
        &["restricted:latest", "level-raised", "enforce-version from `v1.0` to `latest`"],
    ),
    ("break-02", "input.yaml", JOBS, 1, &["hostNamespaces", "Pod floe-jobs/hidden"]),
    ("break-03", "input.yaml", JOBS, 1, &["hostNamespaces", "Pod floe-jobs/hidden"]),
    ("break-03", "input-helm.yaml", JOBS, 1, &["hostNamespaces"]),
    ("break-04", "input.yaml", JOBS, 3, &["cannot be read as YAML", "tab"]),
    ("break-04", "workload.yaml", JOBS, 3, &["cannot be read as YAML"]),
    ("break-05", "input.yaml", JOBS, 3, &["U+2028", "only for some readers"]),
    ("break-05", "nel.yaml", JOBS, 3, &["U+0085"]),
    ("break-06", "input.yaml", JOBS, 3, &["separator"]),
    ("break-07", "input.yaml", JOBS, 0, &["foreign-mark"]),
    ("break-08", "base.yaml", JOBS, 0, &["1 object replaced (NetworkPolicy floe-jobs/default-deny)"]),
    ("break-14", "input.yaml", JOBS, 0, &["8 objects added"]),
    ("break-15", "input.yaml", JOBS, 1, &["hostNamespaces"]),
    ("break-19", "input.yaml", JOBS, 1, &["Pod floe-jobs/hidden"]),
    ("break-19", "namespace.yaml", JOBS, 1, &["Pod floe-jobs/hidden"]),
    ("break-19", "ns.yaml", JOBS, 0, &["level-raised", "8 objects added"]),
    ("break-20", "input.yaml", &[], 0, &[]),
    ("filter-01", "input.yaml", BY_MANIFEST, 3, &["the namespace of Pod p is not known"]),
    ("filter-01", "input.yaml", &["--config", "manifest.yaml", "-n", "work"], 1, &["hostNamespaces"]),
    ("filter-02", "input.json", BY_MANIFEST, 0, &["9 objects added"]),
    ("filter-03", "input.yaml", BY_MANIFEST, 1, &["Pod work/p"]),
    ("filter-04", "input.yaml", BY_MANIFEST, 0, &["key-written-twice", "`securityContext`"]),
    ("filter-07", "input.yaml", BY_MANIFEST, 0, &["namespace-not-managed", "nothing of the input is secured"]),
    ("filter-08", "input.yaml", BY_MANIFEST, 0, &["1 of 1 pod hardened"]),
    ("filter-09", "input.yaml", BY_MANIFEST, 0, &["1 of 1 pod hardened"]),
    ("filter-11", "input.yaml", BY_MANIFEST, 0, &["level-raised", "`privileged` to `restricted`"]),
    ("use-01", "input.yaml", &[], 0, &["nothing of the input is secured", "domains: [{name: shop, namespace: shop}]"]),
];

fn folder(case: &str) -> Option<PathBuf> {
    Some(data_dir()?.join("reports").join(case))
}

fn secure(case: &str, input: &str, arguments: &[&str]) -> Option<(String, Ran)> {
    let folder = folder(case)?;
    let text = fs::read_to_string(folder.join(input)).unwrap();
    let ran = run_with(floe().current_dir(&folder).args(arguments), text.as_str());
    Some((text, ran))
}

#[test]
fn what_failed_once_has_its_answer() {
    for &(case, input, arguments, code, parts) in CASES {
        let Some((_, ran)) = secure(case, input, arguments) else { return };
        assert_eq!(ran.code, Some(code), "{case} {input}: {}", ran.stderr);
        for part in parts {
            assert!(ran.stderr.contains(part), "{case} {input}: no `{part}` in\n{}", ran.stderr);
        }
        if code == 0 {
            let folder = folder(case).unwrap();
            let again = run_with(floe().current_dir(&folder).args(arguments), ran.stdout.as_str());
            assert_eq!(
                (again.code, again.stdout == ran.stdout),
                (Some(0), true),
                "{case} {input}: a second run changes it"
            );
        }
    }
}

/// JSON objects back to back stay a stream that kubectl reads as JSON, so that none is lost.
#[test]
fn json_objects_back_to_back_stay_json() {
    let Some((text, ran)) = secure("filter-02", "input.json", BY_MANIFEST) else { return };
    let count = |text: &str| serde_json::Deserializer::from_str(text).into_iter::<Value>().map(Result::unwrap).count();
    assert_eq!(count(&ran.stdout), count(&text) + 9, "{}", ran.stdout);
}

/// Only what floe could have made is taken out, and what people took over is patched.
#[test]
fn what_others_made_stays() {
    let Some((text, ran)) = secure("break-07", "input.yaml", JOBS) else { return };
    let names = |text: &str| text.lines().filter(|line| line.trim_start().starts_with("kind: ")).count();
    assert!(names(&ran.stdout) >= names(&text) + 9, "{}", ran.stdout);
    let Some((_, ran)) = secure("break-16", "input.yaml", JOBS) else { return };
    for kept in ["istio-injection: enabled", "team: data", "owner: data-team"] {
        assert!(ran.stdout.contains(kept), "{kept}: {}", ran.stdout);
    }
    let Some((text, ran)) = secure("break-08", "base.yaml", JOBS) else { return };
    let (before, after) = (text.matches("local-config").count(), ran.stdout.matches("local-config").count());
    assert!(after < before, "floe's own objects are for the cluster: {}", ran.stdout);
}

/// Several objects at the end of a list in flow style go at once.
#[test]
fn objects_at_the_end_of_a_list_in_json_are_taken_out() {
    let object = |name: &str| {
        format!(
            r#"{{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {{"name": "{name}", "namespace": "floe-old-domain", "labels": {{"floe.dev/component": "network-security"}}}}}}"#
        )
    };
    let own: Vec<String> = ["default-deny", "allow-egress", "allow-ingress"].map(object).to_vec();
    for count in 1..=own.len() {
        let mine = r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "shop"}}"#;
        let items = [&[mine.to_owned()], &own[..count]].concat().join(", ");
        let list =
            format!(r#"{{"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": [{items}]}}"#);
        let ran = run_with(floe().args(["--only", "network"]), list.as_str());
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let (items, results) = ran.stdout.split_once("\"results\"").unwrap();
        assert_eq!(results.matches("floe-old-domain\"").count(), count, "{results}");
        assert!(!items.contains("floe-old-domain\""), "{}", ran.stdout);
        assert!(ran.headline().contains(&format!("{count} object")), "{}", ran.stderr);
    }
}

/// A configuration that the user names is the one that counts.
#[test]
fn no_input_brings_its_own_configuration() {
    let Some((_, ran)) = secure("break-15", "input.yaml", &["-n", "floe-jobs", "-c", "missing.yaml"]) else { return };
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
}

/// A kind that floe does not know, and that holds containers, is named.
#[test]
fn unknown_kinds_with_containers_are_named() {
    let Some((_, ran)) = secure("pods-15", "input.yaml", BY_MANIFEST) else { return };
    for part in [
        "unknown-workload",
        "spec.worker.spec.containers",
        "{group: kubernetes.dask.org, kind: DaskCluster, path: spec.worker}",
    ] {
        assert!(ran.stderr.contains(part), "no `{part}` in\n{}", ran.stderr);
    }
}

/// A pod with thousands of containers takes no longer for each of them.
#[test]
fn a_pod_with_thousands_of_containers_takes_linear_time() {
    let pod = |count: usize| {
        let containers: Vec<String> = (0..count).map(|number| format!("  - {{name: c{number}, image: i}}\n")).collect();
        let containers = containers.concat();
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: floe-jobs}}\nspec:\n  containers:\n{containers}"
        )
    };
    let time = |count: usize| {
        let text = pod(count);
        let begun = std::time::Instant::now();
        let ran = run_with(floe().args(["--only", "pods"]), text);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        begun.elapsed()
    };
    // Quadratic would be 64 times as long.
    let (few, many) = (time(1_000), time(8_000));
    assert!(many < few * 32, "{few:?} for 1,000 containers, {many:?} for 8,000");
}
