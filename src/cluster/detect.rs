//! What of the configuration a cluster tells by itself: where DNS, the API server, the ingress controller and the
//! platform's services are. A proposal, as a snippet with a comment on where each value comes from; it is never applied
//! by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

use crate::config::Config;
use crate::network_policy::{Endpoint, Reason, declare};
use crate::object::{Inventory, Protocol, ServiceFacts, TargetPort};
use crate::reachability::PortSet;
use crate::yaml::{Tree, flow};

/// What is there, as far as it tells of the configuration.
#[derive(Debug)]
pub struct ClusterFacts<'o> {
    /// The URL of the server.
    pub server: &'o str,
    /// Pods and Services.
    pub inventory: &'o Inventory,
    /// The address of the Service `default/kubernetes`.
    pub api_service: Option<IpAddr>,
    /// The `EndpointSlice`s of that Service.
    pub endpoint_slices: &'o [Value],
    /// All `DaemonSet`s.
    pub daemon_sets: &'o [Value],
    /// All Deployments.
    pub deployments: &'o [Value],
    /// Addresses that no `ipBlock` matches: those of nodes on a plugin that misses them, which is named; else none.
    pub unmatched: Option<(&'o str, &'o BTreeSet<IpAddr>)>,
}

/// `DaemonSet`s of the node-local DNS cache: Kubernetes' own name, and kubespray's.
const NODE_CACHES: [&str; 2] = ["node-local-dns", "nodelocaldns"];

/// Where cluster DNS is, by namespace and Service, the surest first.
const DNS_SERVICES: [(&str, &str); 4] = [
    ("openshift-dns", "dns-default"),
    ("kube-system", "kube-dns"),
    ("kube-system", "coredns"),
    ("kube-system", "rke2-coredns-rke2-coredns"),
];

/// The pod port of OpenShift's DNS, which its Service names only.
const OPENSHIFT_DNS_PORT: u16 = 5353;

/// The label by which charts name a program, and ingress controllers by it.
const NAME_LABEL: &str = "app.kubernetes.io/name";
const CONTROLLERS: [&str; 7] =
    ["ingress-nginx", "traefik", "haproxy-ingress", "kubernetes-ingress", "nginx-ingress", "kong", "contour"];

/// OpenShift's routers carry this label.
const OPENSHIFT_ROUTER: &str = "ingresscontroller.operator.openshift.io/deployment-ingresscontroller";

/// A Manifest with what was found.
pub fn detect(config: &Config, facts: &ClusterFacts<'_>) -> String {
    let mut sections = String::new();
    dns(facts, &mut sections);
    kubernetes_api(facts, &mut sections);
    ingress_controller(facts, &mut sections);
    services(config, facts, &mut sections);
    let is_empty = sections.lines().all(|line| line.trim_start().starts_with('#'));
    format!(
        "# Found in {} by `floe network generate --detect`. Read it, then take it over into your manifest.\n\
         apiVersion: floe.dev/v1\nkind: Manifest\nsecurity:\n  network_policies:{}\n{sections}",
        facts.server,
        if is_empty { " {}" } else { "" }
    )
}

/// The namespaces of pods that have to be known to narrow policies: those of Services that the configuration leads to
/// and that name the port of their pods.
pub fn namespaces_of_named_ports(config: &Config, inventory: &Inventory) -> BTreeSet<String> {
    let wanted: BTreeSet<_> = declare(config, inventory)
        .flows
        .into_iter()
        .filter_map(|flow| match flow.destination {
            Endpoint::Pods { namespace, labels } if !labels.is_empty() => Some((namespace, labels)),
            _ => None,
        })
        .collect();
    let is_named = |service: &&ServiceFacts| {
        service.ports.iter().any(|offered| matches!(offered.target, TargetPort::Name(_)))
            && service
                .namespace
                .as_ref()
                .is_some_and(|namespace| wanted.contains(&(namespace.clone(), service.selector.clone())))
    };
    inventory.services.iter().filter(is_named).filter_map(|service| service.namespace.clone()).collect()
}

fn dns(facts: &ClusterFacts<'_>, out: &mut String) {
    let mut found = DNS_SERVICES.iter().filter_map(|(namespace, name)| service(facts, namespace, name));
    let cache = node_cache(facts);
    let Some(service) = found.next() else {
        let _ = writeln!(out, "    # dns: no Service of cluster DNS was found");
        if let Some((origin, cidrs)) = cache {
            let _ = writeln!(out, "    dns:\n      # {origin}\n      node_local_cidrs: {}", list(&cidrs));
        }
        return;
    };
    let namespace = service.namespace.as_deref().unwrap_or_default();
    let ports = dns_ports(service, facts);
    let _ = writeln!(out, "    # Service {namespace}/{}", service.id.name);
    let _ = writeln!(out, "    dns:\n      namespace: {}", text(namespace));
    let _ = writeln!(out, "      pod_labels: {}\n      ports: {}", labels(&service.selector), list(&ports));
    if let Some((origin, cidrs)) = cache {
        let _ = writeln!(out, "      # {origin}\n      node_local_cidrs: {}", list(&cidrs));
    }
}

fn service<'o>(facts: &'o ClusterFacts<'_>, namespace: &str, name: &str) -> Option<&'o ServiceFacts> {
    ServiceFacts::find(&facts.inventory.services, namespace, name).filter(|it| it.chooses_pods())
}

/// The pod ports behind port 53.
fn dns_ports(service: &ServiceFacts, facts: &ClusterFacts<'_>) -> BTreeSet<u16> {
    let offered = service.ports.iter().filter(|offered| offered.port == 53);
    let mut ports: BTreeSet<u16> =
        offered.flat_map(|offered| service.target_ports(offered, &facts.inventory.pods)).collect();
    if ports.is_empty() {
        ports.insert(if service.namespace.as_deref() == Some("openshift-dns") { OPENSHIFT_DNS_PORT } else { 53 });
    }
    ports
}

/// The addresses on which a node-local cache listens: no pod selector matches them.
fn node_cache(facts: &ClusterFacts<'_>) -> Option<(String, BTreeSet<IpNet>)> {
    let cache = facts.daemon_sets.iter().find(|it| NODE_CACHES.contains(&string(it, "/metadata/name")))?;
    let origin = format!("DaemonSet {}/{}", string(cache, "/metadata/namespace"), string(cache, "/metadata/name"));
    let containers = cache.pointer("/spec/template/spec/containers").and_then(Value::as_array);
    let arguments =
        containers.into_iter().flatten().filter_map(|it| it.get("args").and_then(Value::as_array)).flatten();
    let words: Vec<&str> = arguments.filter_map(Value::as_str).collect();
    // `-localip 169.254.20.10,10.96.0.10`, with one dash or two, or `=`.
    let after = |word: &str| -> Option<String> {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        (name.trim_start_matches('-') == "localip").then(|| value.to_owned())
    };
    let at = words.iter().position(|word| after(word).is_some());
    let value = at.and_then(|at| match after(words.get(at)?)? {
        next if next.is_empty() => words.get(at + 1).map(|word| (*word).to_owned()),
        value => Some(value),
    });
    let addresses: BTreeSet<IpNet> =
        value.iter().flat_map(|it| it.split(',')).filter_map(|it| it.trim().parse().ok()).map(single).collect();
    if addresses.is_empty() {
        let usual = "169.254.20.10".parse().map(single).into_iter().collect();
        return Some((format!("{origin}; the usual address, because its arguments name none"), usual));
    }
    Some((format!("{origin}, -localip"), addresses))
}

fn kubernetes_api(facts: &ClusterFacts<'_>, out: &mut String) {
    let slices = || facts.endpoint_slices.iter().filter(|it| string(it, "/metadata/namespace") == "default");
    let endpoints = slices().filter_map(|it| it.get("endpoints")?.as_array()).flatten();
    let addresses = endpoints.filter_map(|it| it.get("addresses")?.as_array()).flatten().filter_map(Value::as_str);
    let cidrs: BTreeSet<IpNet> = addresses.filter_map(|it| it.parse().ok()).map(single).collect();
    let ports = slices().filter_map(|it| it.get("ports")?.as_array()).flatten();
    let ports: BTreeSet<u16> = ports.filter_map(|it| u16::try_from(it.get("port")?.as_u64()?).ok()).collect();
    if cidrs.is_empty() || ports.is_empty() {
        let _ = writeln!(out, "    # kubernetes_api: the Service default/kubernetes has no endpoints");
        return;
    }
    let on_nodes: BTreeSet<IpNet> =
        facts.unmatched.iter().flat_map(|(_, nodes)| nodes.iter().copied()).map(single).collect();
    if let Some((plugin, _)) = facts.unmatched
        && !cidrs.is_disjoint(&on_nodes)
    {
        let _ = writeln!(
            out,
            "    # EndpointSlices of the Service default/kubernetes: {}, which are nodes. On {plugin} no ipBlock matches a\n    \
             # node, so `cidrs` would cut the platform off from the API server: they are left out, and any address is\n    \
             # open on these ports. To close that, add a rule of the plugin for the API server.",
            list(&cidrs)
        );
        let _ = writeln!(out, "    kubernetes_api:\n      ports: {}", list(&ports));
        return;
    }
    let _ = writeln!(out, "    # EndpointSlices of the Service default/kubernetes");
    let _ = writeln!(out, "    kubernetes_api:\n      cidrs: {}\n      ports: {}", list(&cidrs), list(&ports));
    if let Some(address) = facts.api_service {
        let _ = writeln!(
            out,
            "      # for a plugin that judges before translation, such as the AWS VPC CNI, add {} and port 443",
            single(address)
        );
    }
}

fn ingress_controller(facts: &ClusterFacts<'_>, out: &mut String) {
    let workloads = facts.deployments.iter().map(|it| ("Deployment", it));
    let workloads = workloads.chain(facts.daemon_sets.iter().map(|it| ("DaemonSet", it)));
    let mut found: Vec<(String, &str, BTreeMap<String, String>, bool)> = workloads
        .filter_map(|(kind, workload)| {
            let labels = workload.pointer("/spec/template/metadata/labels")?.as_object()?;
            let name = labels.get(NAME_LABEL).and_then(Value::as_str);
            let component = labels.get("app.kubernetes.io/component").and_then(Value::as_str);
            let mut selected = BTreeMap::new();
            if let Some(router) = labels.get(OPENSHIFT_ROUTER).and_then(Value::as_str) {
                selected.insert(OPENSHIFT_ROUTER.to_owned(), router.to_owned());
            } else if let Some(name) = name.filter(|name| CONTROLLERS.contains(name)) {
                selected.insert(NAME_LABEL.to_owned(), name.to_owned());
                if component == Some("controller") {
                    selected.insert("app.kubernetes.io/component".to_owned(), "controller".to_owned());
                }
            } else {
                return None;
            }
            let namespace = string(workload, "/metadata/namespace");
            let on_host = workload.pointer("/spec/template/spec/hostNetwork") == Some(&Value::Bool(true));
            Some((format!("{kind} {namespace}/{}", string(workload, "/metadata/name")), namespace, selected, on_host))
        })
        .collect();
    found.sort();
    let Some((origin, namespace, selected, on_host)) = found.first() else {
        let _ = writeln!(out, "    # ingress_controller_namespace: no ingress controller that floe knows was found");
        return;
    };
    let _ = writeln!(out, "    # {origin}");
    if *on_host {
        let _ = writeln!(
            out,
            "    # it runs with hostNetwork: few plugins let a policy select it, so its traffic may not be let in"
        );
    }
    let _ = writeln!(out, "    ingress_controller_namespace: {}", text(namespace));
    let _ = writeln!(out, "    ingress_controller_pod_labels: {}", labels(selected));
    for (origin, ..) in found.iter().skip(1) {
        let _ = writeln!(out, "    # another one: {origin}");
    }
}

/// The services of the platform, found as the filter finds them in manifests.
fn services(config: &Config, facts: &ClusterFacts<'_>, out: &mut String) {
    let flows = declare(config, facts.inventory);
    let mut lines = String::new();
    for (key, reason) in
        [("polaris", Reason::Catalog), ("otel_collector", Reason::Telemetry), ("minio", Reason::Storage)]
    {
        let mut found: BTreeMap<&BTreeMap<String, String>, PortSet> = BTreeMap::new();
        for flow in flows.flows.iter().filter(|flow| flow.reason == reason) {
            if let Endpoint::Pods { namespace, labels } = &flow.destination
                && namespace == config.platform()
                && !labels.is_empty()
            {
                let ports = found.entry(labels).or_default();
                *ports = ports.union(&flow.ports);
            }
        }
        let Some((selector, ports)) = found.first_key_value() else {
            let _ = writeln!(out, "    # services.{key}: no Service of that name in {}", config.platform());
            continue;
        };
        let ports: BTreeSet<u16> = ports
            .ranges()
            .filter(|(protocol, _)| *protocol == Protocol::Tcp)
            .flat_map(|(_, range)| range.first..=range.last)
            .collect();
        let _ = writeln!(lines, "      {key}: {{ports: {}, pod_labels: {}}}", list(&ports), labels(selector));
        if found.len() > 1 {
            let _ = writeln!(
                lines,
                "      # {} more sets of pods serve it; floe opens all of them if you leave it out",
                found.len() - 1
            );
        }
    }
    if !lines.is_empty() {
        let _ = write!(out, "    # Services in {}\n    services:\n{lines}", config.platform());
    }
}

fn string<'v>(object: &'v Value, path: &str) -> &'v str {
    object.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

fn single(address: IpAddr) -> IpNet {
    IpNet::from(address)
}

fn list<T: ToString>(items: &BTreeSet<T>) -> String {
    format!("[{}]", items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
}

fn labels(labels: &BTreeMap<String, String>) -> String {
    let entry = |(key, value): (&String, &String)| format!("{}: {}", text(key), text(value));
    format!("{{{}}}", labels.iter().map(entry).collect::<Vec<_>>().join(", "))
}

/// A name or label in YAML, quoted where it would be read as something else. Neither may hold what ends a scalar.
fn text(value: &str) -> String {
    let as_read = Tree::parse(value).ok().and_then(|tree| tree.value(tree.root()?).ok());
    if as_read.is_some_and(|read| read == value) {
        return value.to_owned();
    }
    let mut written = String::new();
    flow(&Value::from(value), &mut written);
    written
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::object::Workloads;
    use crate::snapshot::Snapshot;
    use crate::stream::frame;

    fn found(manifests: &str, slices: &[Value], daemon_sets: &[Value], deployments: &[Value]) -> String {
        found_on(None, manifests, slices, daemon_sets, deployments)
    }

    fn found_on(
        unmatched: Option<(&str, &BTreeSet<IpAddr>)>,
        manifests: &str,
        slices: &[Value],
        daemon_sets: &[Value],
        deployments: &[Value],
    ) -> String {
        let snapshot = Snapshot::take(&[frame(manifests)], &Workloads::new(&[]), None).unwrap();
        let inventory = snapshot.inventory();
        let facts = ClusterFacts {
            server: "https://s",
            inventory: &inventory,
            api_service: "10.96.0.1".parse().ok(),
            endpoint_slices: slices,
            daemon_sets,
            deployments,
            unmatched,
        };
        let snippet = detect(&Config::default(), &facts);
        let tree = Tree::parse(&snippet).unwrap();
        Config::from_manifest(&tree).unwrap_or_else(|error| panic!("{}: {}\n{snippet}", error.path, error.message));
        snippet
    }

    #[test]
    fn an_empty_cluster_gives_comments() {
        let snippet = found("", &[], &[], &[]);
        assert!(snippet.contains("network_policies: {}\n"), "{snippet}");
        assert_eq!(snippet.lines().filter(|line| line.starts_with("    # ")).count(), 6, "{snippet}");
    }

    #[test]
    fn a_usual_cluster_tells_everything() {
        let manifests = "apiVersion: v1\nkind: Service\nmetadata: {name: kube-dns, namespace: kube-system}\n\
                         spec: {selector: \
                         {k8s-app: kube-dns}, ports: [{port: 53, protocol: UDP, targetPort: 53}, {port: 9153}]}\n---\n\
                         apiVersion: v1\nkind: Service\nmetadata: {name: polaris, namespace: floe-platform}\n\
                         spec: {selector: {app: 'yes'}, ports: [{port: 8181, targetPort: 9191}]}\n";
        let slice = json!({
            "metadata": {"namespace": "default"}, "ports": [{"port": 6443}],
            "endpoints": [{"addresses": ["192.0.2.2"]}, {"addresses": ["192.0.2.1", "2001:db8::1"]}],
        });
        let cache = json!({
            "metadata": {"name": "node-local-dns", "namespace": "kube-system"},
            "spec": {"template": {"spec": {"containers": [{"args": ["-localip", "169.254.20.10,10.96.0.10", "-conf",
                "x"]}]}}},
        });
        let controller = json!({
            "metadata": {"name": "ingress-nginx-controller", "namespace": "edge"},
            "spec": {"template": {"metadata": {"labels": {NAME_LABEL: "ingress-nginx",
                "app.kubernetes.io/component": "controller"}}, "spec": {}}},
        });
        let snippet = found(manifests, &[slice], &[cache], &[controller]);
        let config = Config::from_manifest(&Tree::parse(&snippet).unwrap()).unwrap().network;
        assert_eq!(config.dns.ports, [53]);
        assert_eq!(config.dns.node_local_cidrs.len(), 2, "{snippet}");
        assert_eq!(config.kubernetes_api.cidrs.len(), 3, "{snippet}");
        assert_eq!(config.kubernetes_api.ports, [6443]);
        assert_eq!(config.ingress_controller_namespace, "edge");
        assert_eq!(config.services[0].ports, [9191]);
        assert_eq!(config.services[0].pod_labels["app"], "yes", "{snippet}");
        assert!(snippet.contains("add 10.96.0.1/32 and port 443"), "{snippet}");
    }

    #[test]
    fn an_api_server_on_a_node_is_not_named_where_no_block_matches_nodes() {
        let slice = |address: &str| {
            json!({"metadata": {"namespace": "default"}, "ports": [{"port": 6443}],
                "endpoints": [{"addresses": [address]}]})
        };
        let nodes: BTreeSet<IpAddr> = ["192.0.2.1", "2001:db8::1"].iter().map(|it| it.parse().unwrap()).collect();
        let cidrs = |unmatched, address: &str| {
            let snippet = found_on(unmatched, "", &[slice(address)], &[], &[]);
            let api = Config::from_manifest(&Tree::parse(&snippet).unwrap()).unwrap().network.kubernetes_api;
            assert_eq!(api.ports, [6443], "{snippet}");
            (api.cidrs.len(), snippet.contains("On Cilium no ipBlock matches"))
        };
        let cilium = Some(("Cilium", &nodes));
        assert_eq!(cidrs(cilium, "192.0.2.1"), (0, true));
        assert_eq!(cidrs(cilium, "2001:db8::1"), (0, true));
        assert_eq!(cidrs(cilium, "203.0.113.9"), (1, false), "a managed control plane is outside");
        assert_eq!(cidrs(None, "192.0.2.1"), (1, false));
    }

    #[test]
    fn openshift_has_its_own_dns_and_routers() {
        let manifests = "apiVersion: v1\nkind: Service\nmetadata: {name: dns-default, namespace: openshift-dns}\n\
                         spec: {selector: \
                         {dns.operator.openshift.io/daemonset-dns: default}, ports: [{port: 53, protocol: UDP, \
                         targetPort: dns}]}\n";
        let router = json!({
            "metadata": {"name": "router-default", "namespace": "openshift-ingress"},
            "spec": {"template": {"metadata": {"labels": {OPENSHIFT_ROUTER: "default"}},
                "spec": {"hostNetwork": true}}},
        });
        let snippet = found(manifests, &[], &[], &[router]);
        assert!(snippet.contains("ports: [5353]") && snippet.contains("namespace: openshift-dns"), "{snippet}");
        assert!(snippet.contains("hostNetwork") && snippet.contains("openshift-ingress"), "{snippet}");
    }
}
