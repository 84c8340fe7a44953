//! The run log (`--audit-log`): a run that cannot be logged has no effect, and each run has a line of its own.

use std::fs;
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{floe, floe_path, run, run_with};

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\n\
                   spec: {containers: [{name: web, image: web}]}\n";

#[test]
fn what_cannot_be_logged_is_not_done() {
    let folder = TempDir::new().unwrap();
    let log = folder.path().join("missing/audit.jsonl").display().to_string();
    let out = folder.path().join("out").display().to_string();
    for arguments in [
        &["--audit-log", &log][..],
        &["network", "generate", "--audit-log", &log],
        &["network", "generate", "--out", &out, "--audit-log", &log],
        &["compile", "-f", "-", "--out", &out, "--audit-log", &log],
    ] {
        let ran = run(arguments, POD);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("missing/audit.jsonl"), "{}", ran.stderr);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{arguments:?}");
    }
}

/// A host that sends a list gets it back, with the reason.
#[test]
fn a_list_that_cannot_be_logged_comes_back() {
    let list = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n\
                - {apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: b}}\n";
    let ran = run(&["--audit-log", "/missing/audit.jsonl"], list);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(ran.stdout.starts_with(list) && ran.stdout.contains("results:"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("NetworkPolicy"), "{}", ran.stdout);
}

#[test]
fn half_a_line_of_an_earlier_run_stays_apart() {
    let folder = TempDir::new().unwrap();
    let log = folder.path().join("audit.jsonl");
    for before in ["{\"time\": \"2026-", "{}\n", ""] {
        fs::write(&log, before).unwrap();
        for _ in 0..2 {
            let ran = run_with(floe().arg("--audit-log").arg(&log), POD);
            assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        }
        let text = fs::read_to_string(&log).unwrap();
        let added = text.strip_prefix(before).unwrap().trim_start_matches('\n');
        let lines: Vec<Value> = added.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert!(!text.contains("\n\n"), "{text}");
    }
}

/// Whoever reads the result has gone, or nobody can write there, or there is no room.
#[test]
fn a_result_that_nobody_gets_is_no_success() {
    let folder = TempDir::new().unwrap();
    let input = folder.path().join("pod.yaml");
    fs::write(&input, POD).unwrap();
    let file = input.display().to_string();
    let full = || fs::File::options().write(true).open("/dev/full").map(Stdio::from).unwrap();
    let unwritable = || fs::File::open("/dev/null").map(Stdio::from).unwrap();
    let closed = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        Stdio::from(writer)
    };
    for arguments in [
        &["-f", &file][..],
        &["-f", &file, "--dry-run"],
        &["pods", "check", "-f", &file],
        &["network", "generate"],
        &["network", "connections", "-o", "json", "-f", &file],
        &["network", "validate", "-f", &file],
        &["explain", "privileged"],
        &["--help"],
        &["--version"],
    ] {
        for stdout in [Some(full()), Some(unwritable()), (!is_for_head(arguments)).then(closed)].into_iter().flatten() {
            let status = std::process::Command::new(floe_path())
                .args(arguments)
                .stdin(Stdio::null())
                .stdout(stdout)
                .stderr(Stdio::null())
                .status();
            assert_eq!(status.unwrap().code(), Some(3), "{arguments:?}");
        }
    }
}

/// Lines for people, of which `head` may take some, are no result that is lost.
fn is_for_head(arguments: &[&str]) -> bool {
    ["connections", "--help", "--version"].iter().any(|it| arguments.contains(it))
}
