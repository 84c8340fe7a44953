//! `floe network validate`: the API server's verdict, changes to what the configuration wants, and the command itself.

mod api_server;
mod command;
mod mutations;

use floe::config::Config;
use floe::object::Inventory;
use floe::plan::generate;
use floe::yaml::Tree;
use serde_json::Value;

/// Configurations that together use every kind of rule that floe writes.
const MANIFESTS: [&str; 4] = [
    "domains: [{name: sales}, {name: marketing}]",
    "domains: [{name: sales}]\nsecurity:\n  network_policies:\n    ip_families: [IPv4]\n    kubernetes_api: {cidrs: \
     [172.20.0.1/32], ports: [443]}\n    external_https_cidrs: [203.0.113.0/24, 198.51.100.7/32]\n    \
     ingress_controller_pod_labels: {app: nginx, tier: edge}\n    dns: {node_local_cidrs: [169.254.20.10/32]}",
    "domains: [{name: sales}]\nsecurity:\n  network_policies:\n    jobs_egress_allow:\n    - {name: a, to_cidr: \
     203.0.113.16/28, port: 5432}\n    - {name: b, to_namespace: kafka, port: 9092, end_port: 9094}\n    - {name: c, \
     to_namespace: monitoring, port: 8125, protocol: UDP}\n    services:\n      polaris: {ports: [8181], pod_labels: \
     {app: polaris, tier: catalog}}\n      minio: {ports: [9000, 9001], pod_labels: {app: minio}}",
    "security:\n  network_policies:\n    end_port: false\n    allow_external_https: false\n    \
     platform_egress_allow:\n    - \
     {name: d, to_cidr: 2001:db8::/32, port: 443}\n    domain_egress_allow:\n    - {name: e, to_namespace: x, port: 1, \
     protocol: SCTP}",
];

fn configuration(manifest: &str) -> Config {
    let text = format!("apiVersion: floe.dev/v1\nkind: Manifest\nmetadata: {{name: t}}\n{manifest}\n");
    Config::from_manifest(&Tree::parse(&text).unwrap()).unwrap()
}

/// The policies that a configuration wants, as objects.
fn generated(config: &Config) -> Vec<Value> {
    generate(config, &Inventory::default())
        .unwrap()
        .policies
        .iter()
        .map(floe::network_policy::NetworkPolicy::to_value)
        .collect()
}

/// Objects as a stream; JSON is YAML.
fn stream(objects: &[Value]) -> String {
    let documents: Vec<String> = objects.iter().map(|object| format!("---\n{object}\n")).collect();
    documents.concat()
}
