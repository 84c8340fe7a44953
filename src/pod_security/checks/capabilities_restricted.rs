//! `capabilities_restricted`, restricted. All capabilities are dropped.
//!
//! Fields: `securityContext.capabilities.drop` and `.add` of every container, compared exactly.
//!
//! - since 1.22: `drop` includes `ALL`; `add` holds at most `NET_BIND_SERVICE`.
//! - since 1.25: pods with `os.name: windows` are exempt, which cannot set them.
//!
//! Overrides `capabilities_baseline`, for windows too.
//!
//! Upstream: `policy/check_capabilities_restricted.go`.

use super::capabilities_baseline;
use crate::finding::CheckId;
use crate::object::Level;
use crate::pod_security::check::{Check, Forbidden, Revision};
use crate::pod_security::pod::{Pod, items};
use crate::pod_security::wording::containers_named;

/// The check.
pub(in crate::pod_security) const CHECK: Check = Check {
    id: CheckId("capabilities_restricted"),
    page: include_str!("../explain/capabilities_restricted.md"),
    level: Level::Restricted,
    revisions: &[
        Revision::new(22, judge).overriding(&[capabilities_baseline::ID]),
        Revision::new(25, judge_unless_windows).overriding(&[capabilities_baseline::ID]),
    ],
};

fn judge_unless_windows(pod: Pod<'_>) -> Option<Forbidden> {
    if pod.is_windows() { None } else { judge(pod) }
}

fn judge(pod: Pod<'_>) -> Option<Forbidden> {
    const DROP: [&str; 3] = ["securityContext", "capabilities", "drop"];
    let mut names = Vec::new();
    let mut paths = Vec::new();
    for container in pod.containers() {
        if !items(container.value, &DROP).any(|(_, item)| item == "ALL") {
            names.push(container.name);
            paths.push(container.path_to(&DROP));
        }
    }
    let adding = capabilities_baseline::forbid_added_except(pod, &["NET_BIND_SERVICE"]);
    let mut details = Vec::new();
    if !names.is_empty() {
        details.push(format!("{} must set securityContext.capabilities.drop=[\"ALL\"]", containers_named(&names)));
    }
    if !adding.is_empty() {
        details.push(capabilities_baseline::must_not_add(&adding));
    }
    paths.extend(adding.paths);
    (!details.is_empty()).then(|| Forbidden { reason: "unrestricted capabilities", detail: details.join("; "), paths })
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::CHECK;
    use serde_json::{Value, json};

    const REASON: &str = "unrestricted capabilities";

    fn context(capabilities: &Value) -> Value {
        json!({"securityContext": {"capabilities": capabilities}})
    }

    #[test]
    fn allows_drop_all_and_binding_low_ports() {
        for capabilities in [json!({"drop": ["ALL"]}), json!({"drop": ["KILL", "ALL"], "add": ["NET_BIND_SERVICE"]})] {
            for (_, spec) in testing::in_each_list(&context(&capabilities)) {
                testing::allows(&CHECK, 22, &spec);
            }
        }
    }

    #[test]
    fn requires_exactly_all_from_22_on() {
        assert_eq!(testing::since(&CHECK), [22, 25]);
        for drop in [json!([]), json!(["all"]), json!(["CAP_ALL"]), json!(["NET_RAW"]), json!([true])] {
            for (path, spec) in testing::in_each_list(&context(&json!({"drop": drop}))) {
                let path = format!("{path}.securityContext.capabilities.drop");
                let detail = r#"container "a" must set securityContext.capabilities.drop=["ALL"]"#;
                testing::allows(&CHECK, 21, &spec);
                testing::forbids(&CHECK, 22, &spec, REASON, detail, &[&path]);
            }
        }
    }

    #[test]
    fn reports_missing_and_added_apart() {
        testing::forbids(
            &CHECK,
            37,
            &json!({"containers": [
                {"name": "c"},
                {"name": "b", "securityContext": {"capabilities": {"add": ["SETUID", "NET_BIND_SERVICE"]}}},
                {"name": "a", "securityContext": {"capabilities": {"drop": ["ALL"], "add": ["KILL"]}}},
            ]}),
            REASON,
            r#"containers "c", "b" must set securityContext.capabilities.drop=["ALL"]; containers "b", "a" must not include "KILL", "SETUID" in securityContext.capabilities.add"#,
            &[
                "spec.containers[0]",
                "spec.containers[1].securityContext.capabilities",
                "spec.containers[1].securityContext.capabilities.add[0]",
                "spec.containers[2].securityContext.capabilities.add[0]",
            ],
        );
        testing::forbids(
            &CHECK,
            22,
            &json!({"containers": [{"name": "a", "securityContext": {"capabilities": {"drop": ["ALL"],
                "add": ["KILL"]}}}]}),
            REASON,
            r#"container "a" must not include "KILL" in securityContext.capabilities.add"#,
            &["spec.containers[0].securityContext.capabilities.add[0]"],
        );
    }

    #[test]
    fn windows_is_exempt_from_25_on() {
        let windows = json!({"os": {"name": "windows"}, "containers": [{"name": "a"}]});
        testing::allows(&CHECK, 25, &windows);
        let detail = r#"container "a" must set securityContext.capabilities.drop=["ALL"]"#;
        testing::forbids(&CHECK, 24, &windows, REASON, detail, &["spec.containers[0]"]);
    }
}
