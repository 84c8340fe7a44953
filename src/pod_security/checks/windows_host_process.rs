//! `windowsHostProcess`, baseline. Privileged access to a Windows node is forbidden.
//!
//! Field: `securityContext.windowsOptions.hostProcess` of the pod and of every container.
//!
//! - since 1.0: absent or false.
//!
//! Upstream: `policy/check_windowsHostProcess.go`.

use crate::finding::CheckId;
use crate::object::Level;
use crate::pod_security::check::{Check, Forbidden, Revision};
use crate::pod_security::pod::{Pod, boolean};
use crate::pod_security::wording::Offenders;

/// The check.
pub(in crate::pod_security) const CHECK: Check = Check {
    id: CheckId("windowsHostProcess"),
    page: include_str!("../explain/windowsHostProcess.md"),
    level: Level::Baseline,
    revisions: &[Revision::new(0, judge)],
};

fn judge(pod: Pod<'_>) -> Option<Forbidden> {
    const FIELD: [&str; 2] = ["windowsOptions", "hostProcess"];
    let mut offenders = Offenders::default();
    for context in pod.security_contexts().filter(|context| boolean(context.value, &FIELD) == Some(true)) {
        offenders.add_context(context, &FIELD);
    }
    offenders.forbid("hostProcess", |offenders| {
        format!("{} must not set securityContext.windowsOptions.hostProcess=true", offenders.setters())
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::CHECK;
    use serde_json::json;

    #[test]
    fn allows_absent_and_false() {
        for options in [json!({"hostProcess": false}), json!({}), json!(null)] {
            for (_, spec) in testing::in_each_list(&json!({"securityContext": {"windowsOptions": options}})) {
                testing::allows(&CHECK, 0, &spec);
            }
            testing::allows(&CHECK, 37, &json!({"securityContext": {"windowsOptions": options}}));
        }
    }

    #[test]
    fn forbids_it_on_pod_and_containers() {
        let context = json!({"windowsOptions": {"hostProcess": true}});
        for (path, spec) in testing::in_each_list(&json!({"securityContext": context})) {
            let path = format!("{path}.securityContext.windowsOptions.hostProcess");
            let detail = r#"container "a" must not set securityContext.windowsOptions.hostProcess=true"#;
            testing::forbids(&CHECK, 0, &spec, "hostProcess", detail, &[&path]);
        }
        testing::forbids(
            &CHECK,
            37,
            &json!({
                "securityContext": context,
                "containers": [{"name": "b", "securityContext": context}, {"name": "a", "securityContext": context}],
            }),
            "hostProcess",
            r#"pod and containers "b", "a" must not set securityContext.windowsOptions.hostProcess=true"#,
            &[
                "spec.securityContext.windowsOptions.hostProcess",
                "spec.containers[0].securityContext.windowsOptions.hostProcess",
                "spec.containers[1].securityContext.windowsOptions.hostProcess",
            ],
        );
    }
}
