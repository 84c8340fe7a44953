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
