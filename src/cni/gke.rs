//! GKE Dataplane V2, which is Cilium.

use super::{Profile, Reach, Support};

/// GKE Dataplane V2, which is Cilium.
pub(super) const PROFILE: Profile = Profile {
    aliases: &["gke"],
    sctp: Support::Unknown,
    ip_block_reach: Reach::OutsideOnly,
    remediation: "--enable-dataplane-v2 when the cluster is made; open DNS to the node-local cache",
    source: "the GKE documentation; its data plane is Cilium",
    ..Profile::conforming("gke-dataplane-v2", "GKE Dataplane V2")
};
