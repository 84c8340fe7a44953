//! Kustomize: floe as an exec transformer.

use std::fs;
use std::path::{Path, PathBuf};
use std::str;

use super::container::executable;
use super::tested::{Host, tested};
use super::{assert_secured, find};
use tempfile::TempDir;

use crate::support::{OnPath, documents, example_copy, floe, project, tool};

/// `kustomize build` of a folder, with functions switched on.
fn build(on_path: &OnPath, kustomize: &Path, dir: &Path) -> assert_cmd::Command {
    tested(Host::KustomizeExec, kustomize);
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
}

/// Kustomize works out generated names after floe, from annotations that floe must pass on, and that must not stay.
#[test]
fn pain_16_kustomize_gets_its_annotations_back() {
    let (Some(kustomize), Some(_)) = (tool("kustomize"), tool("yamljudge")) else { return };
    let example = example_copy("kustomize-exec");
    let success = build(&OnPath::new(), &kustomize, example.path()).assert().success();
    let documents = documents(str::from_utf8(&success.get_output().stdout).unwrap()).unwrap();
    let api = find(&documents, "Deployment", "sales-api");
    let settings = &api["spec"]["template"]["spec"]["containers"][0]["envFrom"][0]["configMapRef"]["name"];
    let settings = settings.as_str().unwrap();
    let suffix = settings.strip_prefix("api-settings-");
    assert!(suffix.is_some_and(|suffix| suffix.len() == 10), "the suffix of a generated ConfigMap is lost: {settings}");
    find(&documents, "ConfigMap", settings);

    let internal = documents.iter().filter_map(|document| document["metadata"]["annotations"].as_object()).flatten();
    let internal: Vec<_> = internal.filter(|(key, _)| key.contains("config.kubernetes.io")).collect();
    assert!(internal.is_empty(), "annotations of the exchange leak into the build: {internal:?}");
}

/// Under `validators:` Kustomize refuses every function, also one that changes nothing. As a transformer floe checks.
#[test]
fn pain_14_kustomize_takes_no_validators() {
    let Some(kustomize) = tool("kustomize") else { return };
    let example = example_copy("kustomize-exec");
    let kustomization = example.path().join("kustomization.yaml");
    let text = fs::read_to_string(&kustomization).unwrap();
    fs::write(&kustomization, text.replace("transformers:", "validators:")).unwrap();
    let cat = TempDir::new().unwrap();
    let cat = executable(cat.path(), "cat", "#!/bin/sh\nexec cat\n");
    for on_path in [OnPath::new(), OnPath::with(&cat)] {
        let failure = build(&on_path, &kustomize, example.path()).assert().failure();
        let shown = str::from_utf8(&failure.get_output().stderr).unwrap();
        assert!(shown.contains("validator shouldn't modify the resource map"), "correct the documentation:\n{shown}");
    }
    assert!(
        fs::read_to_string(project().join("krm/README.md")).unwrap().contains("Under `validators:` Kustomize refuses")
    );
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

/// kubectl, and the other versions that stand beside it, as in Google's SDK: each holds another version of Kustomize.
/// None after reporting the skip.
pub(super) fn kubectls() -> Vec<PathBuf> {
    let Some(kubectl) = tool("kubectl") else { return Vec::new() };
    let beside = fs::read_dir(fs::canonicalize(&kubectl).unwrap().parent().unwrap()).unwrap();
    let beside = beside.map(|entry| entry.unwrap().path());
    let others = beside.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("kubectl."));
    let mut all: Vec<PathBuf> = others.chain([kubectl]).collect();
    all.sort();
    all
}

/// `kubectl kustomize` of a folder, which has no `--enable-exec`.
pub(super) const KUBECTL_KUSTOMIZE: [&str; 3] = ["kustomize", "--enable-alpha-plugins", "."];

/// Such a function is skipped without a word: what the documentation warns of, beside the ways that work.
#[test]
fn pain_12_kubectl_skips_exec_functions() {
    let Some(_) = tool("yamljudge") else { return };
    let example = example_copy("kustomize-exec");
    let on_path = OnPath::new();
    for kubectl in kubectls() {
        let mut command = on_path.command(&kubectl);
        let success = command.current_dir(example.path()).args(KUBECTL_KUSTOMIZE).assert().success();
        let documents = documents(str::from_utf8(&success.get_output().stdout).unwrap()).unwrap();
        find(&documents, "Deployment", "sales-api");
        let policies = documents.iter().filter(|document| document["kind"] == "NetworkPolicy").count();
        assert_eq!(policies, 0, "{kubectl:?} runs exec functions now: correct the documentation");
    }
    let readme = fs::read_to_string(project().join("docs/hosts.md")).unwrap();
    assert!(readme.contains("**Without `--enable-exec` the function is skipped silently**"));
}

/// What works with any kubectl, and finds out what was skipped.
#[test]
fn pain_12_kubectl_pipes_into_floe() {
    let (Some(kubectl), Some(_)) = (tool("kubectl"), tool("yamljudge")) else { return };
    let example = example_copy("kustomize-exec");
    let kustomization = example.path().join("kustomization.yaml");
    let skipping = fs::read_to_string(&kustomization).unwrap();
    fs::write(&kustomization, skipping.replace("transformers:\n  - floe.yaml\n", "")).unwrap();
    let on_path = OnPath::new();
    let build = || {
        let mut command = on_path.command(&kubectl);
        let success = command.current_dir(example.path()).args(["kustomize", "."]).assert().success();
        success.get_output().stdout.clone()
    };
    let check = |manifests: &[u8]| {
        let mut check = floe();
        check.args(["pods", "check", "--enforce", "restricted", "-f", "-"]).write_stdin(manifests).assert()
    };
    let bare = build();
    check(&bare).failure();
    let manifest = project().join("examples/helm3/manifest.yaml");
    let secured = floe().arg("--config").arg(manifest).write_stdin(bare).assert().success().get_output().stdout.clone();
    check(&secured).success();
    let documents = documents(str::from_utf8(&secured).unwrap()).unwrap();
    assert_secured(&documents, &[("Deployment", "sales-api"), ("CronJob", "sales-nightly")]);
}

/// Makes the example's configuration that of a plugin of old, which is a program found by group, version and kind, and
/// gives the `XDG_CONFIG_HOME` that holds the plugin.
pub(super) fn legacy_plugin(example: &Path) -> TempDir {
    let configuration = "apiVersion: floe.dev/v1\nkind: Manifest\nmetadata: {name: floe}\nsecurity: {pod_security: \
                         {writable_paths: [/tmp]}}\ndomains: [{name: sales, namespace: floe-sales-domain}]\n";
    fs::write(example.join("floe.yaml"), configuration).unwrap();
    let home = TempDir::new().unwrap();
    let plugin = home.path().join("kustomize/plugin/floe.dev/v1/manifest");
    fs::create_dir_all(&plugin).unwrap();
    executable(&plugin, "Manifest", "#!/bin/sh\nexec floe --config \"$1\"\n");
    home
}

/// kubectl runs the plugin of old, with its configuration in a file.
#[test]
fn kubectl_runs_the_legacy_plugin() {
    let Some(_) = tool("yamljudge") else { return };
    let example = example_copy("kustomize-exec");
    let home = legacy_plugin(example.path());
    let on_path = OnPath::new();
    for kubectl in kubectls() {
        tested(Host::KubectlLegacy, &kubectl);
        let mut command = on_path.command(&kubectl);
        command.env("XDG_CONFIG_HOME", home.path()).current_dir(example.path());
        let success = command.args(KUBECTL_KUSTOMIZE).assert().success();
        let stdout = str::from_utf8(&success.get_output().stdout).unwrap();
        let documents = documents(stdout).unwrap();
        assert_secured(&documents, &[("Deployment", "sales-api"), ("CronJob", "sales-nightly")]);
        assert!(!stdout.contains("kustomize.config.k8s.io/id"), "Kustomize's own annotation stays in the build");
    }
}

/// A base, a Component that adds to it, an overlay that renames, and floe in the outermost kustomization: it sees all
/// of that, and what it adds keeps its names.
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
