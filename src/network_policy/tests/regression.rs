//! The specification taken literally opens the source and denies at the destination: no edge to Polaris, the
//! collector or MinIO exists. These are the edges that must exist, and those that must not.

use super::world::{config, inventory, labels};
use crate::config::Config;
use crate::network_policy::{
    Direction, IpBlockReach, NetworkPolicy, Party, Side, Traffic, declare, evaluate, synthesize,
};
use crate::object::{Inventory, Protocol};

const PORTS: [u16; 14] = [1, 53, 80, 443, 3000, 4316, 4317, 4318, 4319, 6443, 8080, 8181, 9000, 65535];
const REACHES: [IpBlockReach; 2] = [IpBlockReach::OutsideOnly, IpBlockReach::PodsToo];

fn policies(config: &Config, inventory: &Inventory) -> Vec<NetworkPolicy> {
    synthesize(config, &declare(config, inventory).flows)
}

/// Pods have cluster addresses, so that an `ipBlock` for the outside would show.
fn pod(namespace: &str, app: &str) -> Party {
    let key = if app == "kube-dns" { "k8s-app" } else { "app" };
    Party::Pod {
        namespace: namespace.to_owned(),
        labels: labels(&[(key, app)]),
        address: Some("10.42.0.7".parse().unwrap()),
    }
}

/// What passes, as `TCP 443`, among the ports tried.
fn open(policies: &[NetworkPolicy], source: &Party, destination: &Party, reach: IpBlockReach) -> Vec<String> {
    let mut open = Vec::new();
    for protocol in Protocol::ALL {
        for port in PORTS {
            let traffic = Traffic { source: source.clone(), destination: destination.clone(), protocol, port };
            if evaluate(policies, &traffic, reach).allowed() {
                open.push(format!("{protocol} {port}"));
            }
        }
    }
    open
}

#[test]
fn a_job_reaches_exactly_its_services() {
    let policies = policies(&config(), &inventory());
    let job = pod("floe-jobs", "dbt");
    let outside = Party::Address("52.1.2.3".parse().unwrap());
    let outside6 = Party::Address("2600:1f00::1".parse().unwrap());
    let metadata = Party::Address("169.254.169.254".parse().unwrap());
    let node = Party::Address("10.0.0.4".parse().unwrap());
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
        let to = |destination: &Party| open(&policies, &sales, destination, reach);
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
        let to = |destination: &Party| open(&policies, &controller, destination, reach);
        assert!(to(&pod("floe-platform", "dagster")).contains(&"TCP 3000".to_owned()));
        assert!(to(&pod("floe-sales-domain", "product")).contains(&"TCP 8080".to_owned()));
        assert!(to(&pod("floe-jobs", "dbt")).is_empty());
    }
}

#[test]
fn nobody_else_gets_in() {
    let policies = policies(&config(), &inventory());
    for stranger in [pod("default", "polaris"), Party::Address("52.1.2.3".parse().unwrap())] {
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
    let traffic = |port| Traffic {
        source: pod("floe-jobs", "dbt"),
        destination: pod("floe-platform", "polaris"),
        protocol: Protocol::Tcp,
        port,
    };
    let verdict = evaluate(&policies, &traffic(8181), IpBlockReach::OutsideOnly);
    let Side::Allowed { policy, .. } = &verdict.ingress else { panic!("{verdict:?}") };
    assert_eq!(policy, "floe-platform/allow-ingress-polaris");

    let verdict = evaluate(&policies, &traffic(8182), IpBlockReach::OutsideOnly);
    let isolating = ["floe-jobs/default-deny", "floe-jobs/allow-egress"].map(str::to_owned).to_vec();
    assert_eq!(verdict.egress, Side::Denied { policies: isolating });
}
