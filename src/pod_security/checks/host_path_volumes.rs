//! `hostPathVolumes`, baseline. A pod may not mount the node's file system.
//!
//! Field: `volumes[*].hostPath`.
//!
//! - since 1.0: absent.
//!
//! Upstream: `policy/check_hostPathVolumes.go`.

use crate::finding::CheckId;
use crate::object::Level;
use crate::pod_security::check::{Check, Forbidden, Revision};
use crate::pod_security::pod::{Pod, object};
use crate::pod_security::wording::{plural, quoted};

/// The check's id, which `restrictedVolumes` overrides.
pub(super) const ID: CheckId = CheckId("hostPathVolumes");

/// The check.
pub(in crate::pod_security) const CHECK: Check = Check {
    id: ID,
    page: include_str!("../explain/hostPathVolumes.md"),
    level: Level::Baseline,
    revisions: &[Revision::new(0, judge)],
};

fn judge(pod: Pod<'_>) -> Option<Forbidden> {
    let (names, paths): (Vec<_>, Vec<_>) = pod
        .volumes()
        .filter(|volume| object(volume.value, &["hostPath"]).is_some())
        .map(|volume| (volume.name, volume.path_to(&["hostPath"])))
        .unzip();
    (!names.is_empty()).then(|| Forbidden {
        reason: "hostPath volumes",
        detail: format!("{} {}", plural(names.len(), "volume", "volumes"), quoted(&names)),
        paths,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::CHECK;
    use serde_json::json;

    #[test]
    fn allows_other_volumes() {
        testing::allows(&CHECK, 0, &json!({}));
        testing::allows(&CHECK, 37, &json!({"volumes": [{"name": "a", "nfs": {}}, {"name": "b", "hostPath": null}]}));
    }

    #[test]
    fn names_volumes_in_order() {
        let volume = |name: &str| json!({"name": name, "hostPath": {}});
        testing::forbids(
            &CHECK,
            0,
            &json!({"volumes": [volume("a")]}),
            "hostPath volumes",
            r#"volume "a""#,
            &["spec.volumes[0].hostPath"],
        );
        testing::forbids(
            &CHECK,
            37,
            &json!({"volumes": [volume("z"), {"name": "ok", "emptyDir": {}}, volume("a")]}),
            "hostPath volumes",
            r#"volumes "z", "a""#,
            &["spec.volumes[0].hostPath", "spec.volumes[2].hostPath"],
        );
    }
}
