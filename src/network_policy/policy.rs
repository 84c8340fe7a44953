use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::peer::selector;
use super::{Direction, Peer, PortRange, PortSet};

/// The longest range that is always written as single ports: plugins without `endPort` ignore it in silence.
const SHORT_RANGE: usize = 4;

/// How a range of ports is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeStyle {
    /// `port` and `endPort`, save for short ranges.
    EndPort,
    /// Every port by itself, for plugins that do not know `endPort`.
    WrittenOut,
}

/// One rule: any of the peers, on any of the ports. Neither is empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rule {
    pub(super) peers: Vec<Peer>,
    pub(super) ports: PortSet,
}

impl Rule {
    /// The far ends, in order; [`Peer::Any`] and a block with exceptions stand alone.
    pub fn peers(&self) -> &[Peer] {
        &self.peers
    }

    /// The ports at the destination.
    pub const fn ports(&self) -> &PortSet {
        &self.ports
    }

    fn to_value(&self, direction: Direction, ranges: RangeStyle) -> Value {
        let mut rule = Map::new();
        let peers: Option<Vec<Value>> = self.peers.iter().map(Peer::to_value).collect();
        if let Some(peers) = peers {
            rule.insert(direction.peers_field().to_owned(), Value::Array(peers));
        }
        if !self.ports.is_everything() {
            rule.insert("ports".to_owned(), Value::Array(port_items(&self.ports, ranges)));
        }
        Value::Object(rule)
    }
}

/// What a policy allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyRules {
    /// Isolates in both directions and allows nothing.
    DefaultDeny,
    /// Isolates in one direction and allows what its rules say. There is no policy with rules for both: kube-router
    /// evaluates both lists in one chain, which opens traffic between the selected pods.
    Allow {
        /// The direction.
        direction: Direction,
        /// Its rules, in order; none at all denies everything.
        rules: Vec<Rule>,
    },
}

/// A policy that floe generates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkPolicy {
    /// Its name.
    pub name: String,
    /// Its namespace, which is a managed one.
    pub namespace: String,
    /// Its own labels.
    pub labels: BTreeMap<String, String>,
    /// Labels of the pods that it isolates; empty means every pod of the namespace.
    pub pod_selector: BTreeMap<String, String>,
    /// What it allows.
    pub rules: PolicyRules,
    /// How port ranges are written.
    pub ranges: RangeStyle,
}

impl NetworkPolicy {
    /// Its rules in that direction; absent if it does not isolate there.
    pub(super) fn rules_for(&self, wanted: Direction) -> Option<&[Rule]> {
        match &self.rules {
            PolicyRules::DefaultDeny => Some(&[]),
            PolicyRules::Allow { direction, rules } => (*direction == wanted).then_some(rules),
        }
    }

    /// The object, in the form that means the same on every enforcing plugin: numeric ports, `policyTypes` always
    /// there, no empty lists.
    pub fn to_value(&self) -> Value {
        let mut spec = Map::new();
        spec.insert("podSelector".to_owned(), selector(&self.pod_selector));
        match &self.rules {
            PolicyRules::DefaultDeny => {
                spec.insert("policyTypes".to_owned(), json!(["Ingress", "Egress"]));
            }
            PolicyRules::Allow { direction, rules } => {
                spec.insert("policyTypes".to_owned(), json!([direction.policy_type()]));
                if !rules.is_empty() {
                    let rules = rules.iter().map(|rule| rule.to_value(*direction, self.ranges)).collect();
                    spec.insert(direction.rules_field().to_owned(), Value::Array(rules));
                }
            }
        }
        json!({
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": { "name": self.name, "namespace": self.namespace, "labels": self.labels },
            "spec": spec,
        })
    }
}

/// The name of the policy's own file (FR-071): `{namespace}-{name}.yaml`.
pub fn file_name(policy: &NetworkPolicy) -> String {
    format!("{}-{}.yaml", policy.namespace, policy.name)
}

/// The items of a `ports` list, by protocol and port.
fn port_items(ports: &PortSet, style: RangeStyle) -> Vec<Value> {
    let mut items = Vec::new();
    for (protocol, range) in ports.ranges() {
        let PortRange { first, last } = range;
        if range.is_full() {
            items.push(json!({ "protocol": protocol.as_str() }));
        } else if style == RangeStyle::WrittenOut || range.count() <= SHORT_RANGE {
            items.extend((first..=last).map(|port| json!({ "protocol": protocol.as_str(), "port": port })));
        } else {
            items.push(json!({ "protocol": protocol.as_str(), "port": first, "endPort": last }));
        }
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Protocol;

    fn written(ports: &PortSet, style: RangeStyle) -> Value {
        Value::Array(port_items(ports, style))
    }

    #[test]
    fn long_ranges_use_end_port_unless_written_out() {
        let ports = PortSet::range(Protocol::Tcp, 8000, 8004);
        assert_eq!(written(&ports, RangeStyle::EndPort), json!([{"protocol": "TCP", "port": 8000, "endPort": 8004}]));
        assert_eq!(written(&ports, RangeStyle::WrittenOut).as_array().unwrap().len(), 5);
    }

    #[test]
    fn short_ranges_are_single_ports() {
        let ports = PortSet::range(Protocol::Tcp, 4317, 4318);
        let single = json!([{"protocol": "TCP", "port": 4317}, {"protocol": "TCP", "port": 4318}]);
        assert_eq!(written(&ports, RangeStyle::EndPort), single);
    }

    #[test]
    fn a_whole_protocol_has_no_port() {
        let ports = PortSet::range(Protocol::Sctp, 1, 65535);
        for style in [RangeStyle::EndPort, RangeStyle::WrittenOut] {
            assert_eq!(written(&ports, style), json!([{"protocol": "SCTP"}]));
        }
    }

    #[test]
    fn no_rules_is_no_list() {
        let policy = NetworkPolicy {
            name: "allow-ingress".to_owned(),
            namespace: "jobs".to_owned(),
            labels: BTreeMap::new(),
            pod_selector: BTreeMap::new(),
            rules: PolicyRules::Allow { direction: Direction::Ingress, rules: Vec::new() },
            ranges: RangeStyle::EndPort,
        };
        assert_eq!(policy.to_value()["spec"], json!({"podSelector": {}, "policyTypes": ["Ingress"]}));
        assert_eq!(file_name(&policy), "jobs-allow-ingress.yaml");
    }

    #[test]
    fn everything_to_anything_is_the_empty_rule() {
        let rule = Rule { peers: vec![Peer::Any], ports: PortSet::everything() };
        assert_eq!(rule.to_value(Direction::Egress, RangeStyle::EndPort), json!({}));
    }
}
