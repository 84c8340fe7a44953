//! Policies of other APIs decide as well: whatever says who may talk to whom names them.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::json_schema::faults;
use crate::support::{Ran, project, run};

/// Two pods, and a policy of each of several APIs.
const INPUT: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: floe-jobs, labels: {app: web}}
spec: {containers: [{name: c, image: web}]}
---
apiVersion: v1
kind: Pod
metadata: {name: far, namespace: elsewhere}
spec: {containers: [{name: c, image: far}]}
";

const OTHERS: &[(&str, bool)] = &[
    ("{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: open, namespace: floe-jobs}}", true),
    ("{apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: {name: open}}", true),
    ("{apiVersion: projectcalico.org/v3, kind: NetworkPolicy, metadata: {name: open, namespace: floe-jobs}}", true),
    ("{apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkPolicy, metadata: {name: open}}", true),
    ("{apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {name: open}}", true),
    (
        "{apiVersion: policy.networking.k8s.io/v1alpha1, kind: BaselineAdminNetworkPolicy, metadata: {name: default}}",
        true,
    ),
    ("{apiVersion: crd.antrea.io/v1beta1, kind: NetworkPolicy, metadata: {name: open, namespace: floe-jobs}}", true),
    ("{apiVersion: k8s.ovn.org/v1, kind: EgressFirewall, metadata: {name: default, namespace: floe-jobs}}", true),
    (
        "{apiVersion: v1, kind: List, items: [{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: open, \
      namespace: floe-jobs}}]}",
        true,
    ),
    ("{apiVersion: example.org/v1, kind: ClusterNetworkPolicy, metadata: {name: open}}", false),
    ("{apiVersion: projectcalico.org/v3, kind: HostEndpoint, metadata: {name: open}}", false),
];

fn of(command: &[&str], input: &str) -> Ran {
    run(command, input)
}

fn json(command: &[&str], schema: &str, input: &str) -> Value {
    let all: Vec<&str> = command.iter().copied().chain(["-o", "json"]).collect();
    let ran = of(&all, input);
    let value: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    let schema = fs::read(project().join("docs/schema").join(schema)).unwrap();
    assert_eq!(faults(&serde_json::from_slice(&schema).unwrap(), &value), [""; 0]);
    value
}

const EXPLAIN: &[&str] = &["network", "explain", "elsewhere/far", "floe-jobs/web", "80"];

#[test]
fn every_command_that_depends_on_them_names_them() {
    for (other, is_named) in OTHERS {
        let input = format!("{INPUT}---\n{other}\n");
        let words = "NetworkPolicies are not all that decides";
        for command in [
            &["network", "audit", "-f", "-"][..],
            &["network", "validate", "-f", "-"],
            EXPLAIN,
            &["network", "connections"],
            &["-n", "floe-jobs"],
        ] {
            let ran = of(command, &input);
            let said = format!("{}{}", ran.stdout, ran.stderr);
            assert_eq!(said.contains(words), *is_named, "{command:?} of {other}: {said}");
        }
        let explained = json(EXPLAIN, "network-explain.schema.json", &input);
        assert_eq!(explained["explanations"][0]["incomplete"] == true, *is_named, "{other}");
        let listed = json(&["network", "connections"], "network-connections.schema.json", &input);
        assert_eq!(listed["incomplete"] == true, *is_named, "{other}");
        for command in ["audit", "validate"] {
            let schema = format!("network-{command}.schema.json");
            let found = json(&["network", command, "-f", "-"], &schema, &input);
            let is_found = found["findings"].as_array().unwrap().iter().any(|it| it["check"] == "other-policies");
            assert_eq!(is_found, *is_named, "{command} of {other}: {found}");
        }
    }
}

#[test]
fn they_matter_only_where_they_touch() {
    let input = format!("{INPUT}---\n{}\n", OTHERS[0].0);
    let ran = of(&["network", "explain", "elsewhere/far", "elsewhere/far", "-f", "-"], &input);
    assert!(!ran.stdout.contains("not all that decides"), "{}", ran.stdout);
    // In a namespace that is not managed it is none of the filter's business.
    let elsewhere = input.replace("name: open, namespace: floe-jobs", "name: open, namespace: elsewhere");
    let ran = of(&["-n", "floe-jobs"], &elsewhere);
    assert!(!ran.stderr.contains("other-policies"), "{}", ran.stderr);
    // Without a namespace it is where the release is.
    let homeless = input.replace("name: open, namespace: floe-jobs", "name: open");
    assert!(of(&["-n", "floe-jobs"], &homeless).stderr.contains("other-policies"));
}

#[test]
fn diff_says_that_it_does_not_compare_them() {
    let folder = TempDir::new().unwrap();
    let (old, new) = (folder.path().join("old.yaml"), folder.path().join("new.yaml"));
    fs::write(&old, INPUT).unwrap();
    fs::write(&new, format!("{INPUT}---\n{}\n", OTHERS[0].0)).unwrap();
    let (old, new) = (old.display().to_string(), new.display().to_string());
    let ran = of(&["network", "diff", &old, &new], "");
    assert!(ran.stderr.contains("CiliumNetworkPolicy floe-jobs/open of cilium.io"), "{}", ran.stderr);
    assert_eq!(json(&["network", "diff", &old, &new], "network-diff.schema.json", "")["incomplete"], true);
    assert!(!of(&["network", "diff", &old, &old], "").stderr.contains("not all"));
}
