//! kpt: floe as an exec mutator, on packages in place and through a pipe.

use std::fs;
use std::path::{Path, PathBuf};
use std::str;

use serde_json::json;

use super::container::{Engine, IMAGE};
use super::tested::{Host, tested};
use super::{assert_names_the_misspelling, assert_secured, find, make_privileged, misspell};
use crate::documentation::blocks;
use crate::support::{OnPath, documents, example_copy, floe, project, snapshot, tool};

const WORKLOADS: [(&str, &str); 2] = [("Deployment", "sales-api"), ("CronJob", "sales-nightly")];
const RENDER: [&str; 4] = ["fn", "render", ".", "--allow-exec"];
const EVAL: [&str; 7] = ["fn", "eval", ".", "--exec", "floe", "--fn-config", "floe.yaml"];

const KPTFILE: &str = "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: sales\n";

/// A copy of the example without what it is expected to become.
fn package() -> tempfile::TempDir {
    let package = example_copy("kpt");
    fs::remove_dir_all(package.path().join("expected")).unwrap();
    package
}

/// A kpt command in a package.
fn kpt(on_path: &OnPath, kpt: &Path, package: &Path, arguments: &[&str]) -> assert_cmd::Command {
    tested(if arguments.contains(&"--image") { Host::KptContainer } else { Host::KptExec }, kpt);
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

/// Runs a command twice on a package; the second run has to change nothing. Gives its files.
fn run_twice(on_path: &OnPath, host: &Path, package: &Path, arguments: &[&str]) -> Vec<(PathBuf, String)> {
    kpt(on_path, host, package, arguments).assert().success();
    let first = snapshot(package);
    kpt(on_path, host, package, arguments).assert().success();
    assert_eq!(first, snapshot(package), "the second run changed files");
    first
}

/// A command secures the example's package, and keeps its comments.
fn secures_once(host: &Path, arguments: &[&str]) {
    let package = package();
    run_twice(&OnPath::new(), host, package.path(), arguments);
    assert_secured(&resources(package.path()), &WORKLOADS);
    let api = fs::read_to_string(package.path().join("api.yaml")).unwrap();
    for kept in
        ["labels: {app: sales-api} # flow style, kept", "# one container, no sidecars", "# the container's port"]
    {
        assert!(api.contains(kept), "lost {kept:?}:\n{api}");
    }
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

/// Without a Kptfile; with one it is in `failures.rs`.
#[test]
fn failure_of_eval_is_shown_and_writes_nothing() {
    let Some(host) = tool("kpt") else { return };
    let package = package();
    misspell(&package.path().join("floe.yaml"));
    let before = snapshot(package.path());
    let failure = kpt(&OnPath::new(), &host, package.path(), &EVAL).assert().failure();
    let output = failure.get_output();
    let shown = [&output.stdout[..], &output.stderr[..]].concat();
    assert_names_the_misspelling(str::from_utf8(&shown).unwrap());
    assert_eq!(before, snapshot(package.path()), "kpt wrote files although floe failed");
}

/// The configuration as arguments, which kpt makes a ConfigMap of, by exec and by image.
#[test]
fn arguments_are_a_configuration() {
    let (Some(host), Some(_)) = (tool("kpt"), tool("yamljudge")) else { return };
    let domains = "domains=[{name: sales, namespace: floe-sales-domain}]";
    let security = "security={pod_security: {writable_paths: [/tmp]}}";
    let mut results = Vec::new();
    for function in [["--exec", "floe"], ["--image", IMAGE]] {
        let engine = if function[0] == "--image" { Engine::get() } else { None };
        let (on_path, _docker) = match engine {
            Some(engine) => engine.on_path(),
            None if function[0] == "--image" => continue,
            None => (OnPath::new(), tempfile::tempdir().unwrap()),
        };
        let package = package();
        fs::remove_file(package.path().join("floe.yaml")).unwrap();
        let arguments = ["fn", "eval", ".", function[0], function[1], "--", domains, security];
        results.push(run_twice(&on_path, &host, package.path(), &arguments));
        assert_secured(&resources(package.path()), &WORKLOADS);
    }
    assert!(results.windows(2).all(|pair| pair[0] == pair[1]), "exec and image give different packages");
}

/// `configMap` of a Kptfile: the same texts, without a file.
#[test]
fn kptfile_holds_the_configuration() {
    let (Some(host), Some(_)) = (tool("kpt"), tool("yamljudge")) else { return };
    let package = package();
    let kptfile = package.path().join("Kptfile");
    let text = fs::read_to_string(&kptfile).unwrap();
    let map = "configMap:\n        domains: '[{name: sales, namespace: floe-sales-domain}]'\n        security: \
               '{pod_security: {writable_paths: [/tmp]}}'";
    assert!(text.contains("configPath: floe.yaml"));
    fs::write(&kptfile, text.replace("configPath: floe.yaml", map)).unwrap();
    fs::remove_file(package.path().join("floe.yaml")).unwrap();
    run_twice(&OnPath::new(), &host, package.path(), &RENDER);
    assert_secured(&resources(package.path()), &WORKLOADS);
}

/// kpt keeps comments by annotations, and pastes them to whatever carries the same: a licence must not come to floe's
/// own files, nor a file be renamed.
#[test]
fn pain_16_kpt_keeps_comments_and_file_names() {
    let Some(host) = tool("kpt") else { return };
    let package = package();
    let api = package.path().join("api.yaml");
    let text = fs::read_to_string(&api).unwrap();
    fs::write(&api, format!("# licensed to sales\n{text}")).unwrap();
    let before = snapshot(package.path());
    kpt(&OnPath::new(), &host, package.path(), &RENDER).assert().success();
    let after = snapshot(package.path());
    let paths = |files: &[(PathBuf, String)]| files.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>();
    let (own, others): (Vec<_>, Vec<_>) = after.into_iter().partition(|(path, _)| path.starts_with("floe"));
    assert_eq!(paths(&before), paths(&others), "files were renamed");
    let api = &others.iter().find(|(path, _)| path == Path::new("api.yaml")).unwrap().1;
    assert!(api.starts_with("# licensed to sales\n"), "{api}");
    assert!(own.len() > 8);
    for (path, text) in own {
        assert!(!text.contains("licensed"), "{} has the licence of another file:\n{text}", path.display());
        assert!(!text.contains("internal."), "{}:\n{text}", path.display());
    }
}

/// As a validator floe changes nothing, and fails where pods would be rejected.
#[test]
fn pain_14_kpt_validates_by_exit_code() {
    let Some(host) = tool("kpt") else { return };
    let package = package();
    let kptfile = package.path().join("Kptfile");
    let text = fs::read_to_string(&kptfile).unwrap();
    assert!(text.contains("mutators:"));
    fs::write(&kptfile, text.replace("mutators:", "validators:")).unwrap();
    let before = snapshot(package.path());
    kpt(&OnPath::new(), &host, package.path(), &RENDER).assert().success();
    assert_eq!(before, snapshot(package.path()), "a validator changed files");

    make_privileged(&package.path().join("api.yaml"), "api");
    let before = snapshot(package.path());
    let failure = kpt(&OnPath::new(), &host, package.path(), &RENDER).assert().failure();
    let shown = [&failure.get_output().stdout[..], &failure.get_output().stderr[..]].concat();
    assert!(String::from_utf8_lossy(&shown).contains("privileged"), "{}", String::from_utf8_lossy(&shown));
    assert_eq!(before, snapshot(package.path()), "kpt wrote files although floe failed");
}

/// With selectors floe sees a part of the package: that is secured, the rest stays. floe's own objects have to be
/// selected too, as the example's README says: what floe is not shown it cannot replace, and kpt keeps it beside the
/// new.
#[test]
fn selectors_narrow_what_floe_sees() {
    let (Some(host), Some(_)) = (tool("kpt"), tool("yamljudge")) else { return };
    let readme = fs::read_to_string(project().join("examples/kpt/README.md")).unwrap();
    let shown = blocks(&readme, "yaml").into_iter().find(|block| block.contains("selectors:")).unwrap();
    let package = package();
    fs::write(package.path().join("Kptfile"), format!("{KPTFILE}{shown}")).unwrap();
    run_twice(&OnPath::new(), &host, package.path(), &RENDER);
    let documents = resources(package.path());
    assert_secured(&documents, &WORKLOADS[1..]);
    let spec = &find(&documents, "Deployment", "sales-api")["spec"]["template"]["spec"];
    assert!(spec.get("securityContext").is_none(), "floe reached what the selectors leave out: {spec}");
}

#[test]
fn results_dir_holds_the_findings() {
    let Some(host) = tool("kpt") else { return };
    let package = package();
    make_privileged(&package.path().join("api.yaml"), "api");
    let results = tempfile::tempdir().unwrap();
    let mut arguments = RENDER.to_vec();
    arguments.extend(["--results-dir", results.path().to_str().unwrap()]);
    kpt(&OnPath::new(), &host, package.path(), &arguments).assert().failure();
    let results = fs::read_to_string(results.path().join("results.yaml")).unwrap();
    let results = floe::yaml::Tree::parse(&results).unwrap();
    let results = results.value(results.root().unwrap()).unwrap();
    assert_eq!((&results["kind"], &results["exitCode"]), (&json!("FunctionResultList"), &json!(1)));
    let findings = results["items"][0]["results"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["tags"]["floe.dev/check"] == "privileged").unwrap();
    assert_eq!(finding["severity"], "error", "{finding}");
    assert_eq!(finding["resourceRef"]["name"], "sales-api", "{finding}");
}

#[test]
fn documentation_comes_from_the_image() {
    let (Some(host), Some(engine)) = (tool("kpt"), Engine::get()) else { return };
    let (on_path, _docker) = engine.on_path();
    let folder = tempfile::tempdir().unwrap();
    let success = kpt(&on_path, &host, folder.path(), &["fn", "doc", "--image", IMAGE]).assert().success();
    let output = success.get_output();
    let shown = [&output.stdout[..], &output.stderr[..]].concat();
    assert!(String::from_utf8_lossy(&shown).contains("Exit codes:"), "{}", String::from_utf8_lossy(&shown));
}
