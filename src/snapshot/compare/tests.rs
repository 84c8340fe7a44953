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
