//! GKE Dataplane V2, which is Cilium.

use super::detection::Detection;
use super::evidence::{Confidence, Enforced, Evidence};
use super::signs::GKE_AGENT;
use super::{Observed, Profile, Reach, Support, calico};

/// The label of every node of GKE.
const POOL: &str = "cloud.google.com/gke-nodepool";

/// GKE Dataplane V2, which is Cilium.
pub(super) const PROFILE: Profile = Profile {
    aliases: &["gke"],
    sctp: Support::Unknown,
    ip_block_reach: Reach::OutsideOnly,
    remediation: "--enable-dataplane-v2 when the cluster is made; open DNS to the node-local cache",
    source: "the GKE documentation; its data plane is Cilium",
    ..Profile::conforming("gke-dataplane-v2", "GKE Dataplane V2")
};

/// `anetd`; a GKE cluster with neither it nor Calico has policies turned off.
pub(super) fn detect(observed: &Observed) -> Option<Detection> {
    if let Some(agent) = observed.agent(&[GKE_AGENT], &[]) {
        let mut found = Detection::running(&PROFILE, &agent);
        if found.enforced == Enforced::Yes {
            // Its images are Google's own and tell no more than the name.
            found.confidence = Confidence::High;
        }
        return Some(found);
    }
    // The agents have to be seen for one to be missing.
    if observed.daemon_sets.is_empty() || calico::detect(observed).is_some() {
        return None;
    }
    let (node, value) = observed.node_with("labels", POOL)?;
    let evidence = Evidence::of(node, "Node", format!("metadata.labels[{POOL}]"), value);
    let missing = Evidence {
        object: "DaemonSets anetd, calico-node".to_owned(),
        field: "metadata.name".to_owned(),
        value: String::new(),
    };
    Some(Detection::by(&PROFILE, Enforced::No, Confidence::Medium, vec![evidence, missing]))
}
