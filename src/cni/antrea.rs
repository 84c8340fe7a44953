//! Antrea.

use super::detect::{Confidence, Detection, Enforced, Evidence, text};
use super::{Observed, Profile};

/// Antrea.
pub(super) const PROFILE: Profile =
    Profile { source: "its source; enforcement was measured on a cluster", ..Profile::conforming("antrea", "Antrea") };

/// `antrea-agent`; its controller alone enforces nothing.
pub(super) fn detect(observed: &Observed) -> Option<Detection> {
    let images = ["antrea/antrea-agent-ubuntu", "antrea/antrea-agent-ubi", "antrea/antrea-ubuntu", "antrea/antrea-ubi"];
    if let Some(agent) = observed.agent(&["antrea-agent"], &images) {
        return Some(Detection::running(&PROFILE, &agent));
    }
    let controller = observed.deployment(&["antrea-controller"])?;
    let evidence = Evidence::of(controller, "Deployment", "metadata.name", text(controller, "/metadata/name"));
    let mut found = Detection::by(&PROFILE, Enforced::Unknown, Confidence::Low, vec![evidence]);
    found.remediation = Some("find out why the DaemonSet antrea-agent is missing");
    Some(found)
}
