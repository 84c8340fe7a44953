//! Azure: network policy manager and Azure CNI powered by Cilium.

use super::detection::Detection;
use super::evidence::{Confidence, Enforced, Evidence};
use super::signs::{AKS_POLICY_LABEL, cilium_of_aks};
use super::{Enforcement, Observed, Profile, Reach, Support, cilium};

/// Azure: network policy manager and Azure CNI powered by Cilium.
pub(super) const NPM: Profile = Profile {
    aliases: &["npm"],
    enforcement: Enforcement::Conditional("on Linux nodes; retired in September 2028, on Windows in 2026"),
    ipv6: Support::No,
    max_ip_blocks: Some(4),
    remediation: "az aks update --network-dataplane cilium",
    source: "the AKS documentation and its guide to migrate to Cilium",
    ..Profile::conforming("azure-npm", "Azure NPM")
};

/// AKS with Azure CNI powered by Cilium.
pub(super) const CILIUM: Profile = Profile {
    aliases: &["aks", "azure"],
    end_port: Support::Conditional("from Cilium 1.17; older versions ignore it"),
    sctp: Support::Conditional("with sctp.enabled=true"),
    named_ports: Support::Conditional("not where one name means several numbers"),
    ip_block_reach: Reach::OutsideOnly,
    remediation: "admit nodes and the API server by CiliumNetworkPolicy entities",
    source: "the AKS guide to migrate to Cilium",
    ..Profile::conforming("azure-cilium", "Azure CNI powered by Cilium")
};

/// `azure-npm`, or AKS without any engine.
pub(super) fn detect_npm(observed: &Observed) -> Option<Detection> {
    if let Some(agent) = observed.agent(&["azure-npm"], &["containernetworking/azure-npm"]) {
        return Some(Detection::running(&NPM, &agent).advising());
    }
    let (node, value) = observed.node_with("labels", AKS_POLICY_LABEL)?;
    let evidence = vec![Evidence::of(node, "Node", format!("metadata.labels[{AKS_POLICY_LABEL}]"), value)];
    match value {
        "none" => Some(Detection::by(&NPM, Enforced::No, Confidence::High, evidence)),
        "azure" => Some(Detection::by(&NPM, Enforced::Yes, Confidence::Medium, evidence).advising()),
        _ => None,
    }
}

/// Nodes of AKS with Cilium.
pub(super) fn detect_cilium(observed: &Observed) -> Option<Detection> {
    let evidence = cilium_of_aks(observed)?;
    let by_label = || Detection::by(&CILIUM, Enforced::Yes, Confidence::Medium, Vec::new());
    let mut found = cilium::detect_as(&CILIUM, observed).unwrap_or_else(by_label);
    found.evidence.insert(0, evidence);
    Some(found)
}
