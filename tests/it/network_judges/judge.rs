//! The judges of network policy (`tests/tools/cyclonusjudge`, `tests/tools/ciliumjudge`) as running processes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;

use serde_json::Value;

use super::world::World;
use crate::support::tool;

/// A judge that waits for worlds; it ends with its standard input.
pub(super) struct Judge {
    name: &'static str,
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Judge {
    /// Starts the judge of a name, or gives `None` after reporting the skip.
    pub(super) fn start(name: &'static str) -> Option<Self> {
        let mut child = Command::new(tool(name)?).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let stdin = child.stdin.take();
        let stdout = BufReader::with_capacity(1 << 20, child.stdout.take().unwrap());
        Some(Self { name, child, stdin, stdout })
    }

    /// For each world, a digit for each query: `1` for allowed.
    pub(super) fn verdicts(&mut self, worlds: &[World], ipblock_matches_pods: bool) -> Vec<String> {
        let Self { name, stdin, stdout, .. } = self;
        let stdin = stdin.as_mut().unwrap();
        thread::scope(|scope| {
            // The judge answers while it reads: one thread must write while this one reads.
            let writer = scope.spawn(move || {
                for world in worlds {
                    stdin.write_all(world.to_line(ipblock_matches_pods).as_bytes()).unwrap();
                }
                stdin.flush().unwrap();
            });
            let mut line = String::new();
            let mut all = Vec::with_capacity(worlds.len());
            for world in worlds {
                line.clear();
                stdout.read_line(&mut line).unwrap();
                let answer: Value = serde_json::from_str(&line).unwrap();
                let Some(verdicts) = answer["verdicts"].as_str() else {
                    panic!("{name}: {answer}\n{}", world.to_yaml())
                };
                assert_eq!(verdicts.len(), world.queries.len());
                all.push(verdicts.to_owned());
            }
            writer.join().unwrap();
            all
        })
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let status = self.child.wait().unwrap();
        // A test that fails already says so.
        assert!(thread::panicking() || status.success(), "{} failed: {status}", self.name);
    }
}
