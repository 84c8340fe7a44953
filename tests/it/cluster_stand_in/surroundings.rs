//! What floe advises and takes for configured has to work in the cluster that it sees.

use serde_json::{Value, json};

use super::manifest;
use super::server::StandIn;

/// A cluster with one node on which its API server answers, and a plugin by the names of its agent.
fn on_a_node(agent: &str, container: &str, image: &str) -> Vec<Value> {
    let labels = json!({"k8s-app": agent});
    vec![
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "one"}, "status": {"addresses": [
            {"type": "Hostname", "address": "one"}, {"type": "InternalIP", "address": "192.0.2.7"}]}}),
        json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "ports": [{"port": 6443}],
            "metadata": {"name": "kubernetes", "namespace": "default", "labels": {"kubernetes.io/service-name": "kubernetes"}},
            "endpoints": [{"addresses": ["192.0.2.7"]}]}),
        json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": agent, "namespace": "kube-system"},
            "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels},
                "spec": {"containers": [{"name": container, "image": image}]}}},
            "status": {"numberReady": 1, "desiredNumberScheduled": 1, "currentNumberScheduled": 1}}),
    ]
}

fn cilium() -> Vec<Value> {
    on_a_node("cilium", "cilium-agent", "quay.io/cilium/cilium:v1.18.2")
}

#[test]
fn an_api_server_on_a_node_of_cilium_is_not_named_by_address() {
    let cluster = StandIn::new(cilium());
    let found = cluster.run(&["network", "generate", "--detect"]);
    assert_eq!(found.code, Some(0), "{}", found.stderr);
    assert!(found.stdout.contains("On Cilium no ipBlock matches a"), "{}", found.stdout);
    assert!(!found.stdout.contains("cidrs: [192.0.2.7"), "{}", found.stdout);
    cluster.write("manifest.yaml", &found.stdout);
    let ran = cluster.run(&["deploy"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(!ran.stderr.contains("no ipBlock matches a node:"), "{}", ran.stderr);

    let named = "  network_policies: {kubernetes_api: {cidrs: [192.0.2.0/24], ports: [6443]}}\n";
    cluster.write("manifest.yaml", &manifest(&[], named));
    let ran = cluster.run(&["deploy"]);
    assert!(ran.stderr.contains("has 192.0.2.0/24, where the node one is, and on Cilium no ipBlock"), "{}", ran.stderr);
    // With the setting by which Cilium matches nodes it is no fault.
    cluster.put(json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"policy-cidr-match-mode": "nodes"},
        "metadata": {"name": "cilium-config", "namespace": "kube-system"}}));
    let ran = cluster.run(&["deploy"]);
    assert!(!ran.stderr.contains("no ipBlock"), "{}", ran.stderr);
    let found = cluster.run(&["network", "generate", "--detect"]);
    assert!(found.stdout.contains("cidrs: [192.0.2.7/32]"), "{}", found.stdout);
}

#[test]
fn elsewhere_the_address_is_named() {
    let cluster = StandIn::new(on_a_node("calico-node", "calico-node", "docker.io/calico/node:v3.30.0"));
    let found = cluster.run(&["network", "generate", "--detect"]);
    assert!(found.stdout.contains("cidrs: [192.0.2.7/32]"), "{}", found.stdout);
    cluster.write("manifest.yaml", &found.stdout);
    let ran = cluster.run(&["deploy"]);
    assert!(!ran.stderr.contains("no ipBlock"), "{}", ran.stderr);
}

const PRODUCT: &str = "apiVersion: floe.dev/v1\nkind: FloeSpec\nmetadata: {name: orders}\ncompute:\n  target: postgres\n  \
                       config: {host: 203.0.113.10, port: 5433}\n";

/// What a product needs is expected by every command that is told of it.
#[test]
fn a_product_is_expected_by_deploy_diff_and_audit() {
    let cluster = StandIn::new(cilium());
    cluster.write("manifest.yaml", &manifest(&["fin"], ""));
    cluster.write("floe.yaml", PRODUCT);
    let with = ["--product", "floe.yaml"];
    let ran = cluster.run(&[&["deploy"], &with[..]].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let egress = cluster.get("/namespaces/j/networkpolicies/allow-egress").to_string();
    assert!(egress.contains("203.0.113.10/32") && egress.contains("5433"), "{egress}");
    let diff = ["network", "diff", "config:", "cluster:"];
    let ran = cluster.run(&[&diff, &with[..]].concat());
    assert_eq!(ran.code, Some(0), "{}\n{}", ran.stdout, ran.stderr);
    assert_eq!(cluster.run(&diff).code, Some(1));
    let ran = cluster.run(&[&["network", "audit"], &with[..]].concat());
    assert!(!ran.stdout.contains("policy-changed"), "{}", ran.stdout);
    assert!(cluster.run(&["network", "audit"]).stdout.contains("policy-changed"));
    let ran = cluster.run(&["network", "diff", "cluster:", "cluster:", "--product", "floe.yaml"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
}

/// A domain that the configuration forgot, in the cluster only.
#[test]
fn a_domain_that_only_the_cluster_has_is_told_by_deploy_and_audit() {
    let mut objects = on_a_node("kube-flannel-ds", "kube-flannel", "ghcr.io/flannel-io/flannel:v0.26.1");
    objects.push(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "floe-sales-domain"}}));
    let cluster = StandIn::new(objects);
    cluster.write("manifest.yaml", &manifest(&[], ""));
    let ran = cluster.run(&["deploy"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains("warning[namespace-not-managed]: floe-sales-domain"), "{}", ran.stderr);
    let ran = cluster.run(&["network", "audit"]);
    assert!(ran.stdout.contains("warning[namespace-not-managed]: floe-sales-domain"), "{}", ran.stdout);
    assert!(ran.stdout.contains("error[policies-unenforced]"), "{}", ran.stdout);
    assert_eq!(ran.code, Some(1));
}
