//! OpenShift SDN, gone with OpenShift 4.15.

use serde_json::Value;

use super::detection::Detection;
use super::evidence::{Confidence, Enforced, Evidence, text};
use super::{Enforcement, Except, Observed, Profile, Reach, Support};

/// OpenShift SDN, gone with OpenShift 4.15.
pub(super) const PROFILE: Profile = Profile {
    enforcement: Enforcement::Conditional("in NetworkPolicy mode only"),
    end_port: Support::Unknown,
    sctp: Support::Unknown,
    ip_block_reach: Reach::Unknown,
    except: Except::Doubtful("its support was never complete"),
    remediation: "migrate to OVN-Kubernetes",
    source: "the OpenShift documentation",
    ..Profile::conforming("openshift-sdn", "OpenShift SDN")
};

/// The `DaemonSet` `sdn` of its namespace, or the configuration of the network; its mode decides.
pub(super) fn detect(observed: &Observed) -> Option<Detection> {
    let is_agent =
        |it: &&Value| text(it, "/metadata/name") == "sdn" && text(it, "/metadata/namespace") == "openshift-sdn";
    let by_agent = observed.daemon_sets.iter().find(is_agent);
    let by_agent = by_agent.map(|it| Evidence::of(it, "DaemonSet", "metadata.name", "sdn"));
    let by_type = || {
        let network = observed.networks.iter().find(|it| text(it, "/spec/networkType") == "OpenShiftSDN")?;
        Some(Evidence::of(network, "Network", "spec.networkType", "OpenShiftSDN"))
    };
    let evidence = vec![by_agent.or_else(by_type)?];
    let found = Detection::by(&PROFILE, Enforced::Yes, Confidence::Medium, evidence).advising();
    let mode = "/spec/defaultNetwork/openshiftSDNConfig/mode";
    let Some(network) = observed.networks.iter().find(|it| it.pointer(mode).is_some()) else {
        // Without a mode it is that of policies.
        return Some(found);
    };
    let value = text(network, mode);
    let evidence = Evidence::of(network, "Network", "spec.defaultNetwork.openshiftSDNConfig.mode", value);
    Some(if value == "NetworkPolicy" {
        Detection { confidence: Confidence::High, ..found.because(evidence) }
    } else {
        found.off(evidence, PROFILE.remediation)
    })
}
