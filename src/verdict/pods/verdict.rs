use std::fmt;

use json_patch::Patch;
use serde_json::Value;

use super::{Checker, Placed};
use crate::finding::CheckId;
use crate::object::{Place, ResourceId, Shape};
use crate::pod_security::{ContainerKind, Judged, LevelVersion, Violation, harden_as, judge_pods, message, warning};
use crate::text::Span;
use crate::yaml::{FieldPath, Segment};

/// What the API server does about violations of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// It rejects the pod.
    Enforce,
    /// It answers with a warning.
    Warn,
    /// It notes them in the audit log.
    Audit,
}

impl Mode {
    /// The word of the namespace labels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Warn => "warn",
            Self::Audit => "audit",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who can cure a violation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fix {
    /// The field is missing, and the filter fills it in where it hardens the namespace.
    FilledByFloe,
    /// The value is explicit, or filling it in would break the pod.
    NeedsChange,
}

impl Fix {
    /// The words of the reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FilledByFloe => "filled by floe",
            Self::NeedsChange => "needs a change in the chart",
        }
    }
}

impl fmt::Display for Fix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The verdict in one mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Level and version, as written in the label.
    pub policy: LevelVersion,
    /// What the API server says, byte for byte; absent if it says nothing.
    pub message: Option<String>,
}

impl Verdict {
    /// Whether the policy allows the pod.
    pub const fn is_allowed(&self) -> bool {
        self.message.is_none()
    }
}

/// A field at fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViolatingField {
    /// The container that it belongs to; absent for fields of the pod.
    pub container: Option<String>,
    /// Its path in the object, as in the API server's own messages. Where it is missing: the closest parent that exists.
    pub field: String,
    /// Its bytes in the stream.
    pub span: Span,
    /// Who can cure it.
    pub fix: Fix,
    /// What was probably meant, where the value comes close to an allowed one.
    pub hint: Option<String>,
}

/// A check that forbids a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViolationFound {
    /// The severest mode in which it is forbidden.
    pub mode: Mode,
    /// The policy of that mode.
    pub policy: LevelVersion,
    /// The check.
    pub check: CheckId,
    /// `reason (detail)`, as in the API server's messages.
    pub message: String,
    /// Every field at fault.
    pub fields: Vec<ViolatingField>,
}

/// The verdict on one pod, or on the pods that one template makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodVerdict {
    /// The number of its stream, from 0.
    pub stream: usize,
    /// Position of the document in the stream, or of the item in a `ResourceList`, from 0.
    pub document: usize,
    /// The pod, or the workload that holds the template.
    pub object: ResourceId,
    /// Where the pods run, after defaulting.
    pub namespace: String,
    /// Under the policy that rejects.
    pub enforce: Verdict,
    /// Under the policy of the audit log.
    pub audit: Verdict,
    /// Under the policy that warns.
    pub warn: Verdict,
    /// What is violated, each check once, severest mode first and then in upstream's order.
    pub violations: Vec<ViolationFound>,
}

/// Judges the pods made from one place in all modes. Absent if nothing describes them there.
pub(super) fn judge(
    checker: &Checker<'_>,
    placed: &Placed<'_>,
    id: &ResourceId,
    value: &Value,
    place: &Place,
    namespace: &str,
) -> Option<PodVerdict> {
    let config = &checker.config.pod_security;
    let policy = checker.levels.of(namespace);
    let judged = |policy| judge_pods(checker.evaluator, value, place, policy, config);
    let enforce = judged(policy.enforce)?;
    // Most often two modes, or all, have one policy.
    let warn = if policy.warn == policy.enforce { None } else { judged(policy.warn) };
    let audit = [(policy.enforce, Some(&enforce)), (policy.warn, warn.as_ref())]
        .into_iter()
        .find(|(same, _)| *same == policy.audit)
        .and_then(|(_, same)| same);
    let own_audit = if audit.is_none() { judged(policy.audit) } else { None };
    let warn = warn.as_ref().unwrap_or(&enforce);
    let audit = audit.or(own_audit.as_ref()).unwrap_or(warn);

    let says = |judged: &Judged, text: fn(crate::object::Level, crate::object::Version, &[Violation]) -> String, at| {
        let LevelVersion { level, version } = at;
        let message = (!judged.violations.is_empty()).then(|| text(level, version, &judged.violations));
        Verdict { policy: at, message }
    };
    let mut pod = PodVerdict {
        stream: placed.parsed.stream,
        document: placed.parsed.reported(placed.position),
        object: id.clone(),
        namespace: namespace.to_owned(),
        enforce: says(&enforce, message, policy.enforce),
        audit: says(audit, warning, policy.audit),
        warn: says(warn, warning, policy.warn),
        violations: Vec::new(),
    };
    if pod.enforce.is_allowed() && pod.warn.is_allowed() && pod.audit.is_allowed() {
        return Some(pod);
    }
    let hardened = hardened(checker, id, value, place);
    for (mode, policy, judged) in
        [(Mode::Enforce, policy.enforce, &enforce), (Mode::Warn, policy.warn, warn), (Mode::Audit, policy.audit, audit)]
    {
        let is_new = |violation: &&Violation| pod.violations.iter().all(|found| found.check != violation.check);
        let new: Vec<&Violation> = judged.violations.iter().filter(is_new).collect();
        if new.is_empty() {
            continue;
        }
        let left = judge_pods(checker.evaluator, &hardened, place, policy, config);
        let left = left.map(|left| left.violations).unwrap_or_default();
        let found = |violation: &Violation| ViolationFound {
            mode,
            policy,
            check: violation.check,
            message: reason(violation),
            fields: fields(placed, value, place, judged, violation, &left),
        };
        let found: Vec<ViolationFound> = new.into_iter().map(found).collect();
        pod.violations.extend(found);
    }
    Some(pod)
}

fn reason(violation: &Violation) -> String {
    match violation.detail.as_str() {
        "" => violation.reason.clone(),
        detail => format!("{} ({detail})", violation.reason),
    }
}

/// The object as the filter would write it. What the filter cannot harden stays as it is.
fn hardened(checker: &Checker<'_>, id: &ResourceId, value: &Value, place: &Place) -> Value {
    let mut hardened = value.clone();
    if let Ok(hardening) = harden_as(place.shape, value, &place.path, &id.gvk, &checker.config.pod_security)
        && json_patch::patch(&mut hardened, &Patch(hardening.patch)).is_err()
    {
        hardened.clone_from(value);
    }
    hardened
}

fn fields(
    placed: &Placed<'_>,
    value: &Value,
    place: &Place,
    judged: &Judged,
    violation: &Violation,
    left: &[Violation],
) -> Vec<ViolatingField> {
    let still: &[FieldPath] =
        left.iter().find(|left| left.check == violation.check).map(|left| left.paths.as_slice()).unwrap_or_default();
    let field = |path: &FieldPath| {
        let location = placed.location(&place.path.join(path));
        let hint = judged.near_misses.iter().find(|(missed, _)| missed == path || is_item_of(missed, path));
        ViolatingField {
            container: container(value, place, path),
            field: location.path.to_string(),
            span: location.span.unwrap_or_default(),
            fix: if remains(path, &violation.paths, still) { Fix::NeedsChange } else { Fix::FilledByFloe },
            hint: hint.map(|(_, hint)| hint.clone()),
        }
    };
    violation.paths.iter().map(field).collect()
}

/// Whether a field is still at fault after hardening.
///
/// A missing field is named by the closest parent that exists. Hardening may have made a closer one, so a path below
/// counts too, unless it was at fault on its own before.
fn remains(path: &FieldPath, before: &[FieldPath], still: &[FieldPath]) -> bool {
    still.iter().any(|left| left == path || (is_below(left, path) && !before.contains(left)))
}

/// Whether a path is an item of the list at `parent`.
fn is_item_of(path: &FieldPath, parent: &FieldPath) -> bool {
    matches!(path.segments().split_last(), Some((Segment::Index(_), list)) if list == parent.segments())
}

fn is_below(path: &FieldPath, parent: &FieldPath) -> bool {
    path.segments().len() > parent.segments().len() && path.segments().starts_with(parent.segments())
}

/// The name of the container that a path, relative to the place, leads into.
fn container(value: &Value, place: &Place, path: &FieldPath) -> Option<String> {
    let is_list = |key: &str| ContainerKind::ALL.iter().any(|kind| kind.key() == key);
    let steps = match (place.shape, path.segments()) {
        (Shape::Container, _) => 0,
        (shape, [Segment::Key(spec), Segment::Key(list), Segment::Index(_), ..])
            if shape.is_template() && spec == "spec" && is_list(list) =>
        {
            3
        }
        (Shape::ReducedSpec | Shape::PartialSpec, [Segment::Key(list), Segment::Index(_), ..]) if is_list(list) => 2,
        _ => return None,
    };
    let holder: FieldPath = place.path.segments().iter().chain(path.segments().iter().take(steps)).cloned().collect();
    value.pointer(&holder.to_pointer())?.get("name")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(paths: &[&str]) -> Vec<FieldPath> {
        paths.iter().map(|path| FieldPath::of_keys(path.split('.'))).collect()
    }

    #[test]
    fn a_field_remains_where_a_closer_parent_is_at_fault() {
        let before = paths(&["a", "c.d", "c"]);
        let check =
            |still: &[&str]| before.iter().map(|path| remains(path, &before, &paths(still))).collect::<Vec<_>>();
        assert_eq!(check(&[]), [false, false, false]);
        assert_eq!(check(&["a.context"]), [true, false, false]);
        // `c.d` was at fault on its own, so it says nothing about what was missing in `c`.
        assert_eq!(check(&["c.d"]), [false, true, false]);
        assert_eq!(check(&["c.e"]), [false, false, true]);
        assert_eq!(check(&["ab"]), [false, false, false]);
    }
}
