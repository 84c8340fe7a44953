//! `runAsUser`, restricted. Containers may not ask to run as user 0.
//!
//! Field: `securityContext.runAsUser` of the pod and of every container.
//!
//! - since 1.23: absent or not 0.
//! - since 1.35: pods with a user namespace of their own (`hostUsers: false`) are exempt.
//!
//! Upstream: `policy/check_runAsUser.go`.

use crate::finding::CheckId;
use crate::object::Level;
use crate::pod_security::check::{Check, Forbidden, Revision};
use crate::pod_security::pod::{Pod, integer};
use crate::pod_security::wording::Offenders;

/// The check.
pub(in crate::pod_security) const CHECK: Check = Check {
    id: CheckId("runAsUser"),
    page: include_str!("../explain/runAsUser.md"),
    level: Level::Restricted,
    revisions: &[Revision::new(23, judge), Revision::new(35, judge_unless_user_namespace)],
};

fn judge_unless_user_namespace(pod: Pod<'_>) -> Option<Forbidden> {
    if pod.has_user_namespace() { None } else { judge(pod) }
}

fn judge(pod: Pod<'_>) -> Option<Forbidden> {
    let mut offenders = Offenders::default();
    for context in pod.security_contexts().filter(|context| integer(context.value, &["runAsUser"]) == Some(0)) {
        offenders.add_context(context, &["runAsUser"]);
    }
    offenders.forbid("runAsUser=0", |offenders| format!("{} must not set runAsUser=0", offenders.setters()))
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::CHECK;
    use serde_json::json;

    #[test]
    fn allows_absent_and_other_users() {
        for user in [json!(1000), json!(null), json!("0")] {
            for (_, spec) in testing::in_each_list(&json!({"securityContext": {"runAsUser": user}})) {
                testing::allows(&CHECK, 23, &spec);
            }
            testing::allows(&CHECK, 37, &json!({"securityContext": {"runAsUser": user}}));
        }
    }

    #[test]
    fn forbids_root_from_23_on() {
        assert_eq!(testing::since(&CHECK), [23, 35]);
        for user in [json!(0), json!(0.0)] {
            for (path, spec) in testing::in_each_list(&json!({"securityContext": {"runAsUser": user}})) {
                let path = format!("{path}.securityContext.runAsUser");
                testing::allows(&CHECK, 22, &spec);
                testing::forbids(
                    &CHECK,
                    23,
                    &spec,
                    "runAsUser=0",
                    r#"container "a" must not set runAsUser=0"#,
                    &[&path],
                );
            }
        }
        let root = json!({"runAsUser": 0});
        testing::forbids(
            &CHECK,
            37,
            &json!({
                "securityContext": root,
                "containers": [{"name": "b", "securityContext": root}, {"name": "a", "securityContext": root}],
            }),
            "runAsUser=0",
            r#"pod and containers "b", "a" must not set runAsUser=0"#,
            &[
                "spec.securityContext.runAsUser",
                "spec.containers[0].securityContext.runAsUser",
                "spec.containers[1].securityContext.runAsUser",
            ],
        );
    }

    #[test]
    fn user_namespaces_are_exempt_from_35_on() {
        let spec = json!({"hostUsers": false, "securityContext": {"runAsUser": 0}});
        testing::allows(&CHECK, 35, &spec);
        let path = "spec.securityContext.runAsUser";
        testing::forbids(&CHECK, 34, &spec, "runAsUser=0", "pod must not set runAsUser=0", &[path]);
    }
}
