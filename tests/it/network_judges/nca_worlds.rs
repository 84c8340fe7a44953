//! Random worlds that network-config-analyzer understands, compared set by set.

use std::collections::BTreeMap;

use floe::object::Protocol;
use floe::reachability::{IpBlockReach, PortSet, Reachability, Source};
use serde_json::{Value, json};

use super::nca::{Edges, Scheme, Way, read_edges, run_all};
use super::random_worlds::random_world;
use super::world::World;
use super::{cases, engine};
use crate::support::tool;

/// Worlds of one run.
const BATCH: u64 = 50;

/// A random world without what the program reads in another way than Kubernetes, or not at all: null and
/// unlisted sections, policyTypes that are absent or doubled, empty label values, requirements on the presence of a
/// pod's label beside a namespaceSelector, and blocks with host bits.
fn masked_world(seed: u64) -> World {
    let mut world = random_world(seed);
    world.queries.clear();
    // The program takes pods of two worlds for one if their names are equal, with the ports of the first.
    for pod in &mut world.pods {
        let name = format!("{}-of-{seed}", pod["metadata"]["name"].as_str().unwrap());
        pod["metadata"]["name"] = name.into();
        // A name stands for one port of a pod, whatever the protocol.
        let mut names = Vec::new();
        for container in pod["spec"]["containers"].as_array_mut().unwrap() {
            container["ports"].as_array_mut().unwrap().retain(|port| {
                let is_new = !names.contains(&port["name"]);
                names.push(port["name"].clone());
                is_new
            });
        }
    }
    for object in world.namespaces.iter_mut().chain(&mut world.pods).chain(&mut world.policies) {
        mask(object);
    }
    for policy in &mut world.policies {
        let spec = policy["spec"].as_object_mut().unwrap();
        let has_egress = spec.get("egress").is_some_and(|rules| rules != &json!([]));
        let listed = spec.get("policyTypes").filter(|types| *types != &json!([])).cloned();
        let listed =
            listed.unwrap_or_else(|| if has_egress { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) });
        let is_listed = |of: &str| listed.as_array().unwrap().iter().any(|it| it == of);
        for (section, of) in [("ingress", "Ingress"), ("egress", "Egress")] {
            if !is_listed(of) {
                spec.remove(section);
            }
        }
        let types: Vec<_> = ["Ingress", "Egress"].into_iter().filter(|of| is_listed(of)).collect();
        spec.insert("policyTypes".to_owned(), json!(types));
        spec.entry("podSelector").or_insert_with(|| json!({}));
    }
    world
}

fn mask(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(mask),
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            if fields.contains_key("namespaceSelector")
                && let Some(selector) = fields.get_mut("podSelector").and_then(Value::as_object_mut)
                && let Some(expressions) = selector.get_mut("matchExpressions").and_then(Value::as_array_mut)
            {
                expressions.retain(|it| it["operator"] != "Exists" && it["operator"] != "DoesNotExist");
                if expressions.is_empty() {
                    selector.remove("matchExpressions");
                }
            }
            if fields.get("operator").is_some_and(|operator| operator == "DoesNotExist") {
                fields.remove("values");
            }
            fields.values_mut().for_each(mask);
        }
        Value::String(text) if text.is_empty() => "d".clone_into(text),
        Value::String(text) if text == "10.1.2.9/28" => "10.1.2.0/28".clone_into(text),
        _ => {}
    }
}

/// All connections of a world by floe, in the words of the program: nothing on a pod and itself.
fn edges(world: &World) -> Edges {
    let read = engine::read(world, IpBlockReach::OutsideOnly, &[]);
    let reachability = Reachability::new(&read, &[]);
    let name = |pod: usize| format!("{}/{}", read.pods[pod].namespace, read.pods[pod].owner.name);
    let class = |pod| reachability.class_of(pod).unwrap();
    let mut edges = Edges::default();
    for source in 0..read.pods.len() {
        let from = reachability.from(Source::Pods(class(source)));
        for destination in (0..read.pods.len()).filter(|&it| it != source) {
            let set = reachability.set(from.pods[class(destination)]);
            if !set.is_empty() {
                edges.pods.insert((name(source), name(destination)), words(set));
            }
        }
        for (addresses, &set) in reachability.destinations().iter().zip(&from.addresses) {
            edges.add_outside(Way::Out, name(source), addresses, words(reachability.set(set)));
        }
    }
    for (at, addresses) in reachability.sources().iter().enumerate() {
        let from = reachability.from(Source::Addresses(at));
        for destination in 0..read.pods.len() {
            let set = reachability.set(from.pods[class(destination)]);
            edges.add_outside(Way::In, name(destination), addresses, words(set));
        }
    }
    edges
}

/// Every port of every protocol is "all connections" to the program.
fn words(set: PortSet) -> PortSet {
    let ports = Protocol::ALL.into_iter().map(|protocol| PortSet::range(protocol, 1, u16::MAX));
    if set.covers(&ports.fold(PortSet::default(), |all, one| all.union(&one))) { PortSet::everything() } else { set }
}

#[test]
fn floe_and_nca_find_the_same_connections() {
    let Some(program) = tool("nca") else { return };
    let worlds: Vec<World> = (0..cases(200)).map(masked_world).collect();
    let batches = worlds.chunks(usize::try_from(BATCH).unwrap()).map(|batch| {
        let mut scheme = Scheme::new();
        for world in batch {
            let objects: Vec<&Value> = world.namespaces.iter().chain(&world.pods).chain(&world.policies).collect();
            scheme.ask_connections(&objects);
        }
        scheme
    });
    let answers = run_all(batches.collect(), &program);
    assert_eq!(answers.len(), worlds.len());
    let (mut pairs, mut outside) = (0, 0);
    for (world, answer) in worlds.iter().zip(&answers) {
        let (found, expected) = (edges(world), read_edges(answer));
        for (ends, set) in found.pods.iter().chain(&expected.pods) {
            assert_eq!(found.pods.get(ends), expected.pods.get(ends), "{ends:?}: {set}\n{answer}\n{}", world.to_yaml());
        }
        for end in found.outside.keys().chain(expected.outside.keys()) {
            let (one, other) = (found.outside.get(end), expected.outside.get(end));
            assert_eq!(one, other, "{end:?}\n{answer}\n{}", world.to_yaml());
        }
        pairs += found.pods.len();
        outside += found.outside.values().map(BTreeMap::len).sum::<usize>();
    }
    eprintln!("{} worlds: floe and nca agree on {pairs} pairs of pods and {outside} sets of addresses", worlds.len());
    assert!(pairs > worlds.len() && outside > worlds.len());
}
