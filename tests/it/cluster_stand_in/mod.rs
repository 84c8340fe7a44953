//! What commands say of a cluster, against a server in memory: it knows no admission, no managers of fields and no
//! RBAC but what a test forbids. What needs a real one is in `cluster_commands`.

mod audit;
mod certificate;
mod prune;
mod server;
mod surroundings;
mod turns;

use serde_json::{Value, json};

/// A pod with one label.
fn pod(namespace: &str, name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {"containers": [{"name": "c", "image": "i"}]}})
}

/// A configuration with some domains.
fn manifest(domains: &[&str], more: &str) -> String {
    let domains: Vec<String> = domains.iter().map(|name| format!("{{name: {name}}}")).collect();
    format!(
        "apiVersion: floe.dev/v1\nkind: Manifest\ndomains: [{}]\nsecurity:\n  namespaces: {{platform: p, jobs: j}}\n{more}",
        domains.join(", ")
    )
}
