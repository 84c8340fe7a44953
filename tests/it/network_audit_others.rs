//! What others do to what floe promises is found by every check: a plugin that enforces nothing, a policy that closes a
//! declared flow, a namespace that the configuration forgot.

use std::fs;

use tempfile::TempDir;

use crate::support::{Ran, floe, run_with};

const FLANNEL: &str = "---\napiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: kube-flannel-ds, namespace: \
                       kube-flannel, labels: {app: flannel}}\nspec:\n  selector: {matchLabels: {app: flannel}}\n  \
                       template:\n    metadata: {labels: {app: flannel}}\n    spec: {containers: [{name: kube-flannel, \
                       image: ghcr.io/flannel-io/flannel:v0.26.1}]}\nstatus: {numberReady: 1, desiredNumberScheduled: \
                       1, currentNumberScheduled: 1}\n";

/// The policies that a configuration wants, with more.
fn folder(more: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("manifest.yaml"), "apiVersion: floe.dev/v1\nkind: Manifest\n").unwrap();
    let generated = at(&folder, &["network", "generate"]);
    assert_eq!(generated.code, Some(0), "{}", generated.stderr);
    fs::write(folder.path().join("live.yaml"), generated.stdout + more).unwrap();
    folder
}

fn at(folder: &TempDir, arguments: &[&str]) -> Ran {
    run_with(floe().current_dir(folder.path()).args(arguments), "")
}

#[test]
fn every_form_of_the_audit_says_that_nothing_is_enforced() {
    let folder = folder(FLANNEL);
    for form in ["text", "json", "md", "html", "sarif"] {
        let ran = at(&folder, &["network", "audit", "-f", "live.yaml", "-o", form]);
        assert!(ran.stdout.contains("policies-unenforced"), "{form}: {}", ran.stdout);
        assert_eq!(ran.code, Some(1), "{form}");
    }
    fs::write(folder.path().join("none.yaml"), at(&folder, &["network", "generate"]).stdout).unwrap();
    let of = |cni: &str| at(&folder, &["network", "audit", "-f", "none.yaml", "--cni", cni]).stdout;
    assert!(of("flannel").contains("warning[policies-unenforced]"));
    assert!(!of("calico").contains("policies-unenforced"));
    let ran = at(&folder, &["network", "audit", "-f", "none.yaml"]);
    assert!(!ran.stdout.contains("policies-unenforced"), "manifests say nothing of a plugin: {}", ran.stdout);
}

#[test]
fn a_policy_of_others_that_closes_dns_is_found_by_every_check() {
    let deny = "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny, namespace: \
                kube-system}\nspec: {podSelector: {}, policyTypes: [Ingress]}\n";
    let folder = folder(deny);
    let ran = at(&folder, &["network", "validate", "-f", "live.yaml"]);
    assert!(ran.stdout.contains("warning[declared-flow-closed]"), "{}", ran.stdout);
    assert!(ran.stdout.contains("TCP 53, UDP 53 (dns)"), "{}", ran.stdout);
    let ran = at(&folder, &["network", "audit", "-f", "live.yaml"]);
    assert!(ran.stdout.contains("warning[declared-flow-closed]"), "{}", ran.stdout);
    let ran = at(&folder, &["network", "validate", "-f", "live.yaml", "-o", "sarif"]);
    assert!(ran.stdout.contains("\"id\": \"declared-flow-closed\""), "{}", ran.stdout);
    fs::write(folder.path().join("deny.yaml"), deny).unwrap();
    let ran = at(&folder, &["-f", "deny.yaml"]);
    assert!(ran.stderr.contains("warning[declared-flow-closed]"), "{}", ran.stderr);
    // An entrance that may not connect, and one that may.
    let nginx = |spec: &str| {
        deny.replace("kube-system", "ingress-nginx").replace("{podSelector: {}, policyTypes: [Ingress]}", spec)
    };
    let folder = self::folder(&nginx("{podSelector: {}, policyTypes: [Egress]}"));
    let ran = at(&folder, &["network", "validate", "-f", "live.yaml"]);
    assert!(ran.stdout.contains("(ingress-controller)"), "{}", ran.stdout);
    let folder = self::folder(&nginx("{podSelector: {}, egress: [{}]}"));
    let ran = at(&folder, &["network", "validate", "-f", "live.yaml"]);
    assert!(!ran.stdout.contains("declared-flow-closed"), "{}", ran.stdout);
}

#[test]
fn a_namespace_named_like_a_domain_that_is_not_listed_is_found() {
    let namespace = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: floe-sales-domain}\n";
    let folder = folder(namespace);
    let ran = at(&folder, &["network", "audit", "-f", "live.yaml"]);
    assert!(ran.stdout.contains("warning[namespace-not-managed]: floe-sales-domain"), "{}", ran.stdout);
    assert!(ran.stdout.contains("add `{name: sales}` to `domains`"), "{}", ran.stdout);
    fs::write(folder.path().join("input.yaml"), namespace).unwrap();
    let ran = at(&folder, &["compile", "-f", "input.yaml"]);
    assert!(ran.stderr.contains("warning[namespace-not-managed]: floe-sales-domain"), "{}", ran.stderr);
    fs::write(
        folder.path().join("manifest.yaml"),
        "apiVersion: floe.dev/v1\nkind: Manifest\ndomains: [{name: sales}]\n",
    )
    .unwrap();
    let ran = at(&folder, &["network", "audit", "-f", "live.yaml"]);
    assert!(!ran.stdout.contains("namespace-not-managed"), "{}", ran.stdout);
}
