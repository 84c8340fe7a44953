//! The requirements of Pod Security and of hardened pods, on what the filter writes.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::objects;
use crate::support::{floe, run_with};

const JOB: &str = "\
apiVersion: batch/v1
kind: Job
metadata: {name: etl, namespace: floe-jobs}
spec:
  template:
    spec:
      restartPolicy: Never
      initContainers: [{name: fetch, image: example}]
      containers: [{name: main, image: example}]
";

/// What the filter makes of the job, with keys below `security.pod_security`.
fn filter(keys: &str) -> Vec<Value> {
    let folder = TempDir::new().unwrap();
    let manifest = format!(
        "apiVersion: floe.dev/v1\nkind: Manifest\nmetadata: {{name: requirements}}\ndomains: [{{name: sales}}]\n\
         security: {{pod_security: {{{keys}}}}}\n"
    );
    fs::write(folder.path().join("manifest.yaml"), manifest).unwrap();
    let ran = run_with(floe().current_dir(folder.path()), JOB);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    objects(&ran.stdout)
}

fn levels(documents: &[Value], mode: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let namespaces = documents.iter().filter(|it| it["kind"] == "Namespace").map(|it| &it["metadata"]);
    let mut found: Vec<_> = namespaces
        .map(|it| (text(&it["name"]), text(&it["labels"][format!("pod-security.kubernetes.io/{mode}")])))
        .collect();
    found.sort();
    found
}

fn pod(documents: &[Value]) -> &Value {
    &documents.iter().find(|it| it["kind"] == "Job").unwrap()["spec"]["template"]["spec"]
}

fn containers(pod: &Value) -> Vec<&Value> {
    ["initContainers", "containers"].iter().flat_map(|list| pod[*list].as_array().unwrap()).collect()
}

fn pairs(entries: [(&str, &str); 3]) -> Vec<(String, String)> {
    entries.into_iter().map(|(name, level)| (name.to_owned(), level.to_owned())).collect()
}

#[test]
fn fr_050_fr_051_fr_052_fr_053_namespaces_carry_pod_security_labels() {
    let documents = filter("");
    let enforced = [("floe-jobs", "restricted"), ("floe-platform", "baseline"), ("floe-sales-domain", "restricted")];
    assert_eq!(levels(&documents, "enforce"), pairs(enforced));
    let visible = [("floe-jobs", "restricted"), ("floe-platform", "restricted"), ("floe-sales-domain", "restricted")];
    for mode in ["audit", "warn"] {
        assert_eq!(levels(&documents, mode), pairs(visible), "{mode}");
    }
    assert!(levels(&filter("enabled: false"), "enforce").is_empty());
}

#[test]
fn fr_054_levels_are_configured_by_role_and_by_namespace() {
    let documents = filter("jobs_level: baseline, platform_level: privileged, floe_sales_domain_level: baseline");
    let wanted = [("floe-jobs", "baseline"), ("floe-platform", "privileged"), ("floe-sales-domain", "baseline")];
    assert_eq!(levels(&documents, "enforce"), pairs(wanted));
}

/// FR-062 too: the profile of system calls.
#[test]
fn sc_007_fr_060_fr_061_fr_062_pods_carry_the_security_context() {
    let documents = filter("run_as_user: 2000, run_as_group: 3000, fs_group: 4000");
    let pod = pod(&documents);
    let context = &pod["securityContext"];
    for (field, value) in [
        ("runAsNonRoot", json!(true)),
        ("runAsUser", json!(2000)),
        ("runAsGroup", json!(3000)),
        ("fsGroup", json!(4000)),
        ("seccompProfile", json!({"type": "RuntimeDefault"})),
    ] {
        assert_eq!(context[field], value, "{field}");
    }
    for container in containers(pod) {
        let context = &container["securityContext"];
        assert_eq!(context["allowPrivilegeEscalation"], false);
        assert_eq!(context["readOnlyRootFilesystem"], true);
        assert_eq!(context["capabilities"]["drop"], json!(["ALL"]));
    }
    let defaults = filter("");
    let context = &self::pod(&defaults)["securityContext"];
    assert_eq!([&context["runAsUser"], &context["runAsGroup"], &context["fsGroup"]], [1000, 1000, 1000]);
}

#[test]
fn fr_063_fr_064_paths_stay_writable() {
    for (keys, wanted) in [("", vec!["/tmp", "/home/floe"]), ("writable_paths: [/scratch]", vec!["/scratch"])] {
        let documents = filter(keys);
        let pod = pod(&documents);
        let volumes = pod["volumes"].as_array().unwrap();
        for container in containers(pod) {
            let mounts = container["volumeMounts"].as_array().unwrap();
            let paths: Vec<&str> = mounts.iter().map(|it| it["mountPath"].as_str().unwrap()).collect();
            assert_eq!(paths, wanted);
            for mount in mounts {
                let volume = volumes.iter().find(|it| it["name"] == mount["name"]).unwrap();
                assert!(volume["emptyDir"].is_object(), "{volume}");
            }
        }
    }
}
