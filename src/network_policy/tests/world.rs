//! A configuration and objects to test with.

use std::collections::BTreeMap;

use crate::config::{Config, EgressRule, EgressTarget, ManagedNamespace, Role};
use crate::finding::Finding;
use crate::network_policy::prove::representative;
use crate::network_policy::{Flows, NetworkPolicy};
use crate::object::{
    ContainerPort, GroupVersionKind, Inventory, Level, PodFacts, Protocol, ResourceId, ServiceFacts, ServicePort,
    TargetPort,
};
use crate::reachability::{IpBlockReach, Party, Policy, World};

/// The defaults, with the domains `sales` and `marketing`.
pub(in crate::network_policy) fn config() -> Config {
    let mut config = Config::default();
    config.namespaces.extend(["sales", "marketing"].map(|name| ManagedNamespace {
        name: format!("floe-{name}-domain"),
        role: Role::Domain(name.to_owned()),
        level: Level::Restricted,
    }));
    config
}

/// A platform whose Services tell which pods serve what, jobs, and a DNS pod.
pub(in crate::network_policy) fn inventory() -> Inventory {
    let app = |namespace: &str, app: &str, ports: &[(&str, u16)]| pod(namespace, &[("app", app)], ports);
    let mut otel = service("floe-otel", &[("app", "otel-collector")], 4317, TargetPort::Number(4317));
    otel.ports.push(ServicePort { name: None, port: 4318, target: TargetPort::Number(4318), protocol: Protocol::Tcp });
    Inventory {
        other_policies: Vec::new(),
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
        location: None,
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
