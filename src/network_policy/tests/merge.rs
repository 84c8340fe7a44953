//! Laws of merging: the meaning stays, and the result depends on the meaning only.

use std::collections::BTreeMap;
use std::net::IpAddr;

use proptest::prelude::*;

use super::world::{address, labels, world};
use crate::network_policy::canonical::merge;
use crate::network_policy::prove::representative;
use crate::network_policy::{
    Direction, IpBlock, NamespaceScope, NetworkPolicy, Peer, PolicyRules, PortSet, RangeStyle, Rule,
};
use crate::object::{PodFacts, Protocol};
use crate::reachability::{IpBlockReach, Party};

type Entry = (Peer, PortSet);

fn block(cidr: &str, except: &[&str]) -> Peer {
    let except = except.iter().map(|it| it.parse().unwrap());
    Peer::Block(IpBlock::except(cidr.parse().unwrap(), except).unwrap())
}

fn pods(namespace: Option<&str>, carried: &[(&str, &str)]) -> Peer {
    let namespace = namespace.map_or(NamespaceScope::Own, |name| NamespaceScope::Named(name.to_owned()));
    Peer::Pods { namespace, labels: labels(carried) }
}

fn tcp(first: u16, last: u16) -> PortSet {
    PortSet::range(Protocol::Tcp, first, last)
}

fn written(entries: &[Entry]) -> Vec<String> {
    let peers = |rule: &Rule| rule.peers().iter().map(ToString::to_string).collect::<Vec<_>>().join(" | ");
    merge(entries.iter().cloned()).iter().map(|rule| format!("{}: {}", peers(rule), rule.ports())).collect()
}

#[test]
fn anything_swallows_everybody_on_its_ports() {
    let entries =
        [(Peer::Any, tcp(443, 443)), (pods(Some("b"), &[]), tcp(443, 443)), (block("10.0.0.0/8", &[]), tcp(443, 444))];
    assert_eq!(written(&entries), ["anything: TCP 443", "10.0.0.0/8: TCP 444"]);
    let entries = [(Peer::Any, PortSet::everything()), (block("10.0.0.0/8", &[]), PortSet::everything())];
    assert_eq!(written(&entries), ["anything: everything"]);
}

#[test]
fn a_namespace_swallows_its_pods() {
    let entries = [
        (pods(Some("b"), &[]), tcp(80, 90)),
        (pods(Some("b"), &[("a", "1")]), tcp(80, 80)),
        (pods(Some("c"), &[("a", "1")]), tcp(80, 80)),
    ];
    assert_eq!(written(&entries), ["b: TCP 80-90", "c (a=1): TCP 80"]);
}

#[test]
fn peers_with_equal_ports_share_a_rule() {
    let entries =
        [(pods(Some("b"), &[]), tcp(80, 80)), (pods(None, &[]), tcp(80, 80)), (block("52.0.0.0/8", &[]), tcp(80, 80))];
    assert_eq!(written(&entries), ["its own namespace | b | 52.0.0.0/8: TCP 80"]);
}

#[test]
fn a_block_with_exceptions_stands_alone() {
    let entries = [
        (block("0.0.0.0/0", &["10.0.0.0/8"]), tcp(443, 443)),
        (block("::/0", &["fc00::/7"]), tcp(443, 443)),
        (block("10.9.0.0/16", &[]), tcp(443, 443)),
        (pods(None, &[]), tcp(443, 443)),
    ];
    assert_eq!(
        written(&entries),
        [
            "its own namespace | 10.9.0.0/16: TCP 443",
            "0.0.0.0/0 except 10.0.0.0/8: TCP 443",
            "::/0 except fc00::/7: TCP 443"
        ]
    );
}

#[test]
fn a_wider_block_swallows_a_narrower_one() {
    let entries = [
        (block("0.0.0.0/0", &["10.0.0.0/8"]), tcp(443, 443)),
        (block("10.0.0.0/8", &[]), tcp(443, 443)),
        (block("52.0.0.0/8", &[]), tcp(443, 443)),
    ];
    assert_eq!(written(&entries), ["0.0.0.0/0: TCP 443"]);
}

#[test]
fn a_long_range_is_not_cut_for_a_port_that_a_wider_peer_has() {
    let entries = [
        (block("0.0.0.0/0", &[]), tcp(443, 443)),
        (block("52.0.0.0/8", &[]), tcp(1, 65535)),
        (Peer::Any, tcp(6443, 6443)),
        (pods(None, &[]), tcp(6000, 7000)),
    ];
    assert_eq!(
        written(&entries),
        ["anything: TCP 6443", "its own namespace: TCP 6000-7000", "0.0.0.0/0: TCP 443", "52.0.0.0/8: TCP 1-65535"]
    );
}

#[test]
fn addresses_do_not_swallow_pods() {
    let entries = [(block("0.0.0.0/0", &[]), PortSet::everything()), (pods(Some("b"), &[]), tcp(80, 80))];
    assert_eq!(written(&entries).len(), 2);
}

#[test]
fn nothing_is_no_rule() {
    assert!(merge([]).is_empty());
    assert!(merge([(Peer::Any, PortSet::default()), (pods(None, &[]), PortSet::default())]).is_empty());
}

fn any_peer() -> impl Strategy<Value = Peer> {
    let namespace = prop::sample::select(vec![None, Some("b"), Some("c")]);
    let carried = prop::sample::select(vec![vec![], vec![("x", "1")], vec![("y", "1")], vec![("x", "1"), ("y", "1")]]);
    let nets = [
        "0.0.0.0/0",
        "10.0.0.0/8",
        "10.0.0.0/9",
        "10.128.0.0/9",
        "10.1.0.0/16",
        "10.1.2.0/24",
        "52.0.0.0/8",
        "::/0",
        "fd00::/8",
        "fd00::/9",
    ];
    let net = prop::sample::select(nets.to_vec());
    let except = prop::collection::vec(net.clone(), 0..3);
    prop_oneof![
        1 => Just(Peer::Any),
        4 => (namespace, carried).prop_map(|(namespace, carried)| pods(namespace, &carried)),
        5 => (net, except).prop_map(|(net, except)| {
            let inside = except.iter().map(|it| it.parse().unwrap());
            let block = IpBlock::except(net.parse().unwrap(), inside);
            Peer::Block(block.unwrap_or_else(|| IpBlock::of(net.parse().unwrap())))
        }),
    ]
}

fn any_ports() -> impl Strategy<Value = PortSet> {
    let protocol = prop::sample::select(Protocol::ALL.to_vec());
    prop_oneof![
        1 => Just(PortSet::everything()),
        8 => (protocol.clone(), 1_u16..8, 0_u16..4).prop_map(|(it, first, more)| PortSet::range(it, first,
            first + more)),
        1 => protocol.prop_map(|it| PortSet::range(it, 1, u16::MAX)),
    ]
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    prop::collection::vec((any_peer(), any_ports()), 0..8)
}

/// Addresses that tell all blocks above apart.
const ADDRESSES: [&str; 14] = [
    "0.0.0.0",
    "10.0.0.0",
    "10.1.0.0",
    "10.1.2.0",
    "10.1.3.0",
    "10.2.0.0",
    "10.128.0.0",
    "11.0.0.0",
    "52.0.0.0",
    "53.0.0.0",
    "::",
    "fd00::",
    "fd80::",
    "fe00::",
];

/// Pods that tell all peers above apart; the first is the one that is selected.
fn pods_of_all_kinds() -> Vec<PodFacts> {
    let mut pods = vec![representative("a", &labels(&[("selected", "yes")]), None)];
    for namespace in ["a", "b", "c", "d"] {
        for carried in [&[][..], &[("x", "1")], &[("y", "1")], &[("x", "1"), ("y", "1")]] {
            for address in ["10.1.2.0", "11.0.0.0"] {
                let address: IpAddr = address.parse().unwrap();
                pods.push(representative(namespace, &labels(carried), Some(address)));
            }
        }
    }
    pods
}

/// All that the rules let pass, for every far end and both readings of `ipBlock`.
fn meaning(rules: &[Rule]) -> Vec<PortSet> {
    let policy = NetworkPolicy {
        name: "p".to_owned(),
        namespace: "a".to_owned(),
        labels: BTreeMap::new(),
        pod_selector: labels(&[("selected", "yes")]),
        rules: PolicyRules::Allow { direction: Direction::Egress, rules: rules.to_vec() },
        ranges: RangeStyle::EndPort,
    };
    let mut passing = Vec::new();
    for reach in [IpBlockReach::OutsideOnly, IpBlockReach::PodsToo] {
        let world = world(std::slice::from_ref(&policy), pods_of_all_kinds(), reach);
        let parties = (1..world.pods.len()).map(Party::Pod).chain(ADDRESSES.into_iter().map(address));
        passing.extend(parties.map(|party| world.connections(Party::Pod(0), party)));
    }
    passing
}

fn one_rule_each(entries: &[Entry]) -> Vec<Rule> {
    entries.iter().map(|(peer, ports)| Rule { peers: vec![peer.clone()], ports: ports.clone() }).collect()
}

fn as_entries(rules: &[Rule]) -> Vec<Entry> {
    rules.iter().flat_map(|rule| rule.peers().iter().map(|peer| (peer.clone(), rule.ports().clone()))).collect()
}

/// Says the same in more pieces.
fn cut(entries: &[Entry]) -> Vec<Entry> {
    let mut pieces = Vec::new();
    for (peer, ports) in entries {
        let peers = match peer {
            Peer::Block(block) if block.exceptions().is_empty() => {
                let halves = block.cidr().subnets(block.cidr().prefix_len() + 1).unwrap();
                halves.map(|half| Peer::Block(IpBlock::of(half))).collect()
            }
            other => vec![other.clone()],
        };
        let low = ports.intersection(&tcp(1, 3));
        for peer in peers {
            pieces.push((peer.clone(), low.clone()));
            pieces.push((peer, if ports.is_everything() { ports.clone() } else { ports.difference(&low) }));
        }
    }
    pieces
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn meaning_stays(entries in entries()) {
        let merged = merge(entries.iter().cloned());
        prop_assert_eq!(meaning(&merged), meaning(&one_rule_each(&entries)));
    }

    #[test]
    fn order_and_cut_do_not_matter(entries in entries(), rotation in 0_usize..8) {
        let merged = merge(entries.iter().cloned());
        let mut turned = cut(&entries);
        turned.extend(entries.clone());
        let by = rotation % turned.len().max(1);
        turned.rotate_left(by);
        turned.reverse();
        prop_assert_eq!(&merge(turned), &merged);
        prop_assert_eq!(&merge(as_entries(&merged)), &merged, "not idempotent");
    }

    #[test]
    fn no_rule_can_be_removed(entries in entries()) {
        let merged = merge(entries.iter().cloned());
        let whole = meaning(&merged);
        for index in 0..merged.len() {
            let mut fewer = merged.clone();
            fewer.remove(index);
            prop_assert_ne!(&meaning(&fewer), &whole, "rule {} is not needed: {:?}", index, &merged);
        }
    }

    #[test]
    fn the_form_is_portable(entries in entries()) {
        for rule in merge(entries.iter().cloned()) {
            let alone = rule.peers().iter().any(|peer| match peer {
                Peer::Any => true,
                Peer::Block(block) => !block.exceptions().is_empty(),
                Peer::Pods { .. } => false,
            });
            prop_assert!(!rule.peers().is_empty() && !rule.ports().is_empty());
            prop_assert!(!alone || rule.peers().len() == 1);
        }
    }
}
