//! `floe pods check` and `floe explain`, from outside.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::json_schema::faults;
use crate::support::{data_dir, floe, project};

/// A pod that violates four checks of restricted and none of baseline.
const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n  containers:\n  - name: a\n";

/// Exit code, standard output and standard error.
fn run(arguments: &[&str], input: &str) -> (i32, String, String) {
    let output = floe().args(arguments).write_stdin(input).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Runs `floe pods check -o json`, and validates what it prints.
fn check(arguments: &[&str], input: &str) -> (i32, Vec<Value>) {
    let all: Vec<&str> = ["pods", "check", "-o", "json"].into_iter().chain(arguments.iter().copied()).collect();
    let (code, stdout, stderr) = run(&all, input);
    let value: Value = serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}\n{stdout}\n{stderr}"));
    let schema = std::fs::read(project().join("docs/schema/pods-check.schema.json")).unwrap();
    let schema: Value = serde_json::from_slice(&schema).unwrap();
    assert_eq!(faults(&schema, &value), [""; 0]);
    let pods = value["pods"].as_array().unwrap().clone();
    for pod in &pods {
        assert_eq!(pod["allowed"] == true, pod.get("message").is_none(), "{pod:#}");
        assert_eq!(pod["allowed"] == true, pod["findings"].as_array().unwrap().is_empty(), "{pod:#}");
    }
    assert_eq!(code, i32::from(pods.iter().any(|pod| pod["allowed"] == false)));
    (code, pods)
}

#[test]
fn json_is_the_documented_contract() {
    let (code, pods) = check(&["--enforce", "restricted:v1.34", "--namespace", "x"], POD);
    assert_eq!(code, 1);
    let message = "PodSecurity \"restricted:v1.34\": allowPrivilegeEscalation != false (container \"a\" must set \
                   securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container \"a\" must \
                   set \
                   securityContext.capabilities.drop=[\"ALL\"]), runAsNonRoot != true (pod or container \"a\" must set \
                   securityContext.runAsNonRoot=true), seccompProfile (pod or container \"a\" must set \
                   securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")";
    let finding = |check: &str| {
        serde_json::json!({
            "check": check, "container": "a", "field": "spec.containers[0]", "line": 7, "column": 5,
            "fix": "filled by floe",
        })
    };
    let expected = serde_json::json!({
        "document": 0, "apiVersion": "v1", "kind": "Pod", "namespace": "x", "name": "p",
        "enforce": "restricted:v1.34", "allowed": false, "message": format!("violates {message}"),
        "audit": {"policy": "privileged:latest", "allowed": true},
        "warn": {"policy": "restricted:v1.34", "allowed": false, "message": format!("would violate {message}")},
        "findings": [
            finding("allowPrivilegeEscalation"), finding("capabilities_restricted"), finding("runAsNonRoot"),
            finding("seccompProfile_restricted"),
        ],
    });
    assert_eq!(pods, [expected]);
}

#[test]
fn exit_codes_tell_what_happened() {
    assert_eq!(run(&["pods", "check", "--enforce", "baseline"], POD).0, 0);
    assert_eq!(run(&["pods", "check", "--enforce", "restricted"], POD).0, 1);
    for wrong in [
        &["--enforce", "strict"][..],
        &["--enforce", "restricted:1.29"],
        &["--cluster-version", "34"],
        &["-o", "yaml"],
        &["--config", "/nonexistent/manifest.yaml"],
    ] {
        let arguments: Vec<&str> = ["pods", "check"].into_iter().chain(wrong.iter().copied()).collect();
        assert_eq!(run(&arguments, POD).0, 2, "{wrong:?}");
    }
    let (code, stdout, _) = run(&["pods", "check", "--enforce", "restricted"], "kind: Deployment\nspec: [\n");
    assert_eq!(code, 3);
    assert!(stdout.contains("not judged: <stdin>:2:7: this document cannot be read as YAML"), "{stdout}");
    assert_eq!(run(&["pods", "check"], " \n").0, 3);
    assert_eq!(run(&["pods", "check", "-f", "/nonexistent.yaml"], "").0, 3);
    assert_eq!(run(&["pods"], "").0, 2);
}

/// The filter has the same duty: a workload that is no YAML is the input's fault, not floe's.
#[test]
fn the_filter_blames_the_input_for_a_broken_workload() {
    let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: x\nspec: [\nstatus: {}\n";
    let (code, stdout, stderr) = run(&["--namespace", "floe-jobs"], text);
    assert_eq!((code, stdout.as_str()), (3, ""), "{stderr}");
}

#[test]
fn an_unknown_level_is_said_and_an_unknown_namespace_is_no_error() {
    let (code, _, stderr) = run(&["pods", "check"], POD);
    assert_eq!(code, 0);
    assert!(stderr.contains("1 of 1 pods, so everything is allowed there"), "{stderr}");
    let (code, stdout, stderr) = run(&["pods", "check", "--enforce", "restricted"], POD);
    let note = "floe: note: 1 pod without a namespace was taken for `default` (-n says otherwise)\n";
    assert_eq!((code, stderr.as_str()), (1, note));
    assert!(
        stdout.starts_with("floe: 1 of 1 pods rejected; fields at fault: 4 filled by floe, 0 to change in the chart")
    );
}

#[test]
fn the_level_is_found_in_order() {
    let dir = TempDir::new().unwrap();
    let manifest = dir.path().join("manifest.yaml");
    let text = "apiVersion: floe.dev/v1\nkind: Manifest\nsecurity:\n  release_namespace: floe-sales-domain\n\
                domains: [{name: sales, namespace: floe-sales-domain}]\n";
    std::fs::write(&manifest, text).unwrap();
    let config = ["--config", manifest.to_str().unwrap()];
    let seen = |arguments: &[&str], input: &str| {
        let (_, pods) = check(&[&config[..], arguments].concat(), input);
        format!("{} {}", pods[0]["namespace"].as_str().unwrap(), pods[0]["enforce"].as_str().unwrap())
    };
    let labelled = |name: &str, level: &str| {
        format!(
            "{POD}---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n  labels:\n    \
             pod-security.kubernetes.io/enforce: {level}\n"
        )
    };
    assert_eq!(seen(&[], POD), "floe-sales-domain restricted:latest");
    assert_eq!(seen(&["--namespace", "floe-platform"], POD), "floe-platform baseline:latest");
    assert_eq!(seen(&[], &labelled("floe-sales-domain", "baseline")), "floe-sales-domain baseline:latest");
    assert_eq!(seen(&[], &labelled("other", "baseline")), "floe-sales-domain restricted:latest");
    let arguments = ["--enforce", "privileged:v1.30"];
    assert_eq!(seen(&arguments, &labelled("floe-sales-domain", "baseline")), "floe-sales-domain privileged:v1.30");

    let mut command = floe();
    let command = command.args(["pods", "check", "-o", "json"]).env("FLOE_NAMESPACE", "a").write_stdin(POD);
    let namespace = |output: Vec<u8>| serde_json::from_slice::<Value>(&output).unwrap()["pods"][0]["namespace"].clone();
    assert_eq!(namespace(command.output().unwrap().stdout), "a");
    assert_eq!(namespace(command.env("ARGOCD_APP_NAMESPACE", "b").output().unwrap().stdout), "a");
    assert_eq!(namespace(command.env_remove("FLOE_NAMESPACE").output().unwrap().stdout), "b");
    // The environment of the filter is no mistake on the command line.
    assert!(command.env("FLOE_CONFIG", &manifest).output().unwrap().status.success());
}

#[test]
fn reads_whatever_the_filter_reads() {
    let pod: Value = serde_json::json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "a"}]}});
    let list =
        |api: &str, kind: &str| serde_json::json!({"apiVersion": api, "kind": kind, "items": [pod, pod]}).to_string();
    for (input, documents) in [
        (format!("{POD}---\n# nothing\n---\n{POD}"), vec![0, 2]),
        (pod.to_string(), vec![0]),
        (list("v1", "List"), vec![0, 0]),
        (list("v1", "PodList"), vec![0, 0]),
        (list("config.kubernetes.io/v1", "ResourceList"), vec![0, 1]),
        (POD.replace('\n', "\r\n"), vec![0]),
        (format!("\u{feff}{POD}"), vec![0]),
        ("kind: ConfigMap\napiVersion: v1\n".to_owned(), vec![]),
    ] {
        let (_, pods) = check(&["--enforce", "restricted"], &input);
        assert_eq!(pods.iter().map(|pod| pod["document"].as_i64().unwrap()).collect::<Vec<_>>(), documents, "{input}");
        for pod in &pods {
            assert_eq!(pod["findings"].as_array().unwrap().len(), 4);
        }
    }
}

#[test]
fn reads_files_folders_and_standard_input_in_order() {
    let dir = TempDir::new().unwrap();
    std::fs::create_dir_all(dir.path().join("b/c")).unwrap();
    let named = |name: &str| POD.replace("name: p", &format!("name: {name}"));
    let json = serde_json::json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "third"},
        "spec": {"containers": [{"name": "a"}]}});
    for (file, text) in [
        ("a.yaml", named("first")),
        ("b/c/x.yml", named("second")),
        ("b/d.json", json.to_string()),
        ("b/notes.txt", named("never")),
        ("e.yaml", named("fourth")),
    ] {
        std::fs::write(dir.path().join(file), text).unwrap();
    }
    std::os::unix::fs::symlink(dir.path(), dir.path().join("b/loop")).unwrap();
    let folder = dir.path().to_str().unwrap();
    let last = dir.path().join("e.yaml");
    let arguments = ["--enforce", "restricted", "-f", folder, "-f", "-", "-f", last.to_str().unwrap()];
    let (_, pods) = check(&arguments, &named("stdin"));
    let found: Vec<&str> = pods.iter().map(|pod| pod["name"].as_str().unwrap()).collect();
    assert_eq!(found, ["first", "second", "third", "fourth", "stdin", "fourth"]);
    assert!(pods[1]["file"].as_str().unwrap().ends_with("b/c/x.yml"));
    assert!(pods[4].get("file").is_none());
    let empty = TempDir::new().unwrap();
    assert_eq!(run(&["pods", "check", "-f", empty.path().to_str().unwrap()], "").0, 3);
}

#[test]
fn sarif_is_a_log_with_rules_and_regions() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("a pod.yaml");
    std::fs::write(&file, POD).unwrap();
    let arguments = ["pods", "check", "-o", "sarif", "--enforce", "restricted", "-f", file.to_str().unwrap()];
    let (code, stdout, _) = run(&arguments, "");
    assert_eq!(code, 1);
    let log: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let ids: BTreeSet<&str> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert_eq!((rules.len(), ids.len()), (22, 22));
    for rule in rules {
        assert!(rule["help"]["text"].as_str().unwrap().contains("## How to fix"), "{rule:#}");
        assert!(!rule["shortDescription"]["text"].as_str().unwrap().is_empty());
    }
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 4);
    for result in results {
        assert_eq!(result["level"], "error");
        assert_eq!(rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()]["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().unwrap();
        assert!(uri.starts_with("file:///") && uri.ends_with("/a%20pod.yaml"), "{uri}");
        let region = &place["region"];
        assert_eq!((region["startLine"].as_u64(), region["startColumn"].as_u64()), (Some(7), Some(5)));
        assert!(region["endLine"].as_u64() >= region["startLine"].as_u64());
    }
}

fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Verdict by folder, through the command, for the oldest and the newest rules and one set between.
#[test]
fn verdicts_of_upstreams_fixtures() {
    let Some(data) = data_dir() else { return };
    let mut judged = 0;
    for level in ["baseline", "restricted"] {
        for version in ["v1.0", "v1.22", "v1.33"] {
            for (folder, allowed) in [("pass", true), ("fail", false)] {
                let folder = data.join("pod-security").join(level).join(version).join(folder);
                let enforce = format!("{level}:{version}");
                let (_, pods) = check(&["--enforce", &enforce, "-f", folder.to_str().unwrap()], "");
                assert_eq!(pods.len(), yaml_files(&folder).len());
                for pod in &pods {
                    assert_eq!(pod["allowed"], allowed, "{pod:#}");
                }
                judged += pods.len();
            }
        }
    }
    assert!(judged > 300, "{judged}");
}

/// What floe says it fills in, it fills in: the filter's result violates nothing but what needs a change in the chart.
#[test]
fn what_is_said_to_be_filled_in_is_filled_in() {
    let Some(data) = data_dir() else { return };
    let mut cured = 0;
    for file in yaml_files(&data.join("charts")) {
        // Every pod goes to a namespace that floe hardens, so that all of them are comparable.
        let text = std::fs::read_to_string(&file).unwrap();
        let arguments = ["--enforce", "restricted", "--namespace", "floe-jobs"];
        let (_, before) = check(&arguments, &text);
        if before.is_empty() || before.iter().any(|pod| pod["namespace"] != "floe-jobs") {
            continue;
        }
        let (code, after, stderr) = run(&["--namespace", "floe-jobs", "--conflicts", "warn", "--only", "pods"], &text);
        assert_eq!(code, 0, "{} {stderr}", file.display());
        let (_, after) = check(&arguments, &after);
        assert_eq!(before.len(), after.len(), "{}", file.display());
        for (before, after) in before.iter().zip(&after) {
            let needs: Vec<(&Value, &Value)> = before["findings"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|finding| finding["fix"] == "needs a change in the chart")
                .map(|finding| (&finding["check"], &finding["container"]))
                .collect();
            let left = after["findings"].as_array().unwrap();
            assert_eq!(needs.len(), left.len(), "{} {before:#} {after:#}", file.display());
            assert!(left.iter().all(|finding| needs.contains(&(&finding["check"], &finding["container"]))));
            cured += before["findings"].as_array().unwrap().len() - left.len();
        }
    }
    assert!(cured > 20, "{cured}");
}

#[test]
fn explain_prints_pages_and_finds_the_nearest() {
    let (code, page, _) = run(&["explain", "runAsNonRoot"], "");
    assert_eq!(code, 0);
    for part in ["# runAsNonRoot\n", "- since 1.35: ", "## How to fix", "`policy/check_runAsNonRoot.go`"] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    assert_eq!(run(&["explain", "runasnonroot"], "").1, page);
    let (code, list, _) = run(&["explain"], "");
    assert_eq!((code, list.lines().count()), (0, 92));
    for line in list.lines() {
        let id = line.split_whitespace().next().unwrap();
        assert_eq!(run(&["explain", id], "").0, 0, "{id}");
    }
    let (code, stdout, stderr) = run(&["explain", "runAsNotRoot"], "");
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert!(stderr.contains("did you mean `runAsNonRoot`?"), "{stderr}");
}

#[test]
fn help_names_every_option() {
    let (code, help, _) = run(&["pods", "check", "--help"], "");
    assert_eq!(code, 0);
    for option in
        ["--file", "--enforce", "--audit", "--warn", "--cluster-version", "--config", "--namespace", "--output"]
    {
        assert!(help.contains(option), "{option}");
    }
    assert!(help.contains("Exit codes:"));
}
