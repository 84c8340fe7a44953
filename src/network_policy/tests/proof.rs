//! The proof accepts what is generated and refuses every change to it.

use proptest::prelude::*;

use super::world::{config, inventory, labels, rule};
use crate::config::{Config, EgressTarget};
use crate::network_policy::{
    Flow, NamespaceScope, NetworkPolicy, Peer, PolicyRules, PortSet, ProofError, Rule, declare, prove, synthesize,
};
use crate::object::{Inventory, Protocol};

fn generated(config: &Config, inventory: &Inventory) -> (Vec<Flow>, Vec<NetworkPolicy>) {
    let flows = declare(config, inventory).flows;
    let policies = synthesize(config, &flows);
    (flows, policies)
}

fn rules_of(policy: &mut NetworkPolicy) -> Option<&mut Vec<Rule>> {
    match &mut policy.rules {
        PolicyRules::DefaultDeny => None,
        PolicyRules::Allow { rules, .. } => Some(rules),
    }
}

#[test]
fn what_is_generated_is_proven() {
    for inventory in [Inventory::default(), inventory()] {
        let (flows, policies) = generated(&config(), &inventory);
        assert_eq!(prove(&config(), &flows, &policies, &inventory), Ok(()));
    }
}

#[test]
fn a_missing_rule_blocks() {
    let (flows, policies) = generated(&config(), &inventory());
    for (at, policy) in policies.iter().enumerate() {
        for index in 0..rules_of(&mut policy.clone()).map_or(0, |rules| rules.len()) {
            let mut fewer = policies.clone();
            rules_of(&mut fewer[at]).unwrap().remove(index);
            let result = prove(&config(), &flows, &fewer, &inventory());
            assert!(matches!(result, Err(ProofError::Blocked { .. })), "{} {index}: {result:?}", policy.name);
        }
    }
}

#[test]
fn a_rule_too_many_is_undeclared() {
    let (flows, policies) = generated(&config(), &inventory());
    let strangers = [
        Peer::Pods { namespace: NamespaceScope::Named("stranger".to_owned()), labels: labels(&[("a", "b")]) },
        Peer::Block(crate::network_policy::IpBlock::of("10.1.2.3/32".parse().unwrap())),
        Peer::Block(crate::network_policy::IpBlock::of("fd00::7/128".parse().unwrap())),
        Peer::Any,
    ];
    for at in 0..policies.len() {
        for peer in &strangers {
            let mut more = policies.clone();
            let Some(rules) = rules_of(&mut more[at]) else { continue };
            rules.push(Rule { peers: vec![peer.clone()], ports: PortSet::range(Protocol::Sctp, 31999, 31999) });
            let result = prove(&config(), &flows, &more, &inventory());
            assert!(matches!(result, Err(ProofError::Undeclared { .. })), "{} {peer}: {result:?}", more[at].name);
        }
    }
}

#[test]
fn a_namespace_left_open_is_undeclared() {
    let (flows, mut policies) = generated(&config(), &inventory());
    policies.retain(|policy| policy.namespace != "floe-jobs");
    assert!(matches!(prove(&config(), &flows, &policies, &inventory()), Err(ProofError::Undeclared { .. })));
}

#[test]
fn an_error_names_ends_and_ports() {
    let (flows, mut policies) = generated(&config(), &inventory());
    policies.retain(|policy| policy.name != "allow-ingress-polaris");
    let message = prove(&config(), &flows, &policies, &inventory()).unwrap_err().to_string();
    let expected = "a pod of floe-jobs -> a pod of floe-platform (app=polaris), where ipBlock matches addresses \
                    outside only: TCP 8181 is declared, but the policies block it";
    assert_eq!(message, expected);
}

/// A flow to pods that their own namespace does not open is blocked; one to an unmanaged namespace is not our affair.
#[test]
fn both_sides_are_needed_between_managed_namespaces() {
    let config = config();
    let (mut flows, policies) = generated(&config, &Inventory::default());
    let mut dagster = flows[0].clone();
    dagster.source = crate::network_policy::Endpoint::namespace("floe-jobs");
    dagster.destination = crate::network_policy::Endpoint::namespace("floe-sales-domain");
    flows.push(dagster);
    assert!(matches!(prove(&config, &flows, &policies, &Inventory::default()), Err(ProofError::Blocked { .. })));
}

#[test]
fn policies_switched_off_need_no_proof() {
    let mut config = config();
    config.network.enabled = false;
    assert_eq!(prove(&config, &[], &[], &inventory()), Ok(()));
}

fn custom() -> impl Strategy<Value = Vec<crate::config::EgressRule>> {
    let targets = ["floe-jobs", "floe-platform", "floe-sales-domain", "kube-system", "elsewhere"];
    let cidrs = ["0.0.0.0/0", "::/0", "10.9.0.0/16", "10.0.0.1/8", "52.1.2.3/32", "169.254.170.23/32"];
    let to = prop_oneof![
        prop::sample::select(targets.to_vec()).prop_map(|name| EgressTarget::Namespace(name.to_owned())),
        prop::sample::select(cidrs.to_vec()).prop_map(|cidr| EgressTarget::Cidr(cidr.parse().unwrap())),
    ];
    let ports = prop::sample::select(vec![(443, 443), (53, 53), (8181, 8181), (1, 65535), (400, 9000), (6443, 6444)]);
    let protocol = prop::sample::select(Protocol::ALL.to_vec());
    let one = (to, ports, protocol).prop_map(|(to, (port, end_port), protocol)| {
        let mut rule = rule("r", to, port);
        (rule.end_port, rule.protocol) = (end_port, protocol);
        rule
    });
    prop::collection::vec(one, 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_configuration_is_proven(
        jobs in custom(),
        platform in custom(),
        domain in custom(),
        switches in prop::array::uniform6(any::<bool>()),
    ) {
        let mut config = config();
        let [default_deny, https, api_known, narrowed, local_dns, controller_managed] = switches;
        let network = &mut config.network;
        (network.default_deny, network.allow_external_https) = (default_deny, https);
        (network.jobs_egress_allow, network.platform_egress_allow, network.domain_egress_allow) =
            (jobs, platform, domain);
        if api_known {
            network.kubernetes_api.cidrs = vec!["10.0.0.1/32".parse().unwrap()];
        }
        if local_dns {
            network.dns.node_local_cidrs = vec!["169.254.20.10/32".parse().unwrap()];
        }
        if controller_managed {
            network.ingress_controller_namespace = "floe-platform".to_owned();
            network.ingress_controller_pod_labels = labels(&[("app", "dagster")]);
            network.dns.namespace = "floe-platform".to_owned();
        }
        let inventory = if narrowed { inventory() } else { Inventory::default() };
        let (flows, policies) = generated(&config, &inventory);
        prop_assert_eq!(prove(&config, &flows, &policies, &inventory), Ok(()));

        let mut turned = flows.clone();
        turned.reverse();
        prop_assert_eq!(synthesize(&config, &turned), policies, "order of flows matters");
    }
}
