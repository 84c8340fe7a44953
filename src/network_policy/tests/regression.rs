//! The specification taken literally opens the source and denies at the destination: no edge to Polaris, the
//! collector or MinIO exists. These are the edges that must exist, and those that must not.

use super::world::{config, inventory, labels, world};
use crate::config::Config;
use crate::network_policy::prove::{End, representative};
use crate::network_policy::{Direction, NetworkPolicy, declare, synthesize};
use crate::object::{Inventory, PodFacts, Protocol};
use crate::reachability::{IpBlockReach, Party, Side, Traffic, Verdict};

const PORTS: [u16; 14] = [1, 53, 80, 443, 3000, 4316, 4317, 4318, 4319, 6443, 8080, 8181, 9000, 65535];
const REACHES: [IpBlockReach; 2] = [IpBlockReach::OutsideOnly, IpBlockReach::PodsToo];

fn policies(config: &Config, inventory: &Inventory) -> Vec<NetworkPolicy> {
    synthesize(config, &declare(config, inventory).flows)
}

fn pod(namespace: &str, app: &str) -> End {
    let key = if app == "kube-dns" { "k8s-app" } else { "app" };
    End::Pod { namespace: namespace.to_owned(), labels: labels(&[(key, app)]) }
}

/// Pods have cluster addresses, so that an `ipBlock` for the outside would show.
fn verdict(
    policies: &[NetworkPolicy],
    [source, destination]: [&End; 2],
    (protocol, port): (Protocol, u16),
    reach: IpBlockReach,
) -> Verdict {
    let mut pods: Vec<PodFacts> = Vec::new();
    let mut party = |end: &End| match end {
        End::Address(address) => Party::Address(*address),
        End::Pod { namespace, labels } => {
            pods.push(representative(namespace, labels, Some("10.42.0.7".parse().unwrap())));
            Party::Pod(pods.len() - 1)
        }
    };
    let (source, destination) = (party(source), party(destination));
    world(policies, pods, reach).verdict(&Traffic { source, destination, protocol, port })
}

/// What passes, as `TCP 443`, among the ports tried.
fn open(policies: &[NetworkPolicy], source: &End, destination: &End, reach: IpBlockReach) -> Vec<String> {
    let tried = Protocol::ALL.into_iter().flat_map(|protocol| PORTS.map(|port| (protocol, port)));
    let passing = tried.filter(|&port| verdict(policies, [source, destination], port, reach).allowed());
    passing.map(|(protocol, port)| format!("{protocol} {port}")).collect()
}

#[test]
fn a_job_reaches_exactly_its_services() {
    let policies = policies(&config(), &inventory());
    let job = pod("floe-jobs", "dbt");
    let outside = End::Address("52.1.2.3".parse().unwrap());
    let outside6 = End::Address("2600:1f00::1".parse().unwrap());
    let metadata = End::Address("169.254.169.254".parse().unwrap());
    let node = End::Address("10.0.0.4".parse().unwrap());
    let nothing: &[&str] = &[];
    for (destination, expected) in [
        (pod("floe-platform", "polaris"), &["TCP 8181"][..]),
        (pod("floe-platform", "otel-collector"), &["TCP 4317", "TCP 4318"]),
        (pod("floe-platform", "minio"), &["TCP 9000"]),
        (pod("kube-system", "kube-dns"), &["TCP 53", "UDP 53"]),
        (outside, &["TCP 443"]),
        (outside6, &["TCP 443"]),
        (metadata, nothing),
        (node, nothing),
        (pod("floe-platform", "dagster"), nothing),
        (pod("floe-jobs", "dbt"), nothing),
        (pod("floe-sales-domain", "product"), nothing),
        (pod("kube-system", "metrics-server"), nothing),
        (pod("default", "web"), nothing),
    ] {
        for reach in REACHES {
            assert_eq!(open(&policies, &job, &destination, reach), expected, "to {destination}, {reach:?}");
        }
    }
}

#[test]
fn domains_reach_themselves_and_the_platform_but_no_other_domain() {
    let policies = policies(&config(), &inventory());
    let sales = pod("floe-sales-domain", "product");
    for reach in REACHES {
        let to = |destination: &End| open(&policies, &sales, destination, reach);
        assert_eq!(to(&pod("floe-sales-domain", "other")).len(), 3 * PORTS.len());
        assert_eq!(to(&pod("floe-platform", "polaris")), ["TCP 8181"]);
        assert_eq!(to(&pod("floe-platform", "minio")), ["TCP 9000"]);
        assert!(to(&pod("floe-platform", "dagster")).is_empty());
        assert!(to(&pod("floe-marketing-domain", "product")).is_empty());
        assert!(to(&pod("floe-jobs", "dbt")).is_empty());
    }
}

#[test]
fn the_ingress_controller_reaches_platform_and_domains_only() {
    let policies = policies(&config(), &inventory());
    let controller = pod("ingress-nginx", "controller");
    for reach in REACHES {
        let to = |destination: &End| open(&policies, &controller, destination, reach);
        assert!(to(&pod("floe-platform", "dagster")).contains(&"TCP 3000".to_owned()));
        assert!(to(&pod("floe-sales-domain", "product")).contains(&"TCP 8080".to_owned()));
        assert!(to(&pod("floe-jobs", "dbt")).is_empty());
    }
}

#[test]
fn nobody_else_gets_in() {
    let policies = policies(&config(), &inventory());
    for stranger in [pod("default", "polaris"), End::Address("52.1.2.3".parse().unwrap())] {
        for namespace in ["floe-platform", "floe-jobs", "floe-sales-domain"] {
            assert!(open(&policies, &stranger, &pod(namespace, "polaris"), IpBlockReach::PodsToo).is_empty());
        }
    }
}

#[test]
fn without_services_in_the_input_the_ports_are_open_on_the_whole_platform() {
    let policies = policies(&config(), &Inventory::default());
    let open = open(&policies, &pod("floe-jobs", "dbt"), &pod("floe-platform", "dagster"), IpBlockReach::OutsideOnly);
    assert_eq!(open, ["TCP 4317", "TCP 4318", "TCP 8181", "TCP 9000"]);
}

#[test]
fn no_policy_has_rules_for_both_directions() {
    for policy in policies(&config(), &inventory()) {
        let rules = |direction| policy.rules_for(direction).is_some_and(|rules| !rules.is_empty());
        assert!(!(rules(Direction::Egress) && rules(Direction::Ingress)), "{}", policy.name);
    }
}

#[test]
fn verdicts_say_which_policy_and_rule() {
    let policies = policies(&config(), &inventory());
    let ends = [&pod("floe-jobs", "dbt"), &pod("floe-platform", "polaris")];
    let to = |port| verdict(&policies, ends, (Protocol::Tcp, port), IpBlockReach::OutsideOnly);
    let names = |positions: &[usize]| -> Vec<String> {
        positions.iter().map(|&at| format!("{}/{}", policies[at].namespace, policies[at].name)).collect()
    };

    let Side::Allowed { by, .. } = to(8181).ingress else { panic!("{:?}", to(8181)) };
    assert_eq!(names(&[by[0].policy]), ["floe-platform/allow-ingress-polaris"]);

    let Side::Denied { isolating, .. } = to(8182).egress else { panic!("{:?}", to(8182)) };
    assert_eq!(names(&isolating), ["floe-jobs/default-deny", "floe-jobs/allow-egress"]);
}
