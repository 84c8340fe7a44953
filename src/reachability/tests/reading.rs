//! Defaults of the API server, and what is no policy.

use serde_json::{Value, json};

use crate::reachability::{Direction, Policy};

fn read(spec: &Value) -> Result<Policy, String> {
    let object = json!({"metadata": {"name": "p"}, "spec": spec});
    Policy::read(&object, "shop").map_err(|error| error.to_string())
}

/// Whether it isolates for egress and for ingress.
fn isolates(spec: &Value) -> [bool; 2] {
    let policy = read(spec).unwrap();
    Direction::ALL.map(|direction| policy.rules(direction).is_some())
}

#[test]
fn types_default_by_the_presence_of_egress_rules() {
    for (spec, expected) in [
        (json!({}), [false, true]),
        (json!({"policyTypes": null}), [false, true]),
        (json!({"policyTypes": []}), [false, true]),
        (json!({"egress": []}), [false, true]),
        (json!({"egress": [{}]}), [true, true]),
        (json!({"policyTypes": ["Egress"]}), [true, false]),
        (json!({"policyTypes": ["Ingress"], "egress": [{}]}), [false, true]),
        (json!({"policyTypes": ["Ingress", "Ingress"]}), [false, true]),
        (json!({"policyTypes": ["Ingress", "Egress"]}), [true, true]),
    ] {
        assert_eq!(isolates(&spec), expected, "{spec}");
    }
}

#[test]
fn absent_and_empty_lists_mean_all() {
    for rule in [json!({}), json!({"from": [], "ports": []}), json!({"from": null, "ports": null}), Value::Null] {
        let policy = read(&json!({"ingress": [rule]})).unwrap();
        let rule = &policy.ingress.unwrap()[0];
        assert!(rule.peers.is_none() && rule.ports.numbers.is_everything(), "{rule:?}");
    }
}

#[test]
fn ports_are_read_by_number_name_and_range() {
    let ports = json!([
        {"port": 80}, {"protocol": "UDP"}, {"port": "web"}, {"port": 8000, "endPort": 8010, "protocol": "SCTP"},
        {"port": "dns", "protocol": "UDP"},
    ]);
    let policy = read(&json!({"ingress": [{"ports": ports}]})).unwrap();
    let ports = &policy.ingress.unwrap()[0].ports;
    assert_eq!(ports.numbers.to_string(), "TCP 80, UDP 1-65535, SCTP 8000-8010");
    let names: Vec<_> = ports.names.iter().map(|(protocol, name)| format!("{protocol} {name}")).collect();
    assert_eq!(names, ["TCP web", "UDP dns"]);
}

#[test]
fn what_the_api_server_rejects_is_an_error_with_its_place() {
    let from = |peer: Value| json!({"ingress": [{"from": [peer]}]});
    let port = |port: Value| json!({"ingress": [{"ports": [port]}]});
    for (spec, expected) in [
        (json!("x"), "spec: must be a mapping"),
        (json!({"policyTypes": ["ingress"]}), "spec.policyTypes: `ingress` is neither Ingress nor Egress"),
        (json!({"ingress": {}}), "spec.ingress: must be a list"),
        (json!({"egress": "all", "policyTypes": ["Ingress"]}), "spec.egress: must be a list"),
        (from(json!({})), "spec.ingress[0].from[0]: must specify a peer"),
        (from(Value::Null), "spec.ingress[0].from[0]: must specify a peer"),
        (
            from(json!({"ipBlock": {"cidr": "10.0.0.0"}})),
            "spec.ingress[0].from[0].ipBlock.cidr: `10.0.0.0` is no CIDR, such as 10.0.0.0/8",
        ),
        (
            from(json!({"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}})),
            "spec.ingress[0].from[0].ipBlock: may not be specified when both ipBlock and another peer are specified",
        ),
        (from(json!({"podSelector": {"app": "web"}, "ports": 1})), ""),
        (port(json!({"port": 0})), "spec.ingress[0].ports[0].port: must be a name or a number from 1 to 65535"),
        (port(json!({"port": 9, "endPort": 8})), "spec.ingress[0].ports[0].endPort: must not be less than port"),
        (port(json!({"port": "a", "endPort": 8})), "spec.ingress[0].ports[0].endPort: needs a numeric port"),
        (port(json!({"endPort": 8})), "spec.ingress[0].ports[0].endPort: needs a numeric port"),
        (port(json!({"protocol": "ICMP"})), "spec.ingress[0].ports[0].protocol: `ICMP` is none of TCP, UDP and SCTP"),
        (
            json!({"podSelector": {"matchExpressions": [{"key": "a", "operator": "In"}]}}),
            "spec.podSelector.matchExpressions[0]: needs values",
        ),
        (
            json!({"podSelector": {"matchExpressions": [{"key": "a", "operator": "Is", "values": ["b"]}]}}),
            "spec.podSelector.matchExpressions[0].operator: `Is` is none of In, NotIn, Exists and DoesNotExist",
        ),
        (json!({"podSelector": {"matchLabels": {"a": 1}}}), "spec.podSelector.matchLabels.a: must be a string"),
    ] {
        match read(&spec) {
            Err(message) => assert_eq!(message, expected, "{spec}"),
            Ok(_) => assert_eq!(expected, "", "{spec} was read"),
        }
    }
}
