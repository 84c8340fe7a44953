//! kpt: floe as an exec mutator, on packages in place and through a pipe.

use std::fs;
use std::path::Path;
use std::str;

use super::{assert_names_the_misspelling, assert_secured, misspell};
use crate::support::{OnPath, documents, example_copy, floe, project, snapshot, tool};

const WORKLOADS: [(&str, &str); 2] = [("Deployment", "sales-api"), ("CronJob", "sales-nightly")];
const RENDER: [&str; 4] = ["fn", "render", ".", "--allow-exec"];
const EVAL: [&str; 7] = ["fn", "eval", ".", "--exec", "floe", "--fn-config", "floe.yaml"];

/// A copy of the example without what it is expected to become.
fn package() -> tempfile::TempDir {
    let package = example_copy("kpt");
    fs::remove_dir_all(package.path().join("expected")).unwrap();
    package
}

/// A kpt command in a package.
fn kpt(on_path: &OnPath, kpt: &Path, package: &Path, arguments: &[&str]) -> assert_cmd::Command {
    let mut command = on_path.command(kpt);
    command.current_dir(package).args(arguments);
    command
}

/// All resources of a package on disk.
fn resources(package: &Path) -> Vec<serde_json::Value> {
    let files = snapshot(package).into_iter();
    let yaml = files.filter(|(path, _)| path.extension().is_some_and(|extension| extension == "yaml"));
    documents(&yaml.map(|(_, text)| text).collect::<Vec<_>>().join("\n---\n")).unwrap()
}

/// Runs a command twice on the package: the first run secures it, the second changes nothing.
fn secures_once(host: &Path, arguments: &[&str]) {
    let package = package();
    let on_path = OnPath::new();
    kpt(&on_path, host, package.path(), arguments).assert().success();
    assert_secured(&resources(package.path()), &WORKLOADS);
    let api = fs::read_to_string(package.path().join("api.yaml")).unwrap();
    for kept in
        ["labels: {app: sales-api} # flow style, kept", "# one container, no sidecars", "# the container's port"]
    {
        assert!(api.contains(kept), "lost {kept:?}:\n{api}");
    }
    let first = snapshot(package.path());
    kpt(&on_path, host, package.path(), arguments).assert().success();
    assert_eq!(first, snapshot(package.path()), "the second run changed files");
}

#[test]
fn render_secures_the_package_once() {
    let (Some(host), Some(_)) = (tool("kpt"), tool("yamljudge")) else { return };
    secures_once(&host, &RENDER);
}

#[test]
fn eval_secures_the_package_once() {
    let (Some(host), Some(_)) = (tool("kpt"), tool("yamljudge")) else { return };
    secures_once(&host, &EVAL);
}

#[test]
fn source_and_sink_secure_a_copy() {
    let (Some(host), Some(_)) = (tool("kpt"), tool("yamljudge")) else { return };
    let package = package();
    let on_path = OnPath::new();
    let before = snapshot(package.path());
    let source = kpt(&on_path, &host, package.path(), &["fn", "source", "."]).assert().success();
    let manifest = project().join("examples/helm3/manifest.yaml");
    let list = source.get_output().stdout.clone();
    let filtered = floe().arg("--config").arg(manifest).write_stdin(list).assert().success();
    let out = tempfile::tempdir().unwrap();
    let sink = out.path().join("hardened");
    let list = filtered.get_output().stdout.clone();
    kpt(&on_path, &host, package.path(), &["fn", "sink", sink.to_str().unwrap()]).write_stdin(list).assert().success();
    assert_secured(&resources(&sink), &WORKLOADS);
    assert_eq!(before, snapshot(package.path()), "a pipe changed the package that it read");
}

#[test]
fn failure_is_shown_and_writes_nothing() {
    let Some(host) = tool("kpt") else { return };
    for arguments in [&RENDER[..], &EVAL[..]] {
        let package = package();
        misspell(&package.path().join("floe.yaml"));
        let before = snapshot(package.path());
        let failure = kpt(&OnPath::new(), &host, package.path(), arguments).assert().failure();
        let output = failure.get_output();
        let shown = [&output.stdout[..], &output.stderr[..]].concat();
        assert_names_the_misspelling(str::from_utf8(&shown).unwrap());
        assert_eq!(before, snapshot(package.path()), "kpt wrote files although floe failed");
    }
}
