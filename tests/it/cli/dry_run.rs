//! `--dry-run` shows what would happen, as a list or as a diff that applies.

use std::fs;
use std::process::Command;

use super::JOB;
use crate::support::{project, run, skip};

#[test]
fn the_plan_names_every_change() {
    let plan = run(&["--dry-run"], JOB);
    assert_eq!(plan.code, Some(0), "{}", plan.stderr);
    for line in [
        "add Namespace floe-jobs",
        "add NetworkPolicy floe-jobs/default-deny",
        "add ConfigMap floe-platform/floe-network-security",
    ] {
        assert!(plan.stdout.lines().any(|other| other == line), "no `{line}` in:\n{}", plan.stdout);
    }
    assert!(plan.stdout.lines().any(|line| line.starts_with("patch Job floe-jobs/load: spec.template.spec")));
    assert!(!plan.stdout.contains("apiVersion"), "the plan holds manifests:\n{}", plan.stdout);
    // Where standard output is no terminal the plan is the default.
    assert_eq!(run(&["--dry-run", "-o", "plan"], JOB).stdout, plan.stdout);
}

#[test]
fn nothing_to_do_is_said() {
    let secured = run(&[], JOB).stdout;
    let plan = run(&["--dry-run"], secured.as_str());
    assert_eq!((plan.code, plan.stdout.as_str()), (Some(0), "nothing to change\n"));
    let diff = run(&["--dry-run", "-o", "diff"], secured.as_str());
    assert_eq!((diff.code, diff.stdout.as_str()), (Some(0), ""));
}

/// Applies a diff with `git apply` and gives the result; git is stricter than patch.
fn applied(input: &str, diff: &str) -> Option<String> {
    let folder = tempfile::TempDir::new().unwrap();
    fs::write(folder.path().join("stdin"), input).unwrap();
    fs::write(folder.path().join("diff"), diff).unwrap();
    // git has its own opinion on white space, and on a repository around the folder.
    let git = Command::new("git")
        .args(["apply", "--whitespace=nowarn", "diff"])
        .env("GIT_CEILING_DIRECTORIES", folder.path().parent().unwrap())
        .current_dir(folder.path())
        .output();
    let Ok(output) = git else {
        skip("a diff that applies", "git is not installed");
        return None;
    };
    assert!(output.status.success(), "{}\n{diff}", String::from_utf8_lossy(&output.stderr));
    Some(fs::read_to_string(folder.path().join("stdin")).unwrap())
}

#[test]
fn the_diff_gives_the_result_when_applied() {
    let platform = fs::read_to_string(project().join("examples/platform/rendered.yaml")).unwrap();
    let list = format!(
        "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- {}",
        JOB.replace('\n', "\n  ").trim_end_matches(' ')
    );
    for input in [
        JOB.to_owned(),
        platform,
        list,
        JOB.replace('\n', "\r\n"),
        JOB.trim_end().to_owned(),
        format!("{JOB}---\n# a lone carriage return\rkind: x\n"),
        "kind: ConfigMap\ndata: {}".to_owned(),
    ] {
        let real = run(&["--conflicts", "warn"], input.as_str());
        assert_eq!(real.code, Some(0), "{}", real.stderr);
        let diff = run(&["--conflicts", "warn", "--dry-run", "--output", "diff"], input.as_str());
        assert_eq!(diff.code, Some(0), "{}", diff.stderr);
        if let Some(result) = applied(&input, &diff.stdout) {
            assert!(result == real.stdout, "the diff gives another result:\n{}\n{result}", diff.stdout);
        }
    }
}

#[test]
fn a_dry_run_fails_like_a_real_one_and_returns_no_items() {
    let rejected = JOB.replace("    spec:\n", "    spec:\n      hostNetwork: true\n");
    let plan = run(&["--dry-run"], rejected.as_str());
    assert_eq!(plan.code, Some(1), "{plan:?}");
    assert!(plan.stdout.contains("patch Job"));
    let list = format!("kind: ResourceList\nitems:\n- {}", super::HOMELESS.replace('\n', "\n  ").trim_end_matches(' '));
    let ran = run(&["--dry-run"], list);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""), "{ran:?}");
}
