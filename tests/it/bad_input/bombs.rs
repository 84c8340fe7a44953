//! Documents that are small on disk and large in memory, or simply large.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{assert_passes, assert_refused, deployment};
use crate::support::{floe_path, run};

/// Longest time that a bomb may take, in a test build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

fn node_bomb() -> String {
    let mut bomb = String::from("x-bomb:\n- &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..10 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(bomb, "- &a{level} [{aliases}]").unwrap();
    }
    bomb
}

fn byte_bomb() -> String {
    format!("x-bomb:\n- &a {}\n- [{}]\n", "x".repeat(100_000), vec!["*a"; 20_000].join(", "))
}

#[test]
fn alias_bombs_are_refused_in_workloads_and_pass_elsewhere() {
    let begun = Instant::now();
    for bomb in [node_bomb(), byte_bomb()] {
        let ran = assert_refused(deployment(&bomb), &[], &["aliases", "<stdin>:"]);
        assert!(ran.stderr.len() < 4_000, "the message quotes the bomb: {} bytes", ran.stderr.len());
        assert_passes(&format!("apiVersion: v1\nkind: ConfigMap\n{bomb}"), &["--only", "pods"]);
        // Of these kinds floe reads labels and ports, and can do without.
        assert_passes(&format!("apiVersion: v1\nkind: Service\n{bomb}"), &["--only", "pods"]);
    }
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
}

#[test]
fn a_self_referring_alias_is_refused() {
    assert_refused(deployment("        args: &a [*a]\n"), &[], &["alias"]);
}

#[test]
fn depth_is_bounded() {
    let begun = Instant::now();
    let brackets = format!("x-deep: {}{}\n", "[".repeat(10_000), "]".repeat(10_000));
    let braces = format!("x-deep: {}1{}\n", "{a: ".repeat(10_000), "}".repeat(10_000));
    let dashes = format!("x-deep:\n  {}1\n", "- ".repeat(10_000));
    let lines = (0..1_500).fold(String::new(), |text, depth| text + &" ".repeat(depth) + "a:\n");
    for deep in [brackets, braces, dashes] {
        assert_refused(deployment(&deep), &[], &["cannot be read as YAML", "<stdin>:"]);
        assert_passes(&format!("apiVersion: v1\nkind: ConfigMap\n{deep}"), &["--only", "pods"]);
    }
    let nested = format!("kind: Pod\nx-deep:\n{lines}");
    assert!(matches!(run(&[], nested).code, Some(3)));
    // Without any kind floe has to look, and cannot.
    assert_refused("[".repeat(10_000), &["--only", "pods"], &["cannot be read as YAML"]);
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
}

/// Streams `head`, then `megabytes` of a block scalar, into floe.
///
/// Gives the exit code, the number of bytes on standard output, and standard error. Fails if floe takes more memory
/// than three times the input.
fn feed(head: &str, megabytes: usize) -> (Option<i32>, usize, String) {
    let mut child = Command::new(floe_path())
        .args(["--only", "pods"])
        .env_remove("FLOE_CONFIG")
        .env_remove("FLOE_NAMESPACE")
        .env_remove("ARGOCD_APP_NAMESPACE")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let watch = std::thread::spawn(move || {
        let mut peak = 0;
        while let Ok(status) = std::fs::read_to_string(&status) {
            let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
            // A process that has ended has no memory.
            let Some(kilobytes) = kilobytes else { break };
            peak = kilobytes.trim().parse::<usize>().unwrap();
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        peak / 1024
    });
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 20];
        let mut count = 0;
        while let Ok(read @ 1..) = stdout.read(&mut buffer) {
            count += read;
        }
        count
    });
    let line = format!("    {}\n", "x".repeat(1019));
    let block = line.repeat(1024);
    stdin.write_all(head.as_bytes()).unwrap();
    for _ in 0..megabytes {
        stdin.write_all(block.as_bytes()).unwrap();
    }
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let peak = watch.join().unwrap();
    assert!(peak <= 3 * megabytes, "{peak} MiB for an input of {megabytes} MiB");
    (output.status.code(), reader.join().unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_huge_document_is_refused_if_it_has_to_be_edited_and_passes_otherwise() {
    let head = deployment("        args:\n        - |\n").replace("        - |", "  - |");
    let (code, written, stderr) = feed(&head, 300);
    assert_eq!((code, written), (Some(3), 0), "{stderr}");
    assert!(stderr.lines().next().unwrap().contains("256 MiB"), "the limit is not named:\n{stderr}");

    let head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: huge}\ndata:\n  text: |\n";
    let (code, written, stderr) = feed(head, 300);
    assert_eq!((code, written), (Some(0), head.len() + (300 << 20)), "{stderr}");
}
