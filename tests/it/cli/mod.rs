//! The command line: help, completions, the plan of a dry run, messages, and where configuration comes from.

mod dry_run;
mod messages;
mod piped;
mod sources;

use crate::support::run;

/// A job that floe hardens, in the namespace that is in its metadata.
const JOB: &str = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: load, namespace: floe-jobs}\n\
                   spec:\n  template:\n    \
                   spec:\n      restartPolicy: Never\n      containers:\n      - name: load\n        image: load:1\n";
/// The same in no namespace.
const HOMELESS: &str = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: load}\nspec:\n  template:\n    \
                        spec:\n      restartPolicy: Never\n      containers:\n      - name: load\n        image: \
                        load:1\n";

/// What a command prints when it succeeds; it says nothing else.
fn printed(arguments: &[&str]) -> String {
    let ran = run(arguments, "");
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{arguments:?}");
    ran.stdout
}

/// Every long flag of the filter.
const FLAGS: [&str; 9] =
    ["file", "config", "namespace", "only", "conflicts", "allow-empty", "dry-run", "verbose", "log-format"];

#[test]
fn help_teaches() {
    let long = printed(&["--help"]);
    for word in [
        "Examples:",
        "Exit codes:",
        "helm template",
        "--post-renderer",
        "kustomize build",
        "kpt fn eval",
        "FLOE_CONFIG",
        "FLOE_NAMESPACE",
    ] {
        assert!(long.contains(word), "{word} is not in the help:\n{long}");
    }
    for code in ["  0   ", "  1   ", "  2   ", "  3   ", "  70  "] {
        assert!(long.contains(code), "exit code {code} is not in the help");
    }
    for flag in FLAGS {
        assert!(long.contains(&format!("--{flag}")), "--{flag} is not in the help");
        assert!(printed(&["render", "--help"]).contains(&format!("--{flag}")));
        assert!(printed(&["-h"]).contains(&format!("--{flag}")));
    }
    assert!(printed(&["-h"]).lines().count() < long.lines().count());
    assert!(long.lines().all(|line| line.chars().count() <= 120), "a line of the help is too long");
}

#[test]
fn version() {
    assert_eq!(printed(&["--version"]), format!("floe {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn completions_know_the_flags() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = printed(&["completions", shell]);
        for flag in FLAGS {
            assert!(script.contains(flag), "{shell} does not complete --{flag}");
        }
        assert!(script.contains("completions") && script.contains("man"), "{shell} does not complete commands");
    }
    assert_eq!(run(&["completions", "tcsh"], "").code, Some(2));
}

#[test]
fn man_pages() {
    let page = printed(&["man"]);
    assert!(page.starts_with(".ie") || page.contains(".TH floe 1"), "{page}");
    for word in ["NAME", "SYNOPSIS", "OPTIONS", "\\-\\-namespace", "Exit codes"] {
        assert!(page.contains(word), "{word} is not in the page");
    }
    let folder = tempfile::TempDir::new().unwrap();
    printed(&["man", "--out", folder.path().to_str().unwrap()]);
    for name in ["floe.1", "floe-render.1", "floe-completions.1", "floe-man.1"] {
        assert!(folder.path().join(name).is_file(), "{name} was not written");
    }
    let nowhere = run(&["man", "--out", "/nowhere/man"], "");
    assert_eq!(nowhere.code, Some(3), "{nowhere:?}");
    assert!(nowhere.headline().contains("/nowhere/man"), "{}", nowhere.stderr);
}

#[test]
fn render_is_the_default() {
    let with = |more: &[&str]| {
        let default = run(more, JOB);
        assert_eq!(default.code, Some(0), "{}", default.stderr);
        let by_name = run(&[&["render"], more].concat(), JOB);
        assert_eq!(by_name.stdout, default.stdout);
        // Messages in JSON carry the time.
        if !more.contains(&"json") {
            assert_eq!(by_name.stderr, default.stderr);
        }
        default.stdout
    };
    let plain = with(&[]);
    assert_eq!(with(&["-v"]), plain);
    assert_eq!(with(&["--log-format", "json"]), plain);
    assert_ne!(with(&["--only", "pods"]), plain);
    assert_ne!(with(&["--dry-run"]), plain);
    with(&["-v", "--only", "pods,network", "--conflicts", "warn", "-n", "floe-jobs"]);
}

#[test]
fn logging_flags_belong_to_every_command() {
    for arguments in [&["render", "-v"][..], &["render", "--log-format", "json"], &["completions", "-vv", "bash"]] {
        let ran = run(arguments, JOB);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.stderr);
    }
}

#[test]
fn a_file_is_as_good_as_standard_input() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("rendered.yaml");
    std::fs::write(&file, JOB).unwrap();
    let piped = run(&[], JOB);
    let read = run(&["-f", file.to_str().unwrap()], "");
    assert_eq!(read.stdout, piped.stdout);
    assert_eq!(run(&["-f", "-"], JOB).stdout, piped.stdout);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), JOB, "the file itself is not touched");
}
