//! `seccompProfile_restricted`, restricted. A seccomp filter is required.
//!
//! Field: `securityContext.seccompProfile.type` of the pod and of every container.
//!
//! - since 1.19: `RuntimeDefault` or `Localhost`, on every container or on the pod; another type is forbidden
//!   wherever it stands.
//! - since 1.25: pods with `os.name: windows` are exempt, which cannot set it.
//!
//! Overrides `seccompProfile_baseline`, for windows too.
//!
//! Upstream: `policy/check_seccompProfile_restricted.go`.

use super::seccomp_profile_baseline::{self, forbid_bad_types, is_allowed_type};
use crate::finding::CheckId;
use crate::object::Level;
use crate::pod_security::check::{Check, Forbidden, Revision};
use crate::pod_security::pod::{Pod, object, text};
use crate::pod_security::wording::{Offenders, containers_named};

/// The check.
pub(in crate::pod_security) const CHECK: Check = Check {
    id: CheckId("seccompProfile_restricted"),
    page: include_str!("../explain/seccompProfile_restricted.md"),
    level: Level::Restricted,
    revisions: &[
        Revision::new(19, judge).overriding(&[seccomp_profile_baseline::ID]),
        Revision::new(25, judge_unless_windows).overriding(&[seccomp_profile_baseline::ID]),
    ],
};

fn judge_unless_windows(pod: Pod<'_>) -> Option<Forbidden> {
    if pod.is_windows() { None } else { judge(pod) }
}

fn judge(pod: Pod<'_>) -> Option<Forbidden> {
    forbid_bad_types(pod).or_else(|| forbid_missing(pod))
}

fn forbid_missing(pod: Pod<'_>) -> Option<Forbidden> {
    const PROFILE: [&str; 2] = ["securityContext", "seccompProfile"];
    let of_pod = object(pod.spec, &PROFILE).and_then(|profile| text(profile, &["type"]));
    if of_pod.is_some_and(is_allowed_type) {
        return None;
    }
    let mut offenders = Offenders::default();
    for container in pod.containers().filter(|container| object(container.value, &PROFILE).is_none()) {
        offenders.add_container(container, &PROFILE);
    }
    offenders.forbid("seccompProfile", |offenders| {
        format!(
            r#"pod or {} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost""#,
            containers_named(&offenders.containers)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::CHECK;
    use serde_json::json;

    const MISSING: &str =
        r#"pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost""#;

    #[test]
    fn the_pod_or_every_container_has_a_profile() {
        for kind in ["RuntimeDefault", "Localhost"] {
            let context = json!({"seccompProfile": {"type": kind}});
            for (_, spec) in testing::in_each_list(&json!({"securityContext": context})) {
                testing::allows(&CHECK, 19, &spec);
            }
            for (_, mut spec) in testing::in_each_list(&json!({})) {
                spec["securityContext"] = context.clone();
                testing::allows(&CHECK, 37, &spec);
            }
        }
    }

    #[test]
    fn missing_is_forbidden_from_19_on() {
        assert_eq!(testing::since(&CHECK), [19, 25]);
        for (path, spec) in testing::in_each_list(&json!({"securityContext": {}})) {
            testing::allows(&CHECK, 18, &spec);
            let path = format!("{path}.securityContext");
            testing::forbids(&CHECK, 19, &spec, "seccompProfile", MISSING, &[&path]);
        }
        let spec = json!({"containers": [
            {"name": "c"}, {"name": "b", "securityContext": {"seccompProfile": {"type": "Localhost"}}}, {"name": "a"},
        ]});
        let detail = MISSING.replace(r#"container "a""#, r#"containers "c", "a""#);
        let paths = ["spec.containers[0]", "spec.containers[2]"];
        testing::forbids(&CHECK, 37, &spec, "seccompProfile", &detail, &paths);
    }

    #[test]
    fn an_explicit_bad_type_wins_over_what_is_missing() {
        testing::forbids(
            &CHECK,
            37,
            &json!({
                "securityContext": {"seccompProfile": {"type": "Unconfined"}},
                "containers": [{"name": "a"}, {"name": "b", "securityContext": {"seccompProfile": {}}}],
            }),
            "seccompProfile",
            r#"pod and container "b" must not set securityContext.seccompProfile.type to "", "Unconfined""#,
            &["spec.securityContext.seccompProfile.type", "spec.containers[1].securityContext.seccompProfile"],
        );
    }

    #[test]
    fn a_bad_type_on_the_pod_is_forbidden_even_if_every_container_is_good() {
        testing::forbids(
            &CHECK,
            19,
            &json!({
                "securityContext": {"seccompProfile": {"type": "Unconfined"}},
                "containers": [{"name": "a", "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}}],
            }),
            "seccompProfile",
            r#"pod must not set securityContext.seccompProfile.type to "Unconfined""#,
            &["spec.securityContext.seccompProfile.type"],
        );
    }

    #[test]
    fn windows_is_exempt_from_25_on() {
        let windows = json!({"os": {"name": "windows"}, "containers": [{"name": "a"}]});
        testing::allows(&CHECK, 25, &windows);
        testing::forbids(&CHECK, 24, &windows, "seccompProfile", MISSING, &["spec.containers[0]"]);
    }
}
