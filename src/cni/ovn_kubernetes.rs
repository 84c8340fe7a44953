//! OVN-Kubernetes, of OpenShift and others.

use super::detection::Detection;
use super::evidence::{Confidence, Enforced, Evidence, text};
use super::{Observed, Profile, Support};

/// OVN-Kubernetes, of OpenShift and others.
pub(super) const PROFILE: Profile = Profile {
    aliases: &["openshift", "ovn"],
    sctp: Support::Unknown,
    remediation: "nothing to do; DNS on OpenShift is openshift-dns, port 5353",
    source: "its network-policy.md",
    ..Profile::conforming("ovn-kubernetes", "OVN-Kubernetes")
};

/// `ovnkube-node`, or OpenShift's configuration of the network.
pub(super) fn detect(observed: &Observed) -> Option<Detection> {
    let network = observed.networks.iter().find(|it| text(it, "/spec/networkType") == "OVNKubernetes");
    let network = network.map(|it| Evidence::of(it, "Network", "spec.networkType", "OVNKubernetes"));
    // Releases for Fedora and Ubuntu, and their older names.
    let images = ["ubuntu", "fedora", "u", "f"].map(|it| format!("ovn-kubernetes/ovn-kube-{it}"));
    if let Some(agent) = observed.agent(&["ovnkube-node"], &images.each_ref().map(String::as_str)) {
        let mut found = Detection::running(&PROFILE, &agent);
        if let Some(network) = network {
            // OpenShift's images have no name of their own.
            found.evidence.push(network);
            found.confidence = Confidence::High;
        }
        return Some(found);
    }
    Some(Detection::by(&PROFILE, Enforced::Yes, Confidence::Medium, vec![network?]))
}
