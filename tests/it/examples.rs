//! The examples, run exactly as their READMEs tell a user to run them.
//!
//! An example is a folder `examples/<use>/`:
//! - `README.md`: its fenced `sh` blocks are the commands. All of them, in order, are one script for `bash -e`, as if
//!   they were typed into one shell in that folder. `floe` and the programs that the test names are on `PATH`. What
//!   cannot run here (an installation into a cluster) stands in a `console` block, which is not run.
//! - everything else: the input.
//! - `expected/`: what the commands leave behind. Each file there must afterwards be in the folder, byte for byte, at
//!   the same path (`expected/secured.yaml` is what `… > secured.yaml` writes); every other file of the folder must be
//!   as it was, and no further file may have appeared.
//!
//! To add one, make the folder and add a test that calls [`run`] with its name and the programs that it needs.
//! `INSTA_UPDATE=always` writes `expected/` anew; read the difference before you commit it.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::documentation::blocks;
use crate::support::{OnPath, example_copy, project, snapshot, tool};

/// Runs an example in a copy of its folder and compares what it leaves behind with what it promises. Skipped, and said
/// so, where one of `programs` is missing.
pub(crate) fn run(example: &str, programs: &[&str]) {
    let mut on_path = OnPath::new();
    for name in programs {
        let Some(program) = tool(name) else { return };
        on_path = on_path.link(name, &program);
    }
    run_on(example, &on_path);
}

/// The same with programs that the test has put on the path.
pub(crate) fn run_on(example: &str, on_path: &OnPath) {
    let folder = example_copy(example);
    let readme = fs::read_to_string(folder.path().join("README.md")).unwrap();
    let script = blocks(&readme, "sh").concat();
    assert!(!script.is_empty(), "the README of {example} shows no commands");
    // The expected result is no input.
    fs::remove_dir_all(folder.path().join("expected"))
        .or_else(|error| if updates() { Ok(()) } else { Err(error) })
        .unwrap();
    let input: BTreeMap<PathBuf, String> = snapshot(folder.path()).into_iter().collect();

    let home = TempDir::new().unwrap();
    let mut shell = on_path.command(Path::new("bash"));
    shell.current_dir(folder.path()).args(["-e", "-c", &script]).env("HOME", home.path());
    // Settings and plugins of the user who runs the tests are no part of an example.
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        if ["HELM_", "KRM_", "KUSTOMIZE_", "XDG_"].iter().any(|prefix| name.starts_with(prefix)) {
            shell.env_remove(&*name);
        }
    }
    let output = shell.output().unwrap();
    assert!(
        output.status.success(),
        "the commands of examples/{example}/README.md failed ({}):\n{script}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    compare(example, &input, &snapshot(folder.path()).into_iter().collect());
}

/// Whether expected results are to be written anew: the variable that snapshots of insta go by.
pub(crate) fn updates() -> bool {
    env::var_os("INSTA_UPDATE").is_some_and(|value| value == "always")
}

fn compare(example: &str, input: &BTreeMap<PathBuf, String>, result: &BTreeMap<PathBuf, String>) {
    let expected = project().join("examples").join(example).join("expected");
    let changed = result.iter().filter(|(path, text)| input.get(*path) != Some(*text));
    if updates() {
        if expected.exists() {
            fs::remove_dir_all(&expected).unwrap();
        }
        for (path, text) in changed {
            let file = expected.join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        return;
    }
    let removed: Vec<_> = input.keys().filter(|path| !result.contains_key(*path)).collect();
    assert!(removed.is_empty(), "{example}: the commands removed {removed:?}");
    let promised: BTreeMap<PathBuf, String> = snapshot(&expected).into_iter().collect();
    assert!(!promised.is_empty(), "{example}: nothing is expected, so nothing is tested");
    let changed: BTreeSet<&PathBuf> = changed.map(|(path, _)| path).collect();
    let unexpected: Vec<_> = changed.iter().filter(|path| !promised.contains_key(**path)).collect();
    assert!(unexpected.is_empty(), "{example}: the commands wrote {unexpected:?}, which are not in expected/");
    for (path, promised) in &promised {
        let found =
            result.get(path).unwrap_or_else(|| panic!("{example}: the commands did not write {}", path.display()));
        assert!(
            found == promised,
            "{example}: {} is not as in expected/ (INSTA_UPDATE=always writes that anew); found:\n{found}",
            path.display()
        );
    }
}

/// An example that promises a result and is run by no test would promise it in vain.
#[test]
fn every_example_with_a_result_is_run() {
    let code: String = ["tests/it/examples.rs", "tests/it/hosts/container.rs", "tests/it/hosts/examples.rs"]
        .iter()
        .filter_map(|path| fs::read_to_string(project().join(path)).ok())
        .collect();
    for entry in fs::read_dir(project().join("examples")).unwrap() {
        let folder = entry.unwrap().path();
        if folder.join("expected").is_dir() {
            let name = folder.file_name().unwrap().to_str().unwrap();
            assert!(code.contains(&format!("(\"{name}\", ")), "no test runs examples/{name}");
        }
    }
}

#[test]
fn kustomize_exec() {
    run("kustomize-exec", &["kustomize"]);
}

#[test]
fn kpt() {
    run("kpt", &["kpt"]);
}
