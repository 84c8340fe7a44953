use serde_json::{Value, json};

use super::{InvalidKind, unknown_fields, validate};
use crate::reachability::Policy;

fn policy(spec: &Value) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "p", "namespace": "shop"}, "spec": spec,
    })
}

fn faults(object: &Value) -> Vec<String> {
    validate(object).iter().map(ToString::to_string).collect()
}

fn spec_faults(spec: &Value) -> Vec<String> {
    faults(&policy(spec))
}

/// Rules that are valid at their edges, and that floe must read too.
#[test]
fn what_the_server_takes_is_taken_and_read() {
    for spec in [
        json!({}),
        json!({"podSelector": null, "ingress": null}),
        json!({"podSelector": {}, "policyTypes": ["Ingress", "Ingress"]}),
        json!({"ingress": [{}], "egress": []}),
        json!({"ingress": [null], "egress": [{"to": [], "ports": [null]}]}),
        json!({"ingress": [{"from": [{"podSelector": {}}, {"namespaceSelector": {}, "podSelector": {}}]}]}),
        json!({"ingress": [{"ports": [{"port": 1, "endPort": 1}, {"port": 65535}, {"port": "http"},
            {"protocol": "SCTP"}]}]}),
        json!({"egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}]}]}),
        json!({"egress": [{"to": [{"ipBlock": {"cidr": "FE80:0:0::/64", "except": null}}]}]}),
        json!({"podSelector": {"matchLabels": {"a": null}, "matchExpressions": [
            {"key": "b", "operator": "In", "values": [null, "x"]}, {"key": "c", "operator": "Exists", "values": []}]}}),
    ] {
        let policy = policy(&spec);
        assert_eq!(faults(&policy), Vec::<String>::new(), "{spec}");
        assert!(Policy::read(&policy, "shop").is_ok(), "{spec}: {:?}", Policy::read(&policy, "shop"));
    }
}

#[test]
fn says_what_the_server_says() {
    let cases = [
        (json!({"ingress": [{"from": [{}]}]}), "spec.ingress[0].from[0]: Required value: must specify a peer"),
        (
            json!({"egress": [{"to": [{"podSelector": {}, "ipBlock": {"cidr": "10.0.0.0/8"}}]}]}),
            "spec.egress[0].to[0]: Forbidden: may not specify both ipBlock and another peer",
        ),
        (json!({"egress": [{"to": [{"ipBlock": {}}]}]}), "spec.egress[0].to[0].ipBlock.cidr: Required value"),
        (
            json!({"egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0"}}]}]}),
            "spec.egress[0].to[0].ipBlock.cidr: Invalid value: \"10.0.0.0\": must be a valid CIDR value, (e.g. \
             10.9.8.0/24 or 2001:db8::/64)",
        ),
        (
            json!({"egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/08"}}]}]}),
            "spec.egress[0].to[0].ipBlock.cidr: Invalid value: \"10.0.0.0/08\": must not have leading 0s in IP or \
             prefix length",
        ),
        (
            json!({"egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.1/8"}}]}]}),
            "spec.egress[0].to[0].ipBlock.cidr: Invalid value: \"10.0.0.1/8\": must not have bits set beyond the \
             prefix length",
        ),
        (
            json!({"egress": [{"to": [{"ipBlock": {"cidr": "::ffff:10.0.0.0/104"}}]}]}),
            "spec.egress[0].to[0].ipBlock.cidr: Invalid value: \"::ffff:10.0.0.0/104\": must not have an IPv4-mapped \
             IPv6 address",
        ),
        (
            json!({"egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.0.0.0/8"]}}]}]}),
            "spec.egress[0].to[0].ipBlock.except[0]: Invalid value: \"10.0.0.0/8\": must be a strict subset of `cidr`",
        ),
        (
            json!({"ingress": [{"ports": [{"protocol": "tcp"}]}]}),
            "spec.ingress[0].ports[0].protocol: Unsupported value: \"tcp\": supported values: \"TCP\", \"UDP\", \
             \"SCTP\"",
        ),
        (
            json!({"ingress": [{"ports": [{"port": 0}]}]}),
            "spec.ingress[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
        ),
        (
            json!({"ingress": [{"ports": [{"port": 9, "endPort": 8}]}]}),
            "spec.ingress[0].ports[0].endPort: Invalid value: 8: must be greater than or equal to `port`",
        ),
        (
            json!({"ingress": [{"ports": [{"endPort": 8}]}]}),
            "spec.ingress[0].ports[0].endPort: Invalid value: 8: may not be specified when `port` is not specified",
        ),
        (
            json!({"ingress": [{"ports": [{"port": "a", "endPort": 8}]}]}),
            "spec.ingress[0].ports[0].endPort: Invalid value: 8: may not be specified when `port` is non-numeric",
        ),
        (
            json!({"policyTypes": ["Both"]}),
            "spec.policyTypes[0]: Unsupported value: \"Both\": supported values: \"Ingress\", \"Egress\"",
        ),
        (
            json!({"policyTypes": ["Ingress", "Egress", "Ingress"]}),
            "spec.policyTypes: Invalid value: [\"Ingress\",\"Egress\",\"Ingress\"]: may not specify more than two \
             policyTypes",
        ),
        (
            json!({"podSelector": {"matchExpressions": [{"key": "a", "operator": "In"}]}}),
            "spec.podSelector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or \
             'NotIn'",
        ),
        (
            json!({"podSelector": {"matchExpressions": [{"key": "a", "operator": "Is"}]}}),
            "spec.podSelector.matchExpressions[0].operator: Invalid value: \"Is\": not a valid selector operator",
        ),
    ];
    for (spec, expected) in cases {
        assert_eq!(spec_faults(&spec), [expected], "{spec}");
    }
}

#[test]
fn labels_are_named_as_a_whole_and_meant_one_by_one() {
    let mut object = policy(&json!({}));
    object["metadata"]["labels"] = json!({"a/b/c": "x y"});
    let found = validate(&object);
    assert_eq!(found.len(), 2);
    for it in found {
        assert_eq!(
            (it.path.to_string(), it.place.to_string()),
            ("metadata.labels".to_owned(), "metadata.labels[a/b/c]".to_owned())
        );
    }
}

#[test]
fn names_are_required_or_generated() {
    let with = |metadata: Value| {
        let mut object = policy(&json!({}));
        object["metadata"] = metadata;
        faults(&object)
    };
    assert_eq!(with(json!({})), ["metadata.name: Required value: name or generateName is required"]);
    assert!(with(json!({"generateName": "a-"})).is_empty());
    assert_eq!(with(json!({"generateName": "A-b-"})).len(), 2);
    assert_eq!(with(json!({"name": "A", "namespace": "b.c"})).len(), 2);
}

#[test]
fn wrong_types_stop_everything_else() {
    let found = validate(&policy(&json!({"ingress": {"from": []}, "policyTypes": ["Wrong", 1]})));
    assert!(found.iter().all(|it| it.kind == InvalidKind::Type));
    let shown: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "spec.ingress: Invalid value: \"mapping\": must be a list",
            "spec.policyTypes[1]: Invalid value: 1: must be a string",
        ]
    );
    for spec in [
        json!({"ingress": [{"ports": [{"port": 3_000_000_000_u64}]}]}),
        json!({"ingress": [{"ports": [{"port": 80.5}]}]}),
        json!({"ingress": [{"ports": [{"port": true}]}]}),
        json!({"podSelector": {"matchLabels": {"a": 1}}}),
    ] {
        assert_eq!(spec_faults(&spec).len(), 1, "{spec}");
    }
}

#[test]
fn a_misspelt_field_is_found_with_the_one_that_is_meant() {
    let object = policy(&json!({"ingress": [{"form": [], "ports": [{"prot": 1}]}], "podselector": {}}));
    let found: Vec<_> = unknown_fields(&object).iter().map(|it| format!("{} {:?}", it.path, it.nearest)).collect();
    assert_eq!(
        found,
        [
            "spec.ingress[0].form Some(\"from\")",
            "spec.ingress[0].ports[0].prot Some(\"port\")",
            "spec.podselector Some(\"podSelector\")"
        ]
    );
    assert!(validate(&object).is_empty(), "the server drops them");
}
