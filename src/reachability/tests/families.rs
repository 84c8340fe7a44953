//! A connection has addresses of one family at both ends.

use std::net::IpAddr;

use serde_json::{Value, json};

use crate::object::{GroupVersionKind, PodFacts, Protocol, ResourceId};
use crate::reachability::{IpBlockReach, Party, Policy, Reachability, Source, Traffic, World};

fn pod(name: &str, addresses: &[&str]) -> PodFacts {
    PodFacts {
        owner: ResourceId { gvk: GroupVersionKind::new("v1", "Pod"), namespace: None, name: name.to_owned() },
        namespace: "x".to_owned(),
        labels: [("name".to_owned(), name.to_owned())].into(),
        ports: Vec::new(),
        host_network: false,
        addresses: addresses.iter().map(|it| it.parse::<IpAddr>().unwrap()).collect(),
        node_addresses: Vec::new(),
        is_finished: false,
        controller: None,
    }
}

/// All pods may send to, or accept from, the blocks only.
fn only(direction: &str, peers: &str, cidrs: &[&str]) -> Policy {
    let blocks: Vec<Value> = cidrs.iter().map(|cidr| json!({"ipBlock": {"cidr": cidr}})).collect();
    let rules = json!([{ peers: blocks }]);
    let types = if direction == "egress" { ["Egress"] } else { ["Ingress"] };
    let object = json!({"metadata": {"name": direction}, "spec": {"policyTypes": types, direction: rules}});
    Policy::read(&object, "x").unwrap()
}

/// Whether a connection passes, in all three readings.
fn passes(addresses: [&[&str]; 2], egress: &[&str], ingress: &[&str], more: &[PodFacts]) -> bool {
    let mut pods = vec![pod("a", addresses[0]), pod("b", addresses[1])];
    pods.extend(more.iter().cloned());
    let policies = vec![only("egress", "to", egress), only("ingress", "from", ingress)];
    let cluster = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
    let world = World::new(pods, &[], policies, IpBlockReach::PodsToo, &cluster);
    let (source, destination) = (Party::Pod(0), Party::Pod(1));
    let alone = world.verdict(&Traffic { source, destination, protocol: Protocol::Tcp, port: 80 }).allowed();
    assert_eq!(!world.connections(source, destination).is_empty(), alone);
    let reachability = Reachability::new(&world, &[]);
    let from = reachability.from(Source::Pods(reachability.class_of(0).unwrap()));
    assert_eq!(!reachability.set(from.pods[reachability.class_of(1).unwrap()]).is_empty(), alone);
    alone
}

#[test]
fn a_family_counts_if_both_pods_have_it() {
    let (four, six, both, unknown) = (&["10.0.0.1"][..], &["fd00::1"][..], &["10.0.0.2", "fd00::2"][..], &[][..]);
    let (v4, v6, any) = (&["0.0.0.0/0"][..], &["::/0"][..], &["0.0.0.0/0", "::/0"][..]);
    let others = [pod("four", &["10.9.9.9"]), pod("six", &["fd99::9"]), pod("both", &["10.9.9.8", "fd99::8"])];
    for (addresses, egress, ingress, expected) in [
        ([four, four], v4, v4, true),
        ([four, four], v6, v4, false),
        ([six, six], v6, v6, true),
        ([six, six], v4, any, false),
        ([both, both], v4, v4, true),
        ([both, both], v6, v6, true),
        // Out over one family, in over the other: no connection is both.
        ([both, both], v4, v6, false),
        ([both, both], v6, any, true),
        // The family that only one of them has is not used.
        ([four, both], v6, any, false),
        ([both, four], any, v6, false),
        ([both, six], v4, any, false),
        ([four, both], v4, any, true),
        // Addresses that are not known may be of both families.
        ([unknown, unknown], v4, v4, true),
        ([unknown, unknown], v4, v6, false),
        ([unknown, four], v4, v4, true),
        ([unknown, four], any, v6, false),
        ([unknown, four], v6, any, false),
        ([unknown, both], v6, v6, true),
        // The network keeps them apart; policies are judged by all their addresses.
        ([four, six], v6, v4, true),
        ([four, six], v4, v6, false),
        ([six, four], any, any, true),
    ] {
        let shown = format!("{addresses:?}, egress to {egress:?}, ingress from {ingress:?}");
        // Pods that have no part in it change nothing.
        for more in [&[][..], &others[..1], &others[1..2], &others] {
            assert_eq!(passes(addresses, egress, ingress, more), expected, "{shown}, {} more pods", more.len());
        }
    }
}
