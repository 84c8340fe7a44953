//! What the judges cannot judge, in tables written by hand.

use floe::object::{Protocol, Workloads};
use floe::reachability::{Direction, IpBlockReach, Party, Reachability, Source, Traffic, Undefined, World};
use floe::snapshot::Snapshot;
use floe::stream::frame;

/// Connections `source destination PROTOCOL port`, and whether they pass without and with an `ipBlock` for pods.
type Row = (&'static str, [bool; 2]);

const CLUSTER: [&str; 2] = ["10.0.0.0/8", "fd00::/8"];

fn worlds(stream: &str) -> [World; 2] {
    let snapshot = Snapshot::take(&[frame(stream)], &Workloads::new(&[]), None).unwrap();
    let cluster = CLUSTER.map(|it| it.parse().unwrap());
    [IpBlockReach::OutsideOnly, IpBlockReach::PodsToo].map(|reach| snapshot.world(reach, &cluster))
}

fn traffic(world: &World, query: &str) -> Traffic {
    let [source, destination, protocol, port] = query.split(' ').collect::<Vec<_>>()[..] else { panic!("{query}") };
    let party = |name: &str| match name.parse() {
        Ok(address) => Party::Address(address),
        Err(_) => Party::Pod(world.pods.iter().position(|pod| pod.owner.name == name).unwrap()),
    };
    let protocol = Protocol::parse(protocol).unwrap();
    Traffic { source: party(source), destination: party(destination), protocol, port: port.parse().unwrap() }
}

/// Every row by all three readings.
fn judge(stream: &str, rows: &[Row]) {
    for (world, reading) in worlds(stream).iter().zip(0..) {
        let reachability = Reachability::new(world, &[]);
        for (query, expected) in rows {
            let it = traffic(world, query);
            let verdict = world.verdict(&it);
            assert_eq!(verdict.allowed(), expected[reading], "{query}, {:?}: {verdict:?}", world.ip_blocks);
            let all = world.connections(it.source, it.destination);
            assert_eq!(all.contains(it.protocol, it.port), expected[reading], "{query}: {all}");
            let (Party::Pod(source), Party::Pod(destination)) = (it.source, it.destination) else { continue };
            if source != destination {
                let from = reachability.from(Source::Pods(reachability.class_of(source).unwrap()));
                let set = reachability.set(from.pods[reachability.class_of(destination).unwrap()]);
                assert_eq!(set.contains(it.protocol, it.port), expected[reading], "{query}, by class: {set}");
            }
        }
    }
}

/// A pod of the namespace `x`, labelled with its name.
fn pod(name: &str, spec: &str, status: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: x, labels: {{name: {name}}}}}\n\
         spec: {{{spec}}}\nstatus: {{{status}}}\n"
    )
}

fn policy(name: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}, namespace: x}}\n\
         spec: {{{spec}}}\n"
    )
}

#[test]
fn pods_whose_families_differ() {
    let ips = |ips: &[&str]| {
        let ips: Vec<_> = ips.iter().map(|ip| format!("{{ip: \"{ip}\"}}")).collect();
        format!("podIPs: [{}]", ips.join(", "))
    };
    let stream = [
        pod("four", "", &ips(&["10.0.0.1"])),
        pod("six", "", &ips(&["fd00::2"])),
        pod("both", "", &ips(&["10.0.0.3", "fd00::3"])),
        policy("out", "policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}]}]"),
        policy("in", "podSelector: {matchLabels: {name: both}}, ingress: [{from: [{ipBlock: {cidr: \"fd00::/8\"}}]}]"),
    ];
    judge(
        &stream.concat(),
        &[
            // Leaves over IPv4, is let in over IPv6: no connection does both, whichever addresses the ends have.
            ("four both TCP 80", [false, false]),
            ("six both TCP 80", [false, false]),
            ("both four TCP 80", [false, true]),
            // Policies would let it pass; that the network cannot is not theirs to say.
            ("six four TCP 80", [false, true]),
            ("four six TCP 80", [false, false]),
            ("four 10.9.9.9 TCP 80", [true, true]),
            // A source whose own address is of another family: for the network to refuse.
            ("six 10.9.9.9 TCP 80", [true, true]),
            ("fd00::9 both UDP 53", [true, true]),
            ("10.9.9.9 both UDP 53", [false, false]),
        ],
    );
}

#[test]
fn pods_without_an_address_are_somewhere_in_the_cluster() {
    let stream = [
        pod("here", "", ""),
        pod("there", "", ""),
        pod("known", "", "podIP: 10.7.0.1"),
        policy(
            "out",
            "podSelector: {matchLabels: {name: here}}, policyTypes: [Egress], egress: [\
             {to: [{ipBlock: {cidr: 10.1.0.0/16}}], ports: [{port: 1}]},\
             {to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}], ports: [{port: 2}]},\
             {to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/9]}}], ports: [{port: 3}]},\
             {to: [{ipBlock: {cidr: \"fd00::/16\"}}], ports: [{port: 4}]},\
             {to: [{ipBlock: {cidr: \"fe00::/16\"}}], ports: [{port: 5}]}]",
        ),
    ];
    judge(
        &stream.concat(),
        &[
            // The worst case: a block that overlaps the cluster's ranges may cover the pod.
            ("here there TCP 1", [false, true]),
            ("here there TCP 2", [false, false]),
            ("here there TCP 3", [false, true]),
            ("here there TCP 4", [false, true]),
            ("here there TCP 5", [false, false]),
            // An address that is known says for sure; and the pod has no other family.
            ("here known TCP 1", [false, false]),
            ("here known TCP 3", [false, false]),
            ("here known TCP 4", [false, false]),
            ("there here TCP 9", [true, true]),
        ],
    );
}

#[test]
fn a_pod_reaches_itself_whatever_policies_say() {
    let stream = [
        pod("alone", "", "podIP: 10.0.0.1"),
        pod("twin", "", "podIP: 10.0.0.2"),
        policy("deny", "policyTypes: [Ingress, Egress]"),
    ];
    judge(
        &stream.concat(),
        &[
            ("alone alone TCP 80", [true, true]),
            ("alone twin TCP 80", [false, false]),
            ("twin twin SCTP 1", [true, true]),
        ],
    );
}

#[test]
fn hosts_network_is_judged_as_a_pod_and_called_undefined() {
    let stream = [
        pod("agent", "hostNetwork: true", "podIP: 10.0.0.1"),
        pod("web", "", "podIP: 10.0.0.2"),
        policy("deny", "podSelector: {matchLabels: {name: agent}}"),
        policy("pods", "podSelector: {matchLabels: {name: web}}, ingress: [{from: [{podSelector: {}}]}]"),
    ]
    .concat();
    judge(&stream, &[("web agent TCP 80", [false, false]), ("agent web TCP 80", [true, true])]);
    for (query, expected) in [
        ("web agent TCP 80", &[Undefined::HostNetwork(Direction::Ingress)][..]),
        ("agent web TCP 80", &[Undefined::HostNetwork(Direction::Egress)]),
        ("10.9.9.9 agent TCP 80", &[Undefined::HostNetwork(Direction::Ingress)]),
        ("10.9.9.9 web TCP 80", &[]),
    ] {
        for world in worlds(&stream) {
            assert_eq!(world.verdict(&traffic(&world, query)).undefined, expected, "{query}");
        }
    }
}

#[test]
fn finished_pods_talk_to_nobody() {
    let stream = [
        pod("done", "", "phase: Succeeded, podIP: 10.0.0.1"),
        pod("broken", "", "phase: Failed, podIP: 10.0.0.1"),
        // The address of a finished pod is given to the next one.
        pod("running", "", "phase: Running, podIP: 10.0.0.1"),
        pod("waiting", "", "phase: Pending"),
    ];
    for world in worlds(&stream.concat()) {
        let names: Vec<_> = world.pods.iter().map(|pod| pod.owner.name.as_str()).collect();
        assert_eq!(names, ["running", "waiting"]);
        let at = floe::reachability::party_at(&world, "10.0.0.1".parse().unwrap());
        assert_eq!(at, Party::Pod(0));
    }
}

/// Names are unique in one container only. Which of two ports is meant is up to the plugin: both count, the worst case.
#[test]
fn a_name_that_two_containers_use_stands_for_both_ports() {
    let container = |name: &str, port: &str, protocol: &str| {
        format!("{{name: {name}, ports: [{{name: web, containerPort: {port}, protocol: {protocol}}}]}}")
    };
    let containers =
        [container("a", "8080", "TCP"), container("b", "9090", "TCP"), container("c", "7070", "UDP")].join(", ");
    let sidecars = "initContainers: [\
                    {name: s, restartPolicy: Always, ports: [{name: web, containerPort: 15001}]},\
                    {name: i, ports: [{name: web, containerPort: 1}]}]";
    let stream = [
        pod("server", &format!("containers: [{containers}], {sidecars}"), "podIP: 10.0.0.1"),
        pod("client", "", "podIP: 10.0.0.2"),
        policy("in", "podSelector: {matchLabels: {name: server}}, ingress: [{ports: [{port: web}]}]"),
    ];
    judge(
        &stream.concat(),
        &[
            ("client server TCP 8080", [true, true]),
            ("client server TCP 9090", [true, true]),
            ("client server TCP 15001", [true, true]),
            ("client server UDP 7070", [false, false]),
            ("client server TCP 7070", [false, false]),
            // Containers that have run before the others listen no longer.
            ("client server TCP 1", [false, false]),
            ("52.1.2.3 server TCP 9090", [true, true]),
        ],
    );
}
