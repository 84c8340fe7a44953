//! The requirements of policies, on what `floe network generate` writes, judged by `floe network explain`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::objects;
use crate::support::{floe, run, run_with};

const MANIFEST: &str = "\
apiVersion: floe.dev/v1
kind: Manifest
metadata: {name: requirements}
domains: [{name: sales}, {name: finance}]
";

const NAMESPACES: [&str; 4] = ["floe-finance-domain", "floe-jobs", "floe-platform", "floe-sales-domain"];

/// The manifest with more keys below `security.network_policies`.
fn with(keys: &str) -> String {
    format!("{MANIFEST}security: {{network_policies: {{{keys}}}}}\n")
}

/// What `floe network generate` makes of a manifest, as a stream.
fn generate(manifest: &str) -> String {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("manifest.yaml"), manifest).unwrap();
    let ran = run_with(floe().current_dir(folder.path()).args(["network", "generate"]), "");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    ran.stdout
}

/// The policies of a stream by namespace and name.
fn policies(stream: &str) -> BTreeMap<(String, String), Value> {
    objects(stream)
        .into_iter()
        .filter(|it| it["kind"] == "NetworkPolicy")
        .map(|it| {
            let text = |field: &str| it["metadata"][field].as_str().unwrap().to_owned();
            ((text("namespace"), text("name")), it)
        })
        .collect()
}

/// Pods with and without a part in the platform, in namespaces that are managed and not.
fn pods() -> String {
    let places = [
        ("floe-platform", "polaris"),
        ("floe-platform", "dagster"),
        ("floe-jobs", "etl"),
        ("floe-jobs", "backfill"),
        ("floe-sales-domain", "report"),
        ("floe-sales-domain", "cache"),
        ("floe-finance-domain", "ledger"),
        ("ingress-nginx", "controller"),
        ("elsewhere", "stranger"),
    ];
    let mut text = String::new();
    for (namespace, name) in places {
        writeln!(
            text,
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: {namespace}, labels: {{app: \
             {name}}}}}\n\
             spec: {{containers: [{{name: main, image: example}}]}}"
        )
        .unwrap();
    }
    text + "---\napiVersion: v1\nkind: Pod\nmetadata: {name: dns, namespace: kube-system, labels: {k8s-app: \
            kube-dns}}\n\
            spec: {containers: [{name: main, image: example}]}\n"
}

/// Whether the policies of a stream let one end reach a port of another. An end is `namespace/pod` or an address.
fn passes(stream: &str, from: &str, to: &str, port: &str) -> bool {
    let ran = run(&["network", "explain", from, to, port, "-f", "-"], format!("{stream}{}", pods()));
    match ran.code {
        Some(0) => true,
        Some(1) => false,
        _ => panic!("{from} => {to} {port}: {}", ran.stderr),
    }
}

fn assert_passes(stream: &str, from: &str, to: &str, ports: &[&str]) {
    for port in ports {
        assert!(passes(stream, from, to, port), "{from} => {to} {port} is blocked");
    }
}

fn assert_blocked(stream: &str, from: &str, to: &str, ports: &[&str]) {
    for port in ports {
        assert!(!passes(stream, from, to, port), "{from} => {to} {port} passes");
    }
}

/// Valid policies from the configuration alone.
#[test]
fn fr_001_fr_080_policies_are_generated_from_the_configuration() {
    let stream = generate(MANIFEST);
    assert!(policies(&stream).len() >= 12, "{stream}");
    let ran = run(&["network", "validate", "-f", "-"], stream);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn fr_002_fr_010_fr_011_fr_030_fr_040_every_managed_namespace_denies_both_directions_for_every_pod() {
    let found = policies(&generate(MANIFEST));
    for namespace in NAMESPACES {
        let spec = &found[&(namespace.to_owned(), "default-deny".to_owned())]["spec"];
        assert_eq!(*spec, json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}), "{namespace}");
    }
    assert!(policies(&generate(&with("enabled: false"))).is_empty());
}

#[test]
fn fr_004_nothing_but_policies_of_namespaces_is_generated() {
    let stream = generate(MANIFEST);
    for object in objects(&stream) {
        assert_eq!(object["apiVersion"], "networking.k8s.io/v1", "{object}");
        assert!(object["metadata"]["namespace"].is_string(), "{object}");
    }
}

#[test]
fn fr_012_every_managed_namespace_may_ask_dns() {
    let stream = generate(MANIFEST);
    for pod in ["floe-platform/dagster", "floe-jobs/etl", "floe-sales-domain/report"] {
        assert_passes(&stream, pod, "kube-system/dns", &["53/UDP", "53/TCP"]);
        assert_blocked(&stream, pod, "kube-system/dns", &["5353/UDP"]);
    }
}

#[test]
fn fr_013_https_to_the_outside_can_be_narrowed_and_closed() {
    let (open, closed) = (generate(MANIFEST), generate(&with("allow_external_https: false")));
    let narrow = generate(&with("external_https_cidrs: [198.51.100.0/24]"));
    for pod in ["floe-jobs/etl", "floe-sales-domain/report"] {
        assert_passes(&open, pod, "52.1.2.3", &["443"]);
        assert_blocked(&open, pod, "52.1.2.3", &["80"]);
        assert_blocked(&open, pod, "10.0.0.4", &["443"]);
        assert_blocked(&closed, pod, "52.1.2.3", &["443"]);
        assert_passes(&narrow, pod, "198.51.100.7", &["443"]);
        assert_blocked(&narrow, pod, "52.1.2.3", &["443"]);
    }
}

#[test]
fn fr_014_fr_022_the_ingress_controller_reaches_what_serves_users() {
    let stream = generate(MANIFEST);
    for pod in ["floe-platform/dagster", "floe-sales-domain/report"] {
        assert_passes(&stream, "ingress-nginx/controller", pod, &["8080"]);
        assert_blocked(&stream, "elsewhere/stranger", pod, &["8080"]);
    }
    let moved = generate(&with("ingress_controller_namespace: elsewhere"));
    assert_passes(&moved, "elsewhere/stranger", "floe-platform/dagster", &["8080"]);
    assert_blocked(&moved, "ingress-nginx/controller", "floe-platform/dagster", &["8080"]);
}

#[test]
fn fr_020_pods_of_the_platform_reach_each_other() {
    assert_passes(&generate(MANIFEST), "floe-platform/dagster", "floe-platform/polaris", &["5432", "8181", "53/UDP"]);
}

/// The Kubernetes API, by which Dagster also starts jobs (FR-023), DNS and HTTPS.
#[test]
fn fr_021_fr_023_the_platform_reaches_the_kubernetes_api_dns_and_https() {
    let stream = generate(&with("kubernetes_api: {cidrs: [10.9.8.7/32], ports: [443, 6443]}"));
    assert_passes(&stream, "floe-platform/dagster", "10.9.8.7", &["443", "6443"]);
    assert_passes(&stream, "floe-platform/dagster", "52.1.2.3", &["443"]);
    assert_passes(&stream, "floe-platform/dagster", "kube-system/dns", &["53/UDP"]);
    assert_blocked(&stream, "floe-jobs/etl", "10.9.8.7", &["443", "6443"]);
}

#[test]
fn fr_031_jobs_reach_catalog_telemetry_storage_dns_and_https() {
    let stream = generate(MANIFEST);
    assert_passes(&stream, "floe-jobs/etl", "floe-platform/polaris", &["8181", "4317", "4318", "9000"]);
    assert_blocked(&stream, "floe-jobs/etl", "floe-platform/polaris", &["5432", "8182", "8181/UDP"]);
    assert_passes(&stream, "floe-jobs/etl", "kube-system/dns", &["53/UDP"]);
    assert_passes(&stream, "floe-jobs/etl", "52.1.2.3", &["443"]);
}

#[test]
fn fr_032_jobs_do_not_reach_each_other_and_nobody_reaches_them() {
    let stream = generate(MANIFEST);
    for from in ["floe-jobs/backfill", "floe-platform/dagster", "ingress-nginx/controller", "elsewhere/stranger"] {
        assert_blocked(&stream, from, "floe-jobs/etl", &["443", "8080", "53/UDP"]);
    }
}

#[test]
fn fr_033_rules_of_users_add_egress_of_jobs() {
    let stream = generate(&with("jobs_egress_allow: [{name: warehouse, to_cidr: 203.0.113.16/28, port: 5432}]"));
    assert_passes(&stream, "floe-jobs/etl", "203.0.113.20", &["5432"]);
    assert_blocked(&stream, "floe-jobs/etl", "203.0.113.32", &["5432"]);
    assert_blocked(&stream, "floe-sales-domain/report", "203.0.113.20", &["5432"]);
}

#[test]
fn fr_041_fr_042_domains_reach_the_platform_and_themselves_but_no_other_domain() {
    let stream = generate(MANIFEST);
    assert_passes(&stream, "floe-sales-domain/report", "floe-platform/polaris", &["8181", "4317"]);
    assert_passes(&stream, "floe-sales-domain/report", "floe-sales-domain/cache", &["6379"]);
    assert_blocked(&stream, "floe-sales-domain/report", "floe-finance-domain/ledger", &["443", "8181"]);
    assert_blocked(&stream, "floe-finance-domain/ledger", "floe-sales-domain/report", &["443", "8181"]);
}

#[test]
fn fr_043_policies_of_domains_say_which_domain_and_layer() {
    for ((namespace, name), policy) in policies(&generate(MANIFEST)) {
        let labels = &policy["metadata"]["labels"];
        let domain = namespace.strip_prefix("floe-").and_then(|it| it.strip_suffix("-domain"));
        assert_eq!(labels["floe.dev/domain"].as_str(), domain, "{namespace}/{name}");
        if domain.is_some() {
            assert_eq!(labels["floe.dev/layer"], "data", "{namespace}/{name}");
        }
    }
}

#[test]
fn fr_090_every_policy_is_marked_as_managed_by_floe() {
    for ((namespace, name), policy) in policies(&generate(MANIFEST)) {
        assert_eq!(policy["metadata"]["labels"]["app.kubernetes.io/managed-by"], "floe", "{namespace}/{name}");
    }
}
