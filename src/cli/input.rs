#![expect(clippy::disallowed_methods, reason = "an edge module: it reads the input")]

use std::io::{self, IsTerminal as _, Read as _};
use std::path::Path;

use super::error::CliError;

/// A binary file has a zero byte near its start.
const BINARY_CHECK: usize = 64 << 10;

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
            let name = "<stdin>".to_owned();
            let bytes = read_stdin().map_err(|source| CliError::Read { what: "standard input".to_owned(), source })?;
            decode(name, bytes).map(Some)
        }
    }
}

/// Reads standard input as a file: a redirected one tells its size, so that its text is never copied.
#[cfg(unix)]
fn read_stdin() -> io::Result<Vec<u8>> {
    use std::os::fd::AsFd as _;
    let mut bytes = Vec::new();
    std::fs::File::from(io::stdin().as_fd().try_clone_to_owned()?).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(not(unix))]
fn read_stdin() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
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
    let head = bytes.get(..BINARY_CHECK).unwrap_or(&bytes);
    if let Some(offset) = memchr::memchr(0, head) {
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
