//! Signs that the files of several plugins look for: they tell whose an agent or a node is.

use super::Observed;
use super::evidence::Evidence;

/// The `DaemonSet` of GKE's data plane, which is Cilium, but is none of Cilium's own.
pub(super) const GKE_AGENT: &str = "anetd";

/// Names of flannel's `DaemonSet`.
pub(super) const FLANNEL_NAMES: [&str; 2] = ["kube-flannel-ds", "kube-flannel"];

/// The label by which AKS says on its nodes which engine a cluster has.
pub(super) const AKS_POLICY_LABEL: &str = "kubernetes.azure.com/network-policy";

/// The label of AKS on nodes with Cilium's data plane.
const AKS_DATA_PLANE_LABEL: &str = "kubernetes.azure.com/ebpf-dataplane";

/// The label that says that AKS runs Cilium.
pub(super) fn cilium_of_aks(observed: &Observed) -> Option<Evidence> {
    [AKS_DATA_PLANE_LABEL, AKS_POLICY_LABEL].into_iter().find_map(|key| {
        let (node, value) = observed.node_with("labels", key).filter(|(_, value)| *value == "cilium")?;
        Some(Evidence::of(node, "Node", format!("metadata.labels[{key}]"), value))
    })
}
