//! What the rules share: managed namespaces, the filter by namespace, readings of `ipBlock`, order.

use super::*;
use crate::cni::plugin;
use crate::finding::CheckId;
use crate::stream::{frame, frame_all};
use crate::yaml::Tree;

const SHOP: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: main, image: example/main, ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: lab, labels: {app: client}}
spec: {containers: [{name: main, image: example/main}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
  ingress:
  - from: [{ipBlock: {cidr: 10.0.0.0/8}}]
    ports: [{port: http}]
";

fn found(text: &str, config: Option<&Config>, request: &AuditRequest) -> Audit {
    audit(&[frame(text)], config, request).unwrap()
}

fn severities(audit: &Audit, check: CheckId) -> Vec<(Option<&str>, Severity)> {
    let found = audit.findings.iter().filter(|it| it.finding.check == check);
    found.map(|it| (it.namespace.as_deref(), it.finding.severity)).collect()
}

fn shown(audit: &Audit) -> Vec<String> {
    audit.traffic.iter().map(|it| format!("{} -> {} {}", it.source, it.destination, it.ports)).collect()
}

#[test]
fn a_missing_default_deny_is_an_error_where_the_configuration_or_floes_mark_says_managed() {
    let none = found(SHOP, None, &AuditRequest::default());
    let expected = [(Some("lab"), Severity::Warning), (Some("shop"), Severity::Warning)];
    let mut severities_found = severities(&none, DEFAULT_DENY_MISSING);
    severities_found.sort_unstable();
    assert_eq!(severities_found, expected);

    let tree =
        Tree::parse("apiVersion: floe.dev/v1\nkind: Manifest\nsecurity: {namespaces: {platform: shop, jobs: jobs}}\n")
            .unwrap();
    let config = Config::from_manifest(&tree).unwrap();
    let configured = found(SHOP, Some(&config), &AuditRequest::default());
    let mut severities_found = severities(&configured, DEFAULT_DENY_MISSING);
    severities_found.sort_unstable();
    let expected = [(Some("jobs"), Severity::Error), (Some("lab"), Severity::Warning), (Some("shop"), Severity::Error)];
    assert_eq!(severities_found, expected, "a managed namespace that is not there at all lacks it too");

    let mut switched_off = config.clone();
    switched_off.network.default_deny = false;
    let switched_off = found(SHOP, Some(&switched_off), &AuditRequest::default());
    assert!(severities(&switched_off, DEFAULT_DENY_MISSING).iter().all(|(_, severity)| *severity == Severity::Warning));

    let marked = format!(
        "{SHOP}---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: lab, labels: {{floe.dev/component: \
         network-security}}}}\n"
    );
    let marked = found(&marked, None, &AuditRequest::default());
    assert!(severities(&marked, DEFAULT_DENY_MISSING).contains(&(Some("lab"), Severity::Error)));
}

#[test]
fn connections_are_those_of_the_plugin_or_the_worst_case() {
    let with = |name: Option<&str>| {
        let plugin = name.map(|name| plugin(name).unwrap());
        found(SHOP, None, &AuditRequest { plugin, ..AuditRequest::default() })
    };
    let worst = with(None);
    assert!(worst.ip_blocks_match_pods);
    assert!(shown(&worst).contains(&"lab -> shop TCP 8080".to_owned()), "{:?}", shown(&worst));
    assert_eq!(severities(&worst, IP_BLOCK_DEPENDS_ON_PLUGIN).len(), 1);

    let cilium = with(Some("cilium"));
    assert!(!shown(&cilium).iter().any(|line| line.starts_with("lab -> shop")), "{:?}", shown(&cilium));
    assert_eq!(severities(&cilium, IP_BLOCK_DEPENDS_ON_PLUGIN), []);
    let calico = with(Some("calico"));
    assert!(shown(&calico).contains(&"lab -> shop TCP 8080".to_owned()));
    assert_eq!(severities(&calico, IP_BLOCK_DEPENDS_ON_PLUGIN), []);
}

#[test]
fn traffic_is_what_some_pod_may_do() {
    let audit = found(SHOP, None, &AuditRequest::default());
    // The one pod of `lab` is alone there; `shop` may open nothing.
    let expected = ["internet -> lab everything", "lab -> internet everything", "lab -> shop TCP 8080"];
    let mut lines = shown(&audit);
    lines.sort_unstable();
    assert_eq!(lines, expected);
}

#[test]
fn only_what_is_asked_for_is_reported_but_everything_is_looked_at() {
    let request = AuditRequest { namespaces: vec!["shop".to_owned()], ..AuditRequest::default() };
    let audit = found(SHOP, None, &request);
    assert_eq!(audit.namespaces.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["shop"]);
    assert!(audit.findings.iter().all(|it| it.namespace.as_deref() == Some("shop")));
    assert_eq!(shown(&audit), ["lab -> shop TCP 8080"]);
}

#[test]
fn a_policy_with_rules_is_no_default_deny_whatever_its_name() {
    let audit = found(SHOP, None, &AuditRequest::default());
    let shop = audit.namespaces.iter().find(|it| it.name == "shop").unwrap();
    assert_eq!((shop.ingress.default_deny, shop.egress.default_deny), (false, true));
    assert!(shop.ingress.open.is_empty() && shop.egress.open.is_empty());
    let renamed = found(
        &SHOP.replace("name: web, namespace: shop", "name: default-deny, namespace: shop"),
        None,
        &AuditRequest::default(),
    );
    assert!(!renamed.namespaces.iter().any(|it| it.ingress.default_deny));
}

#[test]
fn the_order_of_the_input_does_not_matter_to_what_is_found() {
    let documents: Vec<&str> = SHOP.split("---\n").collect();
    let turned = documents.iter().rev().map(|it| it.trim_end()).collect::<Vec<_>>().join("\n---\n");
    let messages = |text: &str| {
        let audit = found(text, None, &AuditRequest::default());
        let mut messages: Vec<String> = audit.findings.iter().map(|it| it.finding.message.clone()).collect();
        messages.sort_unstable();
        (messages, audit.namespaces, audit.traffic, audit.exposures, audit.policies)
    };
    assert_eq!(messages(SHOP), messages(&turned));
}

#[test]
fn a_stream_that_cannot_be_read_is_named() {
    let broken =
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\nspec: {ingress: [{from: [{}]}]}\n";
    let audit = audit(&frame_all([SHOP, broken]), None, &AuditRequest::default()).unwrap();
    let of_policy = audit.findings.iter().find(|it| it.finding.check == POLICY_UNREADABLE).unwrap();
    assert_eq!(of_policy.finding.location.as_ref().unwrap().stream, 1);
    assert!(of_policy.finding.message.contains("must specify a peer"), "{of_policy:?}");
    assert_eq!(audit.unreadable(), 0, "the document can be read");
}

#[test]
fn nothing_is_found_in_nothing() {
    assert_eq!(found("", None, &AuditRequest::default()), Audit { ip_blocks_match_pods: true, ..Audit::default() });
}
