//! Manifests, good and bad: what they mean, what is said about them, and where.

mod faults;
mod function_config;
mod hostile;
mod plugins;
mod schema;

use super::*;
use crate::object::{CustomWorkload, Level, Protocol, Version};
use crate::skipped::data_dir;
use crate::text::LineIndex;
use crate::yaml::Tree;

/// Every key of the reference, each with a value other than its default.
const FULL: &str = r#"apiVersion: floe.dev/v1
kind: Manifest
metadata: {name: x}
governance: {anything: [goes, .nan]}
security:
  namespaces: {platform: p, jobs: j}
  release_namespace: r
  network_policies:
    enabled: false
    default_deny: false
    allow_external_https: true
    external_https_cidrs: [198.51.100.0/24]
    cluster_cidrs: [10.0.0.0/8, "fd00::/8"]
    ip_families: [IPv6, IPv4]
    ingress_controller_namespace: traefik
    ingress_controller_pod_labels: {app.kubernetes.io/name: traefik}
    dns: {namespace: openshift-dns, pod_labels: {dns: default}, ports: [5353], node_local_cidrs: [169.254.20.10/32]}
    kubernetes_api: {cidrs: [192.0.2.7/32], ports: [6443]}
    services:
      polaris: {ports: [8182], pod_labels: {app: polaris}}
      otel_collector: {ports: [4317]}
      minio: {pod_labels: {app: minio}}
    jobs_egress_allow:
    - {name: warehouse, to_cidr: 203.0.113.0/24, port: 5432, protocol: TCP}
    - {name: media, to_namespace: media, port: 1000, end_port: 1010, protocol: UDP}
    platform_egress_allow: [{name: all, to_cidr: 0.0.0.0/0, port: 1}]
    domain_egress_allow: [{name: s, to_namespace: s, port: 65535, protocol: SCTP}]
    end_port: false
  pod_security:
    enabled: false
    namespaces: patch
    jobs_level: baseline
    platform_level: privileged
    domain_level: baseline
    floe_sales_domain_level: restricted
    version: v1.33
    run_as_user: 1
    run_as_group: 0
    fs_group: 2147483647
    writable_paths: [/var/cache]
    writable_size_limit: 64Mi
    harden: [platform]
    conflicts: warn
    workloads: [{group: sparkoperator.k8s.io, kind: SparkApplication, path: 'spec.drivers[*].template'}]
  summary: {enabled: false, name: s.x, namespace: ns}
domains: [{name: sales}, {name: hr, namespace: people}]
"#;

fn read(text: &str) -> Result<Config, ConfigError> {
    let tree = Tree::parse(text).unwrap();
    let result = Config::from_manifest(&tree);
    schema::assert_agrees(&tree, result.as_ref());
    result
}

fn manifest(rest: &str) -> String {
    format!("apiVersion: floe.dev/v1\nkind: Manifest\n{rest}")
}

/// An error as people see it: `line:column path: message`, then `help: …` and `line:column …` of the other place.
fn rendered(text: &str, error: &ConfigError) -> String {
    let index = LineIndex::new(text);
    let mut lines = format!("{} {}: {}", index.line_column(error.span.start), error.path, error.message);
    if let Some(help) = &error.help {
        lines = format!("{lines}\nhelp: {help}");
    }
    if let Some(related) = &error.related {
        lines = format!("{lines}\n{} {}", index.line_column(related.span.start), related.message);
    }
    lines
}

#[test]
fn defaults() {
    for rest in ["", "security:\n", "security: {}\ndomains: []\n", "security: {network_policies: , pod_security: ~}\n"]
    {
        assert_eq!(read(&manifest(rest)).unwrap(), Config::default(), "{rest}");
    }
    let config = Config::default();
    let namespaces: Vec<_> = config.namespaces.iter().map(|it| (it.name.as_str(), it.role.clone(), it.level)).collect();
    assert_eq!(
        namespaces,
        [("floe-platform", Role::Platform, Level::Baseline), ("floe-jobs", Role::Jobs, Level::Restricted)]
    );
    assert_eq!(config.release_namespace, None);

    let network = &config.network;
    assert!(network.enabled && network.default_deny && network.allow_external_https && network.end_port);
    assert!(network.external_https_cidrs.is_empty());
    let cluster: Vec<String> = network.cluster_cidrs.iter().map(ToString::to_string).collect();
    assert_eq!(cluster, ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"]);
    assert_eq!(network.ip_families, [IpFamily::V4, IpFamily::V6]);
    assert_eq!(network.ingress_controller_namespace, "ingress-nginx");
    assert!(network.ingress_controller_pod_labels.is_empty());
    assert_eq!((network.dns.namespace.as_str(), network.dns.ports.as_slice()), ("kube-system", [53].as_slice()));
    assert_eq!(network.dns.pod_labels.iter().collect::<Vec<_>>(), [(&"k8s-app".into(), &"kube-dns".into())]);
    assert!(network.dns.node_local_cidrs.is_empty() && network.kubernetes_api.cidrs.is_empty());
    assert_eq!(network.kubernetes_api.ports, [443, 6443]);
    let services: Vec<(&str, &[u16])> = network.services.iter().map(|it| (&*it.name, &*it.ports)).collect();
    let expected: [(&str, &[u16]); 3] = [("polaris", &[8181]), ("otel_collector", &[4317, 4318]), ("minio", &[9000])];
    assert_eq!(services, expected);
    assert!(network.services.iter().all(|it| it.pod_labels.is_empty()));
    assert!(network.jobs_egress_allow.is_empty() && network.platform_egress_allow.is_empty());
    assert!(network.domain_egress_allow.is_empty());

    let pods = &config.pod_security;
    assert!(pods.enabled && pods.namespaces == NamespaceMode::Append && pods.conflicts == Conflicts::Fail);
    assert_eq!(pods.version, Version::Latest);
    assert_eq!((pods.run_as_user, pods.run_as_group, pods.fs_group), (1000, 1000, 1000));
    assert_eq!(pods.writable_paths, ["/tmp", "/home/floe"]);
    assert_eq!(pods.writable_size_limit, None);
    assert_eq!(pods.harden, [RoleKind::Jobs, RoleKind::Domain]);
    assert!(pods.workloads.is_empty());

    assert!(config.summary.enabled);
    assert_eq!((&*config.summary.name, &*config.summary.namespace), ("floe-network-security", "floe-platform"));
}

#[test]
fn every_key_has_its_effect() {
    let config = read(FULL).unwrap();
    let namespaces: Vec<_> = config.namespaces.iter().map(|it| (it.name.as_str(), it.role.clone(), it.level)).collect();
    assert_eq!(
        namespaces,
        [
            ("p", Role::Platform, Level::Privileged),
            ("j", Role::Jobs, Level::Baseline),
            ("floe-sales-domain", Role::Domain("sales".into()), Level::Restricted),
            ("people", Role::Domain("hr".into()), Level::Baseline),
        ]
    );
    assert_eq!(config.release_namespace.as_deref(), Some("r"));
    let strings = |list: &[ipnet::IpNet]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    let labels = |key: &str, value: &str| [(key.to_owned(), value.to_owned())].into();
    let network = &config.network;
    assert!(!network.enabled && !network.default_deny && network.allow_external_https && !network.end_port);
    assert_eq!(strings(&network.external_https_cidrs), ["198.51.100.0/24"]);
    assert_eq!(strings(&network.cluster_cidrs), ["10.0.0.0/8", "fd00::/8"]);
    assert_eq!(network.ip_families, [IpFamily::V6, IpFamily::V4]);
    assert_eq!(network.ingress_controller_namespace, "traefik");
    assert_eq!(network.ingress_controller_pod_labels, labels("app.kubernetes.io/name", "traefik"));
    assert_eq!((&*network.dns.namespace, &*network.dns.ports), ("openshift-dns", &[5353][..]));
    assert_eq!(network.dns.pod_labels, labels("dns", "default"));
    assert_eq!(strings(&network.dns.node_local_cidrs), ["169.254.20.10/32"]);
    assert_eq!(
        (strings(&network.kubernetes_api.cidrs), &*network.kubernetes_api.ports),
        (vec!["192.0.2.7/32".into()], &[6443][..])
    );
    let services: Vec<(&[u16], bool)> =
        network.services.iter().map(|it| (&*it.ports, it.pod_labels.contains_key("app"))).collect();
    assert_eq!(services, [(&[8182][..], true), (&[4317][..], false), (&[9000][..], true)]);
    let jobs = &network.jobs_egress_allow;
    assert_eq!(
        jobs[0],
        EgressRule {
            name: "warehouse".into(),
            to: EgressTarget::Cidr("203.0.113.0/24".parse().unwrap()),
            port: 5432,
            end_port: 5432,
            protocol: Protocol::Tcp,
        }
    );
    assert_eq!((jobs[1].port, jobs[1].end_port, jobs[1].protocol), (1000, 1010, Protocol::Udp));
    assert_eq!(network.platform_egress_allow[0].to, EgressTarget::Cidr("0.0.0.0/0".parse().unwrap()));
    assert_eq!(network.platform_egress_allow[0].protocol, Protocol::Tcp);
    assert_eq!(network.domain_egress_allow[0].to, EgressTarget::Namespace("s".into()));
    assert_eq!(network.domain_egress_allow[0].protocol, Protocol::Sctp);
    let workload = CustomWorkload {
        group: "sparkoperator.k8s.io".into(),
        kind: "SparkApplication".into(),
        path: vec!["spec".into(), "drivers[*]".into(), "template".into()],
    };
    assert_eq!(
        config.pod_security,
        PodSecurityConfig {
            enabled: false,
            namespaces: NamespaceMode::Patch,
            version: Version::Minor(33),
            run_as_user: 1,
            run_as_group: 0,
            fs_group: 2_147_483_647,
            writable_paths: vec!["/var/cache".into()],
            writable_size_limit: Some("64Mi".into()),
            harden: vec![RoleKind::Platform],
            conflicts: Conflicts::Warn,
            workloads: vec![workload],
        }
    );
    assert_eq!(config.summary, SummaryConfig { enabled: false, name: "s.x".into(), namespace: "ns".into() });
}

#[test]
fn json_aliases_and_merges() {
    let json = r#"{"apiVersion": "floe.dev/v1", "kind": "Manifest", "security": {"namespaces": {"jobs": "j"}}}"#;
    assert_eq!(read(json).unwrap().namespaces[1].name, "j");
    let shared = manifest(
        "base: &base {version: v1.30, run_as_user: 7}\nsecurity:\n  pod_security: {<<: *base, run_as_user: 8}\n",
    );
    let pods = read(&shared).unwrap().pod_security;
    assert_eq!((pods.version, pods.run_as_user), (Version::Minor(30), 8));
}

#[test]
fn single_family_drops_the_default_ranges_of_the_other() {
    let config = read(&manifest("security: {network_policies: {ip_families: [IPv6]}}")).unwrap();
    assert_eq!(config.network.cluster_cidrs, ["fc00::/7".parse().unwrap()]);
}

#[test]
fn summary_follows_the_platform() {
    assert_eq!(read(&manifest("security: {namespaces: {platform: p}}")).unwrap().summary.namespace, "p");
}

#[test]
fn root_is_allowed_where_nothing_is_restricted() {
    let config = read(&manifest("security: {pod_security: {run_as_user: 0, jobs_level: baseline}}")).unwrap();
    assert_eq!(config.pod_security.run_as_user, 0);
}

#[test]
fn somebody_elses_documents() {
    let cases = [
        ("", "1:1 : the document is empty"),
        ("- x", "1:1 : this is no Manifest of floe.dev/v1"),
        ("kind: Manifest\nsecurity: {x: 1}", "1:1 : this is no Manifest of floe.dev/v1"),
        ("kind: Manifest\napiVersion: example.com/v1", "2:13 apiVersion: this is no Manifest of floe.dev/v1"),
        ("kind: [Manifest]\napiVersion: 1", "2:13 apiVersion: this is no Manifest of floe.dev/v1"),
    ];
    for (text, expected) in cases {
        let error = read(text).unwrap_err();
        assert_eq!(error.kind, ConfigErrorKind::NotAManifest, "{text}");
        let help = "\nhelp: a manifest has `apiVersion: floe.dev/v1` and `kind: Manifest`";
        assert_eq!(rendered(text, &error), format!("{expected}{help}"));
    }
}

#[test]
fn own_documents_of_a_wrong_type() {
    let cases = [
        (
            "apiVersion: floe.dev/v2\nkind: Manifest\n",
            "1:13 apiVersion: the version `floe.dev/v2` is not supported\nhelp: write `apiVersion: floe.dev/v1`",
        ),
        (
            "apiVersion: floe.dev/v1\nkind: manifest\n",
            "2:7 kind: the kind of a manifest is `Manifest`, not `manifest`\nhelp: write `kind: Manifest`",
        ),
        ("apiVersion: floe.dev/v1\n", "1:1 kind: the document has no `kind`\nhelp: write `kind: Manifest`"),
    ];
    for (text, expected) in cases {
        let error = read(text).unwrap_err();
        assert_eq!(error.kind, ConfigErrorKind::Invalid, "{text}");
        assert_eq!(rendered(text, &error), expected);
    }
}

#[test]
fn the_demo_manifest_means_the_defaults() {
    let Some(data) = data_dir() else { return };
    #[expect(clippy::disallowed_methods, reason = "a test reads its data")]
    let text = std::fs::read_to_string(data.join("floe/manifest.yaml")).unwrap();
    let expected = Config { plugins: read(&text).unwrap().plugins, ..Config::default() };
    assert_eq!(read(&text).unwrap(), expected);
}
