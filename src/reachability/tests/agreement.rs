//! Three readings of one world: by class, by pair, and by single connection.

use std::net::IpAddr;

use proptest::prelude::*;

use crate::object::{ContainerPort, GroupVersionKind, NamespaceFacts, PodFacts, Protocol, ResourceId};
use crate::reachability::{
    AddressSet, IpBlock, IpBlockReach, LabelSelector, Labels, Operator, Party, Peer, Policy, PortSet, Reachability,
    Requirement, Rule, RulePorts, Source, Traffic, World,
};

fn select<T: Clone + std::fmt::Debug + 'static>(of: &[T]) -> impl Strategy<Value = T> + use<T> {
    prop::sample::select(of.to_vec())
}

fn labels() -> impl Strategy<Value = Labels> {
    prop::collection::btree_map(select(&["a", "b"]), select(&["", "1", "2"]), 0..3)
        .prop_map(|map| map.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
}

fn selector() -> impl Strategy<Value = LabelSelector> {
    let values = || prop::collection::btree_set(select(&["", "1", "2"]).prop_map(str::to_owned), 1..3);
    let operator = prop_oneof![
        values().prop_map(Operator::In),
        values().prop_map(Operator::NotIn),
        Just(Operator::Exists),
        Just(Operator::DoesNotExist),
    ];
    let requirement =
        (select(&["a", "b"]), operator).prop_map(|(key, operator)| Requirement { key: key.to_owned(), operator });
    prop::collection::vec(requirement, 0..3).prop_map(|them| them.into_iter().collect())
}

const NETS: [&str; 7] = ["0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "52.0.0.0/8", "::/0", "fd00::/8"];
const ADDRESSES: [&str; 8] = ["10.1.2.3", "10.1.9.9", "10.200.0.1", "52.1.1.1", "8.8.8.8", "fd00::1", "fe00::1", "::1"];

fn peer() -> impl Strategy<Value = Peer> {
    prop_oneof![
        3 => (prop::option::of(selector()), selector()).prop_map(|(namespaces, pods)| Peer::Pods { namespaces, pods }),
        1 => (select(&NETS), prop::collection::vec(select(&NETS), 0..2)).prop_map(|(cidr, except)| {
            let except = except.iter().map(|it| it.parse().unwrap());
            let block = IpBlock::except(cidr.parse().unwrap(), except);
            Peer::Addresses(block.map(|block| AddressSet::of(&block)).unwrap_or_default())
        }),
    ]
}

fn protocol() -> impl Strategy<Value = Protocol> {
    select(&Protocol::ALL)
}

fn ports() -> impl Strategy<Value = RulePorts> {
    let some = (
        prop::collection::vec((protocol(), 1_u16..5, 0_u16..3), 0..3),
        prop::collection::btree_set((protocol(), select(&["web", "db"]).prop_map(str::to_owned)), 0..2),
    )
        .prop_map(|(ranges, names)| {
            let ranges =
                ranges.into_iter().map(|(protocol, first, more)| PortSet::range(protocol, first, first + more));
            RulePorts { numbers: ranges.fold(PortSet::default(), |all, one| all.union(&one)), names }
        });
    let all = RulePorts { numbers: PortSet::everything(), ..RulePorts::default() };
    prop_oneof![1 => Just(all), 4 => some]
}

fn rules() -> impl Strategy<Value = Option<Vec<Rule>>> {
    let rule = (prop::option::weighted(0.8, prop::collection::vec(peer(), 1..3)), ports())
        .prop_map(|(peers, ports)| Rule { peers, ports });
    prop::option::weighted(0.7, prop::collection::vec(rule, 0..3))
}

fn policy() -> impl Strategy<Value = Policy> {
    (select(&["x", "y"]), selector(), rules(), rules()).prop_map(|(namespace, pod_selector, egress, ingress)| Policy {
        namespace: namespace.to_owned(),
        name: "p".to_owned(),
        pod_selector,
        egress,
        ingress,
    })
}

fn pod() -> impl Strategy<Value = PodFacts> {
    let port = (select(&["web", "db"]), 1_u16..6, protocol()).prop_map(|(name, port, protocol)| ContainerPort {
        name: Some(name.to_owned()),
        port,
        protocol,
    });
    let addresses = prop::collection::vec(select(&ADDRESSES), 0..3);
    (select(&["x", "y", "z"]), labels(), prop::collection::vec(port, 0..3), addresses).prop_map(
        |(namespace, labels, ports, addresses)| PodFacts {
            owner: ResourceId { gvk: GroupVersionKind::new("v1", "Pod"), namespace: None, name: "p".to_owned() },
            namespace: namespace.to_owned(),
            labels,
            ports,
            host_network: false,
            addresses: addresses.iter().map(|it| it.parse().unwrap()).collect(),
            node_addresses: Vec::new(),
            is_finished: false,
            controller: None,
        },
    )
}

fn world() -> impl Strategy<Value = World> {
    let namespaces = prop::array::uniform2(labels()).prop_map(|[x, z]| {
        let named = |name: &str, labels| NamespaceFacts { name: name.to_owned(), labels };
        vec![named("x", x), named("z", z)]
    });
    let reach = select(&[IpBlockReach::OutsideOnly, IpBlockReach::PodsToo]);
    (prop::collection::vec(pod(), 1..6), namespaces, prop::collection::vec(policy(), 0..4), reach).prop_map(
        |(pods, namespaces, policies, reach)| {
            World::new(pods, &namespaces, policies, reach, &["10.1.0.0/16".parse().unwrap()])
        },
    )
}

/// What passes, one connection at a time; named ports lie among these.
fn one_by_one(world: &World, source: Party, destination: Party) -> Vec<(Protocol, u16)> {
    let tried = Protocol::ALL.into_iter().flat_map(|protocol| (1..9).map(move |port| (protocol, port)));
    let passes =
        |&(protocol, port): &(Protocol, u16)| world.verdict(&Traffic { source, destination, protocol, port }).allowed();
    tried.filter(passes).collect()
}

fn contained(set: &PortSet) -> Vec<(Protocol, u16)> {
    let tried = Protocol::ALL.into_iter().flat_map(|protocol| (1..9).map(move |port| (protocol, port)));
    tried.filter(|&(protocol, port)| set.contains(protocol, port)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn all_readings_agree(world in world()) {
        let reachability = Reachability::new(&world, &[]);
        let outside: Vec<IpAddr> = ADDRESSES.iter().map(|it| it.parse().unwrap()).collect();
        let class = |classes: &[AddressSet], address| classes.iter().position(|set| set.contains(address)).unwrap();

        for source in 0..world.pods.len() {
            let connections = reachability.from(Source::Pods(reachability.class_of(source).unwrap()));
            for destination in (0..world.pods.len()).filter(|&it| it != source) {
                let ends = (Party::Pod(source), Party::Pod(destination));
                let by_class = reachability.set(connections.pods[reachability.class_of(destination).unwrap()]);
                prop_assert_eq!(&by_class, &world.connections(ends.0, ends.1), "{:?}", ends);
                prop_assert_eq!(contained(&by_class), one_by_one(&world, ends.0, ends.1), "{:?}", ends);
            }
            for &address in &outside {
                let ends = (Party::Pod(source), Party::Address(address));
                let by_class = connections.addresses[class(reachability.destinations(), address)];
                prop_assert_eq!(&reachability.set(by_class), &world.connections(ends.0, ends.1), "{:?}", ends);
            }
        }
        for &address in &outside {
            let connections = reachability.from(Source::Addresses(class(reachability.sources(), address)));
            prop_assert!(connections.addresses.is_empty());
            for destination in 0..world.pods.len() {
                let ends = (Party::Address(address), Party::Pod(destination));
                let by_class = reachability.set(connections.pods[reachability.class_of(destination).unwrap()]);
                prop_assert_eq!(&by_class, &world.connections(ends.0, ends.1), "{:?}", ends);
                prop_assert_eq!(contained(&by_class), one_by_one(&world, ends.0, ends.1), "{:?}", ends);
            }
        }
    }

    #[test]
    fn classes_are_a_partition(world in world()) {
        let reachability = Reachability::new(&world, &[]);
        let mut pods: Vec<usize> = reachability.classes().iter().flat_map(|class| class.pods.clone()).collect();
        pods.sort_unstable();
        prop_assert_eq!(pods, (0..world.pods.len()).collect::<Vec<_>>());
        for classes in [reachability.sources(), reachability.destinations()] {
            let mut all = AddressSet::default();
            for class in classes {
                prop_assert!(!class.is_empty() && !class.intersects(&all));
                all = all.union(class);
            }
            let ranges = all.ranges().count();
            prop_assert_eq!(ranges, 2, "the whole of both families");
        }
    }
}
