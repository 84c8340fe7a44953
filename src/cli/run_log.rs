#![expect(clippy::disallowed_methods, reason = "an edge module: it reads the clock and appends to a file")]

//! The run log, `--audit-log` (FR-091): one JSON line for each run that made network policies.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
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

    /// Opens the file before anything is written: a run that cannot be logged has no effect. Absent if nobody wants to
    /// know.
    pub(super) fn open(&self) -> Result<Option<RunLog>, CliError> {
        let Some(path) = self.audit_log.as_ref().filter(|_| self.is_wanted()) else { return Ok(None) };
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
        let file = file.map_err(|source| CliError::Write { what: path.display().to_string(), source })?;
        Ok(Some(RunLog { file, path: path.clone(), reference: self.audit_reference.clone() }))
    }
}

/// The run log, open.
pub(super) struct RunLog {
    file: File,
    path: PathBuf,
    reference: Option<String>,
}

impl RunLog {
    /// Appends the line. One write of a file that is opened to append: lines of runs at the same time do not mix.
    pub(super) fn append(mut self, entry: &Entry<'_>) -> Result<(), CliError> {
        let mut line = json!({
            "time": time().to_string(),
            "version": env!("CARGO_PKG_VERSION"),
            "command": entry.command,
            "reference": self.reference,
            "input": digest(&entry.input),
            "output": digest(&entry.output),
            "objects": entry.objects.iter().map(object).collect::<Vec<_>>(),
        })
        .to_string();
        line.push('\n');
        if self.ends_within_a_line() {
            line.insert(0, '\n');
        }
        let written = self.file.write_all(line.as_bytes());
        written.map_err(|source| CliError::Write { what: self.path.display().to_string(), source })
    }

    /// Whether an earlier run could not write all of its line, as when the disk was full. Of a file that may be written
    /// and not read nobody knows: an empty line does no harm.
    fn ends_within_a_line(&self) -> bool {
        let is_begun = self.file.metadata().is_ok_and(|it| it.is_file() && it.len() > 0);
        let last_byte = || -> io::Result<u8> {
            let mut file = File::open(&self.path)?;
            file.seek(SeekFrom::End(-1))?;
            let mut byte = [0];
            file.read_exact(&mut byte)?;
            Ok(byte[0])
        };
        is_begun && !last_byte().is_ok_and(|byte| byte == b'\n')
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
