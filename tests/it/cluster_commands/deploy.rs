use std::fs;

use serde_json::{Value, json};

use super::Installation;
use crate::cluster::cluster;

const DOMAIN: &str = "domains: [{name: sales, namespace: NAME-sales}]\n";

/// Words of each line, counted.
fn lines<'s>(stdout: &'s str, word: &str) -> Vec<&'s str> {
    stdout.lines().filter(|line| line.starts_with(word)).collect()
}

#[test]
fn a_second_run_changes_nothing() {
    let Some(cluster) = cluster() else { return };
    let it = Installation::new(cluster, "twice");
    let first = it.deploy();
    let created = lines(&first, "created ");
    assert_eq!(created.len(), first.lines().count(), "{first}");
    assert!(created[0].starts_with("created Namespace twice-"), "{first}");
    let position =
        |what: &str| created.iter().position(|line| line.ends_with(what)).unwrap_or_else(|| panic!("{what}: {first}"));
    assert!(position("twice-jobs/allow-egress") < position("twice-jobs/default-deny"), "{first}");
    assert!(
        position("twice-platform/default-deny") < position("ConfigMap twice-platform/floe-network-security"),
        "{first}"
    );

    let second = it.deploy();
    assert_eq!(lines(&second, "unchanged ").len(), created.len(), "{second}");
    let summary = cluster.client().get("/api/v1/namespaces/twice-platform/configmaps/floe-network-security");
    assert_eq!(summary.body["data"]["enforcement"], "unknown", "no plugin is there to be found: {:#}", summary.body);
    let managers = summary.body["metadata"]["managedFields"].as_array().unwrap();
    assert!(managers.iter().all(|it| it["manager"] == "floe" && it["operation"] == "Apply"), "{managers:?}");
}

const RENDERED: &str = r"apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop-jobs}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web}]}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: web, namespace: shop-jobs}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: hook, namespace: shop-jobs, annotations: {helm.sh/hook: test}}
";

#[test]
fn workloads_come_hardened_and_last() {
    let Some(cluster) = cluster() else { return };
    let it = Installation::new(cluster, "shop");
    let ran = it.run(&["deploy", "-f", "-"], RENDERED);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.ends_with("created Deployment shop-jobs/web\n"), "{}", ran.stdout);
    assert!(ran.stderr.contains("ConfigMap shop-jobs/hook is left out"), "{}", ran.stderr);
    let live = cluster.client().get("/apis/apps/v1/namespaces/shop-jobs/deployments/web");
    assert_eq!(live.body["spec"]["template"]["spec"]["securityContext"]["runAsNonRoot"], true, "{:#}", live.body);
    let diff = it.diff();
    assert_eq!((diff.code, diff.stdout.as_str()), (Some(0), ""), "{}", diff.stderr);

    // No controller runs here, so nothing is ever rolled out.
    let ran = it.run(&["deploy", "-f", "-", "--wait", "--timeout=1s"], RENDERED);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stderr.contains("Deployment shop-jobs/web is not rolled out in time"), "{}", ran.stderr);
    let status = json!({"status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1,
        "availableReplicas": 1}});
    assert_eq!(
        cluster.client().merge("/apis/apps/v1/namespaces/shop-jobs/deployments/web/status", &status).status,
        200
    );
    let ran = it.run(&["deploy", "-f", "-", "--wait", "--timeout=1s"], RENDERED);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);

    let privileged = RENDERED
        .replace("image: web", "image: web, securityContext: {privileged: true}")
        .replace("name: web", "name: bad");
    let ran = it.run(&["deploy", "-f", "-"], &privileged);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{}", ran.stderr);
}

#[test]
fn conflicts_name_the_field_and_its_owner() {
    let Some(cluster) = cluster() else { return };
    let it = Installation::new(cluster, "conflict");
    it.deploy();
    let path = it.policy("allow-egress");
    let theirs = json!({"spec": {"podSelector": {"matchLabels": {"a": "b"}}, "egress": [{}]}});
    assert_eq!(cluster.client().merge(&path, &theirs).status, 200);
    let more = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: later, namespace: conflict-jobs}\n";
    let ran = it.run(&["deploy", "-f", "-"], more);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("NetworkPolicy conflict-jobs/allow-egress is not applied: .spec.egress belongs to \"somebody\""),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("--force-conflicts"), "{}", ran.stderr);
    let later = "/api/v1/namespaces/conflict-jobs/configmaps/later";
    assert_eq!(cluster.client().get(later).status, 404, "later steps do not begin");
    let ran = it.run(&["deploy", "-f", "-", "--force-conflicts"], more);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.contains("configured NetworkPolicy conflict-jobs/allow-egress"), "{}", ran.stdout);
    assert_eq!(cluster.client().get(later).status, 200);
}

#[test]
fn prune_takes_only_what_this_installation_has_applied() {
    let Some(cluster) = cluster() else { return };
    let client = cluster.client();
    let it = Installation::new(cluster, "prune");
    it.configure(&DOMAIN.replace("NAME", "prune"));
    it.deploy();
    let of_domain = "/apis/networking.k8s.io/v1/namespaces/prune-sales/networkpolicies";
    let count = || client.get(of_domain).body["items"].as_array().unwrap().len();
    let marked = |name: &str, owner: Option<&str>| -> Value {
        json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {
                "name": name, "namespace": "prune-sales", "labels": {"floe.dev/component": "network-security"},
                "annotations": {"floe.dev/owner": owner},
            },
            "spec": {"podSelector": {}},
        })
    };
    let before = count();
    assert!(before > 0);
    assert_eq!(client.create(&marked("of-helm", None)).status, 201);
    assert_eq!(client.create(&marked("of-others", Some("others/floe-network-security"))).status, 201);

    it.configure("");
    let kept = it.deploy();
    assert!(!kept.contains("prune-sales") && count() == before + 2, "without --prune all stays: {kept}");
    let dry = it.run(&["deploy", "--prune", "--dry-run=server"], "");
    // What denies everything stays as long as the namespace does, so that nothing is opened.
    assert_eq!(lines(&dry.stdout, "pruned ").len(), before - 1, "{}{}", dry.stdout, dry.stderr);
    assert_eq!(count(), before + 2, "a dry run prunes nothing");
    assert_eq!(it.diff().code, Some(1), "what is to be pruned is drift");
    let pruned = it.run(&["deploy", "--prune"], "");
    assert_eq!(
        lines(&pruned.stdout, "pruned NetworkPolicy prune-sales/").len(),
        before - 1,
        "{}{}",
        pruned.stdout,
        pruned.stderr
    );
    assert_eq!(count(), 3, "those of others stay, and default-deny");
    assert_eq!(client.get("/api/v1/namespaces/prune-sales").status, 200, "a Namespace is never pruned");
}

/// FR-093.
#[test]
fn dry_runs_change_nothing() {
    let Some(cluster) = cluster() else { return };
    let it = Installation::new(cluster, "dry");
    let ran = it.run_at("/nowhere".as_ref(), &["deploy", "--dry-run=client"], "");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(
        ran.stdout.lines().count() > 5 && ran.stdout.lines().all(|line| line.starts_with("would apply ")),
        "{}",
        ran.stdout
    );
    let ran = it.run(&["deploy", "--dry-run=server"], "");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.contains("created Namespace dry-jobs (server dry run)"), "{}", ran.stdout);
    assert!(ran.stdout.contains("not judged yet"), "{}", ran.stdout);
    assert_eq!(cluster.client().get("/api/v1/namespaces/dry-jobs").status, 404);

    it.deploy();
    let ran = it.run(&["deploy", "--dry-run=server"], "");
    assert!(ran.stdout.lines().all(|line| line.starts_with("unchanged ")), "{}", ran.stdout);
    it.configure("  network_policies: {allow_external_https: false}\n");
    let ran = it.run(&["deploy", "--dry-run=server"], "");
    assert!(ran.stdout.contains("configured NetworkPolicy dry-jobs/allow-egress"), "{}", ran.stdout);
    let log = it.folder.path().join("audit");
    assert!(!log.exists());
    let ran = it.run(&["deploy", "--audit-log", log.to_str().unwrap()], "");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(fs::read_to_string(&log).unwrap().contains("\"command\":\"deploy\""));
}
