//! floe's own verdicts, as the judges give theirs.

use std::collections::BTreeMap;

use floe::object::{Protocol, ResourceId, namespace_facts, pod_facts};
use floe::reachability::{self, Connections, IpBlockReach, Party, Policy, Reachability, Source, Traffic};
use floe::yaml::FieldPath;
use ipnet::IpNet;
use serde_json::Value;

use super::world::{End, World};

/// A world as floe reads it: pods and policies from their objects.
pub(super) fn read(world: &World, ip_blocks: IpBlockReach, cluster_cidrs: &[IpNet]) -> reachability::World {
    let namespace = |object: &Value| object["metadata"]["namespace"].as_str().unwrap().to_owned();
    let id = |object| ResourceId::of(object).unwrap();
    let pods = world.pods.iter().map(|pod| pod_facts(pod, &id(pod), &FieldPath::root(), &namespace(pod)));
    let namespaces: Vec<_> = world.namespaces.iter().map(|it| namespace_facts(it, &id(it))).collect();
    let policies = world.policies.iter().map(|policy| {
        Policy::read(policy, &namespace(policy)).unwrap_or_else(|error| panic!("{error}\n{}", world.to_yaml()))
    });
    reachability::World::new(pods.collect(), &namespaces, policies.collect(), ip_blocks, cluster_cidrs)
}

/// A digit for each query, from the verdict on it alone.
pub(super) fn one_by_one(world: &World, read: &reachability::World) -> String {
    let party = |end| match end {
        End::Pod(pod) => Party::Pod(pod),
        End::Address(address) => Party::Address(address),
    };
    let digits = world.queries.iter().map(|query| {
        let verdict = read.verdict(&Traffic {
            source: party(query.source),
            destination: party(query.destination),
            protocol: Protocol::parse(query.protocol).unwrap(),
            port: query.port,
        });
        digit(verdict.allowed())
    });
    digits.collect()
}

/// A digit for each query, from all connections worked out at once.
pub(super) fn by_class(world: &World, read: &reachability::World) -> String {
    let reachability = Reachability::new(read, &[]);
    let class = |pod| reachability.class_of(pod).unwrap();
    let mut from_pods: BTreeMap<usize, Connections> = BTreeMap::new();
    let mut from_addresses: BTreeMap<usize, Connections> = BTreeMap::new();
    let digits = world.queries.iter().map(|query| {
        let protocol = Protocol::parse(query.protocol).unwrap();
        let id = match (query.source, query.destination) {
            // Classes say nothing of a pod and itself.
            (End::Pod(source), End::Pod(destination)) if source == destination => return '1',
            (End::Pod(source), destination) => {
                let source = class(source);
                let from = from_pods.entry(source).or_insert_with(|| reachability.from(Source::Pods(source)));
                match destination {
                    End::Pod(destination) => from.pods[class(destination)],
                    End::Address(address) => {
                        let holds = |set: &reachability::AddressSet| set.contains(address);
                        from.addresses[reachability.destinations().iter().position(holds).unwrap()]
                    }
                }
            }
            (End::Address(source), End::Pod(destination)) => {
                let source = reachability.sources().iter().position(|set| set.contains(source)).unwrap();
                let from = from_addresses.entry(source).or_insert_with(|| reachability.from(Source::Addresses(source)));
                from.pods[class(destination)]
            }
            (End::Address(_), End::Address(_)) => panic!("no policy is asked"),
        };
        digit(reachability.set(id).contains(protocol, query.port))
    });
    digits.collect()
}

const fn digit(allowed: bool) -> char {
    if allowed { '1' } else { '0' }
}
