//! `procMount`, baseline. The masked paths of `/proc` stay masked.
//!
//! Field: `securityContext.procMount` of every container.
//!
//! - since 1.0: absent or `Default`.
//! - since 1.35: anything in a pod with a user namespace of its own (`hostUsers: false`).
//!
//! Upstream: `policy/check_procMount_baseline.go`.

use crate::finding::CheckId;
use crate::object::Level;
use crate::pod_security::check::{Check, Forbidden, Revision};
use crate::pod_security::pod::{Pod, text};
use crate::pod_security::wording::{Offenders, containers_named, quoted};

/// The check's id, which `procMount_restricted` overrides.
pub(super) const ID: CheckId = CheckId("procMount");

/// The check.
pub(in crate::pod_security) const CHECK: Check = Check {
    id: ID,
    page: include_str!("../explain/procMount.md"),
    level: Level::Baseline,
    revisions: &[Revision::new(0, forbid_unmasked), Revision::new(35, forbid_unmasked_for_host_users)],
};

fn forbid_unmasked_for_host_users(pod: Pod<'_>) -> Option<Forbidden> {
    if pod.has_user_namespace() { None } else { forbid_unmasked(pod) }
}

/// The rule for all pods.
pub(super) fn forbid_unmasked(pod: Pod<'_>) -> Option<Forbidden> {
    const FIELD: [&str; 2] = ["securityContext", "procMount"];
    let mut offenders = Offenders::default();
    for container in pod.containers() {
        let Some(value) = text(container.value, &FIELD).filter(|&value| value != "Default") else { continue };
        offenders.values.insert(value);
        offenders.add_container(container, &FIELD);
    }
    offenders.forbid("procMount", |offenders| {
        format!(
            "{} must not set securityContext.procMount to {}",
            containers_named(&offenders.containers),
            quoted(&offenders.values)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::CHECK;
    use serde_json::json;

    #[test]
    fn allows_the_default() {
        for value in [json!("Default"), json!(null)] {
            for (_, spec) in testing::in_each_list(&json!({"securityContext": {"procMount": value}})) {
                testing::allows(&CHECK, 0, &spec);
            }
        }
    }

    #[test]
    fn user_namespaces_are_exempt_from_35_on() {
        assert_eq!(testing::since(&CHECK), [0, 35]);
        for (path, mut spec) in testing::in_each_list(&json!({"securityContext": {"procMount": "Unmasked"}})) {
            let path = format!("{path}.securityContext.procMount");
            let detail = r#"container "a" must not set securityContext.procMount to "Unmasked""#;
            for minor in [0, 34, 35, 37] {
                testing::forbids(&CHECK, minor, &spec, "procMount", detail, &[&path]);
            }
            spec["hostUsers"] = json!(true);
            testing::forbids(&CHECK, 35, &spec, "procMount", detail, &[&path]);
            spec["hostUsers"] = json!(false);
            testing::forbids(&CHECK, 34, &spec, "procMount", detail, &[&path]);
            testing::allows(&CHECK, 35, &spec);
        }
    }

    #[test]
    fn an_empty_value_is_not_the_default() {
        let container = |name: &str, value: &str| json!({"name": name, "securityContext": {"procMount": value}});
        testing::forbids(
            &CHECK,
            37,
            &json!({"containers": [container("b", "x"), container("a", "")]}),
            "procMount",
            r#"containers "b", "a" must not set securityContext.procMount to "", "x""#,
            &["spec.containers[0].securityContext.procMount", "spec.containers[1].securityContext.procMount"],
        );
    }
}
