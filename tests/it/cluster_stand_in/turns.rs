//! Two deploys of one installation at the same time end as one of the two.

use std::time::Duration;
use std::{fs, thread};

use serde_json::json;

use super::manifest;
use super::server::StandIn;

const LEASE: &str = "/namespaces/p/leases/floe-network-security-deploy";

/// A lease as another run holds it, renewed at a time.
fn held(renewed: &str) -> serde_json::Value {
    json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": "floe-network-security-deploy", "namespace": "p"},
        "spec": {"holderIdentity": "floe-other", "leaseDurationSeconds": 3600, "renewTime": renewed}})
}

#[test]
fn a_deploy_waits_for_another_and_then_says_so() {
    let cluster = StandIn::new([held("2999-01-01T00:00:00.000000Z")]);
    cluster.write("manifest.yaml", &manifest(&["fin"], ""));
    let ran = cluster.run(&["deploy", "--timeout=1s"]);
    assert_eq!(ran.code, Some(4), "{}\n{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("another floe deploy is under way: floe-other"), "{}", ran.stderr);
    assert!(!cluster.has("/networkpolicies/default-deny"), "nothing was applied");
    // Who only looks needs no turn.
    assert_eq!(cluster.run(&["deploy", "--dry-run=server"]).code, Some(0));
}

#[test]
fn a_lease_that_is_over_is_taken_and_given_back() {
    let cluster = StandIn::new([held("2020-01-01T00:00:00.000000Z")]);
    cluster.write("manifest.yaml", &manifest(&[], ""));
    let ran = cluster.run(&["deploy"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(!cluster.has(LEASE), "it is given back");
}

#[test]
fn a_user_without_the_right_is_told_and_goes_on() {
    let cluster = StandIn::forbidding([], |_, path| path.contains("/leases"));
    cluster.write("manifest.yaml", &manifest(&[], ""));
    let ran = cluster.run(&["deploy"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains("no lease can be kept"), "{}", ran.stderr);
}

/// Two configurations that differ in every namespace's rules.
#[test]
fn two_at_once_end_as_one_of_them() {
    for _ in 0..3 {
        let cluster = StandIn::new([]);
        let domains: Vec<String> = (0..12).map(|number| format!("d{number}")).collect();
        let domains: Vec<&str> = domains.iter().map(String::as_str).collect();
        for port in ["4443", "8443"] {
            let rule = format!("[{{name: x, to_cidr: 203.0.113.0/24, port: {port}}}]");
            let more = format!("  network_policies: {{jobs_egress_allow: {rule}, domain_egress_allow: {rule}}}\n");
            cluster.write(&format!("{port}.yaml"), &manifest(&domains, &more));
        }
        thread::scope(|scope| {
            for port in ["4443", "8443"] {
                let cluster = &cluster;
                scope.spawn(move || {
                    let ran = cluster.run(&["deploy", "-c", &format!("{port}.yaml")]);
                    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
                });
                thread::sleep(Duration::from_millis(30));
            }
        });
        let all: Vec<String> = cluster.all().iter().map(ToString::to_string).collect();
        let with = |port: &str| all.iter().filter(|it| it.contains(&format!("\"port\":{port}"))).count();
        let (one, other) = (with("4443"), with("8443"));
        assert!(one.min(other) == 0 && one.max(other) == 13, "a mixture: {one} and {other}");
        assert!(fs::metadata(cluster.folder()).is_ok() && !cluster.has(LEASE));
    }
}
