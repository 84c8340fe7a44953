use serde_json::json;

use super::Installation;
use crate::cluster::cluster;

/// SC-006: every kind of drift is found, and only drift.
/// FR-083.
#[test]
fn sc_006_diff_finds_every_kind_of_drift() {
    let Some(cluster) = cluster() else { return };
    let it = Installation::new(cluster, "drift");
    let client = cluster.client();
    let missing = it.diff();
    assert_eq!(missing.code, Some(1), "{}", missing.stderr);
    it.deploy();
    let clean = || {
        let ran = it.diff();
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "{}", ran.stderr);
    };
    let drifts = |expected: &str| {
        let ran = it.diff();
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        assert!(ran.stdout.contains(expected), "{expected} is missing in\n{}", ran.stdout);
        ran
    };
    clean();

    // What hosts and people add beside the policy itself.
    let beside = json!({"metadata": {
        "labels": {"app.kubernetes.io/managed-by": "Helm", "argocd.argoproj.io/instance": "x"},
        "annotations": {"meta.helm.sh/release-name": "x"},
    }});
    assert_eq!(client.merge(&it.policy("default-deny"), &beside).status, 200);
    clean();

    // Wider.
    let wider = json!({"spec": {"egress": [{}]}});
    assert_eq!(client.merge(&it.policy("allow-egress"), &wider).status, 200);
    drifts("+++ b/drift-jobs/allow-egress");
    // floe set the field before, so it is not its own any more.
    let refused = it.run(&["deploy"], "");
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    let forced = it.run(&["deploy", "--force-conflicts"], "");
    assert_eq!(forced.code, Some(0), "{}", forced.stderr);
    clean();

    // Gone.
    assert_eq!(client.delete(&it.policy("default-deny")).status, 200);
    drifts("+++ /dev/null");
    it.deploy();
    clean();

    // The mark is gone.
    let unmarked = json!({"metadata": {"labels": {"floe.dev/component": null}}});
    assert_eq!(client.merge(&it.policy("default-deny"), &unmarked).status, 200);
    drifts("-    floe.dev/component: network-security");
    it.deploy();
    clean();

    // Somebody else's: harmless, then not.
    let policy = |spec| {
        json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "theirs", "namespace": "drift-jobs"}, "spec": spec,
        })
    };
    assert_eq!(client.create(&policy(json!({"podSelector": {}, "policyTypes": ["Ingress"]}))).status, 201);
    clean();
    let opens = json!({"spec": {"ingress": [{"ports": [{"port": 22}]}]}});
    assert_eq!(client.merge(&it.policy("theirs"), &opens).status, 200);
    let ran = drifts("+++ b/drift-jobs/theirs");
    assert!(ran.stderr.contains("policy-widens") && ran.stderr.contains("theirs"), "{}", ran.stderr);
    assert_eq!(client.delete(&it.policy("theirs")).status, 200);
    clean();

    // The other way round, and against files.
    assert_eq!(client.delete(&it.policy("default-deny")).status, 200);
    let turned = it.run(&["network", "diff", "cluster:t", "config:manifest.yaml"], "");
    assert!(turned.code == Some(1) && turned.stdout.contains("--- /dev/null"), "{}{}", turned.stdout, turned.stderr);
    let generated = it.run_at(cluster.kubeconfig(), &["network", "diff", "config:", "cluster:", "-o", "json"], "");
    assert!(generated.stdout.contains("\"removed\""), "{}", generated.stdout);
}

#[test]
fn policies_on_paper_speak_for_their_namespaces_only() {
    let Some(cluster) = cluster() else { return };
    let it = Installation::new(cluster, "paper");
    it.deploy();
    let generated = crate::support::run_with(
        crate::support::floe().current_dir(it.folder.path()).args(["network", "generate"]),
        "",
    );
    std::fs::write(it.folder.path().join("policies.yaml"), generated.stdout).unwrap();
    let ran = it.run(&["network", "diff", "policies.yaml", "cluster:"], "");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "{}", ran.stderr);
    assert_eq!(cluster.client().delete(&it.policy("default-deny")).status, 200);
    let ran = it.run(&["network", "diff", "policies.yaml", "cluster:"], "");
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
}

#[test]
fn a_cluster_tells_what_the_configuration_should_say() {
    let Some(cluster) = cluster() else { return };
    let it = Installation::new(cluster, "detect");
    for namespace in ["detect-platform", "kube-system", "default"] {
        cluster.namespace(namespace, &[]);
    }
    let objects = [
        json!({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": {"name": "kubernetes", "namespace": "default",
                "labels": {"kubernetes.io/service-name": "kubernetes"}},
            "endpoints": [{"addresses": ["192.0.2.7"]}], "ports": [{"name": "https", "port": 6443}],
        }),
        json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "kube-dns", "namespace": "kube-system"},
            "spec": {"selector": {"k8s-app": "kube-dns"}, "ports": [{"port": 53, "protocol": "UDP"}]},
        }),
        json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "polaris", "namespace": "detect-platform"},
            "spec": {"selector": {"app": "polaris"}, "ports": [{"port": 8181, "targetPort": 9191}]},
        }),
    ];
    for object in objects {
        let reply = cluster.client().create(&object);
        assert!(reply.is_accepted(), "{}", reply.message());
    }
    let ran = it.run(&["network", "generate", "--detect"], "");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    for part in [
        "cidrs: [192.0.2.7/32]",
        "ports: [6443]",
        "pod_labels: {k8s-app: kube-dns}",
        "polaris: {ports: [9191], pod_labels: {app: polaris}}",
    ] {
        assert!(ran.stdout.contains(part), "{part} is missing in\n{}", ran.stdout);
    }
    // What is printed is a configuration.
    let detected = it.folder.path().join("detected.yaml");
    std::fs::write(&detected, &ran.stdout).unwrap();
    let ran = it.run(&["deploy", "--dry-run=client", "--config", "detected.yaml"], "");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let ran = it.run(&["network", "generate", "--detect", "--as", "nobody"], "");
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    assert!(ran.stderr.contains("not seen: "), "{}", ran.stderr);
}
