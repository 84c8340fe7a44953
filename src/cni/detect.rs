//! Which plugins a cluster runs, and whether policies do anything there: judged by objects, dumped or live.
//!
//! A plugin is known by the exact name of its `DaemonSet`, its containers and their images, in any namespace, never by
//! parts of names. Each has a function beside its profile.

use super::detection::Detection;
use super::evidence::{Confidence, Enforced};
use super::node_pool::{NodePool, node_pools};
use super::{Observed, PLUGINS, Profile};

/// What a cluster does with policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enforcers {
    /// The plugins that were found; the first one decides.
    pub detections: Vec<Detection>,
    /// Groups of nodes, by name and operating system.
    pub node_pools: Vec<NodePool>,
    /// What else counts: objects that come before policies, networks that no policy reaches.
    pub notes: Vec<String>,
}

impl Enforcers {
    /// Whether some plugin enforces: one that does wins over those that do not, beside which it runs.
    pub fn enforced(&self) -> Enforced {
        self.decisive().map_or(Enforced::Unknown, |it| it.enforced)
    }

    /// The plugin that decides; absent if none is known.
    pub fn decisive(&self) -> Option<&Detection> {
        self.detections.first()
    }

    /// The plugin whose reading of policies counts: one that is there for sure. Absent if none is known.
    pub fn plugin(&self) -> Option<&'static Profile> {
        let is_there = |it: &&Detection| it.confidence > Confidence::Low;
        self.decisive().filter(is_there).map(|it| it.plugin)
    }

    /// The groups of nodes where policies are not known to be enforced.
    pub fn exceptions(&self) -> impl Iterator<Item = &NodePool> {
        self.node_pools.iter().filter(|pool| pool.enforced != Enforced::Yes)
    }

    /// Whether policies are enforced on all nodes that were seen.
    pub fn is_enforced_everywhere(&self) -> bool {
        self.enforced() == Enforced::Yes && self.exceptions().next().is_none()
    }
}

/// Finds the plugins of a cluster.
pub fn detect(observed: &Observed) -> Enforcers {
    let mut detections: Vec<Detection> = PLUGINS.iter().filter_map(|plugin| (plugin.detect)(observed)).collect();
    // Stable: equals stay in the order of the registry.
    detections.sort_by_key(|it| (rank(it), std::cmp::Reverse(it.confidence)));
    let node_pools = node_pools(observed, &detections);
    let notes = observed.notes();
    Enforcers { detections, node_pools, notes }
}

/// Which of several plugins decides: one that enforces, then one that may. Traces of one whose agent is not there do
/// not outweigh a plugin that is there and does not enforce.
fn rank(detection: &Detection) -> u8 {
    match (detection.enforced, detection.confidence) {
        (Enforced::Yes, _) => 0,
        (Enforced::Unknown, Confidence::Medium | Confidence::High) => 1,
        (Enforced::No, _) => 2,
        (Enforced::Unknown, Confidence::Low) => 3,
    }
}
