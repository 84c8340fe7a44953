//! What floe generates, judged by those who do not know how: who reaches whom, in tables written by hand.
//!
//! The specification taken literally opens the source and denies at the destination, so nothing works; these tables say
//! what must work, and by what they leave out what must not.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::thread;

use floe::object::{ContainerPort, PodFacts, Workloads};
use floe::reachability::IpBlockReach;
use floe::snapshot::Snapshot;
use floe::stream::frame;
use serde_json::{Value, json};

use super::engine;
use super::judge::Judge;
use super::random_worlds::PROTOCOLS;
use super::world::{End, Query, World};
use crate::support::{project, run};

/// Ports that are asked for, around those that flows have.
const PORTS: [u16; 28] = [
    1, 52, 53, 54, 80, 442, 443, 444, 3000, 4316, 4317, 4318, 4319, 5352, 5353, 5354, 5431, 5432, 5435, 5436, 6443,
    8080, 8181, 8182, 9000, 9001, 9191, 65535,
];

/// One end: a pod of the input by the name of its workload, a pod that is made up, or an address.
struct NamedEnd {
    name: &'static str,
    at: At,
}

enum At {
    Input(&'static str),
    Pod { namespace: &'static str, labels: &'static [(&'static str, &'static str)] },
    Address(&'static str),
}

const fn input(name: &'static str, workload: &'static str) -> NamedEnd {
    NamedEnd { name, at: At::Input(workload) }
}

const fn pod(name: &'static str, namespace: &'static str, labels: &'static [(&'static str, &'static str)]) -> NamedEnd {
    NamedEnd { name, at: At::Pod { namespace, labels } }
}

const fn address(name: &'static str, address: &'static str) -> NamedEnd {
    NamedEnd { name, at: At::Address(address) }
}

/// Sources, destinations, and all that passes from each of the ones to each of the others.
type Row = (&'static str, &'static str, &'static str);

/// A configuration with an input, and what is to come of it.
struct Case {
    manifest: String,
    input: String,
    places: Vec<NamedEnd>,
    /// Namespaces that floe makes policies for; between the others everything passes.
    managed: &'static [&'static str],
    table: &'static [Row],
}

/// The policies that floe writes for a case, and every place of it with every other at every port.
fn world(case: &Case) -> (World, Vec<End>) {
    let folder = tempfile::TempDir::new().unwrap();
    let manifest = folder.path().join("manifest.yaml");
    fs::write(&manifest, &case.manifest).unwrap();
    let ran = run(&["--config", manifest.to_str().unwrap()], case.input.clone());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let snapshot = Snapshot::take(&[frame(&ran.stdout)], &Workloads::new(&[]), None).unwrap();

    let mut pods = Vec::new();
    let mut add = |namespace: &str, labels: Value, ports: &[Value]| {
        let host = pods.len() + 1;
        let ips = [format!("10.42.0.{host}"), format!("fd42::{host}")].map(|ip| json!({"ip": ip}));
        pods.push(json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"namespace": namespace, "name": format!("pod-{host}"), "labels": labels},
            "spec": {"containers": [{"name": "c", "image": "i", "ports": ports}]},
            "status": {"phase": "Running", "podIPs": ips},
        }));
        End::Pod(host - 1)
    };
    let ends: Vec<End> = case
        .places
        .iter()
        .map(|place| match place.at {
            At::Address(address) => End::Address(address.parse().unwrap()),
            At::Pod { namespace, labels } => add(namespace, labels.iter().copied().collect(), &[]),
            At::Input(workload) => {
                let found = snapshot.pods.iter().find(|pod| pod.workload.name == workload);
                let PodFacts { namespace, labels, ports, .. } = &found.unwrap().facts;
                let port = |port: &ContainerPort| {
                    let mut value = json!({"protocol": port.protocol.as_str(), "containerPort": port.port});
                    if let Some(name) = &port.name {
                        value["name"] = name.as_str().into();
                    }
                    value
                };
                add(namespace, json!(labels), &ports.iter().map(port).collect::<Vec<_>>())
            }
        })
        .collect();
    let policies: Vec<Value> = snapshot.policies.into_iter().map(|policy| policy.facts.value).collect();
    let named = pods.iter().chain(&policies).map(|it| it["metadata"]["namespace"].as_str().unwrap());
    let used: BTreeSet<&str> = named.collect();
    let namespace = |name: &str| {
        let labels = json!({"kubernetes.io/metadata.name": name});
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    };
    let namespaces = used.into_iter().map(namespace).collect();
    let mut queries = Vec::new();
    for (source, destination) in pairs(&ends) {
        for protocol in PROTOCOLS {
            queries.extend(PORTS.map(|port| Query { source, destination, protocol, port }));
        }
    }
    (World { seed: 0, namespaces, pods, policies, queries }, ends)
}

/// All connections but those of an end with itself and those between addresses.
fn pairs(ends: &[End]) -> Vec<(End, End)> {
    let is_pod = |end: &End| matches!(end, End::Pod(_));
    let all = ends.iter().flat_map(|&source| ends.iter().map(move |&destination| (source, destination)));
    all.filter(|(source, destination)| source != destination && (is_pod(source) || is_pod(destination))).collect()
}

/// What passes, as `TCP 443, UDP 53`; `all`.
fn passing(digits: &str) -> String {
    if !digits.contains('0') {
        return "all".to_owned();
    }
    let asked = PROTOCOLS.into_iter().flat_map(|protocol| PORTS.map(|port| format!("{protocol} {port}")));
    let open: Vec<_> = asked.zip(digits.bytes()).filter(|(_, digit)| *digit == b'1').map(|(port, _)| port).collect();
    open.join(", ")
}

fn judge_case(case: &Case) {
    let (Some(mut cyclonus), Some(mut cilium)) = (Judge::start("cyclonusjudge"), Judge::start("ciliumjudge")) else {
        return;
    };
    let (world, ends) = world(case);
    let worlds = [world];
    let world = &worlds[0];
    let floe = |reach| {
        let read = engine::read(world, reach, &[]);
        let verdicts = engine::by_class(world, &read);
        assert_eq!(verdicts, engine::one_by_one(world, &read));
        verdicts
    };
    let judged = thread::scope(|scope| {
        let cilium = scope.spawn(|| cilium.verdicts(&worlds, false).remove(0));
        [
            ("floe", floe(IpBlockReach::OutsideOnly)),
            ("floe, ipBlock for pods", floe(IpBlockReach::PodsToo)),
            ("cyclonus", cyclonus.verdicts(&worlds, false).remove(0)),
            ("cyclonus, ipBlock for pods", cyclonus.verdicts(&worlds, true).remove(0)),
            ("cilium", cilium.join().unwrap()),
        ]
    });

    let name = |end: End| case.places[ends.iter().position(|&it| it == end).unwrap()].name;
    let mut table: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for (sources, destinations, ports) in case.table {
        for source in sources.split(' ') {
            for destination in destinations.split(' ').filter(|&it| it != source) {
                for place in [source, destination] {
                    assert!(case.places.iter().any(|it| it.name == place), "no place {place}");
                }
                assert_eq!(table.insert((source, destination), ports), None, "{source} => {destination} twice");
            }
        }
    }
    let is_managed = |end: End| match end {
        End::Pod(pod) => case.managed.iter().any(|it| world.pods[pod]["metadata"]["namespace"] == *it),
        End::Address(_) => false,
    };
    for (judge, digits) in judged {
        let asked = PROTOCOLS.len() * PORTS.len();
        assert_eq!(digits.len(), pairs(&ends).len() * asked);
        let mut wrong = Vec::new();
        for (at, &(source, destination)) in pairs(&ends).iter().enumerate() {
            let ends = (name(source), name(destination));
            let found = passing(&digits[at * asked..(at + 1) * asked]);
            let nothing = if is_managed(source) || is_managed(destination) { "" } else { "all" };
            let expected = table.get(&ends).copied().unwrap_or(nothing);
            if found != expected {
                wrong.push(format!("{} => {}: `{found}`, not `{expected}`", ends.0, ends.1));
            }
        }
        assert!(wrong.is_empty(), "{judge}:\n{}\n{}", wrong.join("\n"), world.to_yaml());
    }
    eprintln!("{} connections of {} places, judged five times", world.queries.len(), ends.len());
}

#[test]
fn sc_002_sc_003_the_demo_does_what_the_specification_wants() {
    let example = |file: &str| fs::read_to_string(project().join("examples/platform").join(file)).unwrap();
    judge_case(&Case {
        manifest: example("manifest.yaml"),
        input: example("rendered.yaml"),
        managed: &["floe-platform", "floe-jobs", "floe-sales-domain"],
        places: vec![
            input("polaris", "floe-polaris"),
            input("otel", "floe-otel-collector"),
            input("minio", "floe-minio"),
            input("dagster", "floe-dagster-webserver"),
            input("job", "customer-360-backfill"),
            input("compaction", "iceberg-compaction"),
            input("sales", "sales-api"),
            pod("sales-other", "floe-sales-domain", &[]),
            pod("dns", "kube-system", &[("k8s-app", "kube-dns")]),
            pod("metrics", "kube-system", &[("k8s-app", "metrics-server")]),
            pod("controller", "ingress-nginx", &[("app.kubernetes.io/name", "ingress-nginx")]),
            // Looks like the catalog, but is elsewhere.
            pod(
                "stranger",
                "default",
                &[("app.kubernetes.io/name", "polaris"), ("app.kubernetes.io/instance", "floe")],
            ),
            address("internet", "52.1.2.3"),
            address("internet6", "2600:1f00::1"),
            address("warehouse", "203.0.113.20"),
            address("beside-the-warehouse", "203.0.113.32"),
            address("node", "10.0.0.4"),
            address("node6", "fd00::4"),
            address("metadata", "169.254.169.254"),
        ],
        table: &[
            ("job compaction sales sales-other", "polaris", "TCP 8181"),
            ("job compaction sales sales-other", "otel", "TCP 4317, TCP 4318"),
            ("job compaction sales sales-other", "minio", "TCP 9000"),
            ("job compaction sales sales-other", "dns", "TCP 53, UDP 53"),
            ("job compaction sales sales-other", "internet internet6 beside-the-warehouse", "TCP 443"),
            ("job compaction", "warehouse", "TCP 443, TCP 5432"),
            ("sales sales-other", "warehouse", "TCP 443"),
            ("sales sales-other", "sales sales-other", "all"),
            ("polaris otel minio dagster", "polaris otel minio dagster", "all"),
            // The Kubernetes API may be anywhere, as long as `kubernetes_api.cidrs` says nothing.
            ("polaris otel minio dagster", "dns", "TCP 53, TCP 443, TCP 6443, UDP 53"),
            ("polaris otel minio dagster", "metrics controller stranger", "TCP 443, TCP 6443"),
            (
                "polaris otel minio dagster",
                "internet internet6 warehouse beside-the-warehouse node node6 metadata",
                "TCP 443, TCP 6443",
            ),
            ("controller", "polaris otel minio dagster sales sales-other", "all"),
        ],
    });
}

/// Two domains, a Service whose port is not the pod's, DNS of OpenShift, a known API server, and rules of users.
#[test]
fn a_configuration_of_ones_own_does_what_it_says() {
    let manifest = "\
apiVersion: floe.dev/v1
kind: Manifest
security:
  network_policies:
    external_https_cidrs: [52.0.0.0/8]
    dns: {namespace: openshift-dns, pod_labels: {dns: default}, ports: [5353], node_local_cidrs: [169.254.20.10/32]}
    kubernetes_api: {cidrs: [10.0.0.0/28], ports: [6443]}
    ingress_controller_namespace: edge
    ingress_controller_pod_labels: {app: proxy}
    services:
      otel_collector: {ports: [4317], pod_labels: {app: collector}}
    jobs_egress_allow:
      - {name: shuffle, to_namespace: floe-jobs, port: 5432, end_port: 5435, protocol: TCP}
    domain_egress_allow:
      - {name: warehouse, to_namespace: warehouse, port: 5432, protocol: TCP}
domains:
  - {name: sales, namespace: floe-sales-domain}
  - {name: marketing, namespace: floe-marketing-domain}
";
    let service = |name: &str, port: &str, target: &str| {
        format!(
            "---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: floe-platform}}\n\
             spec: {{selector: {{app: {name}}}, ports: [{{port: {port}, targetPort: {target}}}]}}\n"
        )
    };
    let workload = |name: &str, namespace: &str, port: &str| {
        format!(
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec:\n  \
             selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    \
             spec: {{containers: [{{name: main, image: i, ports: [{{name: rest, containerPort: {port}}}]}}]}}\n"
        )
    };
    let stream = [
        service("polaris", "8181", "rest"),
        service("minio", "9000", "9001"),
        workload("polaris", "floe-platform", "9191"),
        workload("minio", "floe-platform", "9001"),
        workload("collector", "floe-platform", "4317"),
        workload("dagster", "floe-platform", "3000"),
        workload("etl", "floe-jobs", "8080"),
        workload("sales-api", "floe-sales-domain", "8080"),
        workload("marketing-api", "floe-marketing-domain", "8080"),
    ];
    judge_case(&Case {
        manifest: manifest.to_owned(),
        input: stream.concat(),
        managed: &["floe-platform", "floe-jobs", "floe-sales-domain", "floe-marketing-domain"],
        places: vec![
            input("polaris", "polaris"),
            input("minio", "minio"),
            input("collector", "collector"),
            input("dagster", "dagster"),
            input("etl", "etl"),
            pod("etl-other", "floe-jobs", &[]),
            input("sales", "sales-api"),
            pod("sales-other", "floe-sales-domain", &[]),
            input("marketing", "marketing-api"),
            pod("warehouse", "warehouse", &[]),
            pod("dns", "openshift-dns", &[("dns", "default")]),
            pod("kube-dns", "kube-system", &[("k8s-app", "kube-dns")]),
            pod("proxy", "edge", &[("app", "proxy")]),
            pod("edge-other", "edge", &[("app", "other")]),
            address("internet", "52.1.2.3"),
            address("elsewhere", "54.1.2.3"),
            address("internet6", "2600:1f00::1"),
            address("node-local-dns", "169.254.20.10"),
            address("api-server", "10.0.0.4"),
            address("node", "10.0.0.16"),
        ],
        table: &[
            ("etl etl-other sales sales-other marketing", "polaris", "TCP 9191"),
            ("etl etl-other sales sales-other marketing", "minio", "TCP 9001"),
            ("etl etl-other sales sales-other marketing", "collector", "TCP 4317"),
            ("etl etl-other sales sales-other marketing", "dns node-local-dns", "TCP 5353, UDP 5353"),
            ("etl etl-other sales sales-other marketing", "internet", "TCP 443"),
            ("etl etl-other", "etl etl-other", "TCP 5432, TCP 5435"),
            ("sales sales-other", "sales sales-other", "all"),
            ("sales sales-other marketing", "warehouse", "TCP 5432"),
            ("polaris minio collector dagster", "polaris minio collector dagster", "all"),
            ("polaris minio collector dagster", "dns node-local-dns", "TCP 5353, UDP 5353"),
            ("polaris minio collector dagster", "api-server", "TCP 6443"),
            ("polaris minio collector dagster", "internet", "TCP 443"),
            ("proxy", "polaris minio collector dagster sales sales-other marketing", "all"),
        ],
    });
}

/// Without Services in the input the ports are open on the whole platform namespace, and no others.
#[test]
fn an_input_without_services_opens_ports_of_the_namespace() {
    let manifest = "\
apiVersion: floe.dev/v1
kind: Manifest
security:
  network_policies:
    allow_external_https: false
    kubernetes_api: {cidrs: [10.0.0.0/28]}
";
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: floe-platform}\n";
    judge_case(&Case {
        manifest: manifest.to_owned(),
        input: object.to_owned(),
        managed: &["floe-platform", "floe-jobs"],
        places: vec![
            pod("platform", "floe-platform", &[("app", "polaris")]),
            pod("platform-other", "floe-platform", &[]),
            pod("job", "floe-jobs", &[]),
            pod("job-other", "floe-jobs", &[("app", "dbt")]),
            pod("dns", "kube-system", &[("k8s-app", "kube-dns")]),
            pod("stranger", "default", &[]),
            pod("controller", "ingress-nginx", &[]),
            address("internet", "52.1.2.3"),
            address("api-server", "10.0.0.4"),
        ],
        table: &[
            ("job job-other", "platform platform-other", "TCP 4317, TCP 4318, TCP 8181, TCP 9000"),
            ("job job-other platform platform-other", "dns", "TCP 53, UDP 53"),
            ("platform platform-other", "platform platform-other", "all"),
            ("platform platform-other", "api-server", "TCP 443, TCP 6443"),
            ("controller", "platform platform-other", "all"),
        ],
    });
}
