//! `allowPrivilegeEscalation`, restricted. A process may not gain more rights than its parent (setuid programs).
//!
//! Field: `securityContext.allowPrivilegeEscalation` of every container.
//!
//! - since 1.8: false; absent is forbidden.
//! - since 1.25: pods with `os.name: windows` are exempt, which cannot set it.
//!
//! Upstream: `policy/check_allowPrivilegeEscalation.go`.

use crate::finding::CheckId;
use crate::object::Level;
use crate::pod_security::check::{Check, Forbidden, Revision};
use crate::pod_security::pod::{Pod, boolean};
use crate::pod_security::wording::{Offenders, containers_named};

/// The check.
pub(in crate::pod_security) const CHECK: Check = Check {
    id: CheckId("allowPrivilegeEscalation"),
    page: include_str!("../explain/allowPrivilegeEscalation.md"),
    level: Level::Restricted,
    revisions: &[Revision::new(8, judge), Revision::new(25, judge_unless_windows)],
};

fn judge_unless_windows(pod: Pod<'_>) -> Option<Forbidden> {
    if pod.is_windows() { None } else { judge(pod) }
}

fn judge(pod: Pod<'_>) -> Option<Forbidden> {
    const FIELD: [&str; 2] = ["securityContext", "allowPrivilegeEscalation"];
    let mut offenders = Offenders::default();
    for container in pod.containers().filter(|container| boolean(container.value, &FIELD) != Some(false)) {
        offenders.add_container(container, &FIELD);
    }
    offenders.forbid("allowPrivilegeEscalation != false", |offenders| {
        format!("{} must set securityContext.allowPrivilegeEscalation=false", containers_named(&offenders.containers))
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::CHECK;
    use serde_json::json;

    const REASON: &str = "allowPrivilegeEscalation != false";

    #[test]
    fn requires_false_in_every_list_from_8_on() {
        assert_eq!(testing::since(&CHECK), [8, 25]);
        for (path, spec) in testing::in_each_list(&json!({"securityContext": {"allowPrivilegeEscalation": true}})) {
            let path = format!("{path}.securityContext.allowPrivilegeEscalation");
            let detail = r#"container "a" must set securityContext.allowPrivilegeEscalation=false"#;
            testing::allows(&CHECK, 7, &spec);
            testing::forbids(&CHECK, 8, &spec, REASON, detail, &[&path]);
            testing::forbids(&CHECK, 37, &spec, REASON, detail, &[&path]);
        }
        for (_, spec) in testing::in_each_list(&json!({"securityContext": {"allowPrivilegeEscalation": false}})) {
            testing::allows(&CHECK, 8, &spec);
        }
    }

    #[test]
    fn absent_is_forbidden_and_points_at_what_should_hold_it() {
        testing::forbids(
            &CHECK,
            37,
            &json!({
                "securityContext": {"allowPrivilegeEscalation": false},
                "containers": [{"name": "b"}, {"name": "a", "securityContext": {}}],
            }),
            REASON,
            r#"containers "b", "a" must set securityContext.allowPrivilegeEscalation=false"#,
            &["spec.containers[0]", "spec.containers[1].securityContext"],
        );
    }

    #[test]
    fn windows_is_exempt_from_25_on() {
        let windows = json!({"os": {"name": "windows"}, "containers": [{"name": "a"}]});
        testing::allows(&CHECK, 25, &windows);
        let detail = r#"container "a" must set securityContext.allowPrivilegeEscalation=false"#;
        testing::forbids(&CHECK, 24, &windows, REASON, detail, &["spec.containers[0]"]);
        let linux = json!({
            "os": {"name": "linux"}, "nodeSelector": {"kubernetes.io/os": "windows"}, "containers": [{"name": "a"}],
        });
        testing::forbids(&CHECK, 37, &linux, REASON, detail, &["spec.containers[0]"]);
    }
}
