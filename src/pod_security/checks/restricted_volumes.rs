//! `restrictedVolumes`, restricted. Only volumes that need no right on the node, or come through a claim, may be used.
//!
//! Field: `volumes[*]`.
//!
//! - since 1.0: each volume has one of [`ALLOWED`]. A volume without source is an `emptyDir`: the API server fills
//!   that in before the check runs.
//!
//! Overrides `hostPathVolumes`.
//!
//! Upstream: `policy/check_restrictedVolumes.go`.

use std::collections::BTreeSet;

use super::host_path_volumes;
use crate::finding::CheckId;
use crate::object::Level;
use crate::pod_security::check::{Check, Forbidden, Revision};
use crate::pod_security::pod::{Pod, object};
use crate::pod_security::wording::{plural, quoted};

/// The check.
pub(in crate::pod_security) const CHECK: Check = Check {
    id: CheckId("restrictedVolumes"),
    page: include_str!("../explain/restrictedVolumes.md"),
    level: Level::Restricted,
    revisions: &[Revision::new(0, judge).overriding(&[host_path_volumes::ID])],
};

/// Sources that may be used.
const ALLOWED: [&str; 9] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

/// All other sources of the API, in the order in which upstream looks for a name for the message.
const RESTRICTED: [&str; 21] = [
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "gitRepo",
    "nfs",
    "iscsi",
    "glusterfs",
    "rbd",
    "flexVolume",
    "cinder",
    "cephfs",
    "flocker",
    "fc",
    "azureFile",
    "vsphereVolume",
    "quobyte",
    "azureDisk",
    "photonPersistentDisk",
    "portworxVolume",
    "scaleIO",
    "storageos",
];

fn judge(pod: Pod<'_>) -> Option<Forbidden> {
    let mut names = Vec::new();
    let mut types = BTreeSet::new();
    let mut paths = Vec::new();
    for volume in pod.volumes() {
        let has = |source: &&str| object(volume.value, &[source]).is_some();
        if ALLOWED.iter().any(has) {
            continue;
        }
        names.push(volume.name);
        let source = RESTRICTED.into_iter().find(has);
        types.insert(source.unwrap_or("unknown"));
        paths.push(volume.path_to(source.as_slice()));
    }
    (!names.is_empty()).then(|| Forbidden {
        reason: "restricted volume types",
        detail: format!(
            "{} {} {} {} {}",
            plural(names.len(), "volume", "volumes"),
            quoted(&names),
            plural(names.len(), "uses", "use"),
            plural(types.len(), "restricted volume type", "restricted volume types"),
            quoted(types)
        ),
        paths,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::{ALLOWED, CHECK, RESTRICTED};
    use serde_json::json;

    const REASON: &str = "restricted volume types";

    #[test]
    fn allows_each_core_source() {
        for source in ALLOWED {
            testing::allows(&CHECK, 0, &json!({"volumes": [{"name": "v", source: {}}]}));
        }
        testing::allows(&CHECK, 37, &json!({}));
    }

    #[test]
    fn forbids_and_names_each_other_source() {
        for source in RESTRICTED {
            let detail = format!(r#"volume "v" uses restricted volume type "{source}""#);
            let path = format!("spec.volumes[0].{source}");
            let spec = json!({"volumes": [{"name": "v", source: {}}]});
            testing::forbids(&CHECK, 0, &spec, REASON, &detail, &[&path]);
        }
    }

    #[test]
    fn an_unknown_source_is_forbidden_too() {
        let spec = json!({"volumes": [{"name": "v", "newVolume": {}}, {"name": "w", "emptyDir": null}]});
        let detail = r#"volumes "v", "w" use restricted volume type "unknown""#;
        testing::forbids(&CHECK, 37, &spec, REASON, detail, &["spec.volumes[0]", "spec.volumes[1]"]);
    }

    #[test]
    fn keeps_names_in_order_and_sorts_types() {
        let spec = json!({"volumes": [
            {"name": "z", "nfs": {}}, {"name": "a", "hostPath": {}}, {"name": "a", "nfs": {}}, {"name": "b", "csi": {}},
        ]});
        testing::forbids(
            &CHECK,
            37,
            &spec,
            REASON,
            r#"volumes "z", "a", "a" use restricted volume types "hostPath", "nfs""#,
            &["spec.volumes[0].nfs", "spec.volumes[1].hostPath", "spec.volumes[2].nfs"],
        );
    }
}
