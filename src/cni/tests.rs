use std::collections::BTreeSet;

use super::*;

#[test]
fn names_lead_to_one_plugin() {
    let mut seen = BTreeSet::new();
    for profile in profiles() {
        for name in profile.names() {
            assert_eq!(plugin(name).map(|it| it.id), Ok(profile.id), "{name}");
            assert!(seen.insert(name.to_ascii_lowercase()) || name.eq_ignore_ascii_case(profile.id), "{name} twice");
        }
        assert!(!profile.remediation.is_empty() && !profile.source.is_empty(), "{}", profile.id);
    }
    let all: Vec<_> = profiles().collect();
    assert!(all.windows(2).all(|pair| pair[0].id < pair[1].id || pair[1].id == "unknown"));
}

#[test]
fn a_misspelt_plugin_is_recognised() {
    assert_eq!(plugin("Kube_Router").map(|it| it.id), Ok("kube-router"));
    assert_eq!(plugin("celium").unwrap_err().meant, Some("cilium"));
    let message = plugin("nothing-like-it").unwrap_err().to_string();
    assert!(message.starts_with("known are antrea, aws-vpc-cni, "), "{message}");
}

fn daemon_set(name: &str, container: &serde_json::Value) -> serde_json::Value {
    serde_json::json!({
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": name, "namespace": "kube-system"},
        "spec": {"template": {"spec": {"containers": [container]}}},
    })
}

#[test]
fn an_engine_that_enforces_wins_over_flannel() {
    let flannel = daemon_set("kube-flannel-ds", &serde_json::json!({"image": "flannel/flannel:v0.26.0"}));
    assert_eq!(detect(&Observed::of([flannel.clone()])).enforced(), Enforced::No);
    let router = daemon_set("kube-router", &serde_json::json!({"image": "cloudnativelabs/kube-router:v2.9.0"}));
    let found = detect(&Observed::of([flannel, router]));
    assert_eq!((found.enforced(), found.detections[0].plugin.id), (Enforced::Yes, "kube-router"));
    assert_eq!(detect(&Observed::default()).enforced(), Enforced::Unknown);
}

#[test]
fn traces_do_not_outweigh_a_plugin_that_is_there() {
    let flannel = daemon_set("kube-flannel-ds", &serde_json::json!({"image": "flannel/flannel:v0.26.0"}));
    let mut observed = Observed::of([flannel]);
    observed.groups.extend(["cilium.io", "crd.projectcalico.org", "crd.antrea.io"].map(str::to_owned));
    let found = detect(&observed);
    assert_eq!((found.enforced(), found.detections.len()), (Enforced::No, 4));
    assert_eq!(found.plugin().map(|it| it.id), Some("flannel"));
    // Without an agent the traces are all there is, and tell of no plugin.
    observed.daemon_sets.clear();
    let found = detect(&observed);
    assert_eq!((found.enforced(), found.plugin()), (Enforced::Unknown, None));
}

/// The agent of the VPC CNI does nothing without its controller, which is off unless a `ConfigMap` turns it on.
#[test]
fn a_setting_that_is_not_there_is_told_from_one_that_was_not_looked_for() {
    let agent = serde_json::json!({
        "name": "aws-eks-nodeagent", "image": "amazon/amazon-k8s-cni:v1.19.0", "args": ["--enable-network-policy=true"],
    });
    let verdict = |has_all_config_maps: bool, data: Option<serde_json::Value>| {
        let mut observed = Observed::of([daemon_set("aws-node", &agent)]);
        observed.config_maps.extend(data.map(|data| {
            serde_json::json!({"metadata": {"namespace": "kube-system", "name": "amazon-vpc-cni"}, "data": data})
        }));
        observed.has_all_config_maps = has_all_config_maps;
        let found = detect(&observed);
        (found.enforced(), found.detections[0].confidence)
    };
    let key = "enable-network-policy-controller";
    assert_eq!(verdict(false, None), (Enforced::Yes, Confidence::Medium));
    assert_eq!(verdict(true, None), (Enforced::Unknown, Confidence::Medium));
    assert_eq!(verdict(true, Some(serde_json::json!({}))), (Enforced::No, Confidence::High));
    assert_eq!(verdict(true, Some(serde_json::json!({key: "false"}))), (Enforced::No, Confidence::High));
    assert_eq!(verdict(true, Some(serde_json::json!({key: "true"}))), (Enforced::Yes, Confidence::High));
}

#[test]
fn what_counts_beside_policies_is_noted() {
    let object = |version: &str, kind: &str| {
        serde_json::json!({"apiVersion": version, "kind": kind,
            "metadata": {"name": "x"}, "spec": {"group": "policy.networking.k8s.io"}})
    };
    let notes = |objects: &[serde_json::Value]| detect(&Observed::of(objects.to_vec())).notes;
    assert_eq!(
        notes(&[
            object("cilium.io/v2", "CiliumNetworkPolicy"),
            object("crd.projectcalico.org/v1", "GlobalNetworkPolicy")
        ]),
        ["NetworkPolicies are not all that decides: there are CiliumNetworkPolicy of cilium.io, GlobalNetworkPolicy \
         of crd.projectcalico.org"]
    );
    let definition = object("apiextensions.k8s.io/v1", "CustomResourceDefinition");
    assert!(notes(&[definition])[0].contains("policy.networking.k8s.io"));
    assert_eq!(
        notes(&[object("networking.k8s.io/v1", "NetworkPolicy"), object("cilium.io/v2", "CiliumNode")]),
        [""; 0]
    );
}

/// Nodes of one cluster that the plugin does not reach, by what they say of themselves.
#[test]
fn nodes_are_judged_on_their_own() {
    let node = |labels: serde_json::Value, kernel: &str| {
        serde_json::json!({
            "apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "labels": labels},
            "status": {"nodeInfo": {"kernelVersion": kernel, "operatingSystem": "linux"}},
        })
    };
    let calico = serde_json::json!({"image": "calico/node:v3.29.1"});
    let judged = |agent: &str, container: &serde_json::Value, node: serde_json::Value| {
        let found = detect(&Observed::of([daemon_set(agent, container), node]));
        (found.node_pools[0].enforced, found.is_enforced_everywhere())
    };
    let old = || node(serde_json::json!({}), "4.14.355-280.714.amzn2.x86_64");
    assert_eq!(judged("calico-node", &calico, old()), (Enforced::Yes, true), "the kernel matters to the VPC CNI only");
    let fargate = node(serde_json::json!({"eks.amazonaws.com/compute-type": "fargate"}), "6.1.0");
    assert_eq!(judged("calico-node", &calico, fargate), (Enforced::No, false));
    let windows = node(serde_json::json!({"kubernetes.io/os": "windows"}), "10.0.20348.2700");
    assert_eq!(judged("calico-node", &calico, windows), (Enforced::No, false));
    assert_eq!(judged("something", &calico, old()).0, Enforced::Yes, "by its image alone");
    assert_eq!(judged("something", &serde_json::json!({}), old()).0, Enforced::Unknown);
}

/// An option of the agent may stand after `=` or as the next word, and wins over the `ConfigMap`.
#[test]
fn options_are_read_in_both_forms() {
    let verdict = |args: &[&str]| {
        let agent = serde_json::json!({"image": "quay.io/cilium/cilium:v1.17.2", "args": args});
        let config = serde_json::json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cilium-config", "namespace": "kube-system"},
            "data": {"enable-policy": "default"},
        });
        detect(&Observed::of([daemon_set("cilium", &agent), config])).enforced()
    };
    assert_eq!(verdict(&["--enable-policy=never"]), Enforced::No);
    assert_eq!(verdict(&["--enable-policy", "never"]), Enforced::No);
    assert_eq!(verdict(&["--enable-k8s-networkpolicy=false"]), Enforced::No);
    assert_eq!(verdict(&["--enable-policy", "always", "--enable-k8s-networkpolicy"]), Enforced::Yes);
    assert_eq!(verdict(&["--debug"]), Enforced::Yes);
}
