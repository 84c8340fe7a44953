//! Antrea.

use super::detection::Detection;
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
    let by_group = || observed.group("crd.antrea.io");
    let evidence = observed.controller(&["antrea-controller"]).or_else(by_group)?;
    Some(Detection::without_agent(&PROFILE, evidence, "find out why the DaemonSet antrea-agent is missing"))
}
