//! `capabilities_baseline`, baseline. Only capabilities that container runtimes grant anyway may be added.
//!
//! Field: `securityContext.capabilities.add` of every container.
//!
//! - since 1.0: each item is one of [`ALLOWED`], compared exactly: neither case nor a prefix `CAP_` is normalised.
//!
//! Upstream: `policy/check_capabilities_baseline.go`.

use crate::finding::CheckId;
use crate::object::Level;
use crate::pod_security::check::{Check, Forbidden, Revision};
use crate::pod_security::pod::{Pod, items};
use crate::pod_security::wording::{Offenders, containers_named, quoted};

/// The check's id, which `capabilities_restricted` overrides.
pub(super) const ID: CheckId = CheckId("capabilities_baseline");

/// The check.
pub(in crate::pod_security) const CHECK: Check = Check {
    id: ID,
    page: include_str!("../explain/capabilities_baseline.md"),
    level: Level::Baseline,
    revisions: &[Revision::new(0, judge)],
};

/// What may be added.
pub(in crate::pod_security) const ALLOWED: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

fn judge(pod: Pod<'_>) -> Option<Forbidden> {
    forbid_added_except(pod, &ALLOWED).forbid("non-default capabilities", must_not_add)
}

/// The containers that add anything that is not in `allowed`.
pub(super) fn forbid_added_except<'a>(pod: Pod<'a>, allowed: &[&str]) -> Offenders<'a> {
    const ADD: [&str; 3] = ["securityContext", "capabilities", "add"];
    let mut offenders = Offenders::default();
    for container in pod.containers() {
        let mut offends = false;
        for (index, item) in items(container.value, &ADD) {
            let Some(name) = item.as_str().filter(|name| !allowed.contains(name)) else { continue };
            offenders.values.insert(name);
            offenders.paths.push(container.path_to(&ADD).child(index));
            offends = true;
        }
        if offends {
            offenders.containers.push(container.name);
        }
    }
    offenders
}

/// The detail for those containers.
pub(super) fn must_not_add(offenders: &Offenders<'_>) -> String {
    format!(
        "{} must not include {} in securityContext.capabilities.add",
        containers_named(&offenders.containers),
        quoted(&offenders.values)
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::{ALLOWED, CHECK};
    use serde_json::json;

    #[test]
    fn allows_the_default_set_in_every_list() {
        for (_, spec) in testing::in_each_list(&json!({"securityContext": {"capabilities": {"add": ALLOWED}}})) {
            testing::allows(&CHECK, 0, &spec);
        }
        testing::allows(&CHECK, 37, &json!({"containers": [{"securityContext": {"capabilities": {"drop": ["X"]}}}]}));
    }

    #[test]
    fn forbids_anything_else_and_near_misses() {
        for name in ["NET_ADMIN", "CAP_CHOWN", "chown", "ALL", ""] {
            for (path, spec) in testing::in_each_list(&json!({"securityContext": {"capabilities": {"add": [name]}}})) {
                let detail = format!(r#"container "a" must not include "{name}" in securityContext.capabilities.add"#);
                let path = format!("{path}.securityContext.capabilities.add[0]");
                testing::forbids(&CHECK, 0, &spec, "non-default capabilities", &detail, &[&path]);
            }
        }
    }

    #[test]
    fn names_containers_in_order_and_values_sorted() {
        let adds = |name: &str, add: &[&str]| json!({"name": name, "securityContext": {"capabilities": {"add": add}}});
        testing::forbids(
            &CHECK,
            37,
            &json!({"containers": [adds("z", &["SYS_TIME", "KILL", "BPF"]), adds("a", &["BPF"]), adds("ok",
                &["KILL"])]}),
            "non-default capabilities",
            r#"containers "z", "a" must not include "BPF", "SYS_TIME" in securityContext.capabilities.add"#,
            &[
                "spec.containers[0].securityContext.capabilities.add[0]",
                "spec.containers[0].securityContext.capabilities.add[2]",
                "spec.containers[1].securityContext.capabilities.add[0]",
            ],
        );
    }
}
