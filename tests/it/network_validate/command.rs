//! The command: what it prints, and how it ends.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use super::{MANIFESTS, configuration, generated, stream};
use crate::json_schema::faults;
use crate::support::{Ran, floe, project, run, run_with};

const BROKEN: &str = "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
  namespace: shop
spec:
  podSelector: {}
  ingress:
  - form:
    - podSelector: {}
    ports:
    - port: 80
      endPort: 79
";

fn json(ran: &Ran) -> Value {
    let value: Value = serde_json::from_str(&ran.stdout).unwrap();
    let schema = fs::read(project().join("docs/schema/network-validate.schema.json")).unwrap();
    assert_eq!(faults(&serde_json::from_slice(&schema).unwrap(), &value), [""; 0]);
    value
}

fn checks(value: &Value) -> Vec<&str> {
    value["findings"].as_array().unwrap().iter().map(|finding| finding["check"].as_str().unwrap()).collect()
}

#[test]
fn says_what_the_server_would_say_and_where() {
    let ran = run(&["network", "validate", "-f", "-", "--cni", "calico"], BROKEN);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    insta::assert_snapshot!(ran.stdout);
    let ran = run(&["network", "validate", "-f", "-", "--cni", "calico", "-o", "json"], BROKEN);
    let value = json(&ran);
    assert_eq!((checks(&value), &value["invalid"]), (vec!["policy-unknown-field", "policy-invalid"], &Value::from(1)));
    assert_eq!((&value["findings"][0]["line"], &value["findings"][1]["line"]), (&Value::from(9), &Value::from(13)));
    let ran = run(&["network", "validate", "-f", "-", "-o", "sarif"], BROKEN);
    let log: Value = serde_json::from_str(&ran.stdout).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    assert!(results.len() >= 2);
    let level = |id: &str| &rules.iter().find(|rule| rule["id"] == id).unwrap()["defaultConfiguration"]["level"];
    assert_eq!(["policy-invalid", "policy-widens", "policy-not-judged"].map(level), ["error", "warning", "note"]);
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "stdin");
    }
}

#[test]
fn warnings_fail_only_if_they_are_to() {
    let two = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a, namespace: b}\n\
               spec: {podSelector: {}, egress: [{}]}\n";
    for (arguments, code) in [
        (&["-f", "-"][..], 0),
        (&["-f", "-", "--fail-on", "warning"], 1),
        (&["-f", "-", "--cni", "k3s"], 1),
        (&["-f", "-", "--cni", "calico", "--fail-on", "warning"], 0),
        (&["-f", "-", "--cni", "flannel"], 0),
        (&["-f", "-", "--cni", "kube-ruter"], 2),
    ] {
        let ran = run(&[&["network", "validate"], arguments].concat(), two);
        assert_eq!(ran.code, Some(code), "{arguments:?}\n{}{}", ran.stdout, ran.stderr);
        if code == 2 {
            assert!(ran.stderr.contains("did you mean `kube-router`?"), "{}", ran.stderr);
        }
        if arguments.contains(&"flannel") {
            assert!(ran.stdout.contains("Flannel does not enforce policies"), "{}", ran.stdout);
        }
    }
    assert_eq!(run(&["network", "validate", "-f", "-"], "").code, Some(3));
    assert_eq!(run(&["network", "validate", "-f", "-"], "a: [").code, Some(3));
    let defaults = run(&["network", "generate"], "").stdout;
    assert_eq!(run(&["network", "validate"], defaults).code, Some(0), "what the defaults generate is valid");
}

#[test]
fn policies_have_to_be_those_of_the_configuration() {
    let folder = TempDir::new().unwrap();
    let manifest = format!("apiVersion: floe.dev/v1\nkind: Manifest\nmetadata: {{name: t}}\n{}\n", MANIFESTS[0]);
    fs::write(folder.path().join("manifest.yaml"), manifest).unwrap();
    let validate = |objects: &[Value], arguments: &[&str]| {
        let arguments = [&["network", "validate", "-f", "-", "-o", "json"], arguments].concat();
        run_with(floe().current_dir(folder.path()).args(arguments), stream(objects))
    };
    let policies = generated(&configuration(MANIFESTS[0]));
    let clean = validate(&policies, &[]);
    assert_eq!(clean.code, Some(0), "{}", clean.stdout);
    assert_eq!(json(&clean)["wanted"], policies.len());

    let mut changed = policies.clone();
    changed.remove(0);
    let egress = changed.iter().position(|it| it["spec"]["egress"].is_array()).unwrap();
    changed[egress]["spec"]["egress"] = serde_json::json!([{}]);
    let mut extra = policies[0].clone();
    extra["metadata"]["name"] = "left-over".into();
    changed.push(extra);
    changed.push(serde_json::json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "mine", "namespace": "floe-jobs"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]},
    }));
    let ran = validate(&changed, &[]);
    assert_eq!(ran.code, Some(1));
    let value = json(&ran);
    for check in ["policy-missing", "policy-changed", "policy-extra", "policy-widens"] {
        assert_eq!(checks(&value).iter().filter(|it| **it == check).count(), 1, "{check}: {value:#}");
    }
    // In a folder without a configuration there is nothing to compare with.
    let ran = run(&["network", "validate", "-f", "-", "-o", "json"], stream(&changed));
    assert!(json(&ran).get("wanted").is_none() && ran.code == Some(0), "{}", ran.stdout);
}
