use std::fmt::Write as _;

use super::{Comparison, compare};
use crate::object::Workloads;
use crate::reachability::IpBlockReach;
use crate::snapshot::Snapshot;
use crate::stream::frame;

fn snapshot(text: &str) -> Snapshot {
    Snapshot::take(&[frame(text)], &Workloads::new(&[]), None).unwrap()
}

fn compared(before: &str, after: &str) -> Comparison {
    compare(&snapshot(before), &snapshot(after), IpBlockReach::OutsideOnly, &[])
}

fn lines(comparison: &Comparison) -> Vec<String> {
    let line = |it: &super::ConnectionChange| {
        let set = |set: &crate::reachability::PortSet| if set.is_empty() { "-".to_owned() } else { set.to_string() };
        format!("{} => {} : {} -> {}", it.source, it.destination, set(&it.before), set(&it.after))
    };
    comparison.connections.iter().map(line).collect()
}

fn names(comparison: &Comparison) -> Vec<String> {
    comparison.policies.iter().map(|it| format!("{}/{}", it.namespace, it.name)).collect()
}

fn policy(name: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}, namespace: shop}}\n\
         spec: {spec}\n"
    )
}

fn pods() -> String {
    let pod = |name: &str| {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop, labels: {{app: {name}}}}}\n\
             spec: {{containers: [{{name: c, image: i}}]}}\n"
        )
    };
    ["web", "db"].map(pod).join("")
}

const DENY: &str = "{podSelector: {}, policyTypes: [Ingress, Egress]}";

#[test]
fn the_same_meaning_in_other_words_is_no_difference() {
    let before = pods()
        + &policy(
            "a",
            "{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}, \
             {podSelector: {matchLabels: {app: x}}}], ports: [{port: 1}, {port: 2}]}]}",
        );
    let after = pods()
        + &policy(
            "a",
            "{podSelector: {matchExpressions: [{key: app, operator: In, values: [db]}]}, policyTypes: [Ingress], \
             ingress: [\
             {from: [{podSelector: {matchLabels: {app: x}}}], ports: [{port: 1, endPort: 2}]}, {from: [{podSelector: \
             {matchLabels: {app: web}}}], ports: [{port: 2, protocol: TCP}]}, {from: [{podSelector: {matchLabels: \
             {app: web}}}], ports: [{port: 1}]}]}",
        );
    assert_eq!(compared(&before, &after), Comparison::default());
}

#[test]
fn a_removed_rule_takes_connections_away() {
    let allow = |ports: &str| {
        pods()
            + &policy(
                "db",
                &format!(
                    "{{podSelector: {{matchLabels: {{app: db}}}}, ingress: [{{from: [{{podSelector: {{matchLabels: \
                     {{app: web}}}}}}], ports: {ports}}}]}}"
                ),
            )
    };
    let comparison = compared(&allow("[{port: 5432}, {port: 9187}]"), &allow("[{port: 5432}]"));
    assert_eq!(lines(&comparison), ["shop/web[Pod] => shop/db[Pod] : TCP 5432, TCP 9187 -> TCP 5432"]);
    assert_eq!(names(&comparison), ["shop/db"]);
}

#[test]
fn policies_alone_are_compared_by_pods_that_might_come() {
    let open = policy(
        "allow",
        "{podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress], ingress: [{ports: [{port: 1}]}]}",
    );
    let comparison = compared(&policy("deny", DENY), &(policy("deny", DENY) + &open));
    assert_eq!(
        lines(&comparison),
        [
            "0.0.0.0-255.255.255.255[External] => shop/[pods with app=db] : - -> TCP 1",
            "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff[External] => shop/[pods with app=db] : - -> TCP 1",
            "[other namespaces]/[other pods] => shop/[pods with app=db] : - -> TCP 1",
        ]
    );
    assert_eq!(names(&comparison), ["shop/allow"]);
}

#[test]
fn pods_of_one_kind_are_told_of_among_themselves() {
    let comparison = compared(&policy("deny", DENY), &policy("deny", "{podSelector: {}, policyTypes: [Ingress]}"));
    assert!(lines(&comparison).iter().all(|line| line.contains("shop/[other pods] => ")), "{comparison:?}");
    let comparison = compared(&policy("deny", DENY), "");
    let within = "shop/[other pods] => shop/[other pods] : - -> everything";
    assert!(lines(&comparison).contains(&within.to_owned()), "{:?}", lines(&comparison));
}

#[test]
fn addresses_are_told_as_ranges() {
    let allow = |cidr: &str| {
        policy(
            "a",
            &format!("{{podSelector: {{}}, policyTypes: [Egress], egress: [{{to: [{{ipBlock: {{cidr: {cidr}}}}}]}}]}}"),
        )
    };
    let comparison = compared(&(pods() + &allow("10.0.0.0/8")), &(pods() + &allow("10.0.0.0/9")));
    assert_eq!(
        lines(&comparison),
        [
            "shop/db[Pod] => 10.128.0.0-10.255.255.255[External] : everything -> -",
            "shop/web[Pod] => 10.128.0.0-10.255.255.255[External] : everything -> -",
        ]
    );
}

#[test]
fn a_pod_that_comes_or_goes_takes_its_connections_along() {
    let web = pods();
    let both = pods()
        + "---\napiVersion: v1\nkind: Pod\nmetadata: {name: new, namespace: shop}\n\
           spec: {containers: [{name: c, image: i}]}\n";
    let comparison = compared(&web, &both);
    assert!(
        lines(&comparison).contains(&"shop/new[Pod] => shop/db[Pod] : - -> everything".to_owned()),
        "{comparison:?}"
    );
    assert!(comparison.policies.is_empty());
}

/// Random numbers that are the same on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn of<'c>(&mut self, choices: &[&'c str]) -> &'c str {
        choices[self.below(choices.len())]
    }
}

const SELECTORS: [&str; 5] = [
    "{}",
    "{matchLabels: {app: web}}",
    "{matchLabels: {app: db}}",
    "{matchExpressions: [{key: app, operator: In, values: [db, web]}]}",
    "{matchExpressions: [{key: tier, operator: Exists}]}",
];
const PEERS: [&str; 8] = [
    "{podSelector: {matchLabels: {app: web}}}",
    "{podSelector: {matchLabels: {tier: a}}}",
    "{namespaceSelector: {}}",
    "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}, podSelector: {matchLabels: {app: db}}}",
    "{namespaceSelector: {matchLabels: {team: a}}}",
    "{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}",
    "{ipBlock: {cidr: 10.1.0.0/24}}",
    "{ipBlock: {cidr: 'fd00::/8'}}",
];
const PORTS: [&str; 5] = ["", "{port: 80}", "{port: http}", "{port: 70, endPort: 90}", "{protocol: UDP}"];

fn random_policy(random: &mut Random, name: &str, namespace: &str) -> String {
    let mut rules = |far: &str| -> String {
        let rule = |random: &mut Random| {
            let peers: Vec<_> = (0..random.below(3)).map(|_| random.of(&PEERS)).collect();
            let far = if peers.is_empty() { String::new() } else { format!("{far}: [{}], ", peers.join(", ")) };
            format!("{{{far}ports: [{}]}}", random.of(&PORTS))
        };
        let rules: Vec<String> = (0..random.below(3)).map(|_| rule(random)).collect();
        rules.join(", ")
    };
    let (ingress, egress) = (rules("from"), rules("to"));
    let types = random.of(&["Ingress", "Egress", "Ingress, Egress"]);
    let selector = random.of(&SELECTORS);
    format!(
        "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: \
         {{podSelector: {selector}, policyTypes: [{types}], ingress: [{ingress}], egress: [{egress}]}}\n"
    )
}

/// Pods of three namespaces: single ones and workloads whose pods differ, with and without ports and addresses.
fn random_pods(random: &mut Random, with_addresses: bool) -> String {
    let mut text = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: other, labels: {team: a}}\n".to_owned();
    for number in 0..random.below(8) {
        let namespace = random.of(&["shop", "other", "third"]);
        let labels = random.of(&["{app: web}", "{app: db, tier: a}", "{tier: b}", "{}"]);
        let ports = random.of(&[
            "",
            ", ports: [{name: http, containerPort: 8080}]",
            ", ports: [{name: http, containerPort: 80}]",
        ]);
        let owner = random.of(&["", ", ownerReferences: [{kind: StatefulSet, name: many, controller: true}]"]);
        let address = random.of(&["10.1.0.7", "10.2.0.7", "fd00::7", "192.168.0.7"]);
        let status =
            if with_addresses { format!("status: {{podIPs: [{{ip: '{address}'}}]}}\n") } else { String::new() };
        let _ = write!(
            text,
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: pod-{number}, namespace: {namespace}, labels: {labels}{owner}}}\nspec: \
             {{containers: [{{name: c, image: i{ports}}}]}}\n{status}"
        );
    }
    text
}

/// The definition: everything is compared for each change.
fn whole(
    snapshot: &Snapshot,
    swap: super::Swap<'_>,
    ip_blocks: IpBlockReach,
    cluster: &[ipnet::IpNet],
) -> super::Effects {
    let before: Vec<_> = snapshot.policies.iter().map(|it| &it.policy).collect();
    let kept = before.iter().enumerate().filter(|(at, _)| Some(*at) != swap.without).map(|(_, policy)| *policy);
    let after = super::Given { snapshot, policies: kept.chain(swap.with).collect() };
    let mut shown = super::connections(&super::Given { snapshot, policies: before }, &after, ip_blocks, cluster);
    let count = shown.len();
    shown.truncate(3);
    super::Effects { shown, count }
}

#[test]
fn what_single_policies_change_is_what_a_comparison_of_the_whole_finds() {
    let mut random = Random(7);
    let cluster: Vec<ipnet::IpNet> = vec!["10.0.0.0/8".parse().unwrap(), "fd00::/16".parse().unwrap()];
    let mut differing = 0;
    for world in 0..24 {
        let mut text = random_pods(&mut random, world % 2 == 1);
        let mut others = String::new();
        for (number, namespace) in ["shop", "shop", "shop", "other", "third"].into_iter().enumerate() {
            text += &random_policy(&mut random, &format!("p{number}"), namespace);
            others += &random_policy(&mut random, &format!("p{number}"), namespace);
        }
        let (snapshot, others) = (snapshot(&text), snapshot(&others));
        let mut swaps = Vec::new();
        for (at, other) in others.policies.iter().enumerate() {
            swaps.push(super::Swap { without: Some(at), with: None });
            swaps.push(super::Swap { without: Some(at), with: Some(&other.policy) });
            swaps.push(super::Swap { without: None, with: Some(&other.policy) });
            // Of those that are there, so that it tells no pods apart that were not told apart.
            let near = snapshot.policies.iter().find(|it| it.policy.namespace == other.policy.namespace).unwrap();
            swaps.push(super::Swap { without: Some(at), with: Some(&near.policy) });
        }
        for ip_blocks in [IpBlockReach::OutsideOnly, IpBlockReach::PodsToo] {
            let fast = super::effects(&snapshot, &swaps, ip_blocks, &cluster, &|_, _| true);
            for (swap, fast) in swaps.iter().zip(fast) {
                let slow = whole(&snapshot, *swap, ip_blocks, &cluster);
                assert_eq!(fast, slow, "world {world}, {ip_blocks:?}, {swap:#?}\n{text}");
                differing += usize::from(slow.count > 3);
            }
        }
    }
    assert!(differing > 200, "{differing}");
}
