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
    let file = std::fs::File::from(io::stdout().as_fd().try_clone_to_owned()?);
    enlarge_pipe(&file);
    Ok(file)
}

#[cfg(not(unix))]
fn raw_stdout() -> io::Result<io::Stdout> {
    Ok(io::stdout())
}

/// Lets a pipe hold more, so that its two ends wait for each other less often. What is no pipe stays as it is.
#[cfg(unix)]
pub(super) fn enlarge_pipe(file: &std::fs::File) {
    #[cfg(target_os = "linux")]
    let _ = rustix::pipe::fcntl_setpipe_size(file, 1 << 20);
    #[cfg(not(target_os = "linux"))]
    let _ = file;
}
