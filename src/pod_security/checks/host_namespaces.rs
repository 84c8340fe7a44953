//! `hostNamespaces`, baseline. A pod may not share the node's namespaces.
//!
//! Fields: `hostNetwork`, `hostPID`, `hostIPC`.
//!
//! - since 1.0: absent or false.
//!
//! Upstream: `policy/check_hostNamespaces.go`.

use crate::finding::CheckId;
use crate::object::Level;
use crate::pod_security::check::{Check, Forbidden, Revision};
use crate::pod_security::pod::{Pod, boolean};

/// The check.
pub(in crate::pod_security) const CHECK: Check = Check {
    id: CheckId("hostNamespaces"),
    page: include_str!("../explain/hostNamespaces.md"),
    level: Level::Baseline,
    revisions: &[Revision::new(0, judge)],
};

fn judge(pod: Pod<'_>) -> Option<Forbidden> {
    let set: Vec<&str> = ["hostNetwork", "hostPID", "hostIPC"]
        .into_iter()
        .filter(|key| boolean(pod.spec, &[key]) == Some(true))
        .collect();
    (!set.is_empty()).then(|| Forbidden {
        reason: "host namespaces",
        detail: set.iter().map(|key| format!("{key}=true")).collect::<Vec<_>>().join(", "),
        paths: set.iter().map(|key| pod.path_to(&[key])).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::CHECK;
    use serde_json::json;

    #[test]
    fn allows_absent_and_false() {
        testing::allows(&CHECK, 0, &json!({}));
        testing::allows(&CHECK, 37, &json!({"hostNetwork": false, "hostPID": null, "hostIPC": "true"}));
    }

    #[test]
    fn names_what_is_set_in_upstreams_order() {
        let spec = json!({"hostIPC": true, "hostPID": true, "hostNetwork": true});
        let paths = ["spec.hostNetwork", "spec.hostPID", "spec.hostIPC"];
        testing::forbids(&CHECK, 0, &spec, "host namespaces", "hostNetwork=true, hostPID=true, hostIPC=true", &paths);
        for key in ["hostNetwork", "hostPID", "hostIPC"] {
            let path = format!("spec.{key}");
            testing::forbids(&CHECK, 37, &json!({key: true}), "host namespaces", &format!("{key}=true"), &[&path]);
        }
    }
}
