//! Files, pipes and signals that fail.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};

use super::deployment;
use crate::support::{Ran, floe_path, run};

fn assert_fails(ran: &Ran, code: i32, words: &[&str]) {
    assert_eq!(ran.code, Some(code), "{ran:?}");
    assert_eq!(ran.stdout, "");
    super::assert_words(ran, words);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = tempfile::TempDir::new().unwrap();
    let missing = folder.path().join("missing.yaml");
    let missing = missing.to_str().unwrap();
    assert_fails(&run(&["-f", missing], ""), 3, &["cannot read", missing, "No such file"]);
    let directory = folder.path().to_str().unwrap();
    assert_fails(&run(&["-f", directory], ""), 3, &["cannot read", directory, "directory"]);
}

#[test]
fn a_configuration_that_cannot_be_read_is_a_usage_error() {
    let folder = tempfile::TempDir::new().unwrap();
    let missing = folder.path().join("missing.yaml");
    let missing = missing.to_str().unwrap();
    assert_fails(&run(&["--config", missing], deployment("")), 2, &["configuration", missing, "No such file"]);
    let directory = folder.path().to_str().unwrap();
    assert_fails(&run(&["--config", directory], deployment("")), 2, &["configuration", directory, "directory"]);
    let binary = folder.path().join("binary.yaml");
    fs::write(&binary, b"\0\x01").unwrap();
    let ran = run(&["--config", binary.to_str().unwrap()], deployment(""));
    assert_fails(&ran, 2, &["the configuration", "binary.yaml is binary"]);
    let empty = folder.path().join("empty.yaml");
    fs::write(&empty, "").unwrap();
    assert_fails(&run(&["--config", empty.to_str().unwrap()], deployment("")), 2, &["empty", "empty.yaml"]);
}

/// Runs floe with a standard output that cannot be written to.
fn run_into(stdout: Stdio, arguments: &[&str], input: &str) -> (Option<i32>, String) {
    let mut child = Command::new(floe_path())
        .args(arguments)
        .env_remove("FLOE_CONFIG")
        .env_remove("FLOE_NAMESPACE")
        .stdin(Stdio::piped())
        .stdout(stdout)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A result that goes nowhere may end the run before all is read.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_closed_standard_output_is_an_error() {
    for (arguments, size) in
        [(&["render"][..], 1), (&["render"], 100_000), (&["completions", "bash"], 0), (&["man"], 0)]
    {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let input = format!("{}# {}\n", deployment(""), "x".repeat(size));
        let (code, stderr) = run_into(writer.into(), arguments, &input);
        assert_eq!(code, Some(3), "{arguments:?}: {stderr}");
        assert!(stderr.contains("cannot write standard output"), "{stderr}");
        assert!(!stderr.contains("panicked"), "{stderr}");
    }
}

#[test]
fn a_full_disk_is_an_error() {
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    for arguments in [&["render"][..], &["--dry-run"], &["--dry-run", "-o", "diff"], &["completions", "zsh"]] {
        let (code, stderr) = run_into(full().into(), arguments, &deployment(""));
        assert_eq!(code, Some(3), "{arguments:?}: {stderr}");
        assert!(stderr.lines().next().unwrap().contains("No space left"), "{stderr}");
    }
}

#[test]
fn a_signal_while_reading_leaves_nothing_behind() {
    let mut child =
        Command::new(floe_path()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // More than a pipe holds, so that floe is certainly reading when this returns.
    stdin.write_all(format!("{}# {}\n", deployment(""), "x".repeat(1 << 20)).as_bytes()).unwrap();
    let killed = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let status = child.wait().unwrap();
    drop(stdin);
    let mut stdout = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut stdout).unwrap();
    assert_eq!(status.signal(), Some(15), "{status}");
    assert!(stdout.is_empty());
}
