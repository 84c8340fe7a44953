//! Truth tables of other people: what cyclonus's generated cases must answer.

use std::collections::BTreeMap;
use std::fs;

use floe::object::{Protocol, Workloads};
use floe::reachability::{IpBlockReach, Party, Traffic};
use floe::snapshot::Snapshot;
use floe::stream::frame_all;

use crate::support::data_dir;

/// Every line of every table, with an `ipBlock` that matches the addresses of pods. The tables judge a pod's traffic to
/// itself by policy, as the API does not; so the two sides are compared, not the verdict.
#[test]
fn cyclonus_tables_are_answered_line_by_line() {
    let Some(data) = data_dir() else { return };
    let (mut cases, mut lines) = (0, 0);
    let mut folders: Vec<_> = fs::read_dir(data.join("cyclonus")).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    for folder in folders {
        let texts = ["resources.yaml", "policies.yaml"].map(|file| fs::read_to_string(folder.join(file)).unwrap());
        let streams = frame_all(texts.iter().map(String::as_str));
        let snapshot = Snapshot::take(&streams, &Workloads::new(&[]), None).unwrap();
        let world = snapshot.world(IpBlockReach::PodsToo, &[]);
        let pods: BTreeMap<String, usize> = snapshot
            .pods
            .iter()
            .enumerate()
            .map(|(at, pod)| (format!("{}/{}", pod.facts.namespace, pod.workload.name), at))
            .collect();
        for line in fs::read_to_string(folder.join("expected.txt")).unwrap().lines() {
            let [source, destination, protocol, port, expected] = *line.split(' ').collect::<Vec<_>>() else {
                panic!("{line}")
            };
            let verdict = world.verdict(&Traffic {
                source: Party::Pod(pods[source]),
                destination: Party::Pod(pods[destination]),
                protocol: Protocol::parse(protocol).unwrap(),
                port: port.parse().unwrap(),
            });
            let allowed = verdict.egress.passes() && verdict.ingress.passes();
            assert_eq!(allowed, expected == "allow", "{}: {line}: {verdict:?}", folder.display());
            lines += 1;
        }
        cases += 1;
    }
    println!("{cases} tables with {lines} lines");
    assert!(cases >= 195 && lines > 50_000, "{cases} tables, {lines} lines");
}
