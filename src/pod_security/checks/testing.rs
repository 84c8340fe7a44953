//! What the tests of the checks share.

use serde_json::{Value, json};

use crate::pod_security::check::Check;
use crate::pod_security::pod::Pod;

/// The verdict of one check at a minor version: reason, detail and paths; absent if it allows the pod or does not
/// exist yet.
pub(super) fn judge(check: &Check, minor: u32, template: &Value) -> Option<(String, String, Vec<String>)> {
    let forbidden = (check.revision_at(minor)?.judge)(Pod::new(template).unwrap())?;
    let paths = forbidden.paths.iter().map(ToString::to_string).collect();
    Some((forbidden.reason.to_owned(), forbidden.detail, paths))
}

/// Asserts that the check allows a pod with this spec.
#[track_caller]
pub(super) fn allows(check: &Check, minor: u32, spec: &Value) {
    assert_eq!(judge(check, minor, &json!({"spec": spec})), None, "v1.{minor} {spec}");
}

/// Asserts reason, detail and paths for a pod with this spec.
#[track_caller]
pub(super) fn forbids(check: &Check, minor: u32, spec: &Value, reason: &str, detail: &str, paths: &[&str]) {
    let expected = (reason.to_owned(), detail.to_owned(), paths.iter().map(|&path| path.to_owned()).collect());
    assert_eq!(judge(check, minor, &json!({"spec": spec})), Some(expected), "v1.{minor} {spec}");
}

/// The minor versions at which the rule of the check changes.
pub(super) fn since(check: &Check) -> Vec<u32> {
    check.revisions.iter().map(|revision| revision.since).collect()
}

/// A spec with one container `a` in each list in turn: no check may overlook init or ephemeral containers.
pub(super) fn in_each_list(container: &Value) -> Vec<(String, Value)> {
    let mut container = container.clone();
    container["name"] = json!("a");
    ["initContainers", "containers", "ephemeralContainers"]
        .map(|list| (format!("spec.{list}[0]"), json!({ list: [container] })))
        .into()
}
