#![expect(clippy::disallowed_methods, reason = "an edge module: it reads the input")]

use std::io::{self, IsTerminal as _, Read as _};
use std::path::Path;

use super::error::CliError;

/// A text and where it comes from.
#[derive(Debug)]
pub(super) struct Source {
    /// A file name, or `<stdin>`.
    pub(super) name: String,
    pub(super) text: String,
}

/// Reads the manifests. Absent if there is nothing to read from: standard input is a terminal.
pub(super) fn read(file: Option<&Path>) -> Result<Option<Source>, CliError> {
    match file {
        Some(path) if path != Path::new("-") => read_file(path).map(Some),
        _ if io::stdin().is_terminal() => Ok(None),
        _ => {
            let mut bytes = Vec::new();
            let name = "<stdin>".to_owned();
            // A file on standard input tells its size, a pipe does not.
            io::stdin()
                .lock()
                .read_to_end(&mut bytes)
                .map_err(|source| CliError::Read { what: "standard input".to_owned(), source })?;
            decode(name, bytes).map(Some)
        }
    }
}

/// Reads a file.
pub(super) fn read_file(path: &Path) -> Result<Source, CliError> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|source| CliError::Read { what: name.clone(), source })?;
    decode(name, bytes)
}

fn decode(name: String, bytes: Vec<u8>) -> Result<Source, CliError> {
    let known = [
        (&b"\xff\xfe"[..], "text in UTF-16; convert it to UTF-8"),
        (&b"\xfe\xff"[..], "text in UTF-16; convert it to UTF-8"),
        (&b"\x1f\x8b"[..], "compressed by gzip; decompress it first"),
        (&b"PK\x03\x04"[..], "a zip archive; unpack it first"),
    ];
    if let Some((_, what)) = known.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Err(CliError::NotText { name, message: (*what).to_owned(), offset: 0 });
    }
    if let Some(offset) = memchr::memchr(0, &bytes) {
        return Err(CliError::NotText { name, message: "binary: it holds a zero byte".to_owned(), offset });
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Source { name, text }),
        Err(error) => {
            let offset = error.utf8_error().valid_up_to();
            let line = memchr::memchr_iter(b'\n', error.as_bytes().get(..offset).unwrap_or_default()).count() + 1;
            Err(CliError::NotText { name, message: format!("not UTF-8: line {line} is broken"), offset })
        }
    }
}
