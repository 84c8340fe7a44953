//! Flows for plugins and compute targets: where their addresses lead, what they must not open, and that nothing of it
//! depends on the order of the input.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::real_charts::chart;
use super::world::{config, inventory, labels, pod, service, with_manifest};
use crate::config::{Config, IpFamily};
use crate::finding::Finding;
use crate::network_policy::flows::{
    PLUGIN_ANY_EXTERNAL_ADDRESS, PLUGIN_NOT_OPENED, SERVICE_NOT_NARROWED, UNKNOWN_PLUGIN,
};
use crate::network_policy::{Flows, Reason, declare, prove, synthesize};
use crate::object::{Inventory, NamespaceFacts, TargetPort};

const IDS: [crate::finding::CheckId; 3] = [PLUGIN_ANY_EXTERNAL_ADDRESS, PLUGIN_NOT_OPENED, UNKNOWN_PLUGIN];

/// The flows that plugins add, without their reasons; those of jobs only.
fn from_jobs(config: &Config, inventory: &Inventory) -> Vec<String> {
    let is_plugin = |reason: &Reason| matches!(reason, Reason::PluginEndpoint(_) | Reason::ComputeTarget(_));
    let flows = declare(config, inventory).flows.into_iter().filter(|flow| is_plugin(&flow.reason));
    let jobs = flows.filter(|flow| flow.source.to_string() == "floe-jobs");
    jobs.map(|flow| format!("{}: {}", flow.destination, flow.ports)).collect()
}

fn about_plugins(flows: Flows) -> Vec<Finding> {
    let is_plugin =
        |it: &Finding| IDS.contains(&it.check) || (it.check == SERVICE_NOT_NARROWED && it.message.starts_with("`p"));
    flows.findings.into_iter().filter(is_plugin).collect()
}

fn messages(config: &Config, inventory: &Inventory) -> Vec<String> {
    about_plugins(declare(config, inventory)).iter().map(|it| format!("{} {}", it.check, it.message)).collect()
}

/// A plugin of an unknown type with one address.
fn at(url: &str) -> Config {
    with_manifest(&format!("plugins: {{x: {{type: thing, config: {{endpoint: '{url}'}}}}}}"))
}

#[test]
fn names_inside_the_cluster_lead_to_pods() {
    let mut inventory = inventory();
    inventory.namespaces.push(NamespaceFacts { name: "data".to_owned(), labels: labels(&[]) });
    for (url, expected) in [
        ("http://floe-dagster", "floe-platform (app=dagster): TCP 3000"),
        ("http://floe-dagster.floe-platform", "floe-platform (app=dagster): TCP 3000"),
        ("http://floe-dagster.floe-platform.svc", "floe-platform (app=dagster): TCP 3000"),
        ("http://floe-dagster.floe-platform.svc.cluster.local.:80", "floe-platform (app=dagster): TCP 3000"),
        ("http://pod-0.floe-dagster.floe-platform.svc.corp.example:80", "floe-platform (app=dagster): TCP 3000"),
        ("http://absent:1234", "floe-platform: TCP 1234"),
        ("http://db.data:5432", "data: TCP 5432"),
        ("udp://statsd.monitoring.svc:8125", "monitoring: UDP 8125"),
        ("http://10.4.5.6:8080", "10.4.5.6/32: TCP 8080"),
        ("http://[fd00::7]:8080", "fd00::7/128: TCP 8080"),
    ] {
        assert_eq!(from_jobs(&at(url), &inventory), [expected], "{url}");
    }
}

#[test]
fn names_outside_are_ports_to_everything_outside() {
    for url in ["https://app.example.com", "db.example:443"] {
        assert!(from_jobs(&at(url), &inventory()).is_empty(), "{url}: external HTTPS covers it");
    }
    let config = at("warehouse.example.com:5439");
    let flows = from_jobs(&config, &inventory());
    assert!(flows[0].starts_with("0.0.0.0/0 except 10.0.0.0/8, ") && flows[0].ends_with(": TCP 5439"), "{flows:?}");
    assert_eq!(
        messages(&config, &inventory()),
        ["plugin-any-external-address `plugins.x.config.endpoint` (3:47 of the manifest): TCP 5439 is open to every \
          address outside the cluster, because policies know no names such as `warehouse.example.com`"]
    );

    let mut listed = config;
    listed.network.external_https_cidrs = vec!["198.51.100.0/24".parse().unwrap()];
    assert_eq!(from_jobs(&listed, &inventory()), ["198.51.100.0/24: TCP 5439"]);
    assert!(messages(&listed, &inventory()).is_empty());
}

#[test]
fn this_host_needs_nothing() {
    for url in [
        "localhost",
        "127.0.0.1",
        "http://localhost:1",
        "http://x.localhost:1",
        "http://127.0.0.1:1",
        "http://[::1]:1",
        "http://0.0.0.0:1",
    ] {
        assert!(from_jobs(&at(url), &inventory()).is_empty() && messages(&at(url), &inventory()).is_empty(), "{url}");
    }
}

/// What a reason of its own narrows is not widened by an address of the same service (decision on: A flow has two
/// ends).
#[test]
fn platform_services_keep_their_own_reason() {
    for host in ["floe-polaris", "floe-polaris.floe-platform.svc", "other-polaris"] {
        let mut config = at(&format!("http://{host}:8181/api/catalog"));
        assert!(from_jobs(&config, &inventory()).is_empty(), "{host}");
        config.network.services[0].pod_labels = labels(&[("app", "mine")]);
        assert!(from_jobs(&config, &inventory()).is_empty(), "{host}");
    }
    assert_eq!(from_jobs(&at("http://floe-polaris:8182"), &inventory()), ["floe-platform (app=polaris): TCP 8182"]);
}

#[test]
fn headless_services_and_ports_by_name() {
    let mut inventory = inventory();
    let http = || TargetPort::Name("http".to_owned());
    let mut direct = service("db", &[("app", "db")], 5432, http());
    direct.headless = true;
    inventory.services.extend([direct, service("web", &[("app", "web")], 80, http())]);
    inventory.pods.extend([
        pod("floe-platform", &[("app", "db")], &[("http", 15432)]),
        pod("floe-platform", &[("app", "web"), ("v", "1")], &[("http", 8080)]),
        pod("floe-platform", &[("app", "web"), ("v", "2")], &[("http", 9090)]),
    ]);
    assert_eq!(from_jobs(&at("db:5432"), &inventory), ["floe-platform (app=db): TCP 5432"]);
    assert_eq!(from_jobs(&at("http://web"), &inventory), ["floe-platform (app=web): TCP 8080, TCP 9090"]);
}

#[test]
fn a_service_without_selector_may_lead_anywhere() {
    let mut inventory = inventory();
    inventory.services.push(service("legacy", &[], 5432, TargetPort::Number(5432)));
    assert!(from_jobs(&at("legacy:5432"), &inventory).is_empty());
    assert!(
        messages(&at("legacy:5432"), &inventory)[0]
            .ends_with("the Service `legacy` of `floe-platform` selects no pods")
    );
}

#[test]
fn what_cannot_be_known_is_said() {
    for (sections, expected) in [
        (
            "plugins: {compute: teapot}",
            "unknown-plugin `plugins.compute` (3:20 of the manifest): nothing is opened for the unknown type `teapot`",
        ),
        (
            "plugins: {compute: postgres}",
            "plugin-not-opened `plugins.compute` (3:20 of the manifest): nothing is opened for `postgres`: its \
             address, for TCP 5432, is not in the configuration",
        ),
        (
            "plugins: {compute: {type: trino, config: {host: '${TRINO}'}}}",
            "plugin-not-opened `plugins.compute.type` (3:27 of the manifest): nothing is opened for `trino`: its \
             address, for TCP 8080, is not in the configuration",
        ),
        (
            "plugins: {x: {type: thing, config: {host: a.b.svc}}}",
            "plugin-not-opened `plugins.x.config.host` (3:43 of the manifest): nothing is opened for `thing`: no port \
             is named",
        ),
    ] {
        let config = with_manifest(sections);
        assert!(from_jobs(&config, &inventory()).is_empty(), "{sections}");
        assert_eq!(messages(&config, &inventory()), [expected], "{sections}");
        assert!(
            about_plugins(declare(&config, &inventory())).iter().all(|it| it
                .help
                .as_ref()
                .unwrap()
                .contains("jobs_egress_allow"))
        );
    }
}

#[test]
fn what_is_known_is_quiet() {
    for sections in [
        "plugins: {compute: duckdb, orchestrator: dagster, catalog: polaris, storage: s3, ingestion: dlt, secrets: \
         eso}",
        "plugins: {compute: snowflake, semantic_layer: cube, telemetry_backend: datadog}",
        "observability: {tracing: {exporter: zipkin}, logging: {level: debug, format: json}}",
        "plugins: {storage: {type: minio}, compute: {config: {threads: 4}}}",
    ] {
        let config = with_manifest(sections);
        assert!(
            from_jobs(&config, &inventory()).is_empty() && messages(&config, &inventory()).is_empty(),
            "{sections}"
        );
    }
}

#[test]
fn a_login_service_is_not_the_system() {
    let mut config =
        with_manifest("plugins: {compute: {type: snowflake, config: {oauth_url: 'https://login.example.com'}}}");
    config.network.allow_external_https = false;
    assert_eq!(from_jobs(&config, &inventory()).len(), 1, "one for the login and Snowflake together");
    let config = with_manifest("plugins: {c: {type: marquez, config: {token_url: 'http://keycloak.iam.svc:8080'}}}");
    assert_eq!(from_jobs(&config, &inventory()), ["iam: TCP 8080"]);
    assert_eq!(messages(&config, &inventory()).len(), 1, "where Marquez is, is still not known");
}

#[test]
fn a_family_that_is_left_out_is_not_written() {
    let mut config = at("http://[fd00::7]:80");
    config.network.ip_families = vec![IpFamily::V4];
    assert!(from_jobs(&config, &inventory()).is_empty());
    assert!(messages(&config, &inventory())[0].contains("`ip_families` leaves out the family of fd00::7"));
}

/// FR-030, FR-032, FR-042.
#[test]
fn no_plugin_opens_jobs_to_each_other_or_domains_to_domains() {
    let config = at("http://api.floe-jobs.svc:80");
    assert!(from_jobs(&config, &inventory()).is_empty());
    assert!(messages(&config, &inventory())[0].ends_with("`floe-jobs` does not accept it"));

    let config = at("http://api.floe-sales-domain.svc:80");
    let sources: Vec<String> = declare(&config, &inventory())
        .flows
        .iter()
        .filter(|flow| matches!(flow.reason, Reason::PluginEndpoint(_)))
        .map(|flow| flow.source.to_string())
        .collect();
    assert_eq!(sources, ["floe-platform", "floe-jobs"]);
}

#[test]
fn both_ends_are_written() {
    let config = at("http://floe-dagster:80");
    let flows = declare(&config, &inventory()).flows;
    let policies = synthesize(&config, &flows);
    assert!(policies.iter().any(|policy| policy.name == "allow-ingress-plugin-endpoint"), "{policies:#?}");
    assert_eq!(prove(&config, &flows, &policies, &inventory()), Ok(()));
}

#[test]
fn a_policy_is_called_after_the_system() {
    let config = with_manifest("plugins: {lineage_backend: {type: Marquez, config: {url: 'http://floe-dagster'}}}");
    let policies = synthesize(&config, &declare(&config, &inventory()).flows);
    assert!(policies.iter().any(|policy| policy.name == "allow-ingress-marquez"), "{policies:#?}");
}

#[test]
fn the_real_platform_needs_marquez_alone() {
    let Some(inventory) = chart("floe/platform-prod.yaml") else { return };
    let sections = "plugins:
  compute: {type: duckdb}
  orchestrator: {type: dagster}
  catalog: {type: polaris, config: {uri: 'http://floe-platform-polaris:8181/api/catalog'}}
  storage: {type: s3, config: {endpoint: 'http://floe-platform-minio:9000'}}
  lineage_backend: {type: marquez, config: {url: 'http://floe-platform-marquez:5000'}}
observability:
  tracing: {enabled: true, exporter: otlp, endpoint: 'http://floe-platform-otel:4317'}
  lineage: {enabled: true, transport: http, endpoint: 'http://floe-platform-marquez:5000/api/v1/lineage'}
";
    let config = with_manifest(sections);
    let labels =
        "app.kubernetes.io/component=marquez, app.kubernetes.io/instance=floe, app.kubernetes.io/name=floe-platform";
    assert_eq!(from_jobs(&config, &inventory), [format!("floe-platform ({labels}): TCP 5000")]);
    assert!(messages(&config, &inventory).is_empty());
}

fn manifests() -> impl Strategy<Value = String> {
    let hosts = [
        "floe-dagster",
        "floe-polaris",
        "absent",
        "db.data.svc",
        "x.floe-jobs.svc",
        "y.floe-sales-domain.svc",
        "a.example.com",
        "10.1.2.3",
        "203.0.113.7",
        "localhost",
        "${HOST}",
    ];
    let kinds = ["snowflake", "postgres", "redshift", "duckdb", "polaris", "marquez", "teapot"];
    let one =
        (prop::sample::select(kinds.to_vec()), prop::option::of(prop::sample::select(hosts.to_vec())), 0..4_usize);
    prop::collection::vec(one, 0..4).prop_map(|plugins| {
        let mut text = "plugins:\n".to_owned();
        for (number, (kind, host, port)) in plugins.into_iter().enumerate() {
            let category = if number == 0 { "compute".to_owned() } else { format!("p{number}") };
            let port = ["", ":80", ":443", ":5432"][port];
            let endpoint = host.map_or(String::new(), |host| format!(", config: {{endpoint: '{host}{port}'}}"));
            writeln!(text, "  {category}: {{type: {kind}{endpoint}}}").unwrap();
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Whatever plugins there are: the policies do what the flows say, and neither depends on the order of the input.
    #[test]
    fn plugins_are_proven_in_any_order_of_the_input(
        sections in manifests(),
        https in any::<bool>(),
        pods in Just((0..7_usize).collect::<Vec<_>>()).prop_shuffle(),
        services in Just((0..4_usize).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let mut config = with_manifest(&sections);
        config.network.allow_external_https = https;
        let inventory = inventory();
        let declared = declare(&config, &inventory);
        let policies = synthesize(&config, &declared.flows);
        prop_assert_eq!(prove(&config, &declared.flows, &policies, &inventory), Ok(()));

        let mut turned = inventory.clone();
        turned.pods = pods.iter().map(|&at| inventory.pods[at].clone()).collect();
        turned.services = services.iter().map(|&at| inventory.services[at].clone()).collect();
        prop_assert_eq!(&declare(&config, &turned), &declared);
        prop_assert_eq!(declare(&config, &inventory), declared);
    }
}

/// FR-023: jobs are created through the Kubernetes API by the platform; jobs and domains have no such flow.
#[test]
fn only_the_platform_reaches_the_kubernetes_api() {
    let flows = declare(&config(), &inventory()).flows;
    let api: Vec<_> = flows.iter().filter(|flow| flow.reason == Reason::KubernetesApi).collect();
    assert_eq!(api.len(), 1);
    assert_eq!(api[0].source.to_string(), "floe-platform");
}
