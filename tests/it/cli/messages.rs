//! What floe says on standard error: a first line that tells all, then findings like rustc's, or JSON.

use serde_json::Value;

use super::JOB;
use crate::support::{floe, run, run_with};

/// A job that admission rejects, whatever floe fills in.
fn rejected() -> String {
    JOB.replace("    spec:\n", "    spec:\n      hostNetwork: true\n")
}

#[test]
fn the_first_line_tells_all() {
    let warned = run(&[], JOB);
    assert_eq!(
        warned.headline(),
        "floe: 2 warnings, 4 notes (-v shows them); 1 of 1 pod hardened; 9 objects added",
        "{}",
        warned.stderr
    );
    let verbose = run(&["-v"], JOB);
    assert!(verbose.headline().starts_with("floe: 2 warnings, 4 notes; "), "{}", verbose.stderr);
    assert!(!verbose.headline().contains("-v"), "{}", verbose.stderr);
    let failed = run(&[], rejected());
    assert!(
        failed.headline().starts_with("floe: rejected, because pods violate Pod Security; 1 error, 2 warnings, "),
        "{}",
        failed.stderr
    );
    let again = run(&["-v"], run(&[], JOB).stdout);
    assert!(again.headline().ends_with("; 1 of 1 pod hardened; nothing to change"), "{}", again.stderr);
    let planned = run(&["--dry-run"], JOB);
    assert!(planned.headline().starts_with("floe: dry run: "), "{}", planned.stderr);
    let changed =
        run(&["-v", "--only", "summary"], run(&["--only", "summary"], JOB).stdout.replace("objects: 1", "objects: 7"));
    let summary = "1 object replaced (ConfigMap floe-platform/floe-network-security)";
    assert!(changed.headline().ends_with(summary), "{}", changed.stderr);
}

#[test]
fn a_run_without_findings_is_silent() {
    let ran = run(&["--only", "pods,namespaces"], "kind: ConfigMap\nmetadata: {name: a}\n");
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
}

#[test]
fn findings_show_their_place() {
    let ran = run(&[], rejected());
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
    for part in ["error[hostNamespaces]", "<stdin>:7:", "--> <stdin>:7:", "hostNetwork: true", "^", "= help: "] {
        assert!(ran.stderr.contains(part), "no `{part}` in:\n{}", ran.stderr);
    }
}

/// What the network of floe's own policies does to objects of the chart is shown where they are.
#[test]
fn routes_and_plugins_that_are_not_opened_show_why() {
    let ingress = "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: floe-jobs}
spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}
";
    let directory = tempfile::TempDir::new().unwrap();
    let config = directory.path().join("manifest.yaml");
    std::fs::write(&config, "apiVersion: floe.dev/v1\nkind: Manifest\nplugins: {compute: {type: teapot}}\n").unwrap();
    let ran = run(&["--config", config.to_str().unwrap()], format!("{JOB}---\n{ingress}"));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    for part in
        ["warning[route-not-reachable]", "name: web", "warning[unknown-plugin]", "`teapot`", "(3:27 of the manifest)"]
    {
        assert!(ran.stderr.contains(part), "no `{part}` in:\n{}", ran.stderr);
    }
    let summary = ran.stdout.split("input-digest").nth(1).unwrap();
    assert!(summary.contains("unknown-plugin"), "hosts hide standard error: {summary}");
}

#[test]
fn verbose_names_every_object() {
    let ran = run(&["-v"], JOB);
    assert!(ran.stderr.contains("add Namespace floe-jobs"), "{}", ran.stderr);
    assert!(ran.stderr.contains("note[") || ran.stderr.contains("info["), "{}", ran.stderr);
    assert!(run(&["-vv"], JOB).stderr.len() > ran.stderr.len());
}

#[test]
fn every_line_is_json_if_asked() {
    let broken = JOB.replace("load:1", "[");
    let homeless = super::HOMELESS.to_owned();
    for (input, code) in [(JOB.to_owned(), 0), (rejected(), 1), (broken, 3), (homeless, 3), (String::new(), 3)] {
        for more in [&["--log-format", "json"][..], &["--log-format=json", "-v"], &["--log-format=json", "-vvv"]] {
            let ran = run(more, input.as_str());
            assert_eq!(ran.code, Some(code), "{}", ran.stderr);
            let lines: Vec<Value> = ran
                .stderr
                .lines()
                .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
                .collect();
            assert!(!lines.is_empty());
            assert!(lines.iter().all(|line| line["level"].is_string() && line["message"].is_string()), "{lines:#?}");
            if code == 1 {
                let finding = lines.iter().find(|line| line["check"] == "hostNamespaces").unwrap();
                assert_eq!((&finding["line"], &finding["level"]), (&Value::from(7), &Value::from("ERROR")));
                assert_eq!(finding["path"], "spec.template.spec.hostNetwork");
            }
        }
    }
    let wrong = run(&["--log-format", "json", "--config", "/nowhere"], JOB);
    let line: Value = serde_json::from_str(&wrong.stderr).unwrap();
    assert_eq!(line["level"], "ERROR");
    let nowhere = run(&["man", "--out", "/nowhere/man", "--log-format", "json"], "");
    assert!(serde_json::from_str::<Value>(&nowhere.stderr).is_ok(), "{nowhere:?}");
}

#[test]
fn without_a_terminal_there_is_no_colour() {
    let outputs: Vec<String> = [("NO_COLOR", "1"), ("TERM", "xterm-256color"), ("CLICOLOR", "1")]
        .into_iter()
        .map(|(name, value)| run_with(floe().env(name, value).current_dir(std::env::temp_dir()), rejected()).stderr)
        .collect();
    assert!(outputs.iter().all(|output| !output.contains('\u{1b}') && *output == outputs[0]));
    let usage = run_with(floe().env("NO_COLOR", "1").arg("--nonsense"), "");
    assert!(!usage.stderr.contains('\u{1b}'));
}

#[test]
fn a_name_that_no_namespace_can_have_is_wrong_usage_for_every_command() {
    let commands: [&[&str]; 10] = [
        &["-n"],
        &["render", "-n"],
        &["pods", "check", "-n"],
        &["compile", "-n"],
        &["deploy", "-n"],
        &["network", "connections", "-n"],
        &["network", "validate", "-n"],
        &["network", "diff", "a", "b", "-n"],
        &["network", "audit", "-n"],
        &["network", "audit", "--release-namespace"],
    ];
    for command in commands {
        let refused = run(&[command, &["Not_Valid"]].concat(), JOB);
        assert_eq!(refused.code, Some(2), "{command:?}: {}", refused.stderr);
        assert!(
            refused.stderr.contains("a namespace has at most 63 lower-case letters"),
            "{command:?}: {}",
            refused.stderr
        );
    }
}
