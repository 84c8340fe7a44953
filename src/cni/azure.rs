//! Azure: network policy manager and Azure CNI powered by Cilium.

use super::detect::{Confidence, Detection, Enforced, Evidence};
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

/// The label by which AKS says on its nodes which engine a cluster has.
pub(super) const POLICY_LABEL: &str = "kubernetes.azure.com/network-policy";

/// The label of nodes with Cilium's data plane.
const DATA_PLANE_LABEL: &str = "kubernetes.azure.com/ebpf-dataplane";

/// `azure-npm`, or AKS without any engine.
pub(super) fn detect_npm(observed: &Observed) -> Option<Detection> {
    if let Some(agent) = observed.agent(&["azure-npm"], &["containernetworking/azure-npm"]) {
        return Some(Detection::running(&NPM, &agent).advising());
    }
    let (node, value) = observed.node_with("labels", POLICY_LABEL)?;
    let evidence = vec![Evidence::of(node, "Node", format!("metadata.labels[{POLICY_LABEL}]"), value)];
    match value {
        "none" => Some(Detection::by(&NPM, Enforced::No, Confidence::High, evidence)),
        "azure" => Some(Detection::by(&NPM, Enforced::Yes, Confidence::Medium, evidence).advising()),
        _ => None,
    }
}

/// Nodes of AKS with Cilium.
pub(super) fn detect_cilium(observed: &Observed) -> Option<Detection> {
    let evidence = runs_cilium(observed)?;
    let by_label = || Detection::by(&CILIUM, Enforced::Yes, Confidence::Medium, Vec::new());
    let mut found = cilium::detect_as(&CILIUM, observed).unwrap_or_else(by_label);
    found.evidence.insert(0, evidence);
    Some(found)
}

/// The label that says that AKS runs Cilium.
pub(super) fn runs_cilium(observed: &Observed) -> Option<Evidence> {
    [DATA_PLANE_LABEL, POLICY_LABEL].into_iter().find_map(|key| {
        let (node, value) = observed.node_with("labels", key).filter(|(_, value)| *value == "cilium")?;
        Some(Evidence::of(node, "Node", format!("metadata.labels[{key}]"), value))
    })
}
