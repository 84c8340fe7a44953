//! One broken document does not hide the others, and what was taken for granted is said.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::json_schema::faults;
use crate::support::{Ran, project, run};

const PRIVILEGED: &str = "apiVersion: v1
kind: Pod
metadata: {name: bad, namespace: shop}
spec: {containers: [{name: c, image: c, securityContext: {privileged: true}}]}
";

/// A patch of Kustomize, a chart's template, and two documents of which one is broken.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write(
        "a-patch.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      nodeSelector: {disk: ssd}\n",
    );
    write(
        "b-template.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: {{ .Release.Name }}-x}\nspec: [\n",
    );
    write("c-pod.yaml", &format!("kind: Pod\nspec: [unclosed\n---\n{PRIVILEGED}"));
    folder
}

fn with(command: &[&str], folder: &Path, more: &[&str]) -> Ran {
    let path = folder.display().to_string();
    let all: Vec<&str> = command.iter().copied().chain(["-f", &path]).chain(more.iter().copied()).collect();
    run(&all, "")
}

fn json(ran: &Ran, schema: &str) -> Value {
    let value: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    let schema = fs::read(project().join("docs/schema").join(schema)).unwrap();
    assert_eq!(faults(&serde_json::from_slice(&schema).unwrap(), &value), [""; 0]);
    value
}

#[test]
fn pods_of_all_other_documents_are_judged() {
    let folder = folder();
    let check = |more: &[&str]| with(&["pods", "check", "--enforce", "baseline"], folder.path(), more);
    let text = check(&[]);
    assert_eq!(text.code, Some(3), "{}{}", text.stdout, text.stderr);
    for part in [
        "1 of 1 pods rejected",
        "3 objects or documents cannot be read",
        "a-patch.yaml:6:5: spec.template.spec.containers is missing",
        "b-template.yaml:",
        "c-pod.yaml:",
    ] {
        assert!(text.stdout.contains(part), "{part}: {}", text.stdout);
    }
    let value = json(&check(&["-o", "json"]), "pods-check.schema.json");
    let unreadable = value["unreadable"].as_array().unwrap();
    assert_eq!(unreadable.len(), 3, "{value}");
    assert_eq!((&unreadable[0]["line"], &unreadable[0]["column"]), (&Value::from(6), &Value::from(5)));
    assert!(unreadable.iter().all(|it| it["file"].is_string() && it["line"].is_number()), "{value}");
    assert_eq!(value["pods"][0]["allowed"], false);
    let sarif: Value = serde_json::from_str(&check(&["-o", "sarif"]).stdout).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.iter().filter(|it| it["ruleId"] == "input").count(), 3, "{results:?}");
}

#[test]
fn an_audit_judges_all_other_documents() {
    let folder = folder();
    let audit = |more: &[&str]| with(&["network", "audit"], folder.path(), more);
    let text = audit(&[]);
    assert_eq!(text.code, Some(3), "{}{}", text.stdout, text.stderr);
    assert!(text.stdout.contains("namespace shop has no default-deny policy"), "{}", text.stdout);
    let value = json(&audit(&["-o", "json"]), "network-audit.schema.json");
    let found = value["findings"].as_array().unwrap();
    let unreadable: Vec<_> = found.iter().filter(|it| it["check"] == "input").collect();
    assert_eq!(unreadable.len(), 3, "{value}");
    assert!(unreadable.iter().all(|it| it["line"].is_number()), "{value}");
    let sarif: Value = serde_json::from_str(&audit(&["-o", "sarif"]).stdout).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.iter().filter(|it| it["ruleId"] == "input").count(), 3, "{results:?}");
}

#[test]
fn a_policy_that_the_api_would_refuse_is_a_finding_of_an_audit() {
    let policy = |name: &str, spec: &str| {
        format!(
            "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}, namespace: shop}}\nspec: {{podSelector: {{}}, {spec}}}\n"
        )
    };
    for broken in ["policyTypes: [Ingres]", "ingress: [{ports: [{port: 80, protocol: ICMP}]}]"] {
        let input = format!("{PRIVILEGED}{}{}", policy("broken", broken), policy("open", "ingress: [{}]"));
        let ran = run(&["network", "audit", "-f", "-", "-o", "json"], input);
        assert_eq!(ran.code, Some(1), "{broken}: {}", ran.stderr);
        let value = json(&ran, "network-audit.schema.json");
        let found: Vec<&str> =
            value["findings"].as_array().unwrap().iter().filter_map(|it| it["check"].as_str()).collect();
        assert!(
            found.contains(&"policy-unreadable") && found.contains(&"ingress-from-internet"),
            "{broken}: {found:?}"
        );
    }
}

#[test]
fn what_was_taken_for_the_namespace_default_is_said() {
    let input = "apiVersion: v1
kind: Pod
metadata: {name: a}
spec: {containers: [{name: c, image: c}]}
---
apiVersion: v1
kind: Service
metadata: {name: a}
spec: {selector: {app: a}, ports: [{port: 80}]}
";
    let note = |number: &str| format!("{number} without a namespace w");
    let has = |command: &[&str], number: &str, option: &str| {
        let ran = run(command, input);
        let is_said = ran.stderr.contains(&note(number)) && ran.stderr.contains(option);
        assert!(is_said, "{command:?}: {}", ran.stderr);
    };
    has(&["network", "connections"], "2 objects", "(-n says otherwise)");
    has(&["network", "explain", "default/a", "10.0.0.1"], "2 objects", "(-n says otherwise)");
    has(&["network", "audit", "-f", "-"], "2 objects", "(--release-namespace says otherwise)");
    has(&["pods", "check"], "1 pod", "(-n says otherwise)");
    for command in [
        &["network", "connections", "-n", "shop"][..],
        &["network", "audit", "-f", "-", "--release-namespace", "shop"],
        &["pods", "check", "-n", "shop"],
    ] {
        let ran = run(command, input);
        assert!(!ran.stderr.contains("without a namespace"), "{command:?}: {}", ran.stderr);
    }
    // A Namespace is in none, and is not counted.
    let namespace = "{apiVersion: v1, kind: Namespace, metadata: {name: x}}";
    let ran = run(&["network", "connections"], format!("{PRIVILEGED}---\n{namespace}\n"));
    assert!(!ran.stderr.contains("without a namespace"), "{}", ran.stderr);
}

#[test]
fn a_key_that_is_written_twice_in_a_policy_is_a_warning() {
    let validate = |spec: &str| {
        let input = format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p, namespace: shop}}\nspec:\n{spec}"
        );
        run(&["network", "validate", "-f", "-", "-o", "json"], input)
    };
    let lines = |spec: &str| -> Vec<u64> {
        let value = json(&validate(spec), "network-validate.schema.json");
        let found = value["findings"].as_array().unwrap().clone();
        found.iter().filter(|it| it["check"] == "policy-repeated-key").map(|it| it["line"].as_u64().unwrap()).collect()
    };
    assert_eq!(lines("  podSelector:\n    matchLabels:\n    matchLabels:\n      app: a\n"), [6]);
    assert_eq!(
        lines(
            "  podSelector: {}\n  ingress: []\n  policyTypes: [Ingress]\n  ingress:\n  - from: []\n    from: [{podSelector: {}}]\n"
        ),
        [6, 9]
    );
    assert_eq!(lines("  podSelector: {}\n  ingress:\n  - {}\n  - {}\n"), [0_u64; 0]);
    assert_eq!(validate("  podSelector:\n    matchLabels:\n    matchLabels:\n      app: a\n").code, Some(0));
}

/// kubectl and Helm leave the first separator to the parser, for which a mark behind it is a part of the key: a Deployment
/// to them, and an empty list to whoever takes the mark away.
#[test]
fn a_byte_order_mark_behind_the_first_separator_is_refused() {
    let deployment = "items: []\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, namespace: floe-jobs}\nspec: \
                      {template: {spec: {hostNetwork: true, containers: [{name: c, image: c}]}}}\n";
    let ran = run(&[], format!("---\n\u{feff}{deployment}"));
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""), "{}", ran.stderr);
    assert!(ran.stderr.contains("BOM"), "{}", ran.stderr);
    let behind =
        run(&[], format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: m}}\n---\n\u{feff}{}", &deployment[10..]));
    assert!(behind.stderr.contains("rejected"), "two files in one: {}", behind.stderr);
}
