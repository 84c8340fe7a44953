//! What policies do not decide.

use serde_json::json;

use crate::object::{PodFacts, Protocol, ResourceId, pod_facts};
use crate::reachability::{Exception, IpBlockReach, Party, Policy, Traffic, Undefined, Verdict, World};
use crate::yaml::FieldPath;

fn pod(host_network: bool) -> PodFacts {
    let object = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "shop"},
        "spec": {"hostNetwork": host_network, "containers": [{"name": "c"}]},
        "status": {"hostIP": "10.0.0.4", "hostIPs": [{"ip": "10.0.0.4"}, {"ip": "fd00::4"}], "podIP": "10.1.0.9"},
    });
    pod_facts(&object, &ResourceId::of(&object).unwrap(), &FieldPath::root(), "shop")
}

/// Two equal pods that every policy closes in both directions.
fn verdict(host_network: bool, source: Party, destination: Party) -> Verdict {
    let deny = json!({"metadata": {"name": "deny"}, "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}});
    let policies = vec![Policy::read(&deny, "shop").unwrap()];
    let pods = vec![pod(host_network), pod(false)];
    let world = World::new(pods, &[], policies, IpBlockReach::OutsideOnly, &[]);
    let verdict = world.verdict(&Traffic { source, destination, protocol: Protocol::Tcp, port: 80 });
    assert_eq!(verdict.allowed(), !world.connections(source, destination).is_empty());
    verdict
}

fn address(text: &str) -> Party {
    Party::Address(text.parse().unwrap())
}

#[test]
fn a_pod_talks_to_itself_and_not_to_its_twin() {
    assert_eq!(verdict(false, Party::Pod(0), Party::Pod(0)).exception, Some(Exception::Itself));
    assert!(!verdict(false, Party::Pod(0), Party::Pod(1)).allowed());
}

#[test]
fn a_node_reaches_its_pods_and_no_other_node_does() {
    for node in ["10.0.0.4", "fd00::4"] {
        assert_eq!(verdict(false, address(node), Party::Pod(0)).exception, Some(Exception::OwnNode));
    }
    assert!(!verdict(false, address("10.0.0.5"), Party::Pod(0)).allowed());
}

#[test]
fn a_pod_towards_its_node_is_up_to_the_plugin() {
    let verdict = verdict(false, Party::Pod(0), address("10.0.0.4"));
    assert!(!verdict.allowed());
    assert_eq!(verdict.undefined, [Undefined::OwnNode]);
}

#[test]
fn pods_of_the_host_network_are_undefined() {
    use crate::reachability::Direction;
    let undefined = verdict(true, Party::Pod(0), Party::Pod(1)).undefined;
    assert_eq!(undefined, [Undefined::HostNetwork(Direction::Egress)]);
    let undefined = verdict(true, Party::Pod(1), Party::Pod(0)).undefined;
    assert_eq!(undefined, [Undefined::HostNetwork(Direction::Ingress)]);
}
