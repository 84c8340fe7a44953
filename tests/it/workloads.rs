//! Every kind of the table of custom resources has a fixture: an object, and what the filter makes of it.
//!
//! `UPDATE_FIXTURES=1 cargo test workloads` writes the results anew, to be read before they are committed.

use std::collections::BTreeSet;
use std::{env, fs};

use floe::config::{Config, Conflicts};
use floe::finding::Severity;
use floe::object::{GroupVersionKind, Level, Version, Workloads, template_path};
use floe::plan::{Detail, Part, Parts, Request, plan};
use floe::pod_security::{Evaluator, LevelVersion, judge_place};
use floe::stream::frame;
use serde_json::Value;

use crate::support;

/// What the filter makes of a stream in the jobs namespace, and the ids of its findings.
fn harden(text: &str) -> Result<(String, Vec<(Severity, String)>), String> {
    let mut config = Config::default();
    config.pod_security.conflicts = Conflicts::Warn;
    let request = Request {
        namespace: Some("floe-jobs".to_owned()),
        parts: Parts::only(&[Part::Pods]),
        detail: Detail::Warnings,
    };
    let outcome = plan(&frame(text), &config, &request).map_err(|error| error.to_string())?;
    let findings = outcome.findings.iter().map(|it| (it.severity, it.check.to_string())).collect();
    Ok((outcome.output.pieces().collect(), findings))
}

/// Group and kind of every custom resource that floe knows.
fn custom_kinds() -> BTreeSet<(String, String)> {
    let workloads = Workloads::new(&[]);
    let owned = workloads.kinds().map(|(group, kind)| (group.to_owned(), kind.to_owned()));
    owned
        .filter(|(group, kind)| {
            template_path(&GroupVersionKind { group: group.clone(), version: String::new(), kind: kind.clone() })
                .is_none()
        })
        .collect()
}

#[test]
fn every_kind_has_a_fixture_and_every_fixture_a_kind() {
    let folder = support::project().join("tests/fixtures/workloads");
    let wanted: BTreeSet<String> = custom_kinds().iter().map(|(group, kind)| format!("{group}_{kind}")).collect();
    let present: BTreeSet<String> =
        folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(wanted.difference(&present).collect::<Vec<_>>(), [] as [&String; 0], "no fixture");
    assert_eq!(present.difference(&wanted).collect::<Vec<_>>(), [] as [&String; 0], "no such kind in the table");
}

#[test]
fn every_fixture_is_hardened_as_written() {
    let folder = support::project().join("tests/fixtures/workloads");
    let workloads = Workloads::new(&[]);
    let mut shapes = BTreeSet::new();
    for (group, kind) in custom_kinds() {
        let name = format!("{group}_{kind}");
        let input = fs::read_to_string(folder.join(&name).join("input.yaml")).unwrap();
        let before: Value = serde_saphyr::from_str(&input).unwrap();
        let gvk = GroupVersionKind::new(before["apiVersion"].as_str().unwrap(), before["kind"].as_str().unwrap());
        assert_eq!((&gvk.group, &gvk.kind), (&group, &kind), "{name} is of another kind");
        let places = workloads.find(&gvk).unwrap().places(&before);
        assert!(!places.is_empty(), "{name} holds nothing that pods are made from");
        shapes.extend(places.iter().map(|place| place.shape));

        let (output, findings) = harden(&input).unwrap_or_else(|error| panic!("{name}: {error}"));
        let golden = folder.join(&name).join("hardened.yaml");
        if env::var_os("UPDATE_FIXTURES").is_some() {
            fs::write(&golden, &output).unwrap();
        }
        assert_eq!(fs::read_to_string(&golden).unwrap_or_default(), output, "{name}");
        let (again, _) = harden(&output).unwrap();
        assert_eq!(again, output, "{name}: hardening is not idempotent");

        let after: Value = serde_saphyr::from_str(&output).unwrap();
        assert!(support::only_adds(&before, &after), "{name}: an explicit value changed");
        let cluster_scoped = workloads.find(&gvk).unwrap().is_cluster_scoped();
        let is_patched = !cluster_scoped && places.iter().any(|it| it.shape.is_hardened());
        assert_eq!(input != output, is_patched, "{name}: patched, or not, against the table");
        let told = findings.iter().any(|(_, check)| check == "workload-not-hardened");
        let expected = cluster_scoped || places.iter().any(|it| !it.shape.is_hardened());
        assert_eq!(told, expected, "{name}: told that it is not hardened");

        // Nothing that was admitted may be rejected afterwards.
        let restricted = LevelVersion { level: Level::Restricted, version: Version::Latest };
        let config = Config::default().pod_security;
        let violations = |object: &Value, path: &str, shape| {
            let value = object.pointer(path).unwrap();
            judge_place(value, shape, Evaluator::default(), restricted, &config)
                .into_iter()
                .map(|it| it.check)
                .collect::<BTreeSet<_>>()
        };
        for place in &places {
            let path = place.path.to_pointer();
            let (old, new) = (violations(&before, &path, place.shape), violations(&after, &path, place.shape));
            assert!(new.is_subset(&old), "{name} {}: {new:?} after {old:?}", place.path);
        }
    }
    assert_eq!(shapes.len(), 8, "a shape without a fixture: {shapes:?}");
}

#[test]
fn hardening_of_chart_templates_only_adds_and_is_idempotent() {
    let Some(data) = support::data_dir() else { return };
    let workloads = Workloads::new(&[]);
    let mut templates = 0;
    for (path, text) in support::snapshot(&data.join("charts")) {
        let (output, _) = harden(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (again, _) = harden(&output).unwrap();
        assert_eq!(again, output, "{}: hardening is not idempotent", path.display());
        // The YAML reader of the tests does not read every document that Kubernetes does; those hold no pods here.
        let objects = |text: &str| -> Vec<Option<Value>> {
            text.split("\n---").map(|document| serde_saphyr::from_str(document).ok()).collect()
        };
        let (before, after) = (objects(&text), objects(&output));
        assert_eq!(before.len(), after.len(), "{}", path.display());
        for (before, after) in before.iter().zip(&after) {
            let (Some(before), Some(after)) = (before, after) else { continue };
            assert!(support::only_adds(before, after), "{}: an explicit value changed", path.display());
            let text = |key: &str| before.get(key).and_then(Value::as_str).unwrap_or_default();
            let workload = workloads.find(&GroupVersionKind::new(text("apiVersion"), text("kind")));
            for place in workload.map(|it| it.places(before)).unwrap_or_default() {
                templates += 1;
                let config = Config::default().pod_security;
                let restricted = LevelVersion { level: Level::Restricted, version: Version::Latest };
                let passes = |object: &Value| {
                    let value = object.pointer(&place.path.to_pointer()).unwrap();
                    judge_place(value, place.shape, Evaluator::default(), restricted, &config).is_empty()
                };
                assert!(!passes(before) || passes(after), "{}: {} is worse", path.display(), place.path);
            }
        }
    }
    assert!(templates >= 127, "only {templates} places");
}

/// A `Service` of Kubernetes and one of Knative have a name in common and nothing else.
#[test]
fn a_core_service_is_untouched_beside_one_of_knative() {
    let core = "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\nspec:\n  template:\n    spec:\n      \
                containers:\n      - image: x\n";
    assert_eq!(harden(core).unwrap().0, core);
    let knative = core.replace("apiVersion: v1", "apiVersion: serving.knative.dev/v1");
    let (output, _) = harden(&format!("{core}---\n{knative}")).unwrap();
    let patched = output.strip_prefix(core).unwrap();
    assert!(patched.contains("allowPrivilegeEscalation: false") && patched.contains("type: RuntimeDefault"));
    assert!(!patched.contains("fsGroup") && !patched.contains("volumes"));
}

/// What a controller merges is judged by what it says, and left as it is.
#[test]
fn explicit_values_of_a_partial_shape_are_violations() {
    let text = "apiVersion: monitoring.coreos.com/v1\nkind: Prometheus\nmetadata: {name: a, namespace: floe-jobs}\n\
                spec:\n  hostNetwork: true\n";
    let (output, findings) = harden(text).unwrap();
    assert_eq!(output, text);
    let checks: Vec<_> = findings.iter().map(|(_, check)| check.as_str()).collect();
    assert_eq!(checks, ["workload-not-hardened", "hostNamespaces"]);
    let confirmed = text.replace("name: a,", "name: a, annotations: {floe.dev/harden: 'false'},");
    let (_, findings) = harden(&confirmed).unwrap();
    assert!(findings.iter().all(|(_, check)| check != "workload-not-hardened"));
}

/// Only what is to be patched needs a namespace.
#[test]
fn a_kind_that_is_not_patched_needs_no_namespace() {
    let config = Config::default();
    let request = Request { namespace: None, parts: Parts::only(&[Part::Pods]), detail: Detail::Warnings };
    let run = |text: &str| plan(&frame(text), &config, &request).map(|_| ());
    assert!(run("apiVersion: cert-manager.io/v1\nkind: ClusterIssuer\nmetadata: {name: a}\nspec: {}\n").is_ok());
    assert!(run("apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: a}\nspec: {}\n").is_ok());
    assert!(run("apiVersion: ray.io/v1\nkind: RayCluster\nmetadata: {name: a}\nspec: {}\n").is_err());
}
