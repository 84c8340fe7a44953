//! `privileged`, baseline. A container may not run with nearly all rights of the node.
//!
//! Field: `securityContext.privileged` of every container.
//!
//! - since 1.0: absent or false.
//!
//! Upstream: `policy/check_privileged.go`.

use crate::finding::CheckId;
use crate::object::Level;
use crate::pod_security::check::{Check, Forbidden, Revision};
use crate::pod_security::pod::{Pod, boolean};
use crate::pod_security::wording::{Offenders, containers_named};

/// The check.
pub(in crate::pod_security) const CHECK: Check = Check {
    id: CheckId("privileged"),
    page: include_str!("../explain/privileged.md"),
    level: Level::Baseline,
    revisions: &[Revision::new(0, judge)],
};

fn judge(pod: Pod<'_>) -> Option<Forbidden> {
    const FIELD: [&str; 2] = ["securityContext", "privileged"];
    let mut offenders = Offenders::default();
    for container in pod.containers().filter(|container| boolean(container.value, &FIELD) == Some(true)) {
        offenders.add_container(container, &FIELD);
    }
    offenders.forbid("privileged", |offenders| {
        format!("{} must not set securityContext.privileged=true", containers_named(&offenders.containers))
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::CHECK;
    use serde_json::json;

    #[test]
    fn allows_absent_and_false() {
        for value in [json!(false), json!(null), json!("true")] {
            for (_, spec) in testing::in_each_list(&json!({"securityContext": {"privileged": value}})) {
                testing::allows(&CHECK, 0, &spec);
            }
        }
        testing::allows(&CHECK, 37, &json!({"securityContext": {"privileged": true}}));
    }

    #[test]
    fn forbids_true_in_every_list() {
        for (path, spec) in testing::in_each_list(&json!({"securityContext": {"privileged": true}})) {
            let path = format!("{path}.securityContext.privileged");
            let detail = r#"container "a" must not set securityContext.privileged=true"#;
            testing::forbids(&CHECK, 0, &spec, "privileged", detail, &[&path]);
        }
        let container = |name: &str| json!({"name": name, "securityContext": {"privileged": true}});
        testing::forbids(
            &CHECK,
            37,
            &json!({"containers": [container("c")], "initContainers": [container("i")]}),
            "privileged",
            r#"containers "i", "c" must not set securityContext.privileged=true"#,
            &["spec.initContainers[0].securityContext.privileged", "spec.containers[0].securityContext.privileged"],
        );
    }
}
