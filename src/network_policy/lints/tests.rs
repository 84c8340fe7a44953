use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Lint, Subject, Surroundings, lint, lint_pages};
use crate::cni::plugin;
use crate::finding::Severity;
use crate::network_policy::tests::world::config;
use crate::object::{GroupVersionKind, PodFacts, ResourceId, ServiceFacts, pod_facts, service_facts};
use crate::reachability::{IpBlockReach, Policy, World};
use crate::yaml::FieldPath;

fn object(kind: &str, name: &str) -> ResourceId {
    ResourceId { gvk: GroupVersionKind::new("v1", kind), namespace: Some("shop".to_owned()), name: name.to_owned() }
}

/// `web` with a named port, `agent` on the host's network, and `db`.
fn pods() -> Vec<PodFacts> {
    let pod = |name: &str, spec: Value| {
        let value = json!({"kind": "Pod", "metadata": {"name": name, "labels": {"app": name}}, "spec": spec});
        pod_facts(&value, &object("Pod", name), &FieldPath::root(), "shop")
    };
    vec![
        pod("web", json!({"containers": [{"ports": [{"name": "http", "containerPort": 8080}]}]})),
        pod("agent", json!({"hostNetwork": true})),
        pod("db", json!({"containers": [{"ports": [{"containerPort": 5432}]}]})),
    ]
}

fn services() -> Vec<ServiceFacts> {
    let value = json!({"spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}});
    vec![service_facts(&value, &object("Service", "web"), Some("shop"))]
}

/// What is found in a policy, alone in its world.
fn found(spec: &Value, cni: Option<&str>) -> Vec<Lint> {
    found_beside(&services(), spec, cni)
}

fn found_beside(services: &[ServiceFacts], spec: &Value, cni: Option<&str>) -> Vec<Lint> {
    let config = config();
    let value = json!({"metadata": {"name": "p", "namespace": "shop"}, "spec": spec});
    let policy = Policy::read(&value, "shop").unwrap();
    let cluster = &config.network.cluster_cidrs;
    let world = World::new(pods(), &[], vec![policy.clone()], IpBlockReach::PodsToo, cluster);
    let surroundings = Surroundings {
        world: &world,
        services,
        dns: &config.network.dns,
        plugin: cni.map(|name| plugin(name).unwrap()),
    };
    lint(&Subject { value: &value, policy: &policy }, &surroundings)
}

const WEB: &str = r#"{"matchLabels": {"app": "web"}}"#;

fn egress(rule: &Value) -> Value {
    let web: Value = serde_json::from_str(WEB).unwrap();
    json!({"podSelector": web, "policyTypes": ["Egress"], "egress": [rule]})
}

fn ingress(rule: &Value) -> Value {
    let web: Value = serde_json::from_str(WEB).unwrap();
    json!({"podSelector": web, "ingress": [rule]})
}

fn blocks(cidrs: &[&str]) -> Value {
    json!({"to": cidrs.iter().map(|cidr| json!({"ipBlock": {"cidr": cidr}})).collect::<Vec<_>>()})
}

/// For each rule: a policy that it finds, at which field, and one that it does not.
fn cases() -> Vec<(&'static str, Value, &'static str, Value)> {
    let dns = json!([{"port": 53, "protocol": "UDP"}, {"port": 53}]);
    let except = json!({"cidr": "8.0.0.0/8", "except": ["8.1.0.0/16"]});
    let web: Value = serde_json::from_str(WEB).unwrap();
    vec![
        (
            "any-address-block",
            egress(&blocks(&["0.0.0.0/0"])),
            "spec.egress[0].to[0].ipBlock.cidr",
            egress(&json!({"to": [{"ipBlock": {"cidr": "::/0", "except": ["fc00::/7"]}}]})),
        ),
        (
            "dns-blocked",
            egress(&json!({"to": [{"podSelector": {}}], "ports": [{"port": 5432}, {"port": 53, "protocol": "UDP"}]})),
            "spec.egress",
            egress(&json!({"to": [{"namespaceSelector": {}}], "ports": dns})),
        ),
        (
            "end-port",
            ingress(&json!({"ports": [{"port": 1, "endPort": 2}]})),
            "spec.ingress[0].ports[0].endPort",
            ingress(&json!({"ports": [{"port": 1}]})),
        ),
        (
            "host-network-pods",
            json!({"podSelector": {"matchLabels": {"app": "agent"}}}),
            "spec.podSelector",
            json!({"podSelector": web}),
        ),
        (
            "ip-block-in-cluster",
            egress(&blocks(&["8.8.8.8/32", "10.1.0.0/16"])),
            "spec.egress[0].to[1].ipBlock.cidr",
            egress(&blocks(&["8.8.8.8/32"])),
        ),
        (
            "ipv6-block",
            egress(&blocks(&["2001:db8::/32"])),
            "spec.egress[0].to[0].ipBlock.cidr",
            egress(&blocks(&["8.8.8.8/32"])),
        ),
        (
            "many-ip-blocks",
            egress(&blocks(&["8.0.0.0/8", "9.0.0.0/8", "11.0.0.0/8", "12.0.0.0/8", "13.0.0.0/8"])),
            "spec.egress[0].to[4].ipBlock",
            egress(&blocks(&["8.0.0.0/8", "9.0.0.0/8", "11.0.0.0/8", "12.0.0.0/8"])),
        ),
        (
            "named-port",
            ingress(&json!({"ports": [{"port": "http"}]})),
            "spec.ingress[0].ports[0].port",
            ingress(&json!({"ports": [{"port": 8080}]})),
        ),
        (
            "port-before-translation",
            egress(&json!({"to": [{"podSelector": web}], "ports": [{"port": 8080}]})),
            "spec.egress[0].ports",
            egress(&json!({"to": [{"podSelector": web}], "ports": [{"port": 8080}, {"port": 80}]})),
        ),
        (
            "sctp-protocol",
            ingress(&json!({"ports": [{"port": 1, "protocol": "SCTP"}]})),
            "spec.ingress[0].ports[0].protocol",
            ingress(&json!({"ports": [{"port": 1, "protocol": "UDP"}]})),
        ),
        (
            "selects-nothing",
            json!({"podSelector": {"matchLabels": {"app": "wbe"}}}),
            "spec.podSelector",
            json!({"podSelector": web}),
        ),
        (
            "shared-except",
            egress(&json!({"to": [{"ipBlock": except}, {"ipBlock": {"cidr": "9.0.0.0/8"}}]})),
            "spec.egress[0].to[0].ipBlock.except",
            egress(&json!({"to": [{"ipBlock": except}]})),
        ),
        (
            "two-directions",
            json!({"podSelector": web, "egress": [{"to": [{"podSelector": {}}]}]}),
            "spec",
            json!({"podSelector": web, "policyTypes": ["Ingress", "Egress"]}),
        ),
        (
            "unresolved-named-port",
            ingress(&json!({"ports": [{"port": "http", "protocol": "UDP"}]})),
            "spec.ingress[0].ports[0].port",
            ingress(&json!({"ports": [{"port": "http"}]})),
        ),
    ]
}

#[test]
fn every_rule_finds_what_it_is_for_and_nothing_else() {
    let cases = cases();
    for (id, bad, path, good) in &cases {
        let hits = |spec: &Value| -> Vec<String> {
            found(spec, None).iter().filter(|it| it.check.0 == *id).map(|it| it.path.to_string()).collect()
        };
        assert_eq!(hits(bad), [*path], "{id}: {:?}", found(bad, None));
        assert_eq!(hits(good), [""; 0], "{id}: {good}");
        assert!(
            found(bad, None).iter().all(|it| it.severity != Severity::Error),
            "{id}: no plugin is known to be in use"
        );
    }
    let ids: BTreeSet<&str> = cases.iter().map(|(id, ..)| *id).collect();
    assert_eq!(ids, lint_pages().map(|page| page.id.0).collect());
}

/// What is an error on a plugin is one if that plugin is in use, and nothing on one that does what the API says.
#[test]
fn a_plugin_decides_how_much_it_matters() {
    let cases = cases();
    let severity = |id: &str, cni: &str| {
        let (_, bad, ..) = cases.iter().find(|(it, ..)| *it == id).unwrap();
        found(bad, Some(cni)).iter().find(|it| it.check.0 == id).map(|it| it.severity)
    };
    for (id, cni, expected) in [
        ("two-directions", "kube-router", Some(Severity::Error)),
        ("two-directions", "k3s", Some(Severity::Error)),
        ("two-directions", "calico", None),
        ("shared-except", "k3s", Some(Severity::Error)),
        ("shared-except", "cilium", None),
        ("unresolved-named-port", "kube-router", Some(Severity::Error)),
        ("unresolved-named-port", "calico", Some(Severity::Warning)),
        ("end-port", "weave", Some(Severity::Error)),
        ("end-port", "cilium", Some(Severity::Warning)),
        ("end-port", "antrea", None),
        ("sctp-protocol", "weave", Some(Severity::Error)),
        ("named-port", "weave", Some(Severity::Error)),
        ("ip-block-in-cluster", "cilium", Some(Severity::Warning)),
        ("ip-block-in-cluster", "calico", None),
        ("many-ip-blocks", "azure-npm", Some(Severity::Error)),
        ("ipv6-block", "azure-npm", Some(Severity::Error)),
        ("port-before-translation", "eks", Some(Severity::Error)),
        ("port-before-translation", "calico", None),
        ("any-address-block", "cilium", Some(Severity::Warning)),
    ] {
        assert_eq!(severity(id, cni), expected, "{id} on {cni}");
        let page = lint_pages().find(|page| page.id.0 == id).unwrap();
        assert!(expected.is_none_or(|expected| page.severity <= expected), "{id} is severer than its page");
    }
}

/// A `targetPort` by name means the port of that name on the pods behind the Service, whatever other pods call it.
#[test]
fn a_target_port_by_name_is_looked_up_on_the_pods() {
    let service = |target: Value| {
        let value = json!({"spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": target}]}});
        [service_facts(&value, &object("Service", "web"), Some("shop"))]
    };
    let to_web = |port: u16| {
        egress(&json!({"to": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": port}]}))
    };
    let is_found = |target: Value, port: u16| {
        let found = found_beside(&service(target), &to_web(port), None);
        found.iter().any(|it| it.check.0 == "port-before-translation")
    };
    assert!(is_found(json!("http"), 8080) && is_found(json!(8080), 8080));
    assert!(!is_found(json!("http"), 80), "the port of the Service is enough");
    assert!(!is_found(json!("http"), 5432), "this leads nowhere anyway");
    assert!(!is_found(json!("https"), 8080), "no pod has the name");
}
