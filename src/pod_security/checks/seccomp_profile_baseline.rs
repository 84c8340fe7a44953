//! `seccompProfile_baseline`, baseline. The seccomp filter may not be switched off.
//!
//! - since 1.0: annotations `seccomp.security.alpha.kubernetes.io/pod` and
//!   `container.seccomp.security.alpha.kubernetes.io/<container>` are absent, `runtime/default`, `docker/default` or
//!   `localhost/*`; only annotations of containers that exist are looked at.
//! - since 1.19: `securityContext.seccompProfile.type` of the pod and of every container is `RuntimeDefault` or
//!   `Localhost` wherever there is a profile. Annotations no longer count.
//!
//! Upstream: `policy/check_seccompProfile_baseline.go`.

use std::collections::BTreeMap;

use crate::finding::CheckId;
use crate::object::Level;
use crate::pod_security::check::{Check, Forbidden, Revision};
use crate::pod_security::pod::{Pod, object, text};
use crate::pod_security::wording::{Offenders, go_quoted, plural, quoted};
use crate::yaml::FieldPath;

/// The check's id, which `seccompProfile_restricted` overrides.
pub(super) const ID: CheckId = CheckId("seccompProfile_baseline");

/// The check.
pub(in crate::pod_security) const CHECK: Check = Check {
    id: ID,
    page: include_str!("../explain/seccompProfile_baseline.md"),
    level: Level::Baseline,
    revisions: &[Revision::new(0, forbid_bad_annotations), Revision::new(19, forbid_bad_types)],
};

const POD_ANNOTATION: &str = "seccomp.security.alpha.kubernetes.io/pod";
const CONTAINER_ANNOTATION_PREFIX: &str = "container.seccomp.security.alpha.kubernetes.io/";

fn forbid_bad_annotations(pod: Pod<'_>) -> Option<Forbidden> {
    let keys = [POD_ANNOTATION.to_owned()]
        .into_iter()
        .chain(pod.containers().map(|container| format!("{CONTAINER_ANNOTATION_PREFIX}{}", container.name)));
    let bad: BTreeMap<String, FieldPath> = keys
        .filter_map(|key| {
            let value = pod.annotation(&key).filter(|value| !is_allowed_annotation(value))?;
            Some((format!("{key}={}", go_quoted(value)), FieldPath::of_keys(["metadata", "annotations", &key])))
        })
        .collect();
    (!bad.is_empty()).then(|| Forbidden {
        reason: "seccompProfile",
        detail: format!(
            "forbidden {} {}",
            plural(bad.len(), "annotation", "annotations"),
            bad.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
        ),
        paths: bad.into_values().collect(),
    })
}

fn is_allowed_annotation(value: &str) -> bool {
    matches!(value, "runtime/default" | "docker/default") || value.starts_with("localhost/")
}

/// The rule on fields: explicit types that switch the filter off.
pub(super) fn forbid_bad_types(pod: Pod<'_>) -> Option<Forbidden> {
    let mut offenders = Offenders::default();
    for context in pod.security_contexts() {
        let Some(profile) = object(context.value, &["seccompProfile"]) else { continue };
        let kind = text(profile, &["type"]).unwrap_or_default();
        if !is_allowed_type(kind) {
            offenders.values.insert(kind);
            offenders.add_context(context, &["seccompProfile", "type"]);
        }
    }
    offenders.forbid("seccompProfile", |offenders| {
        format!(
            "{} must not set securityContext.seccompProfile.type to {}",
            offenders.setters(),
            quoted(&offenders.values)
        )
    })
}

/// Whether a type keeps the filter on.
pub(super) fn is_allowed_type(kind: &str) -> bool {
    matches!(kind, "RuntimeDefault" | "Localhost")
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::{CHECK, CONTAINER_ANNOTATION_PREFIX, POD_ANNOTATION};
    use serde_json::{Value, json};

    fn annotated(key: &str, value: &str) -> Value {
        json!({"metadata": {"annotations": {key: value}}, "spec": {"initContainers": [{"name": "a"}]}})
    }

    #[test]
    fn annotations_count_below_19_only() {
        assert_eq!(testing::since(&CHECK), [0, 19]);
        let container_key = format!("{CONTAINER_ANNOTATION_PREFIX}a");
        for key in [POD_ANNOTATION, &container_key] {
            for good in ["runtime/default", "docker/default", "localhost/", "localhost/x"] {
                assert_eq!(testing::judge(&CHECK, 18, &annotated(key, good)), None);
            }
            for bad in ["unconfined", "", "RuntimeDefault"] {
                let detail = format!("forbidden annotation {key}=\"{bad}\"");
                let path = format!("metadata.annotations[{key}]");
                let expected = ("seccompProfile".to_owned(), detail, vec![path]);
                assert_eq!(testing::judge(&CHECK, 0, &annotated(key, bad)), Some(expected.clone()));
                assert_eq!(testing::judge(&CHECK, 18, &annotated(key, bad)), Some(expected));
                assert_eq!(testing::judge(&CHECK, 19, &annotated(key, bad)), None);
            }
        }
        let of_missing_container = annotated(&format!("{CONTAINER_ANNOTATION_PREFIX}gone"), "unconfined");
        assert_eq!(testing::judge(&CHECK, 18, &of_missing_container), None);
    }

    #[test]
    fn annotations_are_sorted_and_quoted() {
        let key = format!("{CONTAINER_ANNOTATION_PREFIX}a");
        let template = json!({
            "metadata": {"annotations": {POD_ANNOTATION: "x", &key: "y\n"}},
            "spec": {"containers": [{"name": "a"}], "ephemeralContainers": [{"name": "a"}]},
        });
        let (_, detail, paths) = testing::judge(&CHECK, 0, &template).unwrap();
        assert_eq!(detail, format!(r#"forbidden annotations {key}="y\n", {POD_ANNOTATION}="x""#));
        assert_eq!(paths.len(), 2);
    }

    #[test]
    fn types_count_from_19_on() {
        for good in ["RuntimeDefault", "Localhost"] {
            for (_, spec) in testing::in_each_list(&json!({"securityContext": {"seccompProfile": {"type": good}}})) {
                testing::allows(&CHECK, 19, &spec);
            }
        }
        testing::allows(&CHECK, 37, &json!({"containers": [{"name": "a"}]}));
        let bad = json!({"securityContext": {"seccompProfile": {"type": "Unconfined"}}});
        for (path, spec) in testing::in_each_list(&bad) {
            let path = format!("{path}.securityContext.seccompProfile.type");
            let detail = r#"container "a" must not set securityContext.seccompProfile.type to "Unconfined""#;
            testing::allows(&CHECK, 18, &spec);
            testing::forbids(&CHECK, 19, &spec, "seccompProfile", detail, &[&path]);
        }
    }

    #[test]
    fn a_profile_without_type_is_forbidden() {
        testing::forbids(
            &CHECK,
            37,
            &json!({
                "securityContext": {"seccompProfile": {}},
                "containers": [
                    {"name": "b", "securityContext": {"seccompProfile": {"type": "Unconfined"}}},
                    {"name": "a", "securityContext": {"seccompProfile": {"type": "Unconfined"}}},
                ],
            }),
            "seccompProfile",
            r#"pod and containers "b", "a" must not set securityContext.seccompProfile.type to "", "Unconfined""#,
            &[
                "spec.securityContext.seccompProfile",
                "spec.containers[0].securityContext.seccompProfile.type",
                "spec.containers[1].securityContext.seccompProfile.type",
            ],
        );
    }
}
