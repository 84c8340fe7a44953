use std::collections::BTreeSet;

use super::*;

#[test]
fn names_lead_to_one_plugin() {
    let mut seen = BTreeSet::new();
    for profile in &PROFILES {
        for name in profile.names() {
            assert_eq!(plugin(name).map(|it| it.id), Ok(profile.id), "{name}");
            assert!(seen.insert(name.to_ascii_lowercase()) || name.eq_ignore_ascii_case(profile.id), "{name} twice");
        }
        assert!(!profile.remediation.is_empty() && !profile.source.is_empty(), "{}", profile.id);
    }
    assert!(PROFILES.windows(2).all(|pair| pair[0].id < pair[1].id || pair[1].id == "unknown"));
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
