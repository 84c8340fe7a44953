//! The pods of a snapshot behind a Service.

use crate::object::ServiceFacts;
use crate::snapshot::{FoundPod, Snapshot};

/// The pods that a Service selects, by their positions.
pub(super) fn selected<'s>(
    snapshot: &'s Snapshot,
    service: &'s ServiceFacts,
) -> impl Iterator<Item = (usize, &'s FoundPod)> {
    snapshot.pods.iter().enumerate().filter(|(_, pod)| service.selects(&pod.facts))
}
