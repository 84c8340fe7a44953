//! Groups of nodes: one plugin does not do the same on all of them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Observed;
use super::agent::has_container;
use super::detection::Detection;
use super::evidence::{Enforced, text};
use super::signs::AKS_POLICY_LABEL;

/// Labels that name the group of a node: AKS, GKE, EKS, Karpenter and EKS Auto Mode.
const POOL_LABELS: [&str; 4] = [
    "kubernetes.azure.com/agentpool",
    "cloud.google.com/gke-nodepool",
    "eks.amazonaws.com/nodegroup",
    "karpenter.sh/nodepool",
];

/// A group of nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodePool {
    /// Its name; absent for nodes without one.
    pub name: Option<String>,
    /// `linux` or `windows`.
    pub os: String,
    /// How many nodes it has.
    pub nodes: usize,
    /// Whether policies are enforced there.
    pub enforced: Enforced,
    /// Why that differs from the cluster; absent where it does not.
    pub reason: Option<&'static str>,
}

impl NodePool {
    /// What people call it: `pool gpu (linux)`.
    pub fn title(&self) -> String {
        match &self.name {
            Some(name) => format!("pool {name} ({})", self.os),
            None => format!("{} nodes", self.os),
        }
    }
}

/// A verdict on some nodes, with what is special there.
type Judged = (Enforced, Option<&'static str>);

/// The label of EKS that tells nodes of Fargate and of Auto Mode.
const COMPUTE_TYPE: &str = "eks.amazonaws.com/compute-type";

/// The first kernel, as major and minor version, on which the agent of the Amazon VPC CNI works; images for GPUs have
/// older ones.
const KERNEL_OF_VPC_AGENT: (u32, u32) = (5, 10);

/// Groups nodes by pool, system and verdict. `detections` are in order, the one that decides first.
pub(super) fn node_pools(observed: &Observed, detections: &[Detection]) -> Vec<NodePool> {
    let mut pools: BTreeMap<(Option<&str>, &str, Judged), usize> = BTreeMap::new();
    for node in &observed.nodes {
        let os = match label(node, "kubernetes.io/os") {
            None => Some(text(node, "/status/nodeInfo/operatingSystem")).filter(|os| !os.is_empty()).unwrap_or("linux"),
            Some(os) => os,
        };
        let fargate = label(node, COMPUTE_TYPE).filter(|it| *it == "fargate");
        let name = fargate.or_else(|| POOL_LABELS.iter().find_map(|key| label(node, key)));
        let judged = judge(observed, responsible(detections, node), node, os);
        *pools.entry((name, os, judged)).or_default() += 1;
    }
    let pool = |((name, os, (enforced, reason)), nodes): ((Option<&str>, &str, Judged), usize)| NodePool {
        name: name.map(str::to_owned),
        os: os.to_owned(),
        nodes,
        enforced,
        reason,
    };
    pools.into_iter().map(pool).collect()
}

/// The plugin of a node: nodes of EKS Auto Mode have their own, which other nodes lack.
fn responsible<'d>(detections: &'d [Detection], node: &Value) -> Option<&'d Detection> {
    let is_auto = label(node, COMPUTE_TYPE) == Some("auto");
    let is_mixed = detections.iter().any(|it| it.plugin.id == "aws-vpc-cni");
    let is_its = |it: &&Detection| !is_mixed || (it.plugin.id == "eks-auto-mode") == is_auto;
    detections.iter().find(is_its).or_else(|| detections.first())
}

fn judge(observed: &Observed, decisive: Option<&Detection>, node: &Value, os: &str) -> Judged {
    let Some(decisive) = decisive else { return (Enforced::Unknown, None) };
    if decisive.enforced == Enforced::No {
        return (Enforced::No, None);
    }
    if label(node, COMPUTE_TYPE) == Some("fargate") {
        return (Enforced::No, Some("DaemonSets, and so the plugin's agent, do not run on Fargate"));
    }
    let id = decisive.plugin.id;
    if os == "windows" {
        let has_agent = |container: &str| observed.daemon_sets.iter().any(|it| has_container(it, container));
        let named = |name: &str| observed.daemon_sets.iter().any(|it| text(it, "/metadata/name") == name);
        return match id {
            "calico" | "canal" if named("calico-node-windows") || has_agent("calico-node-windows") => {
                (decisive.enforced, None)
            }
            "antrea" if named("antrea-agent-windows") => (decisive.enforced, None),
            "azure-npm" | "ovn-kubernetes" | "unknown" => {
                (Enforced::Unknown, Some("it is not known what the plugin does on Windows"))
            }
            _ => (Enforced::No, Some("no agent of the plugin runs on Windows")),
        };
    }
    let is_azure = matches!(id, "azure-npm" | "azure-cilium");
    if is_azure && label(node, AKS_POLICY_LABEL) == Some("none") {
        return (Enforced::No, Some("its label kubernetes.azure.com/network-policy is none"));
    }
    if id == "aws-vpc-cni" && kernel(node).is_some_and(|version| version < KERNEL_OF_VPC_AGENT) {
        return (Enforced::No, Some("its kernel is older than 5.10, which the plugin's agent needs"));
    }
    (decisive.enforced, None)
}

/// Major and minor version of a node's kernel.
fn kernel(node: &Value) -> Option<(u32, u32)> {
    let mut parts = text(node, "/status/nodeInfo/kernelVersion").split(['.', '-', '+']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn label<'n>(node: &'n Value, key: &str) -> Option<&'n str> {
    node.get("metadata")?.get("labels")?.get(key)?.as_str()
}
