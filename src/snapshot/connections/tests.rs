//! Lines against the verdict on every pair of pods.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::*;
use crate::object::Workloads;
use crate::reachability::{Party, PortSet};
use crate::snapshot::Snapshot;
use crate::stream::frame;

fn snapshot(text: &str) -> Snapshot {
    Snapshot::take(&[frame(text)], &Workloads::new(&[]), None).unwrap()
}

/// The lines as a map from the two ends to what passes by the reading that is shown, and by the other.
fn lines(list: &ConnectionList) -> BTreeMap<(String, String), (String, String)> {
    let mut written = Vec::new();
    list.write_lines(&mut written, &|line, out| {
        let more = line.with_pods.unwrap_or(line.passing);
        let line = [&line.source.name, &line.destination.name, &line.passing.text, &more.text].map(String::as_str);
        out.extend_from_slice(format!("{}\n", line.join("\t")).as_bytes());
    })
    .unwrap();
    let text = String::from_utf8(written).unwrap();
    let read = |line: &str| {
        let parts: Vec<String> = line.split('\t').map(str::to_owned).collect();
        ((parts[0].clone(), parts[1].clone()), (parts[2].clone(), parts[3].clone()))
    };
    let found: Vec<_> = text.lines().map(read).collect();
    let ordered: Vec<_> = found.iter().map(|(ends, _)| ends.clone()).collect();
    assert!(ordered.is_sorted(), "{text}");
    found.into_iter().collect()
}

/// Random numbers that are the same on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn of<'c>(&mut self, choices: &[&'c str]) -> &'c str {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }
}

const PEERS: [&str; 6] = [
    "{podSelector: {matchLabels: {app: a}}}",
    "{namespaceSelector: {}}",
    "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ns-y}}, podSelector: {matchLabels: {app: b}}}",
    "{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}",
    "{ipBlock: {cidr: 10.1.0.0/24}}",
    "{podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [c]}]}}",
];
const PORTS: [&str; 5] = ["", "{port: 80}", "{port: http}", "{port: 70, endPort: 90}", "{protocol: UDP}"];

/// Namespaces with workloads of one or two pods, which differ in labels, ports and addresses, and some policies.
fn random_cluster(random: &mut Random) -> String {
    let mut text = String::new();
    for namespace in ["ns-x", "ns-y"] {
        for owner in ["one", "two", "three"] {
            for pod in 0..=random.below(2) {
                let (app, port) = (random.of(&["a", "b", "c"]), random.of(&["80", "81"]));
                let status = random.of(&["", "status: {podIP: 10.0.0.7}", "status: {podIP: 10.1.0.7}"]);
                let _ = write!(
                    text,
                    "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {owner}-{pod}, namespace: {namespace}, labels: \
                     {{app: {app}}}, \
                     ownerReferences: [{{kind: ReplicaSet, name: {owner}}}]}}\nspec: {{containers: [{{name: c, ports: \
                     [{{name: http, containerPort: {port}}}]}}]}}\n{status}\n"
                );
            }
        }
        for policy in 0..random.below(4) {
            let (direction, peers) = if random.below(2) == 0 { ("ingress", "from") } else { ("egress", "to") };
            let (peer, more) = (random.of(&PEERS), random.of(&PEERS));
            let (port, kind) = (random.of(&PORTS), if direction == "ingress" { "Ingress" } else { "Egress" });
            let app = random.of(&["a", "b"]);
            let _ = write!(
                text,
                "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p{policy}, namespace: \
                 {namespace}}}\n\
                 spec: {{podSelector: {{matchLabels: {{app: {app}}}}}, policyTypes: [{kind}], {direction}: [{{{peers}: \
                 [{peer}, {more}], ports: [{port}]}}]}}\n"
            );
        }
    }
    text
}

#[test]
fn lines_are_what_any_of_the_pods_may() {
    let config = Config::default();
    let mut compared = 0;
    for seed in 0..150 {
        let text = random_cluster(&mut Random(seed));
        let snapshot = snapshot(&text);
        let list = ConnectionList::new(&snapshot, &config, Readings::Both);
        let lines = lines(&list);
        let worlds =
            [IpBlockReach::OutsideOnly, IpBlockReach::PodsToo].map(|it| world_with(&snapshot, &config, it, &[]));
        for from in &list.endpoints {
            for to in &list.endpoints {
                let ends = (from.name.clone(), to.name.clone());
                let (EndpointKind::Workload { pods: sources, .. }, EndpointKind::Workload { pods: targets, .. }) =
                    (&from.kind, &to.kind)
                else {
                    continue;
                };
                let expected = worlds.each_ref().map(|world| {
                    let pairs = sources.iter().flat_map(|&from| targets.iter().map(move |&to| (from, to)));
                    pairs.fold(PortSet::default(), |all, (from, to)| {
                        all.union(&world.connections(Party::Pod(from), Party::Pod(to)))
                    })
                });
                let expected = expected.map(|set| Passing::of(set).text);
                match lines.get(&ends) {
                    Some((no, yes)) => assert_eq!([no, yes], expected.each_ref(), "seed {seed}: {ends:?}\n{text}"),
                    None if from == to => {}
                    None => assert_eq!(expected[1], "No Connections", "seed {seed}: {ends:?}\n{text}"),
                }
                assert!(from != to || !lines.contains_key(&ends), "no line leads to itself");
                compared += 1;
            }
        }
    }
    assert!(compared > 3000, "{compared}");
}

#[test]
fn ranges_are_judged_by_any_of_their_addresses() {
    let config = Config::default();
    let mut compared = 0;
    for seed in 0..60 {
        let text = random_cluster(&mut Random(seed));
        let snapshot = snapshot(&text);
        let list = ConnectionList::new(&snapshot, &config, Readings::One(IpBlockReach::OutsideOnly));
        let lines = lines(&list);
        let world = world_with(&snapshot, &config, IpBlockReach::OutsideOnly, &[]);
        for (ends, (text, _)) in &lines {
            let of = |name: &str| list.endpoints.iter().find(|it| it.name == name).unwrap();
            let (EndpointKind::External { first, last }, EndpointKind::Workload { pods, .. }) =
                (&of(&ends.0).kind, &of(&ends.1).kind)
            else {
                continue;
            };
            for address in [first, last] {
                let sets = pods.iter().map(|&pod| world.connections(Party::Address(*address), Party::Pod(pod)));
                let set = sets.fold(PortSet::default(), |all, one| all.union(&one));
                assert_eq!(*text, Passing::of(set).text, "seed {seed}: {ends:?}");
                compared += 1;
            }
        }
    }
    assert!(compared > 100, "{compared}");
}

#[test]
fn words_are_those_of_netpol_analyzer() {
    use crate::object::Protocol::{Sctp, Tcp, Udp};
    let range = PortSet::range;
    let some =
        PortSet::single_ports(Udp, &[53]).union(&PortSet::single_ports(Tcp, &[443, 80, 81])).union(&range(Sctp, 7, 9));
    assert_eq!(Passing::of(some).text, "SCTP 7-9,TCP 80-81,443,UDP 53");
    assert_eq!(Passing::of(range(Tcp, 1, 65535)).text, "TCP 1-65535");
    let all = [Tcp, Udp, Sctp].map(|it| range(it, 1, 65535)).iter().fold(PortSet::default(), |all, it| all.union(it));
    assert_eq!(Passing::of(all).text, "All Connections");
    assert_eq!(Passing::of(PortSet::everything()).text, "All Connections");
    assert_eq!(Passing::of(PortSet::default()).text, "No Connections");
}
