//! Worlds that no one would run: every form that a policy has, over pods that are hard to tell apart.

use serde_json::{Map, Value, json};

use super::blocks::{pod_addresses, random_block};
use super::queries::queries;
use super::world::World;
use crate::dice::Dice;

/// The protocols that policies know.
pub(super) const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];

const NAMESPACES: [&str; 4] = ["alpha", "beta", "gamma", "default"];
/// Keys and values of labels; few, so that selectors often match.
const POD_KEYS: [&str; 3] = ["app", "tier", "app.kubernetes.io/name"];
const NAMESPACE_KEYS: [&str; 3] = ["team", "env", "kubernetes.io/metadata.name"];
const LABEL_VALUES: [&str; 4] = ["a", "b", "c", ""];
const PORT_NAMES: [&str; 4] = ["http", "web", "dns", "metrics"];
const PORTS: [u16; 9] = [1, 53, 80, 81, 443, 8080, 9090, 65534, 65535];

/// The world of a seed.
pub(super) fn random_world(seed: u64) -> World {
    let mut dice = Dice(seed);
    let dice = &mut dice;
    let names = &NAMESPACES[..=dice.below(NAMESPACES.len())];
    let namespaces = names.iter().map(|name| namespace(dice, name)).collect();
    let pods: Vec<_> = (0..=dice.below(10)).map(|index| pod(dice, index, names)).collect();
    let policies: Vec<_> = (0..=dice.below(6)).map(|index| policy(dice, index, names)).collect();
    let queries = queries(dice, &pods, &policies);
    World { seed, namespaces, pods, policies, queries }
}

fn labels(dice: &mut Dice, keys: &[&str]) -> Map<String, Value> {
    let mut labels = Map::new();
    for key in keys {
        if dice.percent(60) {
            labels.insert((*key).to_owned(), dice.pick(&LABEL_VALUES).into());
        }
    }
    labels
}

fn namespace(dice: &mut Dice, name: &str) -> Value {
    let mut labels = labels(dice, &NAMESPACE_KEYS[..2]);
    labels.insert(NAMESPACE_KEYS[2].to_owned(), name.into());
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
}

fn pod(dice: &mut Dice, index: usize, namespaces: &[&str]) -> Value {
    // A port's name is unique in its container only, so one name may stand for a port of each protocol.
    let mut containers =
        vec![json!({"name": "c0", "image": "i", "ports": []}), json!({"name": "c1", "image": "i", "ports": []})];
    for (container, protocol) in [(0, "TCP"), (1, "UDP"), (1, "SCTP"), (0, "UDP")] {
        let ports = containers[container]["ports"].as_array_mut().unwrap();
        let name = dice.pick(&PORT_NAMES);
        let is_taken = |port: &Value| port["name"] == name;
        if dice.percent(45) && !ports.iter().any(is_taken) {
            ports.push(json!({"name": name, "protocol": protocol, "containerPort": dice.pick(&PORTS)}));
        }
    }
    make_names_unique(&mut containers);
    let ips: Vec<_> = pod_addresses(dice, index).iter().map(|ip| json!({"ip": ip.to_string()})).collect();
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "namespace": dice.pick(namespaces),
            "name": format!("pod-{index}"),
            "labels": labels(dice, &POD_KEYS),
        },
        "spec": {"containers": containers},
        "status": {"phase": "Running", "podIP": ips[0]["ip"], "podIPs": ips},
    })
}

/// Removes ports whose name and protocol another container has: which of the two is meant is not defined.
fn make_names_unique(containers: &mut [Value]) {
    let mut seen = Vec::new();
    for container in containers {
        container["ports"].as_array_mut().unwrap().retain(|port| {
            let key = (port["name"].clone(), port["protocol"].clone());
            let is_new = !seen.contains(&key);
            seen.push(key);
            is_new
        });
    }
}

fn policy(dice: &mut Dice, index: usize, namespaces: &[&str]) -> Value {
    let mut spec = Map::new();
    if !dice.percent(10) {
        let selector = if dice.percent(30) { json!({}) } else { selector(dice, &POD_KEYS) };
        spec.insert("podSelector".to_owned(), selector);
    }
    for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
        list(dice, &mut spec, direction, [20, 8, 2], |dice| rule(dice, peers));
    }
    let types = [
        json!([]),
        json!(["Ingress"]),
        json!(["Egress"]),
        json!(["Ingress", "Egress"]),
        json!(["Egress", "Ingress"]),
        json!(["Ingress", "Ingress"]),
        json!(["Egress", "Egress"]),
    ];
    if dice.percent(60) {
        spec.insert("policyTypes".to_owned(), dice.pick(&types));
    }
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"namespace": dice.pick(namespaces), "name": format!("policy-{index}")},
        "spec": spec,
    })
}

/// Puts in a list of one to three items; by `chances` in percent it is absent, empty or null.
fn list(
    dice: &mut Dice,
    into: &mut Map<String, Value>,
    key: &str,
    chances: [usize; 3],
    mut item: impl FnMut(&mut Dice) -> Value,
) {
    let [absent, empty, null] = chances;
    let roll = dice.below(100);
    if roll < absent {
        return;
    }
    let value = if roll < absent + empty {
        json!([])
    } else if roll < absent + empty + null {
        Value::Null
    } else {
        (0..=dice.below(3)).map(|_| item(dice)).collect()
    };
    into.insert(key.to_owned(), value);
}

fn rule(dice: &mut Dice, peers: &str) -> Value {
    let mut rule = Map::new();
    list(dice, &mut rule, peers, [15, 5, 3], peer);
    list(dice, &mut rule, "ports", [25, 5, 3], port);
    rule.into()
}

fn peer(dice: &mut Dice) -> Value {
    let any = |dice: &mut Dice, keys: &[&str]| if dice.percent(15) { json!({}) } else { selector(dice, keys) };
    match dice.below(5) {
        0 => json!({"podSelector": any(dice, &POD_KEYS)}),
        1 => json!({"namespaceSelector": any(dice, &NAMESPACE_KEYS)}),
        2 => json!({"namespaceSelector": any(dice, &NAMESPACE_KEYS), "podSelector": any(dice, &POD_KEYS)}),
        _ => json!({"ipBlock": random_block(dice)}),
    }
}

fn port(dice: &mut Dice) -> Value {
    let mut port = Map::new();
    if dice.percent(60) {
        port.insert("protocol".to_owned(), dice.pick(&PROTOCOLS).into());
    }
    match dice.below(10) {
        0..=3 => {
            port.insert("port".to_owned(), dice.pick(&PORTS).into());
        }
        4..=6 => {
            port.insert("port".to_owned(), dice.pick(&PORT_NAMES).into());
        }
        7..=8 => {
            let ends = [dice.pick(&PORTS), dice.pick(&PORTS)];
            port.insert("port".to_owned(), ends.iter().min().copied().into());
            port.insert("endPort".to_owned(), ends.iter().max().copied().into());
        }
        // Every port of the protocol.
        _ => {}
    }
    port.into()
}

/// A label selector, mostly one that says something.
fn selector(dice: &mut Dice, keys: &[&str]) -> Value {
    let mut selector = Map::new();
    let form = dice.below(10);
    // Names of namespaces are values too, of one key.
    let value = |dice: &mut Dice| if dice.percent(20) { dice.pick(&NAMESPACES) } else { dice.pick(&LABEL_VALUES) };
    if form < 6 {
        let mut labels = Map::new();
        for _ in 0..=dice.below(2) {
            labels.insert(dice.pick(keys).to_owned(), value(dice).into());
        }
        selector.insert("matchLabels".to_owned(), labels.into());
    }
    if form > 3 {
        let expressions: Vec<_> = (0..=dice.below(2))
            .map(|_| {
                let key = dice.pick(keys);
                match dice.below(4) {
                    0 => json!({"key": key, "operator": "Exists"}),
                    1 => json!({"key": key, "operator": "DoesNotExist", "values": []}),
                    number => {
                        let values: Vec<_> = (0..=dice.below(2)).map(|_| value(dice)).collect();
                        json!({"key": key, "operator": if number == 2 { "In" } else { "NotIn" }, "values": values})
                    }
                }
            })
            .collect();
        selector.insert("matchExpressions".to_owned(), expressions.into());
    }
    selector.into()
}
