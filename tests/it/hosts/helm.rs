//! Helm 3: floe as a post-renderer, and behind a pipe.

use std::path::Path;
use std::str;

use super::tested::{Host, tested};
use super::{assert_names_the_misspelling, assert_secured, find, first, misspell};
use crate::support::{OnPath, documents, example_copy, floe, tool};

const WORKLOADS: [(&str, &str); 2] = [("Deployment", "sales-api"), ("CronJob", "sales-hourly")];
const POST_RENDERER: [&str; 6] =
    ["--post-renderer", "floe", "--post-renderer-args", "--config", "--post-renderer-args", "manifest.yaml"];

/// `helm template` of the example's chart, without the plugins and settings of the user who runs the tests.
fn template(on_path: &OnPath, helm: &Path, example: &Path, more: &[&str]) -> assert_cmd::Command {
    tested(Host::Helm3, helm);
    let mut command = on_path.command(helm);
    for name in ["HELM_PLUGINS", "HELM_DATA_HOME", "HELM_CONFIG_HOME", "HELM_CACHE_HOME"] {
        command.env(name, example.join("no-such-folder"));
    }
    command.current_dir(example).args(["template", "sales", "chart", "-n", "floe-sales-domain"]).args(more);
    command
}

/// What the command prints when it succeeds.
fn stdout(command: &mut assert_cmd::Command) -> String {
    String::from_utf8(command.assert().success().get_output().stdout.clone()).unwrap()
}

/// The texts of a stream's documents whose `# Source:` line names one of these templates.
fn texts<'a>(stream: &'a str, templates: &[&str]) -> Vec<&'a str> {
    let of = |text: &&str| {
        templates.iter().any(|name| text.contains(&format!("# Source: sales-pipelines/templates/{name}\n")))
    };
    stream.split("---\n").filter(of).collect()
}

#[test]
fn post_renderer_secures_the_release_and_leaves_the_rest() {
    let (Some(helm), Some(_)) = (tool("helm"), tool("yamljudge")) else { return };
    let example = example_copy("helm3");
    let on_path = OnPath::new();
    let plain = stdout(&mut template(&on_path, &helm, example.path(), &[]));
    let secured = stdout(&mut template(&on_path, &helm, example.path(), &POST_RENDERER));

    let documents = documents(&secured).unwrap();
    assert_secured(&documents, &WORKLOADS);
    // Helm 3 applies in printed order: a policy that comes after its pods comes too late.
    assert!(first(&documents, "Namespace") < first(&documents, "NetworkPolicy"));
    assert!(first(&documents, "NetworkPolicy") < first(&documents, "Deployment"));

    let untouched = ["configmap.yaml", "service.yaml", "migrate-hook.yaml"];
    assert_eq!(texts(&plain, &untouched).len(), 3);
    assert_eq!(texts(&plain, &untouched), texts(&secured, &untouched), "an untouched document or a hook changed");
}

#[test]
fn pipe_secures_hooks_too() {
    let (Some(helm), Some(_)) = (tool("helm"), tool("yamljudge")) else { return };
    let example = example_copy("helm3");
    let on_path = OnPath::new();
    let plain = stdout(&mut template(&on_path, &helm, example.path(), &[]));
    let secured =
        stdout(floe().current_dir(example.path()).args(["--config", "manifest.yaml"]).write_stdin(plain.as_str()));

    let documents = documents(&secured).unwrap();
    assert_secured(&documents, &[WORKLOADS[0], WORKLOADS[1], ("Job", "sales-migrate")]);
    let hook = find(&documents, "Job", "sales-migrate");
    assert_eq!(hook["metadata"]["annotations"]["helm.sh/hook"], "pre-install,pre-upgrade");
    let untouched = ["configmap.yaml", "service.yaml"];
    assert_eq!(texts(&plain, &untouched), texts(&secured, &untouched), "an untouched document changed");
}

#[test]
fn post_renderer_and_pipe_agree() {
    let Some(helm) = tool("helm") else { return };
    let example = example_copy("helm3");
    let on_path = OnPath::new();
    let plain = stdout(&mut template(&on_path, &helm, example.path(), &["--no-hooks"]));
    let piped = stdout(floe().current_dir(example.path()).args(["--config", "manifest.yaml"]).write_stdin(plain));
    let mut arguments = POST_RENDERER.to_vec();
    arguments.push("--no-hooks");
    let rendered = stdout(&mut template(&on_path, &helm, example.path(), &arguments));
    assert_eq!(piped, rendered);
}

#[test]
fn helm_shows_why_floe_refuses() {
    let Some(helm) = tool("helm") else { return };
    let example = example_copy("helm3");
    misspell(&example.path().join("manifest.yaml"));
    let failure = template(&OnPath::new(), &helm, example.path(), &POST_RENDERER).assert().failure();
    let output = failure.get_output();
    assert!(output.stdout.is_empty(), "Helm printed manifests although floe failed");
    assert_names_the_misspelling(str::from_utf8(&output.stderr).unwrap());
}

#[test]
fn pain_10_output_dir_is_refused_because_helm_sends_nothing() {
    let Some(helm) = tool("helm") else { return };
    let example = example_copy("helm3");
    let mut arguments = POST_RENDERER.to_vec();
    arguments.extend(["--output-dir", "out"]);
    let failure = template(&OnPath::new(), &helm, example.path(), &arguments).assert().failure();
    let stderr = str::from_utf8(&failure.get_output().stderr).unwrap();
    assert!(stderr.contains("--output-dir"), "floe does not name the cause of empty input:\n{stderr}");
}
