//! What kubectl, Helm, Argo CD and Kustomize make of a stream, by their own code.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::thread;

use serde::Deserialize;
use serde_json::Value;

use crate::support::tool;

/// The readers of `streamjudge`; `cmpserver` speaks for Argo CD.
pub(super) const READERS: [&str; 5] = ["kubectl", "helm3", "helm4", "kyaml", "kustomize"];

/// An object that a reader would hand to the API server.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Object {
    #[serde(rename = "apiVersion")]
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) namespace: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) value: Value,
}

/// What a reader makes of a stream: objects, and perhaps why it stops behind them.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    pub(super) objects: Vec<Object>,
}

/// What all readers make of some streams, by the name of the reader. `None` after reporting the skip.
pub(super) fn ask(streams: &[String], values: bool) -> Option<Vec<BTreeMap<String, Answer>>> {
    let (streamjudge, cmpserver) = (tool("streamjudge")?, tool("cmpserver")?);
    let mut argocd = Command::new(cmpserver);
    argocd.arg("read");
    let (mut found, others) = thread::scope(|scope| {
        let others = scope.spawn(|| answers(argocd, &["argocd"], streams, values));
        (answers(Command::new(streamjudge), &READERS, streams, values), others.join().unwrap())
    });
    for (answers, more) in found.iter_mut().zip(others) {
        answers.extend(more);
    }
    Some(found)
}

fn answers(mut program: Command, readers: &[&str], streams: &[String], values: bool) -> Vec<BTreeMap<String, Answer>> {
    let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let readers = readers.join(" ");
    let values = if values { " values" } else { "" };
    thread::scope(|scope| {
        scope.spawn(move || {
            for stream in streams {
                write!(stdin, "{} {readers}{values}\n{stream}", stream.len()).unwrap();
            }
        });
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "the judge failed: {}", output.status);
        let lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let answers: Vec<_> = lines.map(|line| serde_json::from_slice(line).unwrap()).collect();
        assert_eq!(answers.len(), streams.len());
        answers
    })
}
