//! `runAsNonRoot`, restricted. Containers may not run as root.
//!
//! Field: `securityContext.runAsNonRoot` of the pod and of every container.
//!
//! - since 1.0: nowhere false, and true on every container or on the pod. An explicit false on the pod is forbidden
//!   even if every container says true.
//! - since 1.35: pods with a user namespace of their own (`hostUsers: false`) are exempt.
//!
//! Upstream: `policy/check_runAsNonRoot.go`.

use crate::finding::CheckId;
use crate::object::Level;
use crate::pod_security::check::{Check, Forbidden, Revision};
use crate::pod_security::pod::{Pod, boolean};
use crate::pod_security::wording::{Offenders, containers_named};

/// The check.
pub(in crate::pod_security) const CHECK: Check = Check {
    id: CheckId("runAsNonRoot"),
    page: include_str!("../explain/runAsNonRoot.md"),
    level: Level::Restricted,
    revisions: &[Revision::new(0, judge), Revision::new(35, judge_unless_user_namespace)],
};

const REASON: &str = "runAsNonRoot != true";
const FIELD: [&str; 2] = ["securityContext", "runAsNonRoot"];

fn judge_unless_user_namespace(pod: Pod<'_>) -> Option<Forbidden> {
    if pod.has_user_namespace() { None } else { judge(pod) }
}

fn judge(pod: Pod<'_>) -> Option<Forbidden> {
    let mut explicit = Offenders::default();
    for context in pod.security_contexts() {
        if boolean(context.value, &["runAsNonRoot"]) == Some(false) {
            explicit.add_context(context, &["runAsNonRoot"]);
        }
    }
    if !explicit.is_empty() {
        return explicit.forbid(REASON, |offenders| {
            format!("{} must not set securityContext.runAsNonRoot=false", offenders.setters())
        });
    }

    if boolean(pod.spec, &FIELD) == Some(true) {
        return None;
    }
    let mut implicit = Offenders::default();
    for container in pod.containers().filter(|container| boolean(container.value, &FIELD).is_none()) {
        implicit.add_container(container, &FIELD);
    }
    implicit.forbid(REASON, |offenders| {
        format!("pod or {} must set securityContext.runAsNonRoot=true", containers_named(&offenders.containers))
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::{CHECK, REASON};
    use serde_json::json;

    #[test]
    fn the_pod_or_every_container_says_true() {
        let yes = json!({"runAsNonRoot": true});
        for (path, spec) in testing::in_each_list(&json!({"securityContext": yes})) {
            testing::allows(&CHECK, 0, &spec);
            let mut spec = spec;
            spec["securityContext"] = yes.clone();
            testing::allows(&CHECK, 0, &spec);
            let list = path.trim_start_matches("spec.").trim_end_matches("[0]");
            spec[list][0]["securityContext"] = json!({});
            testing::allows(&CHECK, 37, &spec);
            spec["securityContext"] = json!({});
            let detail = r#"pod or container "a" must set securityContext.runAsNonRoot=true"#;
            testing::forbids(&CHECK, 0, &spec, REASON, detail, &[&format!("{path}.securityContext")]);
        }
    }

    #[test]
    fn names_only_containers_without_own_value() {
        let spec = json!({"containers": [
            {"name": "c"}, {"name": "b", "securityContext": {"runAsNonRoot": true}}, {"name": "a"},
        ]});
        let detail = r#"pod or containers "c", "a" must set securityContext.runAsNonRoot=true"#;
        testing::forbids(&CHECK, 37, &spec, REASON, detail, &["spec.containers[0]", "spec.containers[2]"]);
    }

    #[test]
    fn an_explicit_false_wins_over_what_is_missing() {
        testing::forbids(
            &CHECK,
            0,
            &json!({
                "securityContext": {"runAsNonRoot": false},
                "initContainers": [{"name": "i", "securityContext": {"runAsNonRoot": false}}],
                "containers": [{"name": "missing"}],
                "ephemeralContainers": [{"name": "e", "securityContext": {"runAsNonRoot": false}}],
            }),
            REASON,
            r#"pod and containers "i", "e" must not set securityContext.runAsNonRoot=false"#,
            &[
                "spec.securityContext.runAsNonRoot",
                "spec.initContainers[0].securityContext.runAsNonRoot",
                "spec.ephemeralContainers[0].securityContext.runAsNonRoot",
            ],
        );
        testing::forbids(
            &CHECK,
            37,
            &json!({
                "securityContext": {"runAsNonRoot": false},
                "containers": [{"name": "a", "securityContext": {"runAsNonRoot": true}}],
            }),
            REASON,
            "pod must not set securityContext.runAsNonRoot=false",
            &["spec.securityContext.runAsNonRoot"],
        );
    }

    #[test]
    fn user_namespaces_are_exempt_from_35_on() {
        assert_eq!(testing::since(&CHECK), [0, 35]);
        let spec = json!({"hostUsers": false, "containers": [{"securityContext": {"runAsNonRoot": false}}]});
        testing::allows(&CHECK, 35, &spec);
        let path = "spec.containers[0].securityContext.runAsNonRoot";
        let detail = r#"container "" must not set securityContext.runAsNonRoot=false"#;
        testing::forbids(&CHECK, 34, &spec, REASON, detail, &[path]);
    }

    #[test]
    fn a_string_is_not_a_boolean() {
        let spec = json!({"securityContext": {"runAsNonRoot": "true"}, "containers": [{"name": "a"}]});
        let detail = r#"pod or container "a" must set securityContext.runAsNonRoot=true"#;
        testing::forbids(&CHECK, 37, &spec, REASON, detail, &["spec.containers[0]"]);
    }
}
