//! floe inside the real hosts: Helm, Kustomize and kpt start it, feed it and judge what it prints; Helm, helmfile and
//! kubectl install the result into a real API server; Argo CD's plugin server runs the plugins; CI runs as there.
//!
//! What users of these hosts complain of has numbers, and a test `pain_NN_…` shows what floe does about each:
//!
//! | 1 to 6 | 7 to 12 | 13 to 18 | 19 to 23 |
//! |---|---|---|---|
//! | an empty result deletes | the namespace is unknown | only docker, no docker | oddities of YAML |
//! | Namespaces have owners | Helm 3 does not sort | validators are broken | outer layers rename |
//! | Helm 3 hides hooks | lost lines and annotations | results nobody sees | a release has 1 MiB |
//! | Helm 4 mixes in hooks | empty standard input | internal annotations | deadlines, pipes that hide failures |
//! | Helm 4 wants a plugin | a flag forgotten | generators that pile up | two releases in one namespace |
//! | standard error is lost | functions skipped silently | formatting is lost | |

mod applied;
mod argocd;
mod container;
mod continuous;
mod docker;
mod examples;
mod failures;
mod helm;
mod helm4;
mod kpt;
mod kustomize;
mod majors;
mod pains;
mod releases;
mod tested;

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use serde_json::Value;

/// Position of the first document of a kind.
fn first(documents: &[Value], kind: &str) -> usize {
    let found = documents.iter().position(|document| document["kind"] == kind);
    found.unwrap_or_else(|| panic!("no {kind} in the output"))
}

/// The only document of a kind and name.
fn find<'a>(documents: &'a [Value], kind: &str, name: &str) -> &'a Value {
    let mut found =
        documents.iter().filter(|document| document["kind"] == kind && document["metadata"]["name"] == name);
    let only = found.next().unwrap_or_else(|| panic!("no {kind} {name} in the output"));
    assert!(found.next().is_none(), "{kind} {name} occurs twice");
    only
}

/// Checks what every example promises: the managed namespaces are labelled and closed, their pods are hardened.
fn assert_secured(documents: &[Value], workloads: &[(&str, &str)]) {
    for namespace in ["floe-jobs", "floe-sales-domain"] {
        let labels = &find(documents, "Namespace", namespace)["metadata"]["labels"];
        assert_eq!(labels["pod-security.kubernetes.io/enforce"], "restricted", "{namespace}: {labels}");
        let closed = documents.iter().any(|document| {
            document["kind"] == "NetworkPolicy"
                && document["metadata"]["namespace"] == namespace
                && document["spec"]["podSelector"].as_object().is_some_and(serde_json::Map::is_empty)
                && document["spec"]["policyTypes"].as_array().is_some_and(|types| types.len() == 2)
        });
        assert!(closed, "no default-deny for {namespace}");
    }
    for (kind, name) in workloads {
        assert_hardened(find(documents, kind, name));
    }
    for generated in
        documents.iter().filter(|document| document["metadata"]["labels"]["floe.dev/component"].is_string())
    {
        let annotations = generated["metadata"]["annotations"].as_object();
        let hooks = annotations.into_iter().flatten().filter(|(key, _)| key.starts_with("helm.sh/hook"));
        assert_eq!(hooks.count(), 0, "a generated object is a hook: {generated}");
    }
}

/// The pod template of a workload.
fn pod_template(workload: &Value) -> &Value {
    match workload["kind"].as_str() {
        Some("CronJob") => &workload["spec"]["jobTemplate"]["spec"]["template"],
        _ => &workload["spec"]["template"],
    }
}

/// Checks that a pod template meets the restricted level, with a read-only root filesystem and a writable `/tmp`.
fn assert_hardened(workload: &Value) {
    let pod = &pod_template(workload)["spec"];
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true, "{pod:#}");
    assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault", "{pod:#}");
    let containers = pod["containers"].as_array().unwrap();
    assert!(!containers.is_empty());
    for container in containers {
        let context = &container["securityContext"];
        assert_eq!(context["allowPrivilegeEscalation"], false, "{container:#}");
        assert_eq!(context["readOnlyRootFilesystem"], true, "{container:#}");
        assert!(context["capabilities"]["drop"].as_array().is_some_and(|drop| drop.iter().any(|name| name == "ALL")));
        let mounts = container["volumeMounts"].as_array().unwrap();
        let tmp = mounts.iter().find(|mount| mount["mountPath"] == "/tmp").unwrap();
        let volume = pod["volumes"].as_array().unwrap().iter().find(|volume| volume["name"] == tmp["name"]).unwrap();
        assert!(volume["emptyDir"].is_object(), "{volume:#}");
    }
}

/// Breaks an example's configuration in a way that floe must name: the key `pod_security` loses a letter.
fn misspell(file: &std::path::Path) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains("pod_security:"));
    fs::write(file, text.replace("pod_security:", "pod_securty:")).unwrap();
}

/// Makes a container of a manifest one that the restricted level rejects: what floe must refuse.
fn make_privileged(file: &std::path::Path, container: &str) {
    let text = fs::read_to_string(file).unwrap();
    let name = format!("- name: {container}\n");
    assert!(text.contains(&name), "no {name:?} in {}", file.display());
    fs::write(file, text.replace(&name, &format!("{name}          securityContext: {{privileged: true}}\n"))).unwrap();
}

/// Checks that a host showed floe's own words on [`misspell`]: the wrong key and the nearest right one.
fn assert_names_the_misspelling(shown: &str) {
    assert!(shown.contains("pod_securty"), "the host does not show floe's message:\n{shown}");
    assert!(shown.contains("pod_security"), "floe does not name the nearest key:\n{shown}");
}

/// Writes a kustomization with a Deployment `web` in `floe-jobs` and floe as its transformer, and more at its end.
fn write_kustomization(folder: &std::path::Path, more: &str) {
    let function = "apiVersion: floe.dev/v1
kind: NetworkSecurity
metadata:
  name: floe
  annotations:
    config.kubernetes.io/function: 'exec: {path: floe}'
";
    let deployment = majors::DEPLOYMENT
        .replace("{{ .Release.Name }}", "web")
        .replace("  name: web\n", "  name: web\n  namespace: floe-jobs\n");
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("floe.yaml"), function).unwrap();
    fs::write(folder.join("web.yaml"), deployment).unwrap();
    let kustomization = format!("resources: [web.yaml]\ntransformers: [floe.yaml]\n{more}");
    fs::write(folder.join("kustomization.yaml"), kustomization).unwrap();
}

/// Whether the tests run as root, who can take on other users.
fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0)
}

/// Each of the numbers above has a test that is named after it.
#[test]
fn every_pain_has_a_test() {
    let tests: String = crate::architecture::sources("tests/it/hosts").into_iter().map(|file| file.text).collect();
    let untested: Vec<u8> = (1..=23).filter(|number| !tests.contains(&format!("\nfn pain_{number:02}_"))).collect();
    assert!(untested.is_empty(), "no test is named after {untested:?}");
}
