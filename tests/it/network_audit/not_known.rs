//! What an audit must not say, because it does not know it.

use floe::audit::{Audit, AuditRequest, audit};
use floe::stream::frame;

fn audited(text: &str) -> Audit {
    audit(&[frame(text)], None, &AuditRequest::default()).unwrap()
}

/// The ids of the findings, with their messages.
fn found(audit: &Audit) -> Vec<(&str, &str)> {
    audit.findings.iter().map(|it| (it.finding.check.0, it.finding.message.as_str())).collect()
}

fn has(audit: &Audit, check: &str) -> bool {
    found(audit).iter().any(|(id, _)| *id == check)
}

/// Pods with a port `api`, and a rule of a policy on them.
fn with_rule(rule: &str) -> String {
    format!(
        "apiVersion: v1
kind: Pod
metadata: {{name: a, namespace: h, labels: {{app: a}}}}
spec: {{containers: [{{name: c, image: a, ports: [{{name: api, containerPort: 9000}}]}}]}}
---
apiVersion: v1
kind: Pod
metadata: {{name: b, namespace: h, labels: {{app: b}}}}
spec: {{containers: [{{name: c, image: b}}]}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: a, namespace: h}}
spec:
  podSelector: {{matchLabels: {{app: a}}}}
  policyTypes: [Ingress, Egress]
{rule}
"
    )
}

#[test]
fn a_rule_whose_named_port_no_pod_has_opens_nothing_and_is_not_shadowed() {
    for rule in [
        "  ingress: [{from: [{podSelector: {}}], ports: [{port: np}]}]",
        "  ingress: [{ports: [{port: np}]}]",
        "  ingress: [{from: [{namespaceSelector: {}}], ports: [{port: api, protocol: UDP}]}]",
        "  ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: np}]}]",
        "  ingress: [{from: [{podSelector: {}}], ports: [{port: 80}, {port: np}]}, {from: [{podSelector: {}}], ports: [{port: 80}]}]",
        "  egress: [{to: [{podSelector: {matchLabels: {app: b}}}], ports: [{port: np}]}]",
        "  egress: [{ports: [{port: np}]}]",
    ] {
        let audit = audited(&with_rule(rule));
        assert!(has(&audit, "unresolved-named-port"), "{rule}: {:?}", found(&audit));
        for wrong in ["rule-shadowed", "ingress-from-internet", "ingress-from-all-namespaces", "egress-to-internet"] {
            let of_wrong = found(&audit).iter().filter(|(id, _)| *id == wrong).count();
            // The rule for the number alone is covered by the other one.
            let expected = usize::from(wrong == "rule-shadowed" && rule.contains("80"));
            assert_eq!(of_wrong, expected, "{rule}: {:?}", found(&audit));
        }
        let of_a = audit.exposures.iter().filter(|it| it.workload.starts_with("h/a"));
        assert!(of_a.clone().all(|it| !it.rules.is_empty() || !it.ports.is_empty()), "{rule}");
        assert_eq!(of_a.count(), 0, "{rule}: {:?}", audit.exposures);
    }
    let audit = audited(&with_rule("  ingress: [{ports: [{port: api}]}]"));
    assert!(has(&audit, "ingress-from-internet") && !has(&audit, "unresolved-named-port"), "{:?}", found(&audit));
    let audit = audited(&with_rule(
        "  ingress: [{from: [{podSelector: {}}]}, {from: [{podSelector: {}}], ports: [{port: np}]}]",
    ));
    assert!(has(&audit, "rule-shadowed"), "who may connect to all ports needs no name: {:?}", found(&audit));
}

fn pod(name: &str, more: &str) -> String {
    format!(
        "apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: h, labels: {{app: w, pod: {name}}}, ownerReferences: [{{apiVersion: apps/v1, kind: StatefulSet, name: w, uid: u, controller: true}}]}}
spec: {{{more}containers: [{{name: c, image: w}}]}}
---
"
    )
}

#[test]
fn a_namespace_of_host_network_pods_is_not_said_to_be_isolated() {
    let host = "hostNetwork: true, ";
    let audit = audited(&pod("w-0", host));
    let of = |audit: &Audit, id: &str| {
        found(audit).iter().filter(|(it, _)| *it == id).map(|(_, message)| (*message).to_owned()).collect::<Vec<_>>()
    };
    assert!(
        of(&audit, "default-deny-missing")[0].contains("its pods are in the host's network"),
        "{:?}",
        found(&audit)
    );
    assert_eq!(of(&audit, "host-network-pods").len(), 1, "{:?}", found(&audit));

    let policy = "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p, namespace: h}
spec: {podSelector: {matchLabels: {pod: w-1}}, policyTypes: [Ingress, Egress]}
";
    let audit = audited(&(pod("w-0", host) + &pod("w-1", "") + policy));
    assert!(
        of(&audit, "default-deny-missing")[0].contains("outside the host's network are isolated"),
        "{:?}",
        found(&audit)
    );
    assert!(of(&audit, "host-network-pods")[0].contains("(1 of 2 pods)"), "{:?}", found(&audit));
}

#[test]
fn pods_of_one_workload_are_counted_where_they_differ() {
    let policy = |types: &str| {
        format!(
            "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: p, namespace: h}}
spec: {{podSelector: {{matchLabels: {{pod: w-1}}}}, policyTypes: [{types}]}}
"
        )
    };
    let pods = pod("w-1", "") + &pod("w-2", "") + &pod("w-3", "");
    let audit = audited(&(pods.clone() + &policy("Ingress")));
    let messages = found(&audit);
    assert!(
        messages.contains(&(
            "pod-not-isolated",
            "no policy selects 2 of 3 pods of h/w[StatefulSet] for ingress, so everything is allowed there"
        )),
        "{messages:?}"
    );
    assert!(messages.iter().any(|(_, it)| it.contains("no policy isolates h/w[StatefulSet]")), "{messages:?}");
    let audit = audited(&(pods + &policy("Ingress, Egress")));
    let messages = found(&audit);
    assert!(
        messages.iter().any(|(_, it)| it.contains("no policy isolates h/w[StatefulSet] (2 of 3 pods)")),
        "{messages:?}"
    );
}
