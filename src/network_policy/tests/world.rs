//! A configuration and objects to test with.

use std::collections::BTreeMap;

use crate::config::{
    Config, Conflicts, DnsConfig, EgressRule, EgressTarget, IpFamily, KubernetesApiConfig, ManagedNamespace,
    NamespaceMode, NetworkConfig, PodSecurityConfig, Role, RoleKind, ServiceConfig, SummaryConfig,
};
use crate::finding::Finding;
use crate::network_policy::prove::representative;
use crate::network_policy::{Flows, NetworkPolicy};
use crate::object::{
    ContainerPort, GroupVersionKind, Inventory, Level, PodFacts, Protocol, ResourceId, ServiceFacts, ServicePort,
    TargetPort, Version,
};
use crate::reachability::{IpBlockReach, Party, Policy, World};

/// The defaults, with the domains `sales` and `marketing`.
pub(in crate::network_policy) fn config() -> Config {
    let managed = |name: &str, role, level| ManagedNamespace { name: name.to_owned(), role, level };
    let domain = |name: &str| managed(&format!("floe-{name}-domain"), Role::Domain(name.to_owned()), Level::Restricted);
    let service = |name: &str, ports: &[u16]| ServiceConfig {
        name: name.to_owned(),
        ports: ports.to_vec(),
        pod_labels: BTreeMap::new(),
    };
    let cluster = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"];
    Config {
        namespaces: vec![
            managed("floe-platform", Role::Platform, Level::Baseline),
            managed("floe-jobs", Role::Jobs, Level::Restricted),
            domain("sales"),
            domain("marketing"),
        ],
        release_namespace: None,
        network: NetworkConfig {
            enabled: true,
            default_deny: true,
            allow_external_https: true,
            external_https_cidrs: Vec::new(),
            cluster_cidrs: cluster.map(|cidr| cidr.parse().unwrap()).to_vec(),
            ip_families: vec![IpFamily::V4, IpFamily::V6],
            ingress_controller_namespace: "ingress-nginx".to_owned(),
            ingress_controller_pod_labels: BTreeMap::new(),
            dns: DnsConfig {
                namespace: "kube-system".to_owned(),
                pod_labels: labels(&[("k8s-app", "kube-dns")]),
                ports: vec![53],
                node_local_cidrs: Vec::new(),
            },
            kubernetes_api: KubernetesApiConfig { cidrs: Vec::new(), ports: vec![443, 6443] },
            services: vec![
                service("polaris", &[8181]),
                service("otel_collector", &[4317, 4318]),
                service("minio", &[9000]),
            ],
            jobs_egress_allow: Vec::new(),
            platform_egress_allow: Vec::new(),
            domain_egress_allow: Vec::new(),
            end_port: true,
        },
        pod_security: PodSecurityConfig {
            enabled: true,
            namespaces: NamespaceMode::Append,
            version: Version::Latest,
            run_as_user: 1000,
            run_as_group: 1000,
            fs_group: 1000,
            writable_paths: vec!["/tmp".to_owned(), "/home/floe".to_owned()],
            writable_size_limit: None,
            harden: vec![RoleKind::Jobs, RoleKind::Domain],
            conflicts: Conflicts::Fail,
            workloads: Vec::new(),
        },
        summary: SummaryConfig {
            enabled: true,
            name: "floe-network-security".to_owned(),
            namespace: "floe-platform".to_owned(),
        },
        plugins: Vec::new(),
    }
}

/// A platform whose Services tell which pods serve what, jobs, and a DNS pod.
pub(in crate::network_policy) fn inventory() -> Inventory {
    let app = |namespace: &str, app: &str, ports: &[(&str, u16)]| pod(namespace, &[("app", app)], ports);
    let mut otel = service("floe-otel", &[("app", "otel-collector")], 4317, TargetPort::Number(4317));
    otel.ports.push(ServicePort { name: None, port: 4318, target: TargetPort::Number(4318), protocol: Protocol::Tcp });
    Inventory {
        pods: vec![
            app("floe-platform", "polaris", &[("http", 8181), ("management", 8182)]),
            app("floe-platform", "otel-collector", &[("otlp", 4317), ("otlp-http", 4318)]),
            app("floe-platform", "minio", &[("api", 9000), ("console", 9001)]),
            app("floe-platform", "dagster", &[("http", 3000)]),
            app("floe-jobs", "dbt", &[]),
            app("floe-sales-domain", "product", &[("http", 8080)]),
            pod("kube-system", &[("k8s-app", "kube-dns")], &[("dns", 53)]),
        ],
        services: vec![
            service("floe-polaris", &[("app", "polaris")], 8181, TargetPort::Name("http".to_owned())),
            otel,
            service("floe-minio", &[("app", "minio")], 9000, TargetPort::Number(9000)),
            service("floe-dagster", &[("app", "dagster")], 80, TargetPort::Number(3000)),
        ],
        ..Inventory::default()
    }
}

pub(in crate::network_policy) fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// A Service of the platform with one TCP port.
pub(in crate::network_policy) fn service(
    name: &str,
    selector: &[(&str, &str)],
    port: u16,
    target: TargetPort,
) -> ServiceFacts {
    ServiceFacts {
        id: ResourceId {
            gvk: GroupVersionKind::new("v1", "Service"),
            namespace: Some("floe-platform".to_owned()),
            name: name.to_owned(),
        },
        namespace: Some("floe-platform".to_owned()),
        selector: labels(selector),
        ports: vec![ServicePort { name: None, port, target, protocol: Protocol::Tcp }],
        headless: false,
    }
}

pub(in crate::network_policy) fn pod(namespace: &str, carried: &[(&str, &str)], ports: &[(&str, u16)]) -> PodFacts {
    PodFacts {
        ports: ports
            .iter()
            .map(|(name, port)| ContainerPort { name: Some((*name).to_owned()), port: *port, protocol: Protocol::Tcp })
            .collect(),
        ..representative(namespace, &labels(carried), None)
    }
}

/// The world of policies as the API server reads them, with these pods.
pub(in crate::network_policy) fn world(policies: &[NetworkPolicy], pods: Vec<PodFacts>, reach: IpBlockReach) -> World {
    let read = |policy: &NetworkPolicy| Policy::read(&policy.to_value(), &policy.namespace).unwrap();
    World::new(pods, &[], policies.iter().map(read).collect(), reach, &config().network.cluster_cidrs)
}

/// An address where no pod is.
pub(in crate::network_policy) fn address(text: &str) -> Party {
    Party::Address(text.parse().unwrap())
}

/// A rule for one TCP port.
pub(in crate::network_policy) fn rule(name: &str, to: EgressTarget, port: u16) -> EgressRule {
    EgressRule { name: name.to_owned(), to, port, end_port: port, protocol: Protocol::Tcp }
}

fn run(declare: fn(&Config, &Inventory, &mut Flows), config: &Config) -> Flows {
    let mut flows = Flows::default();
    declare(config, &Inventory::default(), &mut flows);
    flows
}

/// The flows of one reason without any input, as text.
pub(in crate::network_policy) fn declared(
    declare: fn(&Config, &Inventory, &mut Flows),
    config: &Config,
) -> Vec<String> {
    run(declare, config).flows.iter().map(ToString::to_string).collect()
}

/// The findings of one reason without any input.
pub(in crate::network_policy) fn findings(
    declare: fn(&Config, &Inventory, &mut Flows),
    config: &Config,
) -> Vec<Finding> {
    run(declare, config).findings
}

/// [`config`] with the plugins and the observability of a manifest.
pub(in crate::network_policy) fn with_manifest(sections: &str) -> Config {
    let text = format!("apiVersion: floe.dev/v1\nkind: Manifest\n{sections}\n");
    let plugins = Config::from_manifest(&crate::yaml::Tree::parse(&text).unwrap()).unwrap().plugins;
    Config { plugins, ..config() }
}
