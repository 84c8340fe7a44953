//! Helm 4: floe as an installed plugin.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

use super::container::executable;
use super::majors::{DEPLOYMENT, Helm, post_renderer, write_chart};
use super::{assert_hardened, assert_names_the_misspelling, assert_secured, find, misspell};
use crate::support::{documents, example_copy, floe, floe_path, project, run_with, tool};

const TEMPLATE: [&str; 5] = ["template", "orders", "chart", "-n", "floe-jobs"];

/// `helm template` of the example's chart with floe.
fn secured<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = TEMPLATE.to_vec();
    arguments.extend(post_renderer(&["--config", "manifest.yaml"]));
    arguments.extend(more);
    arguments
}

#[test]
fn the_plugin_secures_templates_and_hooks() {
    let (Some(helm), Some(_)) = (Helm::four(), tool("yamljudge")) else { return };
    let example = example_copy("helm4");
    let ran = helm.run(example.path(), &secured(&[]));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let documents = documents(&ran.stdout).unwrap();
    assert_secured(&documents, &[("Deployment", "orders-api"), ("Job", "orders-migrate")]);
    let hook = find(&documents, "Job", "orders-migrate");
    assert_eq!(hook["metadata"]["annotations"]["helm.sh/hook"], "pre-install,pre-upgrade");
    assert!(!ran.stdout.contains("postrender-filename"), "Helm's own annotation is left in the result");
}

#[test]
fn pain_09_only_one_template_is_shown_if_asked() {
    let (Some(helm), Some(_)) = (Helm::four(), tool("yamljudge")) else { return };
    let example = example_copy("helm4");
    let ran = helm.run(example.path(), &secured(&["--show-only", "templates/deployment.yaml"]));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let documents = documents(&ran.stdout).unwrap();
    assert_eq!(documents.len(), 1, "{}", ran.stdout);
    assert_hardened(&documents[0]);
}

#[test]
fn pain_09_output_dir_gets_the_secured_files() {
    let (Some(helm), Some(_)) = (Helm::four(), tool("yamljudge")) else { return };
    let example = example_copy("helm4");
    let ran = helm.run(example.path(), &secured(&["--output-dir", "out"]));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let file = fs::read_to_string(example.path().join("out/orders/templates/deployment.yaml")).unwrap();
    assert_hardened(&documents(&file).unwrap()[0]);
}

/// The archive of `make helm-plugin` is what Helm installs, and floe runs from it.
#[test]
fn the_archive_is_installed_by_helm() {
    let (Some(helm), Some(_), Some(_)) = (Helm::four_without_plugin(), tool("make"), tool("tar")) else { return };
    let dist = TempDir::new().unwrap();
    let made = Command::new("make")
        .current_dir(project())
        .arg("helm-plugin")
        .arg(format!("FLOE={}", floe_path().display()))
        .arg(format!("DIST={}", dist.path().display()))
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let archive = format!("floe-helm-plugin-{}.tgz", env!("CARGO_PKG_VERSION"));

    let unsigned = helm.run(dist.path(), &["plugin", "install", &archive]);
    assert_ne!(unsigned.code, Some(0), "Helm installed an archive without a signature");
    assert!(unsigned.stderr.contains("provenance"), "{}", unsigned.stderr);
    let ran = helm.run(dist.path(), &["plugin", "install", "--verify=false", &archive]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let listed = helm.run(dist.path(), &["plugin", "list"]);
    let line = listed.stdout.lines().find(|line| line.starts_with("floe")).unwrap_or_default();
    let words: Vec<&str> = line.split_whitespace().take(4).collect();
    assert_eq!(words, ["floe", env!("CARGO_PKG_VERSION"), "postrenderer/v1", "v1"], "{}", listed.stdout);
    assert_eq!(listed.stderr, "", "Helm complains about the plugin");

    let example = example_copy("helm4");
    let ran = helm.run(example.path(), &secured(&[]));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.contains("readOnlyRootFilesystem: true"));
}

/// Signing and verifying as the plugin's page says, with a key that lives as long as the test.
#[test]
fn a_signed_plugin_is_verified() {
    let (Some(helm), Some(gpg), Some(make)) = (Helm::four_without_plugin(), tool("gpg"), tool("make")) else { return };
    let folder = TempDir::new().unwrap();
    let gpg = |arguments: &[&str]| {
        let output = Command::new(&gpg)
            .env("GNUPGHOME", folder.path())
            .args(["--batch", "--pinentry-mode", "loopback", "--passphrase", ""])
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    gpg(&["--quick-generate-key", "floe <floe@example.com>", "rsa2048", "sign", "1d"]);
    fs::write(folder.path().join("pubring.gpg"), gpg(&["--export"])).unwrap();

    // What is signed does not depend on the program, and a small one is packed at once.
    let program = executable(folder.path(), "floe", "#!/bin/sh\ncat\n");
    let archive = format!("floe-helm-plugin-{}-linux-amd64.tgz", env!("CARGO_PKG_VERSION"));
    let packed = Command::new(make)
        .current_dir(project())
        .arg("helm-plugin")
        .arg(format!("FLOE={}", program.display()))
        .arg(format!("DIST={}", folder.path().display()))
        .arg(format!("PLUGIN_ARCHIVE={}", folder.path().join(&archive).display()))
        .output()
        .unwrap();
    assert!(packed.status.success(), "{}", String::from_utf8_lossy(&packed.stderr));
    let signed = Command::new(project().join("packaging/helm-plugin/sign"))
        .env("GNUPGHOME", folder.path())
        .arg(folder.path().join(&archive))
        .output()
        .unwrap();
    assert!(signed.status.success(), "{}", String::from_utf8_lossy(&signed.stderr));
    // Its agent would outlive the folder.
    let _ = Command::new("gpgconf").env("GNUPGHOME", folder.path()).args(["--kill", "gpg-agent"]).status();

    let install = ["plugin", "install", "--keyring", "pubring.gpg", &archive];
    let written = fs::read(folder.path().join(&archive)).unwrap();
    fs::write(folder.path().join(&archive), [&written[..], b"\n"].concat()).unwrap();
    let ran = helm.run(folder.path(), &install);
    assert!(ran.code != Some(0) && ran.stderr.contains("sha256 sum does not match"), "{}", ran.stderr);
    fs::write(folder.path().join(&archive), written).unwrap();
    let ran = helm.run(folder.path(), &install);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.contains("floe@example.com"), "Helm does not say who signed:\n{}", ran.stdout);
    let listed = helm.run(folder.path(), &["plugin", "list"]);
    assert!(listed.stdout.lines().any(|line| line.starts_with("floe")), "{}", listed.stdout);
}

/// A path or a program on `PATH` is no plugin to Helm 4, and a key too many is a plugin too few.
#[test]
fn pain_05_helm_4_takes_a_plugin_and_nothing_else() {
    let Some(helm) = Helm::four_without_plugin() else { return };
    let example = example_copy("helm4");
    let path = floe_path();
    for name in ["floe", path.to_str().unwrap()] {
        let mut arguments = TEMPLATE.to_vec();
        arguments.extend(["--post-renderer", name]);
        let ran = helm.run(example.path(), &arguments);
        assert!(ran.code != Some(0) && ran.stderr.contains("not found"), "{name}: {}", ran.stderr);
    }
    let plugin = helm.data().join("plugins/floe");
    fs::create_dir_all(&plugin).unwrap();
    let text = fs::read_to_string(project().join("packaging/helm-plugin/plugin.yaml")).unwrap();
    fs::write(plugin.join("plugin.yaml"), format!("{text}description: x\n")).unwrap();
    let ran = helm.run(example.path(), &secured(&[]));
    assert!(ran.code != Some(0) && ran.stderr.contains("not found"), "{}", ran.stderr);
}

/// Helm 3 loads no plugin at all from a folder that holds this one; so the page says to keep them apart.
#[test]
fn pain_05_helm_3_cannot_share_the_plugins_folder() {
    let Some([three, four]) = Helm::both() else { return };
    let example = example_copy("helm3");
    let shared = four.data().join("plugins");
    let ran = run_with(three.command(example.path(), &["template", "sales", "chart"]).env("HELM_PLUGINS", &shared), "");
    assert!(ran.stderr.contains("failed to load plugins"), "{}", ran.stderr);
    let ran = three.run(example.path(), &["template", "sales", "chart"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
}

/// Helm 4 keeps silent about why: the pipe that the README names shows it.
#[test]
fn pain_06_the_pipe_shows_what_helm_4_hides() {
    let Some(helm) = Helm::four() else { return };
    let example = example_copy("helm4");
    misspell(&example.path().join("manifest.yaml"));
    let ran = helm.run(example.path(), &secured(&[]));
    assert_ne!(ran.code, Some(0));
    assert_eq!(ran.stdout, "", "Helm printed manifests although floe failed");
    assert!(ran.stderr.contains("plugin \"floe\" exited with error"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("pod_securty"), "Helm 4 shows the reason now: the README can say so\n{}", ran.stderr);

    let rendered = helm.run(example.path(), &TEMPLATE);
    let piped = run_with(floe().current_dir(example.path()).args(["--config", "manifest.yaml"]), rendered.stdout);
    assert_eq!(piped.code, Some(2));
    assert_names_the_misspelling(&piped.stderr);
}

/// What floe warned of, and Helm 3 and Helm 4 swallowed, stands in the summary.
#[test]
fn pain_06_the_summary_carries_the_findings() {
    let (Some(helms), Some(_)) = (Helm::both(), tool("yamljudge")) else { return };
    let folder = TempDir::new().unwrap();
    let privileged = DEPLOYMENT.replace("image: web\n", "image: web\n          securityContext: {privileged: true}\n");
    write_chart(folder.path(), &[("web.yaml", &privileged)]);
    for helm in &helms {
        let mut arguments = vec!["template", "web", "chart"];
        arguments.extend(post_renderer(&["--namespace", "floe-jobs", "--conflicts", "warn"]));
        let ran = helm.run(folder.path(), &arguments);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "Helm {} shows warnings now", helm.major);
        let documents = documents(&ran.stdout).unwrap();
        let summary = find(&documents, "ConfigMap", "floe-network-security")["data"].to_string();
        assert!(summary.contains("privileged"), "Helm {}: {summary}", helm.major);
    }
}
