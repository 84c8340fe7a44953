//! The examples of Helm and of what stands around it: their READMEs' commands, and the results that they promise.

use std::fs;
use std::process::Command;

use super::majors::Helm;
use crate::examples::{run, run_on};
use crate::support::{OnPath, documents, example_copy, tool};

#[test]
fn helm3() {
    run("helm3", &["helm"]);
}

#[test]
fn helm4() {
    let Some(helm) = Helm::four() else { return };
    run_on("helm4", &OnPath::new().link("helm", &helm.with_its_home()));
}

#[test]
fn argocd() {
    run("argocd", &["helm", "yq"]);
}

#[test]
fn ci() {
    run("ci", &["helm"]);
}

#[test]
fn flux() {
    run("flux", &["helm"]);
}

/// Flux prunes what a commit no longer holds, but no Namespace.
#[test]
fn flux_prunes_no_namespace() {
    let (Some(kustomize), Some(_)) = (tool("kustomize"), tool("yamljudge")) else { return };
    let folder = example_copy("flux");
    let orders = "clusters/production/orders";
    let secured = folder.path().join("expected").join(orders).join("secured.yaml");
    fs::copy(secured, folder.path().join(orders).join("secured.yaml")).unwrap();
    let output = Command::new(kustomize).args(["build", orders]).current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let documents = documents(&String::from_utf8(output.stdout).unwrap()).unwrap();
    let namespaces: Vec<_> = documents.iter().filter(|document| document["kind"] == "Namespace").collect();
    assert_eq!(namespaces.len(), 3);
    for namespace in namespaces {
        assert_eq!(namespace["metadata"]["annotations"]["kustomize.toolkit.fluxcd.io/prune"], "disabled");
    }
}

#[test]
fn helmfile() {
    run("helmfile", &["helm"]);
}

#[test]
fn pre_commit() {
    run("pre-commit", &[]);
}
