//! The examples of Helm and of what stands around it: their READMEs' commands, and the results that they promise.

use std::fs;
use std::process::Command;

use super::majors::Helm;
use super::tested::{Host, tested};
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

/// What Flux's controller makes of the folder: all that floe wrote as it wrote it, and Namespaces that it will not
/// prune.
#[test]
fn flux_applies_what_floe_wrote_and_prunes_no_namespace() {
    let (Some(fluxbuild), Some(_)) = (tool("fluxbuild"), tool("yamljudge")) else { return };
    tested(Host::Flux, &fluxbuild);
    let folder = example_copy("flux");
    let secured = "clusters/production/orders/secured.yaml";
    let text = fs::read_to_string(folder.path().join("expected").join(secured)).unwrap();
    fs::write(folder.path().join(secured), &text).unwrap();
    let arguments = ["clusters/production/flux.yaml", "."];
    let output = Command::new(fluxbuild).args(arguments).current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut built = documents(&String::from_utf8(output.stdout).unwrap()).unwrap();
    let namespaces: Vec<_> = built.iter_mut().filter(|document| document["kind"] == "Namespace").collect();
    assert_eq!(namespaces.len(), 3);
    for namespace in namespaces {
        let annotations = namespace["metadata"]["annotations"].as_object_mut().unwrap();
        assert_eq!(annotations.remove("kustomize.toolkit.fluxcd.io/prune").unwrap(), "disabled");
    }
    assert_eq!(built, documents(&text).unwrap());

    // As the example's README says.
    let flux = folder.path().join("clusters/production/flux.yaml");
    let renamed =
        fs::read_to_string(&flux).unwrap().replace("  prune: true\n", "  prune: true\n  targetNamespace: x\n");
    fs::write(&flux, renamed).unwrap();
    let output = Command::new(tool("fluxbuild").unwrap()).args(arguments).current_dir(folder.path()).output().unwrap();
    assert!(!output.status.success() && output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("ID conflict"));
}

#[test]
fn helmfile() {
    run("helmfile", &["helm", "helmfile"]);
}

#[test]
fn pre_commit() {
    run("pre-commit", &[]);
}
