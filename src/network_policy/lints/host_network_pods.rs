//! What policies do to pods of the host's network is not defined.

use super::{Lint, Subject, Surroundings};
use crate::finding::{CheckId, Severity};
use crate::yaml::FieldPath;

/// A policy that selects pods of the host's network.
pub const HOST_NETWORK_PODS: CheckId = CheckId("host-network-pods");

pub(super) fn check(subject: &Subject<'_>, surroundings: &Surroundings<'_>) -> Vec<Lint> {
    let policy = subject.policy;
    let mut pods = surroundings.world.pods.iter().filter(|pod| {
        pod.host_network && pod.namespace == policy.namespace && policy.pod_selector.matches(&pod.labels)
    });
    let Some(pod) = pods.next() else { return Vec::new() };
    let more = match pods.count() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    vec![Lint {
        severity: Severity::Warning,
        check: HOST_NETWORK_PODS,
        path: FieldPath::of_keys(["spec", "podSelector"]),
        message: format!("this selects {}{more}, whose pods have hostNetwork: most plugins leave them open", pod.owner),
        help: "do without hostNetwork, or protect the node by other means".to_owned(),
    }]
}
