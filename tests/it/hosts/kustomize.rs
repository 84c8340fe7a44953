//! Kustomize: floe as an exec transformer.

use std::fs;
use std::path::Path;
use std::str;

use super::container::executable;
use super::{assert_names_the_misspelling, assert_secured, find, misspell};
use crate::support::{OnPath, documents, example_copy, tool};

/// `kustomize build` of a folder, with functions switched on.
fn build(on_path: &OnPath, kustomize: &Path, dir: &Path) -> assert_cmd::Command {
    let mut command = on_path.command(kustomize);
    command.current_dir(dir).args(["build", "--enable-alpha-plugins", "--enable-exec", "."]);
    command
}

#[test]
fn transformer_secures_the_build() {
    let (Some(kustomize), Some(_)) = (tool("kustomize"), tool("yamljudge")) else { return };
    let example = example_copy("kustomize-exec");
    let success = build(&OnPath::new(), &kustomize, example.path()).assert().success();
    let documents = documents(str::from_utf8(&success.get_output().stdout).unwrap()).unwrap();
    assert_secured(&documents, &[("Deployment", "sales-api"), ("CronJob", "sales-nightly")]);

    // Kustomize works out the generated name after floe, from annotations that floe must pass on.
    let api = find(&documents, "Deployment", "sales-api");
    let settings = &api["spec"]["template"]["spec"]["containers"][0]["envFrom"][0]["configMapRef"]["name"];
    let settings = settings.as_str().unwrap();
    assert!(settings.starts_with("api-settings-"), "the suffix of a generated ConfigMap is lost: {settings}");
    find(&documents, "ConfigMap", settings);

    let internal = documents.iter().filter_map(|document| document["metadata"]["annotations"].as_object()).flatten();
    let internal: Vec<_> = internal.filter(|(key, _)| key.contains("config.kubernetes.io")).collect();
    assert!(internal.is_empty(), "annotations of the exchange leak into the build: {internal:?}");
}

#[test]
fn outer_layer_builds_on_a_secured_base() {
    let (Some(kustomize), Some(_)) = (tool("kustomize"), tool("yamljudge")) else { return };
    let example = example_copy("kustomize-exec");
    let outer = example.path().join("outer");
    fs::create_dir(&outer).unwrap();
    // The base holds floe's objects already when the outer layer runs floe again.
    fs::write(outer.join("kustomization.yaml"), "resources: [../base]\ntransformers: [floe.yaml]\n").unwrap();
    fs::copy(example.path().join("floe.yaml"), outer.join("floe.yaml")).unwrap();
    let base = example.path().join("base");
    fs::create_dir(&base).unwrap();
    for name in ["kustomization.yaml", "floe.yaml", "resources"] {
        fs::rename(example.path().join(name), base.join(name)).unwrap();
    }
    let on_path = OnPath::new();
    let once = build(&on_path, &kustomize, &base).assert().success().get_output().stdout.clone();
    let twice = build(&on_path, &kustomize, &outer).assert().success().get_output().stdout.clone();
    let once = documents(str::from_utf8(&once).unwrap()).unwrap();
    let twice = documents(str::from_utf8(&twice).unwrap()).unwrap();
    let manifests = |documents: &[serde_json::Value]| -> Vec<serde_json::Value> {
        let others = documents.iter().filter(|document| document["metadata"]["name"] != "floe-network-security");
        others.cloned().collect()
    };
    assert_secured(&twice, &[("Deployment", "sales-api"), ("CronJob", "sales-nightly")]);
    assert_eq!(manifests(&once), manifests(&twice), "a second layer changed what the first had secured");
}

#[test]
fn kustomize_shows_why_floe_refuses() {
    let Some(kustomize) = tool("kustomize") else { return };
    let example = example_copy("kustomize-exec");
    misspell(&example.path().join("floe.yaml"));
    let failure = build(&OnPath::new(), &kustomize, example.path()).assert().failure();
    let output = failure.get_output();
    assert!(output.stdout.is_empty(), "Kustomize printed manifests although floe failed");
    assert_names_the_misspelling(str::from_utf8(&output.stderr).unwrap());
}

/// `kubectl` has no `--enable-exec`, and skips such a function without a word: what the documentation warns of.
#[test]
fn kubectl_skips_exec_functions() {
    let (Some(kubectl), Some(_)) = (tool("kubectl"), tool("yamljudge")) else { return };
    let example = example_copy("kustomize-exec");
    let on_path = OnPath::new();
    let mut command = on_path.command(&kubectl);
    let success =
        command.current_dir(example.path()).args(["kustomize", "--enable-alpha-plugins", "."]).assert().success();
    let documents = documents(str::from_utf8(&success.get_output().stdout).unwrap()).unwrap();
    find(&documents, "Deployment", "sales-api");
    let policies = documents.iter().filter(|document| document["kind"] == "NetworkPolicy").count();
    assert_eq!(policies, 0, "kubectl runs exec functions now: correct the documentation");
}

/// The plugin of old, a program found by group, version and kind: kubectl runs it, with its configuration in a file.
#[test]
fn kubectl_runs_the_legacy_plugin() {
    let (Some(kubectl), Some(_)) = (tool("kubectl"), tool("yamljudge")) else { return };
    let example = example_copy("kustomize-exec");
    let configuration = "apiVersion: floe.dev/v1\nkind: Manifest\nmetadata: {name: floe}\nsecurity: {pod_security: \
                         {writable_paths: [/tmp]}}\ndomains: [{name: sales, namespace: floe-sales-domain}]\n";
    fs::write(example.path().join("floe.yaml"), configuration).unwrap();
    let home = tempfile::tempdir().unwrap();
    let plugin = home.path().join("kustomize/plugin/floe.dev/v1/manifest");
    fs::create_dir_all(&plugin).unwrap();
    executable(&plugin, "Manifest", "#!/bin/sh\nexec floe --config \"$1\"\n");
    let on_path = OnPath::new();
    let run = |folder: &Path| {
        let mut command = on_path.command(&kubectl);
        command.env("XDG_CONFIG_HOME", home.path()).current_dir(folder);
        command.args(["kustomize", "--enable-alpha-plugins", "."]).output().unwrap()
    };
    let output = run(example.path());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let documents = documents(str::from_utf8(&output.stdout).unwrap()).unwrap();
    assert_secured(&documents, &[("Deployment", "sales-api"), ("CronJob", "sales-nightly")]);
    let leaked = String::from_utf8_lossy(&output.stdout).contains("kustomize.config.k8s.io/id");
    assert!(!leaked, "Kustomize's own annotation stays in the build");

    misspell(&example.path().join("floe.yaml"));
    let output = run(example.path());
    assert!(!output.status.success() && output.stdout.is_empty(), "kubectl succeeded although floe failed");
    assert_names_the_misspelling(str::from_utf8(&output.stderr).unwrap());
}

/// A base, a Component that adds to it, an overlay that renames, and floe in the outermost kustomization: it sees all of
/// that, and what it adds keeps its names.
#[test]
fn components_and_overlays_with_floe_outermost() {
    let (Some(kustomize), Some(_)) = (tool("kustomize"), tool("yamljudge")) else { return };
    let example = example_copy("kustomize-exec");
    let root = example.path();
    let write = |path: &str, text: &str| {
        let file = root.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    };
    let base =
        fs::read_to_string(root.join("kustomization.yaml")).unwrap().replace("transformers:\n  - floe.yaml\n", "");
    write("base/kustomization.yaml", &base);
    fs::rename(root.join("resources"), root.join("base/resources")).unwrap();
    write(
        "worker/kustomization.yaml",
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [worker.yaml]\npatches:\n\
         - target: {kind: CronJob}\n  patch: |-\n    - {op: replace, path: /spec/schedule, value: 0 4 * * *}\n",
    );
    write(
        "worker/worker.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: worker, namespace: floe-jobs}\nspec:\n  selector: \
         {matchLabels: {app: worker}}\n  template:\n    metadata: {labels: {app: worker}}\n    spec: {containers: \
         [{name: worker, image: worker}]}\n",
    );
    write("overlay/kustomization.yaml", "resources: [../base]\ncomponents: [../worker]\nnamePrefix: prod-\n");
    write("kustomization.yaml", "resources: [overlay]\ntransformers: [floe.yaml]\n");
    let success = build(&OnPath::new(), &kustomize, root).assert().success();
    let documents = documents(str::from_utf8(&success.get_output().stdout).unwrap()).unwrap();
    let workloads =
        [("Deployment", "prod-sales-api"), ("CronJob", "prod-sales-nightly"), ("Deployment", "prod-worker")];
    assert_secured(&documents, &workloads);
    assert_eq!(find(&documents, "CronJob", "prod-sales-nightly")["spec"]["schedule"], "0 4 * * *");
    let api = find(&documents, "Deployment", "prod-sales-api");
    let settings =
        api["spec"]["template"]["spec"]["containers"][0]["envFrom"][0]["configMapRef"]["name"].as_str().unwrap();
    assert!(settings.strip_prefix("prod-api-settings-").is_some_and(|suffix| suffix.len() == 10), "{settings}");
    find(&documents, "ConfigMap", settings);
}
