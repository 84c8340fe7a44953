//! Hardening: the fields of FR-060 to FR-064, filled in where a pod template leaves them out.
//!
//! An explicit value is never overwritten, whatever it says; an explicit `null` counts as absent. Nothing is written
//! that the API server would reject or that would make the kubelet refuse a pod that it runs today. Hardening what has
//! been hardened changes nothing. One file per family of fields:
//!
//! - [`identity`]: `runAsNonRoot`, `runAsUser`, `runAsGroup`, on the pod or on the containers that they suit
//! - [`pod_context`]: `fsGroup`, `fsGroupChangePolicy`, `seccompProfile`
//! - [`container_context`]: `allowPrivilegeEscalation`, `readOnlyRootFilesystem`, `capabilities.drop`
//! - [`writable_paths`]: `emptyDir` volumes where the root file system is read-only

mod container_context;
mod identity;
#[cfg(test)]
mod laws;
mod mount_path;
mod notices;
mod platform;
mod pod_context;
mod template;
#[cfg(test)]
mod tests;
mod volume_name;
mod writable_paths;

use json_patch::PatchOperation;
use serde_json::Value;

use crate::config::PodSecurityConfig;
use crate::finding::Finding;
use crate::object::{GroupVersionKind, Shape};
use crate::yaml::FieldPath;

use super::draft::{Change, Draft, HardenError};
use notices::Reporter;
pub(super) use notices::{
    FILLED_RUN_AS_GROUP, FILLED_RUN_AS_USER, HARDEN_ANNOTATION, HARDEN_OPTED_OUT, INJECTED_SIDECARS,
    JOB_TEMPLATE_IMMUTABLE, POD_SPEC_IMMUTABLE, WINDOWS_WITHOUT_OS, WORKLOAD_NOT_HARDENED, WRITABLE_PATHS_ANNOTATION,
};
use platform::Platform;
use template::Template;

/// The annotation of a pod template, or of the object that holds it, that keeps floe's hands off (decision on: An
/// explicit value is never overwritten).
pub const OPT_OUT_ANNOTATION: &str = "floe.dev/harden";

/// What hardening does to one pod template.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Hardening {
    /// RFC 6902 operations against the object, in the order of its fields; empty if nothing is missing.
    pub patch: Vec<PatchOperation>,
    /// The same, field by field, for people.
    pub changes: Vec<Change>,
    /// Facts about this change, such as each user that was filled in. Hardening the result has none.
    pub actions: Vec<Finding>,
    /// Facts about the object that hold before and after, such as an opt-out. Hardening the result has the same.
    pub findings: Vec<Finding>,
    /// Whether the object asks to be left alone.
    pub opted_out: bool,
}

/// Fills the missing security fields of the pod template at `template`.
///
/// Whether a pod is to be hardened at all (`Config::hardens`) is for the caller to decide. An object without a template
/// gets an empty result. In the findings `location.document` is 0, because the position in the stream is not known
/// here, and `location.path` may name a field that the patch is about to add.
pub fn harden(
    object: &Value,
    template: &FieldPath,
    kind: &GroupVersionKind,
    config: &PodSecurityConfig,
) -> Result<Hardening, HardenError> {
    harden_as(Shape::PodTemplate, object, template, kind, config)
}

/// [`harden`] for what stands at `template` in custom resources. A reduced shape gets only what its API takes and the
/// restricted level asks for, all of it on the containers. A shape that is not hardened ([`Shape::is_hardened`]) is
/// left alone, and that is reported.
pub fn harden_as(
    shape: Shape,
    object: &Value,
    template: &FieldPath,
    kind: &GroupVersionKind,
    config: &PodSecurityConfig,
) -> Result<Hardening, HardenError> {
    let reporter = Reporter::new(object, kind);
    if let Some(path) = opt_out(object, template) {
        return Ok(Hardening { opted_out: true, findings: vec![reporter.opted_out(path)], ..Hardening::default() });
    }
    if !shape.is_hardened() {
        return Ok(Hardening { findings: vec![reporter.not_hardened(template.clone())], ..Hardening::default() });
    }
    let claims = writable_paths::claim_names(object, template);
    let Some(template) = Template::of(object, template, shape)? else { return Ok(Hardening::default()) };
    let platform = Platform::of(&template);
    let mut draft = Draft::new(object);
    let filled = identity::fill(&mut draft, &template, &platform, config)?;
    pod_context::fill(&mut draft, &template, &platform, config)?;
    container_context::fill(&mut draft, &template, &platform)?;
    writable_paths::fill(&mut draft, &template, &platform, &claims, config)?;
    let (patch, changes) = draft.finish();
    let mut actions = reporter.filled(&filled);
    if !patch.is_empty() {
        actions.extend(reporter.immutable(object, &template));
    }
    let findings = reporter.state(&template, &platform);
    Ok(Hardening { patch, changes, actions, findings, opted_out: false })
}

/// Where the object opts out. The boolean `false` counts too: an annotation must be a string, so the API server will
/// reject it, but what is meant is plain.
fn opt_out(object: &Value, template: &FieldPath) -> Option<FieldPath> {
    [template, &FieldPath::root()].into_iter().find_map(|holder| {
        let path = holder.child("metadata").child("annotations").child(OPT_OUT_ANNOTATION);
        let value = object.pointer(&path.to_pointer())?;
        (value == "false" || *value == Value::Bool(false)).then_some(path)
    })
}
