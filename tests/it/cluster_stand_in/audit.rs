//! `floe network audit` of a cluster of which the user may see a part.

use serde_json::Value;

use super::manifest;
use super::server::StandIn;

/// The user may list Namespaces, and everything in some of them.
fn limited(method: &str, path: &str) -> bool {
    method == "GET"
        && path != "/apis"
        && path.split('/').nth_back(0) != Some("namespaces")
        && !["p", "j", "floe-fin-domain"].iter().any(|name| path.contains(&format!("/namespaces/{name}/")))
}

fn deployed(configuration: &str) -> Vec<Value> {
    let whole = StandIn::new([]);
    whole.write("manifest.yaml", configuration);
    let ran = whole.run(&["deploy"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    whole.all()
}

#[test]
fn what_may_not_be_seen_is_not_missing() {
    let configuration = manifest(&["fin", "sales"], "");
    let part = StandIn::forbidding(deployed(&configuration), limited);
    part.write("c.yaml", &configuration);
    let ran = part.run(&["network", "audit", "-c", "c.yaml"]);
    assert_eq!(ran.code, Some(4), "{}\n{}", ran.stdout, ran.stderr);
    assert!(!ran.stdout.contains("policy-missing") && !ran.stdout.contains("default-deny-missing"), "{}", ran.stdout);
    assert!(ran.stdout.contains("info[policies-not-seen]"), "{}", ran.stdout);
    assert!(ran.stdout.contains("floe-sales-domain"), "{}", ran.stdout);
    assert!(ran.stderr.contains("not seen: networkpolicies in namespace floe-sales-domain"), "{}", ran.stderr);
    // Of one namespace alone it is the same.
    let ran = part.run(&["network", "audit", "-c", "c.yaml", "-n", "floe-sales-domain"]);
    assert_eq!(ran.code, Some(4), "{}\n{}", ran.stdout, ran.stderr);
}

#[test]
fn without_a_configuration_every_namespace_is_looked_into_that_could_be_listed() {
    let configuration = manifest(&["fin", "sales"], "");
    let part = StandIn::forbidding(deployed(&configuration), limited);
    let ran = part.run(&["network", "audit"]);
    assert_eq!(ran.code, Some(4), "{}\n{}", ran.stdout, ran.stderr);
    assert!(!ran.stdout.contains("error["), "{}", ran.stdout);
    assert!(ran.stdout.contains("namespace floe-fin-domain, managed: workloads 0, policies 3"), "{}", ran.stdout);
}

#[test]
fn what_is_missing_where_one_may_look_is_still_missing() {
    let configuration = manifest(&["fin", "sales"], "");
    let mut objects = deployed(&configuration);
    objects.retain(|it| it["metadata"]["name"] != "default-deny" || it["metadata"]["namespace"] != "floe-fin-domain");
    let part = StandIn::forbidding(objects, limited);
    part.write("c.yaml", &configuration);
    let ran = part.run(&["network", "audit", "-c", "c.yaml"]);
    assert_eq!(ran.code, Some(1), "{}\n{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("floe-fin-domain/default-deny"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("floe-sales-domain/default-deny is wanted"), "{}", ran.stdout);
}
