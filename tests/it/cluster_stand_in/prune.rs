//! `floe deploy --prune` opens nothing that an earlier run has closed without saying so.

use super::server::StandIn;
use super::{manifest, pod};

fn deployed(domains: &[&str]) -> StandIn {
    let cluster = StandIn::new([]);
    cluster.write("manifest.yaml", &manifest(domains, ""));
    let ran = cluster.run(&["deploy"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    cluster
}

#[test]
fn a_domain_that_leaves_the_configuration_keeps_its_default_deny() {
    let cluster = deployed(&["fin", "sales"]);
    cluster.put(pod("floe-sales-domain", "ledger"));
    cluster.write("manifest.yaml", &manifest(&["fin"], ""));
    for dry_run in ["--dry-run=server", "--dry-run=none"] {
        let ran = cluster.run(&["deploy", "--prune", dry_run]);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let warning =
            ran.stderr.lines().find(|line| line.starts_with("warning: floe-sales-domain")).unwrap_or_default();
        assert!(warning.contains("its pods: ledger") && warning.contains("default-deny stays"), "{}", ran.stderr);
        assert!(!ran.stdout.contains("floe-sales-domain/default-deny"), "{}", ran.stdout);
        assert!(ran.stdout.contains("pruned NetworkPolicy floe-sales-domain/allow-egress"), "{}", ran.stdout);
    }
    assert!(cluster.has("/namespaces/floe-sales-domain/networkpolicies/default-deny"));
    assert!(!cluster.has("/namespaces/floe-sales-domain/networkpolicies/allow-egress"));
    // What stays on purpose is no drift and no fault.
    let ran = cluster.run(&["network", "diff", "config:", "cluster:"]);
    assert_eq!(ran.code, Some(0), "{}\n{}", ran.stdout, ran.stderr);
    let ran = cluster.run(&["network", "audit"]);
    assert!(!ran.stdout.contains("policy-extra") && !ran.stdout.contains("default-deny-missing"), "{}", ran.stdout);
}

/// The namespace of jobs under another name.
#[test]
fn a_namespace_that_is_renamed_keeps_its_default_deny() {
    let cluster = deployed(&[]);
    cluster.write("manifest.yaml", &manifest(&[], "").replace("jobs: j", "jobs: work"));
    let ran = cluster.run(&["deploy", "--prune"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains("warning: j is not in the configuration any more (it has no pods)"), "{}", ran.stderr);
    assert!(cluster.has("/namespaces/j/networkpolicies/default-deny"));
    assert!(cluster.has("/namespaces/work/networkpolicies/default-deny"));
}

#[test]
fn a_default_deny_that_is_switched_off_goes_with_a_warning() {
    let cluster = deployed(&[]);
    cluster.put(pod("j", "run"));
    cluster.write("manifest.yaml", &manifest(&[], "  network_policies: {default_deny: false}\n"));
    let ran = cluster.run(&["deploy", "--prune"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains("switches default-deny off in j (its pods: run)"), "{}", ran.stderr);
    assert!(!cluster.has("/networkpolicies/default-deny"));
}
