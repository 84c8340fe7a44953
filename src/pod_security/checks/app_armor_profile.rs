//! `appArmorProfile`, baseline. An AppArmor profile may not be switched off.
//!
//! Fields: `securityContext.appArmorProfile.type` of the pod and of every container, and every annotation
//! `container.apparmor.security.beta.kubernetes.io/*`, also one for a container that does not exist.
//!
//! - since 1.0: the type is `RuntimeDefault` or `Localhost` wherever there is a profile; an annotation is empty,
//!   `runtime/default` or `localhost/*`.
//!
//! Upstream: `policy/check_appArmorProfile.go`.

use crate::finding::CheckId;
use crate::object::Level;
use crate::pod_security::check::{Check, Forbidden, Revision};
use crate::pod_security::pod::{Pod, object, text};
use crate::pod_security::wording::{Offenders, go_quoted, plural, quoted};
use crate::yaml::FieldPath;

/// The check.
pub(in crate::pod_security) const CHECK: Check = Check {
    id: CheckId("appArmorProfile"),
    page: include_str!("../explain/appArmorProfile.md"),
    level: Level::Baseline,
    revisions: &[Revision::new(0, judge)],
};

/// Start of the annotation keys; the name of the container follows.
pub(in crate::pod_security) const ANNOTATION_PREFIX: &str = "container.apparmor.security.beta.kubernetes.io/";

fn judge(pod: Pod<'_>) -> Option<Forbidden> {
    let mut offenders = Offenders::default();
    for context in pod.security_contexts() {
        let Some(profile) = object(context.value, &["appArmorProfile"]) else { continue };
        let kind = text(profile, &["type"]).unwrap_or_default();
        if !matches!(kind, "RuntimeDefault" | "Localhost") {
            offenders.values.insert(kind);
            offenders.add_context(context, &["appArmorProfile", "type"]);
        }
    }
    let mut annotations: Vec<(String, FieldPath)> = pod
        .annotations()
        .filter(|(key, value)| key.starts_with(ANNOTATION_PREFIX) && !is_allowed_annotation(value))
        .map(|(key, value)| {
            (format!("{key}={}", go_quoted(value)), FieldPath::of_keys(["metadata", "annotations", key]))
        })
        .collect();
    annotations.sort();

    let mut setters = Vec::new();
    if !offenders.is_empty() {
        setters.push(offenders.setters());
    }
    if !annotations.is_empty() {
        setters.push(plural(annotations.len(), "annotation", "annotations").to_owned());
    }
    if setters.is_empty() {
        return None;
    }
    let (annotations, annotation_paths): (Vec<String>, Vec<FieldPath>) = annotations.into_iter().unzip();
    let values: Vec<&str> = offenders.values.iter().copied().chain(annotations.iter().map(String::as_str)).collect();
    Some(Forbidden {
        reason: plural(values.len(), "forbidden AppArmor profile", "forbidden AppArmor profiles"),
        detail: format!("{} must not set AppArmor profile type to {}", setters.join(" and "), quoted(&values)),
        paths: offenders.paths.into_iter().chain(annotation_paths).collect(),
    })
}

fn is_allowed_annotation(value: &str) -> bool {
    matches!(value, "" | "runtime/default") || value.starts_with("localhost/")
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::CHECK;
    use serde_json::json;

    #[test]
    fn allows_default_and_localhost_profiles() {
        for profile in [json!({"type": "RuntimeDefault"}), json!({"type": "Localhost"}), json!(null)] {
            for (_, spec) in testing::in_each_list(&json!({"securityContext": {"appArmorProfile": profile}})) {
                testing::allows(&CHECK, 0, &spec);
            }
            testing::allows(&CHECK, 37, &json!({"securityContext": {"appArmorProfile": profile}}));
        }
        let key = |name: &str| format!("container.apparmor.security.beta.kubernetes.io/{name}");
        let template = json!({"spec": {}, "metadata": {"annotations": {
            key("a"): "runtime/default", key("b"): "localhost/", key("c"): "", "other": "unconfined", key("d"): 1,
        }}});
        assert_eq!(testing::judge(&CHECK, 37, &template), None);
    }

    #[test]
    fn forbids_other_types_and_an_empty_one() {
        for (kind, shown) in [(json!("Unconfined"), "Unconfined"), (json!("runtime/default"), "runtime/default")] {
            let container = json!({"securityContext": {"appArmorProfile": {"type": kind}}});
            for (path, spec) in testing::in_each_list(&container) {
                let detail = format!(r#"container "a" must not set AppArmor profile type to "{shown}""#);
                let path = format!("{path}.securityContext.appArmorProfile.type");
                testing::forbids(&CHECK, 0, &spec, "forbidden AppArmor profile", &detail, &[&path]);
            }
        }
        testing::forbids(
            &CHECK,
            37,
            &json!({"securityContext": {"appArmorProfile": {}}}),
            "forbidden AppArmor profile",
            r#"pod must not set AppArmor profile type to """#,
            &["spec.securityContext.appArmorProfile"],
        );
    }

    #[test]
    fn names_pod_containers_and_annotations_with_sorted_values() {
        let key = |name: &str| format!("container.apparmor.security.beta.kubernetes.io/{name}");
        let template = json!({
            "metadata": {"annotations": {key("gone"): "unconfined", key("b"): "x\"y", key("c"): "localhost/p"}},
            "spec": {
                "securityContext": {"appArmorProfile": {"type": "Unconfined"}},
                "initContainers": [{"name": "i", "securityContext": {"appArmorProfile": {"type": "Bad"}}}],
                "containers": [{"name": "b", "securityContext": {"appArmorProfile": {"type": "Unconfined"}}}],
            },
        });
        let (reason, detail, paths) = testing::judge(&CHECK, 37, &template).unwrap();
        assert_eq!(reason, "forbidden AppArmor profiles");
        assert_eq!(
            detail,
            format!(
                r#"pod and containers "i", "b" and annotations must not set AppArmor profile type to "Bad", "Unconfined", "{}="x\"y"", "{}="unconfined"""#,
                key("b"),
                key("gone")
            )
        );
        let annotation = |name: &str| format!("metadata.annotations[{}]", key(name));
        assert_eq!(
            paths,
            [
                "spec.securityContext.appArmorProfile.type",
                "spec.initContainers[0].securityContext.appArmorProfile.type",
                "spec.containers[0].securityContext.appArmorProfile.type",
                &annotation("b"),
                &annotation("gone"),
            ]
        );
    }

    #[test]
    fn one_annotation_is_singular() {
        let key = "container.apparmor.security.beta.kubernetes.io/a";
        let template = json!({"metadata": {"annotations": {key: "unconfined"}}, "spec": {}});
        let (reason, detail, _) = testing::judge(&CHECK, 0, &template).unwrap();
        assert_eq!(reason, "forbidden AppArmor profile");
        assert_eq!(detail, format!(r#"annotation must not set AppArmor profile type to "{key}="unconfined"""#));
    }
}
