//! Laws that hold for every pod: over generated ones, and over the fixtures of Pod Security Admission.

use std::collections::BTreeSet;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use crate::config::PodSecurityConfig;
use crate::object::{Level, ResourceId, Version, template_path};
use crate::pod_security::{Check, Evaluator, Pod, checks};
use crate::skipped::data_dir;

use super::mount_path::MountPath;
use super::tests::{apply, harden_core};

/// A mapping in which each key is present or not.
fn fields(fields: Vec<(&'static str, Vec<Value>)>) -> impl Strategy<Value = Value> {
    let choices: Vec<_> = fields
        .into_iter()
        .map(|(key, values)| {
            proptest::option::weighted(0.35, select(values)).prop_map(move |it| Some((key.to_owned(), it?)))
        })
        .collect();
    choices.prop_map(|entries| Value::Object(entries.into_iter().flatten().collect::<Map<_, _>>()))
}

fn context() -> impl Strategy<Value = Value> {
    fields(vec![
        ("runAsNonRoot", vec![json!(true), json!(false), json!(null)]),
        ("runAsUser", vec![json!(0), json!(1001), json!(null)]),
        ("runAsGroup", vec![json!(0), json!(1001)]),
        ("allowPrivilegeEscalation", vec![json!(true), json!(false)]),
        ("privileged", vec![json!(true), json!(false)]),
        ("readOnlyRootFilesystem", vec![json!(true), json!(false), json!(null)]),
        (
            "capabilities",
            vec![
                json!(null),
                json!({}),
                json!({"drop": []}),
                json!({"add": ["CAP_SYS_ADMIN"]}),
                json!({"drop": ["X"]}),
            ],
        ),
        ("seccompProfile", vec![json!({}), json!({"type": "Unconfined"}), json!({"localhostProfile": "x"})]),
        ("fsGroup", vec![json!(3), json!(null)]),
        ("windowsOptions", vec![json!({"hostProcess": true}), json!({"runAsUserName": "ContainerAdministrator"})]),
    ])
}

fn mount() -> impl Strategy<Value = Value> {
    let paths =
        vec!["/tmp", "/tmp/", "tmp", "/tmp/x", "/", "/home", "/home/floe/.", "//home//floe", "/data", "/a/../tmp"];
    (select(vec!["data", "floe-tmp", "floe-home-floe"]), select(paths))
        .prop_map(|(name, path)| json!({"name": name, "mountPath": path}))
}

fn nullable(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Option<Value>> {
    proptest::option::weighted(0.7, prop_oneof![9 => value, 1 => Just(Value::Null)])
}

fn object_of(entries: Vec<(&str, Option<Value>)>) -> Value {
    entries.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect::<Map<_, _>>().into()
}

fn containers() -> impl Strategy<Value = Value> {
    let mounts = proptest::collection::vec(mount(), 0..3).prop_map(Value::Array);
    let container = (nullable(context()), nullable(mounts)).prop_map(|(context, mounts)| {
        object_of(vec![("securityContext", context), ("volumeMounts", mounts), ("image", Some(json!("x")))])
    });
    proptest::collection::vec(container, 0..4).prop_map(Value::Array)
}

fn volumes() -> impl Strategy<Value = Value> {
    let all = vec![
        json!({"name": "data", "secret": {"secretName": "s"}}),
        json!({"name": "floe-tmp", "emptyDir": {"medium": "Memory"}}),
        json!({"name": "floe-home-floe", "hostPath": {"path": "/x"}}),
    ];
    proptest::sample::subsequence(all, 0..=3).prop_map(Value::Array)
}

fn pods() -> impl Strategy<Value = Value> {
    let os = select(vec![json!({"name": "windows"}), json!({"name": "linux"}), json!(null)]);
    let claims = select(vec![json!([]), json!([{"metadata": {"name": "floe-tmp"}}])]);
    let extra = select(vec![json!({}), json!({"floe.dev/writable-paths": "/var/run,/tmp/y,bad"})]);
    let lists = (nullable(containers()), nullable(containers()), nullable(containers()));
    (lists, nullable(context()), nullable(volumes()), proptest::option::weighted(0.2, os), claims, extra).prop_map(
        |((init, main, ephemeral), context, volumes, os, claims, annotations)| {
            let spec = object_of(vec![
                ("initContainers", init),
                ("volumes", volumes),
                ("containers", main),
                ("os", os),
                ("ephemeralContainers", ephemeral),
                ("securityContext", context),
            ]);
            json!({
                "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "s"},
                "spec": {"template": {"metadata": {"annotations": annotations}, "spec": spec},
                    "volumeClaimTemplates": claims},
            })
        },
    )
}

/// Every scalar of `before`, and every empty list, is in `after`, in the same place; nulls may be filled.
fn keeps(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Null, _) => true,
        (Value::Object(before), Value::Object(after)) => {
            before.iter().all(|(key, value)| after.get(key).is_some_and(|it| keeps(value, it)))
        }
        (Value::Array(before), Value::Array(after)) => {
            before.len() <= after.len() && before.iter().zip(after).all(|(before, after)| keeps(before, after))
        }
        _ => before == after,
    }
}

fn container_list(spec: &Value) -> impl Iterator<Item = &Value> {
    let lists = ["initContainers", "containers", "ephemeralContainers"];
    lists.into_iter().flat_map(|list| spec[list].as_array().into_iter().flatten())
}

fn mounts(container: &Value) -> Vec<&Value> {
    container["volumeMounts"].as_array().into_iter().flatten().collect()
}

fn volume_names(spec: &Value) -> Vec<&str> {
    spec["volumes"].as_array().into_iter().flatten().filter_map(|it| it["name"].as_str()).collect()
}

/// Checks all laws on one object whose pod spec is at `spec`.
fn check(object: &Value, spec: &str) -> Result<(), String> {
    let ensure = |law: bool, what: &str| if law { Ok(()) } else { Err(format!("{what}: {object:#}")) };
    let config = PodSecurityConfig::default();
    let first = harden_core(object, &config).map_err(|error| error.to_string())?;
    let patched = apply(object, &first);
    let second = harden_core(&patched, &config).map_err(|error| error.to_string())?;
    ensure(second.patch.is_empty() && second.actions.is_empty(), "not idempotent")?;
    ensure(second.findings == first.findings, "findings change")?;
    ensure(keeps(object, &patched), "an explicit value was changed")?;
    ensure(first.patch.is_empty() == first.changes.is_empty(), "changes and patch disagree")?;

    let (before, after) = (object.pointer(spec).unwrap(), patched.pointer(spec).unwrap());
    let names = volume_names(after);
    ensure(names.iter().collect::<BTreeSet<_>>().len() == names.len(), "two volumes have one name")?;
    for (before, after) in container_list(before).zip(container_list(after)) {
        let (old, all) = (mounts(before), mounts(after));
        let path = |mount: &Value| MountPath::mounted(mount["mountPath"].as_str().unwrap());
        for (index, added) in all.iter().enumerate().skip(old.len()) {
            let covered = all[..index].iter().any(|it| path(it).covers(&path(added)));
            ensure(!covered, "a mount is on or below another one")?;
            ensure(names.contains(&added["name"].as_str().unwrap()), "a mount has no volume")?;
        }
        let context = &after["securityContext"];
        let added = &context["capabilities"]["add"];
        let needs_escalation =
            context["privileged"] == true || added.as_array().is_some_and(|it| it.contains(&json!("CAP_SYS_ADMIN")));
        let was = &before["securityContext"]["allowPrivilegeEscalation"];
        ensure(
            !needs_escalation || was == false || context["allowPrivilegeEscalation"] != false,
            "the API server rejects the container",
        )?;
        kubelet_accepts(
            before,
            after,
            &object.pointer(spec).unwrap()["securityContext"],
            &patched.pointer(spec).unwrap()["securityContext"],
        )
        .then_some(())
        .ok_or_else(|| format!("the kubelet refuses the container: {object:#}"))?;
    }
    let template = spec.trim_end_matches("/spec");
    never_worse(object.pointer(template).unwrap(), patched.pointer(template).unwrap())?;
    if before["os"]["name"] == "windows" {
        let only = first.changes.iter().all(|it| it.path.to_string().ends_with("securityContext.runAsNonRoot"));
        ensure(only, "Windows gets a field that it does not have")?;
    }
    Ok(())
}

/// Hardening makes no pod violate a check that it did not violate before, at any level and version: what was admitted
/// stays admitted.
fn never_worse(before: &Value, after: &Value) -> Result<(), String> {
    let versions: BTreeSet<Version> = checks().iter().flat_map(Check::versions).collect();
    for level in [Level::Baseline, Level::Restricted] {
        for version in &versions {
            let violated = |template: &Value| -> BTreeSet<_> {
                let violations = Pod::new(template).map(|pod| Evaluator::default().judge(pod, level, *version));
                violations.unwrap_or_default().into_iter().map(|violation| violation.check).collect()
            };
            let (old, new) = (violated(before), violated(after));
            if !new.is_subset(&old) {
                return Err(format!("{new:?} after {old:?} at {level}:{version}: {before:#}"));
            }
        }
    }
    Ok(())
}

/// Whether hardening leaves no container with `runAsNonRoot` and user 0 that did not have both before.
fn kubelet_accepts(before: &Value, after: &Value, pod_before: &Value, pod_after: &Value) -> bool {
    let refused = |container: &Value, pod: &Value| {
        let effective = |key: &str| {
            let own = &container["securityContext"][key];
            if own.is_null() { pod[key].clone() } else { own.clone() }
        };
        effective("runAsNonRoot") == true && effective("runAsUser") == 0
    };
    refused(before, pod_before) || !refused(after, pod_after)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn hold_for_generated_pods(object in pods()) {
        check(&object, "/spec/template/spec").map_err(TestCaseError::fail)?;
    }
}

fn yaml_files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    let mut entries: Vec<_> = folder.read_dir().unwrap().map(|it| it.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            yaml_files(&path, found);
        } else if path.extension().is_some_and(|it| it == "yaml") {
            found.push(path);
        }
    }
}

/// The YAML files of a folder of the test data; absent, after reporting the skip, where there is no test data.
#[expect(clippy::disallowed_methods, reason = "a test reads its data")]
fn test_data(folder: &str) -> Option<Vec<(String, String)>> {
    let mut files = Vec::new();
    yaml_files(&data_dir()?.join(folder), &mut files);
    Some(files.into_iter().map(|it| (it.display().to_string(), std::fs::read_to_string(&it).unwrap())).collect())
}

#[test]
fn hold_for_the_fixtures_of_pod_security_admission() {
    let Some(files) = test_data("pod-security") else { return };
    assert!(files.len() >= 3949, "only {} fixtures", files.len());
    for (name, text) in files {
        let pod: Value = serde_saphyr::from_str(&text).unwrap();
        check(&pod, "/spec").unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn hold_for_rendered_charts() {
    let Some(files) = test_data("charts") else { return };
    let mut templates = 0;
    for (name, text) in files {
        for document in text.split("\n---") {
            // Documents without a pod template do not matter here, whatever they hold.
            let Ok(object) = serde_saphyr::from_str::<Value>(document) else { continue };
            let Some(id) = ResourceId::of(&object) else { continue };
            let Some(path) = template_path(&id.gvk) else { continue };
            let spec = path.child("spec").to_pointer();
            check(&object, &spec).unwrap_or_else(|error| panic!("{name}: {id}: {error}"));
            templates += 1;
        }
    }
    assert!(templates >= 127, "only {templates} pod templates");
}
