//! Merging of rules, judged by network-config-analyzer: the policies that floe writes for some flows mean the same as
//! one policy for each flow.

use std::collections::BTreeMap;

use floe::config::Config;
use floe::network_policy::{Endpoint, Flow, NetworkPolicy, Reason, synthesize};
use floe::object::Protocol;
use floe::reachability::{IpBlock, PortRange, PortSet};
use floe::yaml::Tree;
use ipnet::IpNet;
use serde_json::{Map, Value, json};

use super::cases;
use super::nca::{Scheme, run_all};
use crate::dice::Dice;
use crate::support::tool;

/// Comparisons of one run.
const BATCH: usize = 40;

const MANIFEST: &str = "\
apiVersion: floe.dev/v1
kind: Manifest
domains:
  - {name: sales, namespace: floe-sales-domain}
";

/// The managed namespaces, and one that is not.
const NAMESPACES: [&str; 4] = ["floe-platform", "floe-jobs", "floe-sales-domain", "elsewhere"];

/// Nested and neighbouring blocks, so that much can be merged.
const BLOCKS: [&str; 14] = [
    "0.0.0.0/0",
    "0.0.0.0/1",
    "128.0.0.0/1",
    "10.0.0.0/8",
    "10.0.0.0/9",
    "10.128.0.0/9",
    "10.1.0.0/16",
    "10.1.2.0/24",
    "10.1.3.0/24",
    "10.1.2.9/32",
    "::/0",
    "fd00::/8",
    "fd00::/9",
    "fd80::/9",
];

type Labels = BTreeMap<String, String>;

fn labels(dice: &mut Dice) -> Labels {
    let mut labels = Labels::new();
    for key in ["app", "tier"] {
        if dice.percent(30) {
            labels.insert(key.to_owned(), "a".to_owned());
        }
    }
    labels
}

fn block(dice: &mut Dice) -> IpBlock {
    let cidr: IpNet = dice.pick(&BLOCKS).parse().unwrap();
    let except: Vec<IpNet> = (0..dice.below(3)).map(|_| dice.pick(&BLOCKS).parse().unwrap()).collect();
    IpBlock::except(cidr, except).unwrap_or_else(|| IpBlock::of(cidr))
}

fn pods(dice: &mut Dice) -> Endpoint {
    Endpoint::Pods { namespace: dice.pick(&NAMESPACES).to_owned(), labels: labels(dice) }
}

fn end(dice: &mut Dice) -> Endpoint {
    match dice.below(8) {
        0 => Endpoint::Any,
        1..=3 => Endpoint::Addresses((0..=dice.below(2)).map(|_| block(dice)).collect()),
        _ => pods(dice),
    }
}

fn ports(dice: &mut Dice) -> PortSet {
    if dice.percent(8) {
        return PortSet::everything();
    }
    let range = |dice: &mut Dice| {
        let protocol = dice.pick(&Protocol::ALL);
        if dice.percent(8) {
            return PortSet::range(protocol, 1, u16::MAX);
        }
        let first = u16::try_from(80 + dice.below(8)).unwrap();
        PortSet::range(protocol, first, first + u16::try_from(dice.below(6)).unwrap())
    };
    let one = range(dice);
    if dice.percent(30) { one.union(&range(dice)) } else { one }
}

fn flows(dice: &mut Dice) -> Vec<Flow> {
    let flow = |dice: &mut Dice| {
        let (near, far) = (pods(dice), end(dice));
        let (source, destination) = if dice.percent(50) { (near, far) } else { (far, near) };
        Flow { source, destination, ports: ports(dice), reason: Reason::Custom("random".to_owned()) }
    };
    (0..=dice.below(16)).map(|_| flow(dice)).collect()
}

/// One policy for each end of each flow and each of its blocks, with one rule that says just that.
fn one_by_one(flows: &[Flow]) -> Vec<Value> {
    let mut policies: Vec<Value> = NAMESPACES[..3]
        .iter()
        .map(|namespace| policy("deny", namespace, &json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})))
        .collect();
    for flow in flows {
        let sides = [
            ("Egress", "egress", "to", &flow.source, &flow.destination),
            ("Ingress", "ingress", "from", &flow.destination, &flow.source),
        ];
        for (of, section, peers, near, far) in sides {
            let Endpoint::Pods { namespace, labels } = near else { continue };
            if !NAMESPACES[..3].contains(&namespace.as_str()) {
                continue;
            }
            for peer in peers_of(far) {
                let mut rule = Map::new();
                rule.extend(peer.map(|peer| (peers.to_owned(), json!([peer]))));
                if !flow.ports.is_everything() {
                    let port = |(protocol, range): (Protocol, PortRange)| json!({"protocol": protocol.as_str(), "port": range.first, "endPort": range.last});
                    rule.insert("ports".to_owned(), flow.ports.ranges().map(port).collect());
                }
                let spec = json!({"podSelector": {"matchLabels": labels}, "policyTypes": [of], section: [rule]});
                policies.push(policy(&format!("p{}", policies.len()), namespace, &spec));
            }
        }
    }
    policies
}

fn policy(name: &str, namespace: &str, spec: &Value) -> Value {
    let metadata = json!({"name": name, "namespace": namespace});
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec})
}

/// The far ends of a rule, each by itself; absent for all.
fn peers_of(end: &Endpoint) -> Vec<Option<Value>> {
    match end {
        Endpoint::Any => vec![None],
        Endpoint::Addresses(blocks) => {
            let peer = |block: &IpBlock| {
                let except: Vec<_> = block.exceptions().iter().map(ToString::to_string).collect();
                Some(json!({"ipBlock": {"cidr": block.cidr().to_string(), "except": except}}))
            };
            blocks.iter().map(peer).collect()
        }
        Endpoint::Pods { namespace, labels } => vec![Some(json!({
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "podSelector": {"matchLabels": labels},
        }))],
    }
}

/// Every namespace, with a pod of every combination of labels.
fn cluster() -> Vec<Value> {
    let mut objects = Vec::new();
    for namespace in NAMESPACES {
        let labels = json!({"kubernetes.io/metadata.name": namespace});
        objects
            .push(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}}));
        for app in [None, Some("a")] {
            for tier in [None, Some("a")] {
                let all = [("app", app), ("tier", tier)];
                let labels: BTreeMap<&str, &str> =
                    all.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
                let name = format!("pod-{}", objects.len());
                let metadata = json!({"name": name, "namespace": namespace, "labels": labels});
                let spec = json!({"containers": [{"name": "c", "image": "i"}]});
                objects.push(json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}));
            }
        }
    }
    objects
}

/// FR-073.
#[test]
fn merged_policies_mean_what_single_ones_mean() {
    let Some(program) = tool("nca") else { return };
    let config = Config::from_manifest(&Tree::parse(MANIFEST).unwrap()).unwrap();
    let cluster = cluster();
    let count = cases(80);
    let (mut single, mut merged) = (0, 0);
    let mut asked = Vec::new();
    for seed in 0..count {
        let flows = flows(&mut Dice(seed));
        let written: Vec<Value> = synthesize(&config, &flows).iter().map(NetworkPolicy::to_value).collect();
        let apart = one_by_one(&flows);
        let rules = |policies: &[Value]| -> usize {
            let sections = policies.iter().flat_map(|it| [&it["spec"]["ingress"], &it["spec"]["egress"]]);
            sections.map(|rules| rules.as_array().map_or(0, Vec::len)).sum()
        };
        single += rules(&apart);
        merged += rules(&written);
        asked.push((apart, written));
    }
    let mut schemes = Vec::new();
    for batch in asked.chunks(BATCH) {
        let mut scheme = Scheme::new();
        for (apart, written) in batch {
            let with = |policies| cluster.iter().chain(policies).collect::<Vec<&Value>>();
            scheme.ask_equivalence(&with(apart), &with(written));
        }
        // The program must be able to say no.
        let deny = one_by_one(&[]);
        let one: Vec<&Value> = cluster.iter().chain(&deny).collect();
        scheme.ask_equivalence(&one, &one[..one.len() - 1]);
        schemes.push(scheme);
    }
    let mut answers = run_all(schemes, &program).into_iter();
    for batch in asked.chunks(BATCH) {
        for (apart, written) in batch {
            let answer = answers.next().unwrap();
            let texts = || [apart, written].map(|it| serde_json::to_string_pretty(it).unwrap()).join("\n\n");
            assert!(answer.contains("are semantically equivalent."), "{answer}\n{}", texts());
        }
        let answer = answers.next().unwrap();
        assert!(answer.contains("are not semantically equivalent."), "{answer}");
    }
    eprintln!("{count} sets of flows: nca finds {single} rules for one peer each equivalent to floe's {merged}");
    assert!(merged < single);
}
