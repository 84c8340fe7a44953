//! `procMount_restricted`, restricted. The masked paths of `/proc` stay masked, also in user namespaces.
//!
//! Field: `securityContext.procMount` of every container.
//!
//! - since 1.35: absent or `Default`. Until then the baseline check had no exemption.
//!
//! Overrides `procMount`.
//!
//! Upstream: `policy/check_procMount_restricted.go`.

use super::proc_mount;
use crate::finding::CheckId;
use crate::object::Level;
use crate::pod_security::check::{Check, Revision};

/// The check.
pub(in crate::pod_security) const CHECK: Check = Check {
    id: CheckId("procMount_restricted"),
    page: include_str!("../explain/procMount_restricted.md"),
    level: Level::Restricted,
    revisions: &[Revision::new(35, proc_mount::forbid_unmasked).overriding(&[proc_mount::ID])],
};

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::CHECK;
    use serde_json::json;

    #[test]
    fn user_namespaces_are_not_exempt() {
        assert_eq!(testing::since(&CHECK), [35]);
        for (path, mut spec) in testing::in_each_list(&json!({"securityContext": {"procMount": "Unmasked"}})) {
            spec["hostUsers"] = json!(false);
            let path = format!("{path}.securityContext.procMount");
            let detail = r#"container "a" must not set securityContext.procMount to "Unmasked""#;
            testing::allows(&CHECK, 34, &spec);
            testing::forbids(&CHECK, 35, &spec, "procMount", detail, &[&path]);
        }
        testing::allows(&CHECK, 35, &json!({"containers": [{"securityContext": {"procMount": "Default"}}]}));
    }
}
