//! Which connections tell policies apart: around the edges of everything that the policies name.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde_json::Value;

use super::blocks::edges;
use super::random_worlds::PROTOCOLS;
use super::world::{End, Query};
use crate::dice::Dice;

/// A protocol and a port.
type Service = (&'static str, u16);

/// How many ports are asked for each address, pod and direction.
const SERVICES_PER_ADDRESS: usize = 4;

/// About how many connections between pods are asked for in a world, and how many with addresses, at most: more worlds
/// are worth more than more of one.
const QUERIES: usize = 300;

/// Pairs of pods at every port that matters, and every address that matters with every pod, both ways: all of them in a
/// small world, in a large one as many as [`QUERIES`], picked at random.
pub(super) fn queries(dice: &mut Dice, pods: &[Value], policies: &[Value]) -> Vec<Query> {
    let services = services(pods, policies);
    let (mut queries, mut outside) = (Vec::new(), Vec::new());
    for source in 0..pods.len() {
        for destination in 0..pods.len() {
            queries.extend(services.iter().map(|&(protocol, port)| Query {
                source: End::Pod(source),
                destination: End::Pod(destination),
                protocol,
                port,
            }));
        }
    }
    for address in addresses(pods, policies) {
        for pod in (0..pods.len()).map(End::Pod) {
            for (source, destination) in [(End::Address(address), pod), (pod, End::Address(address))] {
                for _ in 0..SERVICES_PER_ADDRESS {
                    let (protocol, port) = dice.pick(&services);
                    outside.push(Query { source, destination, protocol, port });
                }
            }
        }
    }
    for queries in [&mut queries, &mut outside] {
        let found = queries.len();
        queries.retain(|_| dice.below(found) < QUERIES);
    }
    queries.extend(outside);
    queries
}

/// The ports of all policies and their neighbours, the named ports of all pods, and one of each protocol that is none.
fn services(pods: &[Value], policies: &[Value]) -> Vec<Service> {
    let mut services = BTreeSet::new();
    for protocol in PROTOCOLS {
        services.insert((protocol, 7777));
    }
    let mut add = |protocol: &Value, port: u64| {
        let protocol = PROTOCOLS.into_iter().find(|it| protocol == it).unwrap_or("TCP");
        if let Some(port) = u16::try_from(port).ok().filter(|&port| port != 0) {
            services.insert((protocol, port));
        }
    };
    walk(pods, "containerPort", &mut |port| add(&port["protocol"], port["containerPort"].as_u64().unwrap()));
    walk(policies, "port", &mut |port| {
        let Some(first) = port["port"].as_u64() else { return };
        let last = port["endPort"].as_u64().unwrap_or(first);
        for edge in [first - 1, first, last, last + 1] {
            add(&port["protocol"], edge);
        }
    });
    services.into_iter().collect()
}

/// The addresses at the edges of all blocks, and two that are seldom in one; none of them a pod's.
fn addresses(pods: &[Value], policies: &[Value]) -> Vec<IpAddr> {
    let mut addresses: BTreeSet<IpAddr> = ["8.8.8.8", "2606:4700::1111"].iter().map(|it| it.parse().unwrap()).collect();
    walk(policies, "cidr", &mut |block| {
        addresses.extend(edges(block["cidr"].as_str().unwrap()));
        for except in block["except"].as_array().into_iter().flatten() {
            addresses.extend(edges(except.as_str().unwrap()));
        }
    });
    walk(pods, "ip", &mut |ip| {
        addresses.remove(&ip["ip"].as_str().unwrap().parse().unwrap());
    });
    addresses.into_iter().collect()
}

/// Visits each mapping with a key, at any depth.
fn walk(values: &[Value], key: &str, visit: &mut impl FnMut(&Value)) {
    for value in values {
        match value {
            Value::Array(items) => walk(items, key, visit),
            Value::Object(fields) => {
                if fields.contains_key(key) {
                    visit(value);
                }
                for field in fields.values() {
                    walk(std::slice::from_ref(field), key, visit);
                }
            }
            _ => {}
        }
    }
}
