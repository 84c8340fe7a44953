//! Kustomize: floe as an exec transformer.

use std::fs;
use std::path::Path;
use std::str;

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
