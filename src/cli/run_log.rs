#![expect(clippy::disallowed_methods, reason = "an edge module: it reads the clock and appends to a file")]

//! The run log, `--audit-log` (FR-091): one JSON line for each run that made network policies.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::error::CliError;
use crate::object::ResourceId;
use crate::plan::ObjectAction;

/// Where the run log goes.
#[derive(Debug, Clone, Args)]
pub(super) struct RunLogArgs {
    /// Append one JSON line about this run to FILE: time, versions, digests, each object with its reason
    #[arg(long, value_name = "FILE", env = "FLOE_AUDIT_LOG")]
    pub(super) audit_log: Option<PathBuf>,

    /// What the line calls this run: a commit, a ticket, a pipeline
    #[arg(long, value_name = "TEXT", env = "FLOE_AUDIT_REFERENCE")]
    pub(super) audit_reference: Option<String>,
}

/// What a run did.
pub(super) struct Entry<'e> {
    pub(super) command: &'static str,
    /// The texts that were read, in order.
    pub(super) input: Vec<&'e [u8]>,
    /// The texts that were written, in order.
    pub(super) output: Vec<&'e [u8]>,
    pub(super) objects: Vec<ObjectAction>,
}

impl RunLogArgs {
    /// Whether anybody wants to know.
    pub(super) fn is_wanted(&self) -> bool {
        self.audit_log.as_ref().is_some_and(|path| !path.as_os_str().is_empty())
    }

    /// Appends the line; nothing without a file to append to. One write of a file that is opened to append: lines of
    /// runs at the same time do not mix.
    pub(super) fn append(&self, entry: &Entry<'_>) -> Result<(), CliError> {
        let Some(path) = self.audit_log.as_ref().filter(|_| self.is_wanted()) else { return Ok(()) };
        let mut line = json!({
            "time": time().to_string(),
            "version": env!("CARGO_PKG_VERSION"),
            "command": entry.command,
            "reference": self.audit_reference,
            "input": digest(&entry.input),
            "output": digest(&entry.output),
            "objects": entry.objects.iter().map(object).collect::<Vec<_>>(),
        })
        .to_string();
        line.push('\n');
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
        let written = file.and_then(|mut file| file.write_all(line.as_bytes()));
        written.map_err(|source| CliError::Write { what: path.display().to_string(), source })
    }
}

fn object(action: &ObjectAction) -> Value {
    let ResourceId { gvk, namespace, name } = &action.object;
    json!({
        "action": action.action.as_str(),
        "apiVersion": gvk.api_version(),
        "kind": gvk.kind,
        "namespace": namespace,
        "name": name,
        "reason": action.reason,
    })
}

/// SHA-256 of the texts one after another.
fn digest(texts: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for text in texts {
        hasher.update(text);
    }
    let mut text = "sha256:".to_owned();
    for byte in hasher.finalize() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The time of the run; that of `SOURCE_DATE_EPOCH` where a build wants to be reproducible.
fn time() -> jiff::Timestamp {
    let epoch = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|text| text.parse().ok());
    epoch.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok()).unwrap_or_else(jiff::Timestamp::now)
}
