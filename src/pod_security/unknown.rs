//! Objects of kinds that floe does not know, which hold containers all the same.

use serde_json::Value;

use crate::finding::{CheckId, Finding, Location, Severity};
use crate::object::{ResourceId, container_lists, template_of};

/// A kind that floe does not know holds containers.
pub(in crate::pod_security) const UNKNOWN_WORKLOAD: CheckId = CheckId("unknown-workload");

/// What there is to say of an object of an unknown kind: absent if it holds no containers. Its place is the path in the
/// object.
pub fn unknown_workload(id: &ResourceId, object: &Value) -> Option<Finding> {
    let lists = container_lists(object);
    let first = lists.first()?;
    let more = match lists.len() {
        1 => String::new(),
        2 => ", and at 1 other place".to_owned(),
        count => format!(", and at {} other places", count - 1),
    };
    let message = format!(
        "{} holds containers at {first}{more}, and floe does not know the kind: what is made of them is neither hardened \
         nor judged",
        id.gvk.kind
    );
    let help = match lists.iter().find_map(template_of) {
        Some(path) => format!(
            "if that is the template of pods, add `{{group: {}, kind: {}, path: {path}}}` to \
             `security.pod_security.workloads`",
            id.gvk.group, id.gvk.kind
        ),
        None => "secure the pods in the settings of the object or of its controller".to_owned(),
    };
    let location = Location { path: first.clone(), ..Location::default() };
    Some(Finding::new(Severity::Warning, UNKNOWN_WORKLOAD, message).at(id, location).help(help))
}
