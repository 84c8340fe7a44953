#![expect(clippy::disallowed_methods, reason = "an edge module: it reads the input")]

use std::io::{self, IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

use super::error::CliError;

/// A binary file has a zero byte near its start.
const BINARY_CHECK: usize = 64 << 10;

/// What people call standard input.
const STDIN: &str = "<stdin>";

/// A text and where it comes from.
#[derive(Debug)]
pub(super) struct Source {
    /// A file name, or `<stdin>`.
    pub(super) name: String,
    /// Whether the name is that of a file.
    pub(super) is_file: bool,
    pub(super) text: String,
}

/// Reads the manifests. Absent if there is nothing to read from: standard input is a terminal.
pub(super) fn read(file: Option<&Path>) -> Result<Option<Source>, CliError> {
    match file {
        Some(path) if path != Path::new("-") => read_file(path).map(Some),
        _ if io::stdin().is_terminal() => Ok(None),
        _ => {
            let bytes = read_stdin().map_err(|source| CliError::Read { what: "standard input".to_owned(), source })?;
            decode(STDIN, bytes).map(|text| Some(Source { name: STDIN.to_owned(), is_file: false, text }))
        }
    }
}

/// Reads manifests from files, folders and standard input (`-`), in the order given; without any, standard input.
/// Absent if there is nothing to read from: standard input is a terminal.
pub(super) fn read_all(files: &[PathBuf]) -> Result<Option<Vec<Source>>, CliError> {
    if files.is_empty() {
        return Ok(read(None)?.map(|source| vec![source]));
    }
    let mut sources = Vec::new();
    for file in files {
        if file.is_dir() {
            let mut found = Vec::new();
            add_manifests(file, &mut found)
                .map_err(|source| CliError::Read { what: file.display().to_string(), source })?;
            sources.extend(found.iter().map(|path| read_file(path)).collect::<Result<Vec<_>, _>>()?);
        } else {
            match read(Some(file))? {
                Some(source) => sources.push(source),
                None => return Ok(None),
            }
        }
    }
    Ok(Some(sources))
}

/// What somebody gives to a command by a pipe or a redirection without naming it; absent if that is nothing.
pub(super) fn given() -> Result<Option<Source>, CliError> {
    if !is_given() {
        return Ok(None);
    }
    let source = read(None)?;
    Ok(source.filter(|source| !source.text.trim_start_matches('\u{feff}').trim().is_empty()))
}

/// Whether standard input is a pipe or a file. What is no terminal either, as `/dev/null`, has nothing to give.
#[cfg(unix)]
fn is_given() -> bool {
    use std::os::fd::AsFd as _;
    use std::os::unix::fs::FileTypeExt as _;
    let file = io::stdin().as_fd().try_clone_to_owned().map(std::fs::File::from);
    let kind = file.and_then(|file| file.metadata()).map(|it| it.file_type());
    kind.is_ok_and(|kind| kind.is_fifo() || kind.is_file())
}

#[cfg(not(unix))]
fn is_given() -> bool {
    !io::stdin().is_terminal()
}

/// Adds the manifests below a folder, in the order of their names. Links to folders are not followed, because they can
/// go round; those to files are.
fn add_manifests(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = std::fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let is_manifest = || path.extension().is_some_and(|it| it == "yaml" || it == "yml" || it == "json");
        // Another run of floe is just making its result there, or was killed.
        if entry.file_name().to_string_lossy().starts_with(super::folder::STAGING) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            add_manifests(&path, found)?;
        } else if is_manifest() && path.is_file() {
            found.push(path);
        }
    }
    Ok(())
}

/// Reads standard input as a file: a redirected one tells its size, so that its text is never copied.
#[cfg(unix)]
fn read_stdin() -> io::Result<Vec<u8>> {
    use std::os::fd::AsFd as _;
    let mut bytes = Vec::new();
    let mut file = std::fs::File::from(io::stdin().as_fd().try_clone_to_owned()?);
    super::write::enlarge_pipe(&file);
    file.read_to_end(&mut bytes)?;
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
    let text = decode(&name, bytes)?;
    Ok(Source { name, is_file: true, text })
}

fn decode(name: &str, bytes: Vec<u8>) -> Result<String, CliError> {
    let name = name.to_owned();
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
        Ok(text) => Ok(text),
        Err(error) => {
            let offset = error.utf8_error().valid_up_to();
            let line = memchr::memchr_iter(b'\n', error.as_bytes().get(..offset).unwrap_or_default()).count() + 1;
            Err(CliError::NotText { name, message: format!("not UTF-8: line {line} is broken"), offset })
        }
    }
}
