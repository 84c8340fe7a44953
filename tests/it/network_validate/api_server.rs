//! A real API server: it takes exactly the policies that floe's validation takes, and says the same of the others.

use std::fs;
use std::thread;

use floe::object::Workloads;
use floe::reachability::{InvalidKind, Policy, unknown_fields, validate};
use floe::snapshot::Snapshot;
use floe::stream::frame;
use serde_json::{Value, json};

use super::{MANIFESTS, configuration, generated};
use crate::cluster::{Cluster, FieldValidation, cluster};
use crate::support::{data_dir, snapshot};

/// The namespace of every policy that is asked for: the server looks for it before it validates.
const NAMESPACE: &str = "judged";

/// Counts of answers.
#[derive(Debug, Default)]
struct Tally {
    accepted: usize,
    refused: usize,
    undecodable: usize,
    causes: usize,
    unknown: usize,
}

/// A valid policy with something of everything.
fn base() -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "p", "namespace": NAMESPACE, "labels": {"a": "b"}, "annotations": {"c": "d"}},
        "spec": {
            "podSelector": {"matchLabels": {"app": "web"}, "matchExpressions": [
                {"key": "tier", "operator": "In", "values": ["a", "b"]}]},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{
                "from": [{"podSelector": {"matchLabels": {"app": "x"}}}, {"namespaceSelector": {}}],
                "ports": [{"protocol": "TCP", "port": 80, "endPort": 90}, {"port": "http"}],
            }],
            "egress": [{
                "to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}],
                "ports": [{"protocol": "UDP", "port": 53}],
            }],
        },
    })
}

/// Values for the fields of the base, one at a time: some valid, most not.
fn breakages() -> Vec<(&'static str, Value)> {
    let each = |(pointer, values): (&'static str, Value)| -> Vec<(&'static str, Value)> {
        values.as_array().unwrap().iter().map(|value| (pointer, value.clone())).collect()
    };
    of_metadata().into_iter().chain(of_rules()).flat_map(each).collect()
}

/// Values for fields of `metadata`.
fn of_metadata() -> Vec<(&'static str, Value)> {
    let long = "a".repeat(64);
    vec![
        ("/metadata/name", json!(["", "A", "a.b", "a_b", "a".repeat(254), null])),
        (
            "/metadata/labels",
            json!([{"a b": "c"}, {"a/b/c": "x"}, {"/a": "x y"}, {"a": long}, {"": ""}, {"A.b/c": "x"},
                {format!("{}.b/{long}a", "a".repeat(253)): "x"}, null, {"a": 1}]),
        ),
        (
            "/metadata/annotations",
            json!([{"a b": "c"}, {"UPPER/Case": "any text"}, {"x/": ""}, {"a": "x".repeat(262_145)}, {"a": true}]),
        ),
        ("/metadata/finalizers", json!([["a"], ["a.b/c"], ["orphan", "foregroundDeletion"], ["x y"], "a"])),
        (
            "/metadata/ownerReferences",
            json!([
                [{}], [{"apiVersion": "a/b/c", "kind": "K", "name": "n", "uid": "u"}],
                [{"apiVersion": "v1", "kind": "K", "name": "n", "uid": "u"}],
                [{"apiVersion": "v1", "kind": "K", "name": "n", "uid": "u", "controller": true},
                 {"apiVersion": "v1", "kind": "L", "name": "m", "uid": "v", "controller": true}],
            ]),
        ),
    ]
}

/// Values for fields of `spec`.
fn of_rules() -> Vec<(&'static str, Value)> {
    vec![
        (
            "/spec/podSelector/matchLabels",
            json!([{"a": "x y"}, {"a/b/c": "d"}, {"": "x"}, {"a": null}, null, {"a": 1}]),
        ),
        ("/spec/podSelector/matchExpressions/0/operator", json!(["Exists", "Is", "", null, 7])),
        ("/spec/podSelector/matchExpressions/0/values", json!([[], null, ["x y"], ["", "a"], [null], "a"])),
        ("/spec/podSelector/matchExpressions/0/key", json!(["", "a/b", "-", null])),
        (
            "/spec/policyTypes",
            json!([[], null, ["Ingress", "Ingress"], ["Both"], ["Ingress", "Egress", "Egress"], [null], "Ingress"]),
        ),
        ("/spec/ingress", json!([null, [], [{}], [null], {}, "x"])),
        (
            "/spec/ingress/0/from",
            json!([[], null, [{}], [null], [{"podSelector": {}, "ipBlock": {"cidr": "10.0.0.0/8"}}],
                [{"podSelector": null}]]),
        ),
        ("/spec/ingress/0/from/1/namespaceSelector", json!([null, {"matchLabels": {"a": "!"}}, []])),
        ("/spec/ingress/0/ports/0/protocol", json!(["tcp", "", "SCTP", null, "ICMP", "<a&b>"])),
        (
            "/spec/ingress/0/ports/0/port",
            json!([
                0,
                -1,
                65535,
                65536,
                100,
                "HTTP",
                "http",
                "a--b",
                "-a",
                "80",
                "",
                "abcdefghijklmnop",
                null,
                true,
                3_000_000_000_u64,
                80.5
            ]),
        ),
        ("/spec/ingress/0/ports/0/endPort", json!([80, 79, 65536, 0, null, "90", 3_000_000_000_u64])),
        ("/spec/ingress/0/ports/1/endPort", json!([80])),
        ("/spec/egress/0/to/0/ipBlock", json!([{}, null, {"except": ["x"]}])),
        (
            "/spec/egress/0/to/0/ipBlock/cidr",
            json!([
                "",
                "10.0.0.0",
                "10.0.0.0/33",
                "10.0.0.1/8",
                "010.0.0.0/8",
                "10.0.0.0/08",
                "::/0",
                "2001:DB8::/32",
                "::ffff:10.0.0.0/104",
                "fe80::1%eth0/64",
                "00001::/64",
                "1:2:3:4:5:6:7::/128",
                "::10.0.0.0/104",
                "10.0.0.0/+8",
                "0.0.0.0/0",
                "ü\n",
                null,
                10,
            ]),
        ),
        (
            "/spec/egress/0/to/0/ipBlock/except",
            json!([
                null,
                [],
                ["10.0.0.0/8"],
                ["11.0.0.0/16"],
                ["10.1.0.1/16"],
                ["x"],
                ["10.0.0.0/9", "10.128.0.0/9"],
                ["::/1"],
                [null],
                [""],
                ["0.0.0.0/0"],
                ["::ffff:10.1.0.0/112"],
                "10.1.0.0/16",
            ]),
        ),
        ("/spec/egress/0/to/0/podSelector", json!([{}])),
        ("/spec/ingress/0/form", json!([[]])),
        ("/spec/egress/0/ports/0/name", json!(["x"])),
        ("/spec", json!([null, {}, []])),
    ]
}

/// Sets a field; `false` if there is no place for it.
fn set(object: &mut Value, pointer: &str, value: &Value) -> bool {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match object.pointer_mut(parent) {
        Some(Value::Object(fields)) => _ = fields.insert(key.to_owned(), value.clone()),
        Some(Value::Array(items)) => match key.parse::<usize>().ok().and_then(|index| items.get_mut(index)) {
            Some(item) => *item = value.clone(),
            None => return false,
        },
        _ => return false,
    }
    true
}

/// The base with each thing broken alone, and with each pair.
fn broken() -> Vec<Value> {
    let breakages = breakages();
    let mut all = vec![base()];
    for (index, (pointer, value)) in breakages.iter().enumerate() {
        let mut object = base();
        assert!(set(&mut object, pointer, value), "{pointer}");
        for (other, value) in breakages.iter().skip(index + 1).filter(|(other, _)| other != pointer) {
            let mut pair = object.clone();
            if set(&mut pair, other, value) {
                all.push(pair);
            }
        }
        all.push(object);
    }
    all
}

/// Every policy of the rendered charts.
fn of_charts() -> Vec<Value> {
    let Some(data) = data_dir() else { return Vec::new() };
    let mut found = Vec::new();
    for (path, _) in snapshot(&data.join("charts")) {
        let text = fs::read_to_string(data.join("charts").join(path)).unwrap();
        let taken = Snapshot::take(&[frame(&text)], &Workloads::new(&[]), None).unwrap();
        found.extend(taken.policies.into_iter().map(|policy| policy.facts.value));
    }
    found
}

/// The places of an object's `spec`, as JSON Pointers.
fn places(value: &Value, pointer: &str, found: &mut Vec<String>) {
    found.push(pointer.to_owned());
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| {
            places(value, &format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1")), found);
        }),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| places(value, &format!("{pointer}/{index}"), found));
        }
        _ => {}
    }
}

/// The same policy with one or two of its fields replaced, by a sequence that is the same in every run.
fn mutated(policy: &Value, count: usize, seed: &mut u64) -> Vec<Value> {
    let odd = json!([
        null, "", "x y", "a", 0, 8080, 70000, -1, true, [], {}, [null], [{}], "10.0.0.0/8", "10.0.0.1/8", "UDP", "In",
        ["a"],
        {"cidr": "0.0.0.0/0"}, {"port": 1}, {"podSelector": {}}, {"matchLabels": {"a": "b"}},
    ]);
    let odd = odd.as_array().unwrap();
    let mut below = |limit: usize| {
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        usize::try_from(*seed % u64::try_from(limit).unwrap()).unwrap()
    };
    let make = |_| {
        let mut object = policy.clone();
        for _ in 0..=below(2) {
            let mut found = Vec::new();
            places(&object["spec"], "/spec", &mut found);
            let value = &odd[below(odd.len())];
            if let Some(place) = object.pointer_mut(&found[below(found.len())]) {
                *place = value.clone();
            }
        }
        object
    };
    (0..count).map(make).collect()
}

impl Tally {
    fn ask(&mut self, cluster: &Cluster, object: &Value) {
        let reply = cluster.client().dry_run_create(object, NAMESPACE, FieldValidation::Ignore).unwrap();
        let ours = validate(object);
        let context = || format!("{object}\nours: {ours:#?}\ntheirs: {:#}", reply.body);
        match reply.status {
            201 => {
                self.accepted += 1;
                assert!(ours.is_empty(), "{}", context());
                let read = Policy::read(object, NAMESPACE);
                assert!(read.is_ok(), "{read:?} {}", context());
            }
            400 => {
                self.undecodable += 1;
                assert!(!ours.is_empty() && ours.iter().all(|it| it.kind == InvalidKind::Type), "{}", context());
                return;
            }
            422 => {
                self.refused += 1;
                let mut ours: Vec<_> = ours.iter().map(|it| (it.path.to_string(), it.body())).collect();
                let causes = reply.body["details"]["causes"].as_array().unwrap();
                let text = |cause: &Value, key: &str| cause[key].as_str().unwrap_or_default().to_owned();
                let mut theirs: Vec<_> = causes.iter().map(|it| (text(it, "field"), text(it, "message"))).collect();
                ours.sort();
                theirs.sort();
                assert_eq!(ours, theirs, "{}", context());
                self.causes += theirs.len();
            }
            _ => panic!("{}", context()),
        }
        let unknown = unknown_fields(object);
        if !unknown.is_empty() {
            let strict = cluster.client().dry_run_create(object, NAMESPACE, FieldValidation::Strict).unwrap();
            assert_eq!(strict.status, 400, "{}", context());
            for field in &unknown {
                assert!(
                    strict.message().contains(&format!("unknown field \"{}\"", field.path)),
                    "{}",
                    strict.message()
                );
            }
            self.unknown += 1;
        }
    }

    fn of(cluster: &Cluster, objects: &[Value]) -> Self {
        let halves = objects.chunks(objects.len().div_ceil(2).max(1));
        let tallies = thread::scope(|scope| {
            let running: Vec<_> = halves
                .map(|half| {
                    scope.spawn(move || {
                        let mut tally = Self::default();
                        for object in half {
                            tally.ask(cluster, object);
                        }
                        tally
                    })
                })
                .collect();
            running.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        tallies.into_iter().fold(Self::default(), |sum, it| Self {
            accepted: sum.accepted + it.accepted,
            refused: sum.refused + it.refused,
            undecodable: sum.undecodable + it.undecodable,
            causes: sum.causes + it.causes,
            unknown: sum.unknown + it.unknown,
        })
    }
}

#[test]
fn the_api_server_takes_what_floe_takes_and_says_the_same_of_the_rest() {
    let Some(cluster) = cluster() else { return };
    cluster.namespace(NAMESPACE, &[]);
    let tally = Tally::of(cluster, &broken());
    println!("broken alone and in pairs: {tally:?}");
    assert!(tally.accepted > 100 && tally.refused > 1_000 && tally.undecodable > 100, "{tally:?}");
    assert!(tally.causes > tally.refused && tally.unknown > 10, "{tally:?}");
}

#[test]
fn the_api_server_agrees_on_mutated_policies_of_charts_and_of_floe() {
    let Some(cluster) = cluster() else { return };
    cluster.namespace(NAMESPACE, &[]);
    let mut seed = 0x9e37_79b9_7f4a_7c15;
    let own = MANIFESTS.iter().flat_map(|manifest| generated(&configuration(manifest)));
    let mut policies: Vec<Value> = of_charts().into_iter().chain(own).collect();
    for policy in &mut policies {
        policy["metadata"]["namespace"] = NAMESPACE.into();
    }
    let originals = Tally::of(cluster, &policies);
    let mutants: Vec<Value> = policies.iter().flat_map(|policy| mutated(policy, 12, &mut seed)).collect();
    let tally = Tally::of(cluster, &mutants);
    println!("{} policies as they are: {originals:?}; mutated: {tally:?}", policies.len());
    assert!(tally.accepted > 50 && tally.refused > 50 && tally.undecodable > 50, "{tally:?}");
}

/// SC-001: the server takes every policy that floe makes, as strictly as it can be asked.
#[test]
fn the_api_server_takes_every_policy_that_floe_makes() {
    let Some(cluster) = cluster() else { return };
    let mut count = 0;
    for manifest in MANIFESTS {
        for policy in generated(&configuration(manifest)) {
            let namespace = policy["metadata"]["namespace"].as_str().unwrap();
            cluster.namespace(namespace, &[]);
            let created = cluster.client().dry_run_create(&policy, namespace, FieldValidation::Strict).unwrap();
            let applied = cluster.client().dry_run_apply(&policy, namespace).unwrap();
            assert!(created.is_accepted() && applied.is_accepted(), "{} {policy:#}", created.message());
            count += 1;
        }
    }
    println!("{count} generated policies, each created and applied");
    assert!(count >= 30, "{count}");
}
