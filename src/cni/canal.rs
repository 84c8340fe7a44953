//! Canal: Calico's policies over flannel's network.

use serde_json::Value;

use super::agent::has_container;
use super::detection::Detection;
use super::evidence::text;
use super::{Observed, Profile};

/// Names of its `DaemonSet`.
const NAMES: [&str; 2] = ["canal", "rke2-canal"];

/// Images of Calico's agent, also as RKE1 and RKE2 have it.
const IMAGES: [&str; 3] = ["calico/node", "rancher/hardened-calico", "rancher/mirrored-calico-node"];

/// Canal: Calico's policies over flannel's network.
pub(super) const PROFILE: Profile = Profile {
    aliases: &["rke2-canal"],
    source: "Calico is its policy engine",
    ..Profile::conforming("canal", "Canal")
};

/// `canal`, or `rke2-canal` of RKE2, or any agent with both containers.
pub(super) fn detect(observed: &Observed) -> Option<Detection> {
    let agent = observed.agent_unless(&NAMES, &IMAGES, |it| !is_canal(it))?;
    Some(Detection::running(&PROFILE, &agent))
}

/// Whether an agent is Canal's: by its name, or because Calico and flannel share it.
pub(super) fn is_canal(daemon_set: &Value) -> bool {
    let has_both = has_container(daemon_set, "calico-node") && has_container(daemon_set, "kube-flannel");
    has_both || NAMES.contains(&text(daemon_set, "/metadata/name"))
}
