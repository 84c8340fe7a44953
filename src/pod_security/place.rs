use json_patch::{Patch, patch};
use serde_json::{Value, json};

use crate::config::PodSecurityConfig;
use crate::object::{GroupVersionKind, Level, Shape};
use crate::yaml::FieldPath;

use super::check::Violation;
use super::harden::harden;
use super::namespace_labels::LevelVersion;
use super::pod::Pod;
use super::registry::Evaluator;

/// The checks that forbid the pods made from what stands at a place, with paths relative to the place.
///
/// A complete shape is judged as it stands. Of any other only what is explicit is known: it is judged as if a
/// controller filled in what hardening would, so that what remains is there whatever the controller does.
pub fn judge_place(
    value: &Value,
    shape: Shape,
    evaluator: Evaluator,
    enforce: LevelVersion,
    config: &PodSecurityConfig,
) -> Vec<Violation> {
    let judge = |pod: Pod<'_>, level: Level| evaluator.judge(pod, level, enforce.version);
    if shape.is_template() {
        return Pod::new(value).map(|pod| judge(pod, enforce.level)).unwrap_or_default();
    }
    let (spec, prefix) = match shape {
        Shape::PodContext => (json!({"securityContext": value}), 2),
        Shape::Container => (json!({"containers": [value]}), 3),
        Shape::Volume => (json!({"volumes": [value]}), 3),
        Shape::ReducedSpec | Shape::PartialSpec => (value.clone(), 1),
        Shape::Opaque | Shape::PodTemplate | Shape::ReducedTemplate => return Vec::new(),
    };
    let template = json!({"spec": spec});
    let complete = shape.is_hardened();
    let (filled, level) = if complete { (template, enforce.level) } else { fill(template, enforce.level, config) };
    let mut violations = Pod::new(&filled).map(|pod| judge(pod, level)).unwrap_or_default();
    for violation in &mut violations {
        for path in &mut violation.paths {
            *path = path.segments().iter().skip(prefix).cloned().collect();
        }
    }
    violations
}

/// A template with every missing field filled. One whose shape does not allow that is judged by the baseline at most,
/// which asks for nothing to be there.
fn fill(template: Value, level: Level, config: &PodSecurityConfig) -> (Value, Level) {
    let kind = GroupVersionKind::new("v1", "PodTemplate");
    let mut filled = template.clone();
    match harden(&template, &FieldPath::root(), &kind, config).map(|it| patch(&mut filled, &Patch(it.patch))) {
        Ok(Ok(())) => (filled, level),
        _ => (template, level.min(Level::Baseline)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Version;

    fn judged(shape: Shape, value: &Value, level: Level) -> Vec<String> {
        let enforce = LevelVersion { level, version: Version::Latest };
        let config = PodSecurityConfig::default();
        let violations = judge_place(value, shape, Evaluator::default(), enforce, &config);
        violations.iter().map(|it| format!("{} {}", it.check, it.paths.first().cloned().unwrap_or_default())).collect()
    }

    #[test]
    fn what_a_controller_may_fill_is_no_violation() {
        for shape in [Shape::PodContext, Shape::Container, Shape::Volume, Shape::PartialSpec, Shape::Opaque] {
            assert_eq!(judged(shape, &json!({}), Level::Restricted), [] as [&str; 0], "{shape:?}");
        }
        assert!(!judged(Shape::ReducedSpec, &json!({"containers": [{"name": "a"}]}), Level::Restricted).is_empty());
        assert!(!judged(Shape::PodTemplate, &json!({"spec": {"containers": [{}]}}), Level::Restricted).is_empty());
    }

    #[test]
    fn what_is_explicit_is_found_at_its_place() {
        let privileged = json!({"name": "a", "securityContext": {"privileged": true}});
        assert_eq!(judged(Shape::Container, &privileged, Level::Baseline), ["privileged securityContext.privileged"]);
        assert_eq!(
            judged(Shape::PartialSpec, &json!({"hostNetwork": true}), Level::Baseline),
            ["hostNamespaces hostNetwork"]
        );
        let root = json!({"runAsUser": 0});
        assert_eq!(judged(Shape::PodContext, &root, Level::Restricted), ["runAsUser runAsUser"]);
        let volume = json!({"name": "v", "hostPath": {"path": "/"}});
        assert_eq!(judged(Shape::Volume, &volume, Level::Baseline), ["hostPathVolumes hostPath"]);
        assert_eq!(judged(Shape::Volume, &volume, Level::Privileged), [] as [&str; 0]);
    }

    #[test]
    fn a_shape_that_cannot_be_filled_is_judged_by_what_forbids_explicit_values() {
        let odd = json!({"containers": {"a": {}}, "hostPID": true});
        assert_eq!(judged(Shape::PartialSpec, &odd, Level::Restricted), ["hostNamespaces hostPID"]);
    }
}
