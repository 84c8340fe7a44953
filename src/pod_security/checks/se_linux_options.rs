//! `seLinuxOptions`, baseline. Custom SELinux users and roles, and types other than those of containers, are
//! forbidden.
//!
//! Fields: `type`, `user` and `role` of `securityContext.seLinuxOptions`, of the pod and of every container.
//!
//! - since 1.0: the type is absent, empty, `container_t`, `container_init_t` or `container_kvm_t`; user and role are
//!   absent or empty.
//! - since 1.31: also the type `container_engine_t`.
//!
//! Upstream: `policy/check_seLinuxOptions.go`.

use crate::finding::CheckId;
use crate::object::Level;
use crate::pod_security::check::{Check, Forbidden, Revision};
use crate::pod_security::pod::{Pod, object, text};
use crate::pod_security::wording::{Offenders, plural, quoted};

/// The check.
pub(in crate::pod_security) const CHECK: Check = Check {
    id: CheckId("seLinuxOptions"),
    page: include_str!("../explain/seLinuxOptions.md"),
    level: Level::Baseline,
    revisions: &[
        Revision::new(0, |pod| judge(pod, &ALLOWED_SINCE_0)),
        Revision::new(31, |pod| judge(pod, &ALLOWED_SINCE_31)),
    ],
};

const ALLOWED_SINCE_0: [&str; 4] = ["", "container_t", "container_init_t", "container_kvm_t"];
const ALLOWED_SINCE_31: [&str; 5] = ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];

fn judge(pod: Pod<'_>, allowed_types: &[&str]) -> Option<Forbidden> {
    let mut offenders = Offenders::default();
    let mut sets_user = false;
    let mut sets_role = false;
    for context in pod.security_contexts() {
        let Some(options) = object(context.value, &["seLinuxOptions"]) else { continue };
        let value = |key| text(options, &[key]).unwrap_or_default();
        let kind = value("type");
        let mut bad_keys = Vec::new();
        if !allowed_types.contains(&kind) {
            offenders.values.insert(kind);
            bad_keys.push("type");
        }
        if !value("user").is_empty() {
            sets_user = true;
            bad_keys.push("user");
        }
        if !value("role").is_empty() {
            sets_role = true;
            bad_keys.push("role");
        }
        if !bad_keys.is_empty() {
            offenders.add_owner(context);
            offenders.paths.extend(bad_keys.iter().map(|key| context.path_to(&["seLinuxOptions", key])));
        }
    }
    offenders.forbid("seLinuxOptions", |offenders| {
        let mut faults = Vec::new();
        if !offenders.values.is_empty() {
            let types = plural(offenders.values.len(), "type", "types");
            faults.push(format!("{types} {}", quoted(&offenders.values)));
        }
        if sets_user {
            faults.push("user may not be set".to_owned());
        }
        if sets_role {
            faults.push("role may not be set".to_owned());
        }
        format!("{} set forbidden securityContext.seLinuxOptions: {}", offenders.setters(), faults.join("; "))
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::CHECK;
    use serde_json::json;

    #[test]
    fn allows_container_types() {
        for kind in ["", "container_t", "container_init_t", "container_kvm_t"] {
            let options = json!({"type": kind, "user": "", "role": "", "level": "s0"});
            for (_, spec) in testing::in_each_list(&json!({"securityContext": {"seLinuxOptions": options}})) {
                testing::allows(&CHECK, 0, &spec);
            }
            testing::allows(&CHECK, 37, &json!({"securityContext": {"seLinuxOptions": options}}));
        }
    }

    #[test]
    fn container_engines_are_allowed_from_31_on() {
        assert_eq!(testing::since(&CHECK), [0, 31]);
        let container = json!({"securityContext": {"seLinuxOptions": {"type": "container_engine_t"}}});
        for (path, spec) in testing::in_each_list(&container) {
            let path = format!("{path}.securityContext.seLinuxOptions.type");
            let detail = r#"container "a" set forbidden securityContext.seLinuxOptions: type "container_engine_t""#;
            testing::forbids(&CHECK, 30, &spec, "seLinuxOptions", detail, &[&path]);
            testing::allows(&CHECK, 31, &spec);
        }
    }

    #[test]
    fn lists_only_what_applies() {
        let pod = |options| json!({"securityContext": {"seLinuxOptions": options}});
        for (options, fault, paths) in [
            (json!({"user": "u"}), "user may not be set", vec!["user"]),
            (json!({"role": "r"}), "role may not be set", vec!["role"]),
            (
                json!({"role": "r", "user": "u", "type": "t"}),
                r#"type "t"; user may not be set; role may not be set"#,
                vec!["type", "user", "role"],
            ),
        ] {
            let detail = format!("pod set forbidden securityContext.seLinuxOptions: {fault}");
            let paths: Vec<_> = paths.iter().map(|key| format!("spec.securityContext.seLinuxOptions.{key}")).collect();
            let paths: Vec<_> = paths.iter().map(String::as_str).collect();
            testing::forbids(&CHECK, 37, &pod(options), "seLinuxOptions", &detail, &paths);
        }
    }

    #[test]
    fn gathers_pod_and_containers() {
        let container =
            |name: &str, kind: &str| json!({"name": name, "securityContext": {"seLinuxOptions": {"type": kind}}});
        testing::forbids(
            &CHECK,
            0,
            &json!({
                "securityContext": {"seLinuxOptions": {"user": "u"}},
                "containers": [container("b", "z"), container("a", "y"), container("ok", "")],
            }),
            "seLinuxOptions",
            r#"pod and containers "b", "a" set forbidden securityContext.seLinuxOptions: types "y", "z"; user may not be set"#,
            &[
                "spec.securityContext.seLinuxOptions.user",
                "spec.containers[0].securityContext.seLinuxOptions.type",
                "spec.containers[1].securityContext.seLinuxOptions.type",
            ],
        );
    }
}
