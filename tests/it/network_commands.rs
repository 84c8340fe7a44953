//! `floe compile`, `floe network generate` and `floe network diff`, as people run them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::json_schema::faults;
use crate::support::{Ran, floe, project, run_with};

const MANIFEST: &str = "examples/platform/manifest.yaml";
const RENDERED: &str = "examples/platform/rendered.yaml";

fn path(name: &str) -> String {
    project().join(name).display().to_string()
}

fn run_in(folder: &Path, arguments: &[&str], input: &str) -> Ran {
    run_with(floe().current_dir(folder).args(arguments), input)
}

/// All files below a folder, by their paths there.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(below) = folders.pop() {
        for entry in fs::read_dir(below).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.insert(name, fs::read_to_string(path).unwrap());
            }
        }
    }
    found
}

fn compile(folder: &Path, more: &[&str]) -> Ran {
    let (manifest, rendered) = (path(MANIFEST), path(RENDERED));
    let mut arguments = vec!["compile", "--config", &manifest, "-f", &rendered];
    arguments.extend(more);
    run_in(folder, &arguments, "")
}

/// FR-070, FR-071, FR-072.
#[test]
fn compile_writes_policies_namespaces_and_hardened_manifests() {
    let folder = TempDir::new().unwrap();
    let ran = compile(folder.path(), &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "{}", ran.stderr);
    let written = files(&folder.path().join("target"));
    let names: Vec<&str> = written.keys().map(String::as_str).collect();
    let expected = [
        "manifests/.floe",
        "manifests/rendered.yaml",
        "namespaces/.floe",
        "namespaces/floe-jobs-namespace.yaml",
        "namespaces/floe-platform-namespace.yaml",
        "namespaces/floe-sales-domain-namespace.yaml",
        "network/.floe",
        "network/NETWORK-POLICY-SUMMARY.md",
        "network/floe-jobs-allow-egress.yaml",
        "network/floe-jobs-allow-ingress.yaml",
        "network/floe-jobs-default-deny.yaml",
        "network/floe-platform-allow-egress.yaml",
        "network/floe-platform-allow-ingress.yaml",
        "network/floe-platform-default-deny.yaml",
        "network/floe-sales-domain-allow-egress.yaml",
        "network/floe-sales-domain-allow-ingress.yaml",
        "network/floe-sales-domain-default-deny.yaml",
    ];
    assert_eq!(names, expected);
    assert!(written["manifests/rendered.yaml"].contains("runAsNonRoot: true"));
    let summary = &written["network/NETWORK-POLICY-SUMMARY.md"];
    for part in ["| floe-jobs | jobs | restricted | 3 |", "| TCP 8181 | catalog |", "```mermaid\n", "external-https"] {
        assert!(summary.contains(part), "{part} is missing in\n{summary}");
    }
}

/// The filter and `compile` make the same policies and Namespaces of the same input.
#[test]
fn compile_says_what_the_filter_says() {
    let folder = TempDir::new().unwrap();
    compile(folder.path(), &["--layout", "namespace"]);
    let written = files(&folder.path().join("target"));
    let filtered = fs::read_to_string(path("examples/platform/expected.yaml")).unwrap();
    let objects = |text: &str| -> BTreeMap<String, Value> {
        let objects = serde_saphyr::from_multiple::<Value>(text).unwrap();
        let made =
            objects.into_iter().filter(|object| matches!(object["kind"].as_str(), Some("NetworkPolicy" | "Namespace")));
        made.map(|object| {
            (
                format!("{} {}", object["kind"], object["metadata"]["name"])
                    + &object["metadata"]["namespace"].to_string(),
                object,
            )
        })
        .collect()
    };
    let texts: Vec<&str> = written
        .iter()
        .filter(|(name, _)| name.ends_with("-netpol.yaml") || name.ends_with("-namespace.yaml"))
        .map(|(_, text)| text.as_str())
        .collect();
    assert_eq!(texts.len(), 6);
    let compiled = objects(&texts.join("\n---\n"));
    let mut expected = objects(&filtered);
    // The filter tells its hosts where each object comes from.
    for object in expected.values_mut() {
        if object["kind"] == "NetworkPolicy" {
            object["metadata"].as_object_mut().unwrap().remove("annotations");
        }
    }
    assert_eq!(compiled, expected);
}

#[test]
fn a_second_run_changes_nothing_and_a_third_removes_only_what_is_floes() {
    let folder = TempDir::new().unwrap();
    let target = folder.path().join("target");
    compile(folder.path(), &[]);
    fs::write(target.join("network/by-hand.yaml"), "kind: NetworkPolicy\nmetadata: {name: by-hand}\n").unwrap();
    fs::create_dir(target.join("network/notes")).unwrap();
    fs::write(target.join("network/notes/why.txt"), "because\n").unwrap();
    fs::write(target.join("manifests/extra.yaml"), "kind: ConfigMap\n").unwrap();
    let before = files(&target);
    assert_eq!(compile(folder.path(), &["--dry-run"]).stdout, "");
    assert_eq!(compile(folder.path(), &[]).code, Some(0));
    assert_eq!(files(&target), before);

    let dry = compile(folder.path(), &["--layout", "namespace", "--dry-run"]).stdout;
    assert!(dry.contains("add target/network/floe-jobs-netpol.yaml\n"), "{dry}");
    assert!(dry.contains("remove target/network/floe-jobs-default-deny.yaml\n"), "{dry}");
    assert!(!dry.contains("by-hand") && !dry.contains("notes"), "{dry}");
    assert_eq!(files(&target), before, "a dry run writes nothing");

    compile(folder.path(), &["--layout", "namespace"]);
    let after = files(&target);
    let network: Vec<&str> = after.keys().map(String::as_str).filter(|name| name.starts_with("network/")).collect();
    assert_eq!(
        network,
        [
            "network/.floe",
            "network/NETWORK-POLICY-SUMMARY.md",
            "network/by-hand.yaml",
            "network/floe-jobs-netpol.yaml",
            "network/floe-platform-netpol.yaml",
            "network/floe-sales-domain-netpol.yaml",
            "network/notes/why.txt",
        ]
    );
    assert_eq!(after["manifests/extra.yaml"], "kind: ConfigMap\n");
    let leftovers: Vec<_> = fs::read_dir(&target).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(leftovers.len(), 3, "{leftovers:?}");
}

#[test]
fn a_file_of_somebody_else_is_not_overwritten() {
    let folder = TempDir::new().unwrap();
    let target = folder.path().join("target");
    for (file, text) in [
        ("network/floe-jobs-default-deny.yaml", "kind: NetworkPolicy\n"),
        (
            "network/floe-jobs-default-deny.yaml",
            "metadata: {labels: {}}\n---\nkind: A\nfloe.dev/component: network-security\n",
        ),
        ("manifests/rendered.yaml", "kind: ConfigMap\n"),
    ] {
        let _ = fs::remove_dir_all(&target);
        let path = target.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        let ran = compile(folder.path(), &[]);
        assert_eq!(ran.code, Some(3), "{}", ran.stderr);
        assert!(ran.stderr.contains(&format!("target/{file} was not written by floe")), "{}", ran.stderr);
        assert_eq!(files(&target).len(), 1, "nothing was written");
    }
}

#[test]
fn a_hardened_manifest_that_was_edited_is_not_overwritten() {
    let folder = TempDir::new().unwrap();
    compile(folder.path(), &[]);
    let file = folder.path().join("target/manifests/rendered.yaml");
    fs::write(&file, fs::read_to_string(&file).unwrap() + "# mine\n").unwrap();
    assert_eq!(compile(folder.path(), &[]).code, Some(3));
    assert!(fs::read_to_string(&file).unwrap().ends_with("# mine\n"));
}

#[test]
fn pods_that_would_be_rejected_leave_nothing_behind() {
    let folder = TempDir::new().unwrap();
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: bad, namespace: floe-jobs}\n\
               spec: {hostNetwork: true, containers: [{name: c, image: i}]}\n";
    let ran = run_in(folder.path(), &["compile", "-f", "-"], pod);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stderr.contains("hostNetwork"), "{}", ran.stderr);
    assert!(files(folder.path()).is_empty());
    let ran = run_in(folder.path(), &["compile", "-f", "-", "--conflicts", "warn"], pod);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(files(folder.path()).contains_key("target/manifests/stdin.yaml"));
}

/// A Namespace in one file has a stricter level: pods of another file are judged by it.
#[test]
fn files_of_one_folder_are_one_input() {
    let folder = TempDir::new().unwrap();
    let manifests = folder.path().join("in");
    fs::create_dir_all(manifests.join("deep")).unwrap();
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: floe-platform, labels: \
                     {pod-security.kubernetes.io/enforce: restricted}}\n";
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: floe-platform}\n\
               spec: {containers: [{name: c, image: i}]}\n";
    fs::write(manifests.join("namespace.yaml"), namespace).unwrap();
    fs::write(manifests.join("deep/pod.yaml"), pod).unwrap();
    let ran = run_in(folder.path(), &["compile", "-f", "in"], "");
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stderr.contains("runAsNonRoot"), "{}", ran.stderr);
    fs::write(manifests.join("namespace.yaml"), namespace.replace("restricted", "baseline")).unwrap();
    let ran = run_in(folder.path(), &["compile", "-f", "in"], "");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let written = files(&folder.path().join("target"));
    assert_eq!(written["manifests/deep/pod.yaml"], pod, "the platform is not hardened by default");
    assert!(written["manifests/namespace.yaml"].contains("pod-security.kubernetes.io/warn"));
    assert!(!written.contains_key("namespaces/floe-platform-namespace.yaml"), "the input has that Namespace");
}

#[test]
fn a_product_adds_what_its_compute_target_needs() {
    let folder = TempDir::new().unwrap();
    fs::write(
        folder.path().join("floe.yaml"),
        "apiVersion: floe.dev/v1\nkind: FloeSpec\nmetadata: {name: orders}\ncompute: redshift\nplugins: {}\n",
    )
    .unwrap();
    let without = run_in(folder.path(), &["network", "generate"], "");
    let with = run_in(folder.path(), &["network", "generate", "--product", "floe.yaml"], "");
    assert_eq!((without.code, with.code), (Some(0), Some(0)), "{}", with.stderr);
    assert!(!without.stdout.contains("5439") && with.stdout.contains("port: 5439"), "{}", with.stdout);
    let broken = run_in(folder.path(), &["network", "generate", "--product", "missing.yaml"], "");
    assert_eq!(broken.code, Some(2), "{}", broken.stderr);
}

#[test]
fn generate_writes_one_stream_that_diff_finds_equal_to_the_configuration() {
    let folder = TempDir::new().unwrap();
    let (manifest, rendered) = (path(MANIFEST), path(RENDERED));
    let generated = run_in(folder.path(), &["network", "generate", "--config", &manifest, "-f", &rendered], "");
    assert_eq!(generated.code, Some(0), "{}", generated.stderr);
    let side = format!("config:{manifest}");
    let all = fs::read_to_string(&rendered).unwrap() + &generated.stdout;
    let equal = run_in(folder.path(), &["network", "diff", &side, "-"], &all);
    assert_eq!((equal.code, equal.stdout.as_str()), (Some(0), ""), "{}", equal.stderr);

    let widened = all.replace("port: 8181", "port: 8182");
    let differs = run_in(folder.path(), &["network", "diff", &side, "-"], &widened);
    assert_eq!(differs.code, Some(1));
    let line =
        "~ floe-jobs/customer-360-backfill[Job] => floe-platform/floe-polaris[Deployment] : TCP 8181 -> TCP 8182\n";
    assert!(differs.stdout.starts_with(line), "{}", differs.stdout);
    assert!(
        differs.stdout.contains("\n--- a/floe-jobs/allow-egress\n+++ b/floe-jobs/allow-egress\n"),
        "{}",
        differs.stdout
    );

    let schema: Value =
        serde_json::from_str(&fs::read_to_string(path("docs/schema/network-diff.schema.json")).unwrap()).unwrap();
    let json = run_in(folder.path(), &["network", "diff", &side, "-", "-o", "json"], &widened);
    let document: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(faults(&schema, &document), [""; 0]);
    assert!(!document["connections"].as_array().unwrap().is_empty());
    assert_eq!(document["policies"][0]["change"], "changed");
    let markdown = run_in(folder.path(), &["network", "diff", &side, "-", "-o", "md"], &widened);
    assert!(markdown.stdout.starts_with("| Change | Source |") && markdown.stdout.contains("```diff\n"));
}

#[test]
fn generate_writes_files_and_their_summary() {
    let folder = TempDir::new().unwrap();
    let ran = run_in(folder.path(), &["network", "generate", "--out", "policies", "--layout", "namespace"], "");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "{}", ran.stderr);
    let names: Vec<String> = files(&folder.path().join("policies")).into_keys().collect();
    assert_eq!(names, [".floe", "NETWORK-POLICY-SUMMARY.md", "floe-jobs-netpol.yaml", "floe-platform-netpol.yaml"]);
}

#[test]
fn diff_explains_wrong_use() {
    let folder = TempDir::new().unwrap();
    for (arguments, code) in [
        (&["network", "diff", "-", "-"][..], 2),
        (&["network", "diff", "config:missing.yaml", "-"], 2),
        (&["network", "diff", "missing/", "config:"], 3),
        (&["network", "diff", "only-one"], 2),
    ] {
        let ran = run_in(folder.path(), arguments, "kind: A\n");
        assert_eq!(ran.code, Some(code), "{arguments:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn an_invalid_policy_stops_diff_with_its_place() {
    let folder = TempDir::new().unwrap();
    let policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\n\
                  spec:\n  ingress:\n  - from:\n    - {}\n";
    let ran = run_in(folder.path(), &["network", "diff", "config:", "-"], policy);
    assert_eq!(ran.code, Some(3));
    assert!(ran.stderr.contains("must specify a peer") && ran.stderr.contains("<stdin>:7:7"), "{}", ran.stderr);
}

/// FR-091.
#[test]
fn the_audit_log_has_one_line_for_each_run() {
    let folder = TempDir::new().unwrap();
    let log = folder.path().join("audit.jsonl");
    let log_path = log.display().to_string();
    let audit = ["--audit-log", &log_path, "--audit-reference", "commit abc"];
    for _ in 0..2 {
        let ran = run_with(
            floe()
                .current_dir(folder.path())
                .env("SOURCE_DATE_EPOCH", "1700000000")
                .args(["network", "generate"])
                .args(audit),
            "",
        );
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    }
    assert_eq!(compile(folder.path(), &audit).code, Some(0));
    let rendered = fs::read_to_string(path(RENDERED)).unwrap();
    let ran = run_with(floe().args(["--config", &path(MANIFEST)]).args(audit), rendered);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);

    let text = fs::read_to_string(&log).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[0], lines[1], "the same run at the same time");
    assert_eq!(lines[0]["time"], "2023-11-14T22:13:20Z");
    assert_eq!(lines[0]["command"], "network generate");
    assert_eq!(lines[0]["reference"], "commit abc");
    assert_eq!(lines[0]["input"], "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    let objects = lines[0]["objects"].as_array().unwrap();
    assert_eq!(objects.len(), 6);
    assert_eq!(objects[0]["reason"], "default-deny");
    assert!(objects[1]["reason"].as_str().unwrap().contains("dns"), "{objects:?}");
    assert_eq!((&lines[2]["command"], &lines[3]["command"]), (&"compile".into(), &"render".into()));
    assert!(lines[3]["objects"].as_array().unwrap().iter().any(|object| object["kind"] == "Namespace"));
    assert_ne!(lines[3]["input"], lines[3]["output"]);
}
