//! floe's Pod Security verdict against the two who know: upstream's own checks, and a real API server.

mod api_server;
mod blind_spots;
mod corpus;
mod psa_judge;
mod random_pods;

use floe::object::{Level, Version};
use floe::pod_security::{Evaluator, Pod, message};
use serde_json::Value;

/// A level at a version, as a namespace label and a message write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Policy {
    level: Level,
    version: Version,
}

impl Policy {
    /// What floe says: nothing where the pod is admitted, else the API server's text after `is forbidden: `.
    fn judge(self, template: &Value) -> Option<String> {
        let pod = Pod::new(template).unwrap_or_else(|| panic!("no pod: {template:#}"));
        let violations = Evaluator::default().judge(pod, self.level, self.version);
        (!violations.is_empty()).then(|| message(self.level, self.version, &violations))
    }
}

/// Both levels at each of the versions.
fn policies(versions: &[Version]) -> Vec<Policy> {
    let levels = [Level::Baseline, Level::Restricted];
    levels.iter().flat_map(|&level| versions.iter().map(move |&version| Policy { level, version })).collect()
}
