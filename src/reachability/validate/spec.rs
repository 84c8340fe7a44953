//! `ValidateNetworkPolicySpec`.

use serde_json::{Value, json};

use super::{Invalid, InvalidKind, cidr, items, names, present, text};
use crate::reachability::Direction;
use crate::reachability::read::integer;
use crate::yaml::FieldPath;

/// Adds what is wrong with `spec`.
pub(super) fn validate(object: &Value, found: &mut Vec<Invalid>) {
    let path = FieldPath::of_keys(["spec"]);
    let spec = object.get("spec").unwrap_or(&Value::Null);
    selector(spec.get("podSelector").unwrap_or(&Value::Null), &path.child("podSelector"), found);
    for direction in [Direction::Ingress, Direction::Egress] {
        let rules = path.child(direction.rules_field());
        for (index, rule) in items(spec, direction.rules_field()).enumerate() {
            let rule_path = rules.child(index);
            for (index, item) in items(rule, "ports").enumerate() {
                port(item, &rule_path.child("ports").child(index), found);
            }
            for (index, item) in items(rule, direction.peers_field()).enumerate() {
                peer(item, &rule_path.child(direction.peers_field()).child(index), found);
            }
        }
    }
    policy_types(spec, &path.child("policyTypes"), found);
}

fn policy_types(spec: &Value, path: &FieldPath, found: &mut Vec<Invalid>) {
    let types: Vec<&str> = items(spec, "policyTypes").map(|item| item.as_str().unwrap_or_default()).collect();
    if types.len() > 2 {
        let message = "may not specify more than two policyTypes";
        found.push(Invalid::typed(path, &json!(types), InvalidKind::Invalid, message));
        return;
    }
    for (index, name) in types.iter().enumerate().filter(|(_, name)| !matches!(**name, "Ingress" | "Egress")) {
        let message = "supported values: \"Ingress\", \"Egress\"";
        found.push(Invalid::typed(&path.child(index), &json!(name), InvalidKind::NotSupported, message));
    }
}

/// `ValidateNetworkPolicyPort`.
fn port(item: &Value, path: &FieldPath, found: &mut Vec<Invalid>) {
    if let Some(protocol) = present(item, "protocol").filter(|it| !matches!(it.as_str(), Some("TCP" | "UDP" | "SCTP")))
    {
        let message = "supported values: \"TCP\", \"UDP\", \"SCTP\"";
        found.push(Invalid::typed(&path.child("protocol"), protocol, InvalidKind::NotSupported, message));
    }
    let (port_path, end_path) = (path.child("port"), path.child("endPort"));
    let end_port = present(item, "endPort").and_then(integer);
    let mut misplaced = |why: &str| {
        found.extend(
            end_port.map(|end| Invalid::number(&end_path, end, format!("may not be specified when `port` is {why}"))),
        );
    };
    match present(item, "port") {
        None => misplaced("not specified"),
        Some(Value::String(name)) => {
            misplaced("non-numeric");
            found.extend(names::port_name(name).into_iter().map(|fault| Invalid::text(&port_path, name, fault)));
        }
        Some(value) => {
            let port = integer(value).unwrap_or_default();
            found.extend(names::port_number(port).map(|fault| Invalid::number(&port_path, port, fault)));
            if let Some(end) = end_port {
                if end < port {
                    found.push(Invalid::number(&end_path, end, "must be greater than or equal to `port`"));
                }
                found.extend(names::port_number(end).map(|fault| Invalid::number(&end_path, end, fault)));
            }
        }
    }
}

/// `ValidateNetworkPolicyPeer`.
fn peer(item: &Value, path: &FieldPath, found: &mut Vec<Invalid>) {
    let mut selectors = 0;
    for field in ["podSelector", "namespaceSelector"] {
        if let Some(value) = present(item, field) {
            selectors += 1;
            selector(value, &path.child(field), found);
        }
    }
    let block = present(item, "ipBlock");
    if let Some(block) = block {
        ip_block(block, &path.child("ipBlock"), found);
    }
    match (block, selectors) {
        (None, 0) => found.push(Invalid::required(path, "must specify a peer")),
        (Some(_), 1..) => found.push(Invalid::forbidden(path, "may not specify both ipBlock and another peer")),
        _ => {}
    }
}

/// `ValidateIPBlock`.
fn ip_block(block: &Value, path: &FieldPath, found: &mut Vec<Invalid>) {
    let text = text(block, "cidr");
    if text.is_empty() {
        found.push(Invalid::required(&path.child("cidr"), ""));
        return;
    }
    let Some(outer) = cidr::validate(&path.child("cidr"), text, found) else { return };
    for (index, item) in items(block, "except").enumerate() {
        let (path, text) = (path.child("except").child(index), item.as_str().unwrap_or_default());
        let Some(inner) = cidr::validate(&path, text, found) else { continue };
        if !outer.strictly_contains(&inner) {
            found.push(Invalid::text(&path, text, "must be a strict subset of `cidr`"));
        }
    }
}

/// `ValidateLabelSelector`.
fn selector(selector: &Value, path: &FieldPath, found: &mut Vec<Invalid>) {
    if let Some(labels) = selector.get("matchLabels").and_then(Value::as_object) {
        let pairs = labels.iter().map(|(key, value)| (key.as_str(), value.as_str().unwrap_or_default()));
        super::metadata::labels(pairs, &path.child("matchLabels"), found);
    }
    for (index, item) in items(selector, "matchExpressions").enumerate() {
        requirement(item, &path.child("matchExpressions").child(index), found);
    }
}

/// `ValidateLabelSelectorRequirement`.
fn requirement(item: &Value, path: &FieldPath, found: &mut Vec<Invalid>) {
    let values: Vec<&str> = items(item, "values").map(|value| value.as_str().unwrap_or_default()).collect();
    let values_path = path.child("values");
    match (text(item, "operator"), values.is_empty()) {
        ("In" | "NotIn", true) => {
            found.push(Invalid::required(&values_path, "must be specified when `operator` is 'In' or 'NotIn'"));
        }
        ("Exists" | "DoesNotExist", false) => {
            let message = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
            found.push(Invalid::forbidden(&values_path, message));
        }
        ("In" | "NotIn" | "Exists" | "DoesNotExist", _) => {}
        (other, _) => {
            let message = "not a valid selector operator";
            found.push(Invalid::typed(&path.child("operator"), &json!(other), InvalidKind::Invalid, message));
        }
    }
    let key = text(item, "key");
    found.extend(names::label_key(key).into_iter().map(|fault| Invalid::text(&path.child("key"), key, fault)));
    for (index, value) in values.iter().enumerate() {
        let path = values_path.child(index);
        found.extend(names::label_value(value).into_iter().map(|fault| Invalid::text(&path, value, fault)));
    }
}
