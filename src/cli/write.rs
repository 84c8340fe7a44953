use std::io::{self, BufWriter, Write};

use super::error::CliError;

/// Writes a whole result to standard output, once.
///
/// Not through `io::stdout`, which looks for line ends in everything it is given.
pub(super) fn stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), CliError> {
    let result = raw_stdout().and_then(|file| {
        let mut out = BufWriter::with_capacity(1 << 16, file);
        write(&mut out)?;
        out.flush()
    });
    result.map_err(|source| CliError::Write { what: "standard output".to_owned(), source })
}

#[cfg(unix)]
fn raw_stdout() -> io::Result<std::fs::File> {
    use std::os::fd::AsFd as _;
    io::stdout().as_fd().try_clone_to_owned().map(std::fs::File::from)
}

#[cfg(not(unix))]
fn raw_stdout() -> io::Result<io::Stdout> {
    Ok(io::stdout())
}
