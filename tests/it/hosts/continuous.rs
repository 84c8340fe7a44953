//! CI and hooks before a commit: the commands that the examples give to GitHub Actions and to pre-commit.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use super::majors::DEPLOYMENT;
use super::tested::{Host, tested};
use crate::support::{OnPath, Ran, example_copy, judge, project, run_with, tool};

/// A repository of what is there.
const COMMIT: &str = "git init -q . && git add . && git -c user.name=t -c user.email=t@example.com commit -qm x";

/// A YAML file of one document.
fn read(path: &Path) -> Option<Value> {
    let text = fs::read_to_string(path).unwrap();
    Some(judge(&[text])?.pop().unwrap().unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// A script as GitHub runs one with `shell: bash`.
fn bash(folder: &Path, script: &str) -> Option<Ran> {
    let helm = tool("helm")?;
    let on_path = OnPath::new();
    let mut command = on_path.command(Path::new("bash"));
    let path = command.get_envs().find(|(name, _)| *name == "PATH").unwrap().1.unwrap().to_owned();
    let path = format!("{}:{}", helm.parent().unwrap().display(), path.to_str().unwrap());
    command.env("PATH", path).env("HOME", folder).current_dir(folder);
    command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]);
    Some(run_with(&mut command, ""))
}

/// The steps of the example's workflow that are commands, by name.
fn steps() -> Option<Vec<(String, String)>> {
    let workflow = read(&project().join("examples/ci/.github/workflows/floe.yaml"))?;
    let steps = workflow["jobs"]["secure"]["steps"].as_array().unwrap();
    // A release cannot be installed by a test of what is to be released.
    let commands = steps.iter().filter(|step| step["run"].is_string() && step["id"] != "install");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Some(commands.map(|step| (text(&step["name"]), text(&step["run"]))).collect())
}

#[test]
fn the_workflow_renders_and_reports() {
    let (Some(steps), Some(_)) = (steps(), tool("git")) else { return };
    assert_eq!(steps.len(), 4);
    let example = example_copy("ci");
    let Some(ran) = bash(example.path(), &format!("{}\n{COMMIT}", steps[0].1)) else { return };
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    tested(Host::Ci, &tool("bash").unwrap());
    for (name, script) in &steps {
        let ran = bash(example.path(), script).unwrap();
        assert_eq!(ran.code, Some(0), "{name}: {}{}", ran.stdout, ran.stderr);
    }
    for report in ["pods.sarif", "network.sarif"] {
        let log: Value = serde_json::from_str(&fs::read_to_string(example.path().join(report)).unwrap()).unwrap();
        assert_eq!(log["version"], "2.1.0");
        assert_eq!(log["runs"][0]["tool"]["driver"]["name"], "floe");
    }
}

/// Somebody edits the result, or a chart gets a pod that is not allowed: the workflow fails, and the report says where.
#[test]
fn the_workflow_fails_where_it_should() {
    let (Some(steps), Some(_)) = (steps(), tool("git")) else { return };
    let step = |name: &str| &steps.iter().find(|(step, _)| step.starts_with(name)).unwrap().1;
    let example = example_copy("ci");
    let folder = example.path();
    let Some(ran) = bash(folder, step("Render")) else { return };
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let result = folder.join("deploy/orders.yaml");
    let text = fs::read_to_string(&result).unwrap();
    fs::write(&result, text.replace("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false")).unwrap();
    assert_eq!(bash(folder, COMMIT).unwrap().code, Some(0));
    assert_eq!(bash(folder, step("Render")).unwrap().code, Some(0));
    assert_eq!(bash(folder, step("Is the committed")).unwrap().code, Some(1));

    let privileged = DEPLOYMENT
        .replace("  name: {{ .Release.Name }}\n", "  name: bad\n  namespace: floe-jobs\n")
        .replace("image: web\n", "image: web\n          securityContext: {privileged: true}\n");
    fs::write(folder.join("chart/templates/bad.yaml"), &privileged).unwrap();
    let ran = bash(folder, step("Render")).unwrap();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains("privileged"), "{}", ran.stderr);
    assert_eq!(bash(folder, step("Pods")).unwrap().code, Some(1));
    let log: Value = serde_json::from_str(&fs::read_to_string(folder.join("pods.sarif")).unwrap()).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let place = &results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(place, "deploy/orders.yaml");
    // Only a name that the log may have for the network report: it exits with 1 too, because nothing is closed.
    assert_eq!(bash(folder, step("Network")).unwrap().code, Some(1));

    // A chart that cannot be rendered leaves the result as it was, and a report says what could not be judged.
    let before = fs::read_to_string(&result).unwrap();
    fs::write(folder.join("chart/templates/bad.yaml"), "{{ fail \"no\" }}\n").unwrap();
    assert_ne!(bash(folder, step("Render")).unwrap().code, Some(0));
    assert_eq!(fs::read_to_string(&result).unwrap(), before);
    fs::remove_file(folder.join("pods.sarif")).unwrap();
    fs::write(&result, "a: [\n").unwrap();
    assert_eq!(bash(folder, step("Pods")).unwrap().code, Some(3));
    let report = fs::read_to_string(folder.join("pods.sarif")).unwrap();
    assert!(report.contains("cannot be read"), "what could not be judged is in the report: {report}");
}

/// A result that nobody has committed is not up to date, also one of a second chart.
#[test]
fn the_workflow_fails_for_what_was_never_committed() {
    let (Some(steps), Some(_)) = (steps(), tool("git")) else { return };
    let step = |name: &str| &steps.iter().find(|(step, _)| step.starts_with(name)).unwrap().1;
    let example = example_copy("ci");
    let folder = example.path();
    let Some(ran) = bash(folder, COMMIT) else { return };
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(bash(folder, step("Render")).unwrap().code, Some(0));
    assert_eq!(bash(folder, step("Is the committed")).unwrap().code, Some(1));
    assert_eq!(bash(folder, COMMIT).unwrap().code, Some(0));
    assert_eq!(bash(folder, step("Is the committed")).unwrap().code, Some(0));
    fs::write(folder.join("deploy/second.yaml"), "a: 1\n").unwrap();
    assert_eq!(bash(folder, step("Is the committed")).unwrap().code, Some(1));
}

/// A step that fails must not keep the others from running, nor a report from being uploaded.
#[test]
fn the_workflow_reports_whatever_fails() {
    let Some(workflow) = read(&project().join("examples/ci/.github/workflows/floe.yaml")) else { return };
    let steps = workflow["jobs"]["secure"]["steps"].as_array().unwrap();
    let condition = |step: &Value| step["if"].as_str().unwrap_or_default().to_owned();
    for report in ["pods.sarif", "network.sarif"] {
        let makes = steps.iter().find(|step| step["run"].as_str().is_some_and(|run| run.contains(report))).unwrap();
        assert!(condition(makes).contains("!cancelled()"), "{makes}");
        let uploads = steps.iter().find(|step| step["with"]["sarif_file"] == report).unwrap();
        let wanted = format!("!cancelled() && hashFiles('{report}') != ''");
        assert!(condition(uploads).contains(&wanted), "{uploads}");
    }
}

/// pre-commit itself, with the hooks of this project and the configuration of the example. Only the program is another
/// one than for a user: the one under test, in place of one that pre-commit builds by `language: rust`.
#[test]
fn hooks_before_a_commit() {
    let (Some(pre_commit), Some(_)) = (tool("pre-commit"), tool("git")) else { return };
    tested(Host::PreCommit, &pre_commit);
    let hooks = TempDir::new().unwrap();
    let manifest = fs::read_to_string(project().join(".pre-commit-hooks.yaml")).unwrap();
    assert_eq!(manifest.matches("language: rust").count(), 2);
    let manifest = manifest.replace("language: rust", "language: system");
    fs::write(hooks.path().join(".pre-commit-hooks.yaml"), manifest).unwrap();
    let Some(ran) = bash(hooks.path(), &format!("{COMMIT} && git tag v0.1.0")) else { return };
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);

    let example = example_copy("pre-commit");
    let configuration = example.path().join(".pre-commit-config.yaml");
    let text = fs::read_to_string(&configuration).unwrap();
    assert!(text.contains("https://git.example/floe.git"));
    let there = hooks.path().to_str().unwrap();
    fs::write(&configuration, text.replace("https://git.example/floe.git", there)).unwrap();
    let cache = TempDir::new().unwrap();
    let commit = |name: &str| {
        let script = format!(
            "export PRE_COMMIT_HOME={} PATH={}:$PATH\n{{ [ -d .git ] || git init -q .; }} && pre-commit install && git \
             add . && git -c user.name=t -c user.email=t@example.com commit -qm {name}",
            cache.path().display(),
            pre_commit.parent().unwrap().display(),
        );
        bash(example.path(), &script).unwrap()
    };
    let ran = commit("good");
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(format!("{}{}", ran.stdout, ran.stderr).matches("Passed").count(), 2, "{}{}", ran.stdout, ran.stderr);

    let file = example.path().join("manifests/shop.yaml");
    let text = fs::read_to_string(&file).unwrap();
    let broken =
        text.replace("allowPrivilegeEscalation: false", "privileged: true").replace("protocol: TCP", "protocol: X");
    fs::write(&file, broken).unwrap();
    let ran = commit("bad");
    let shown = format!("{}{}", ran.stdout, ran.stderr);
    assert_eq!((ran.code, shown.matches("Failed").count()), (Some(1), 2), "{shown}");
    assert!(shown.contains("privileged"), "the reason is not shown:\n{shown}");
    let log = bash(example.path(), "git log --format=%s").unwrap();
    assert_eq!(log.stdout, "good\n", "the commit was made");
}
