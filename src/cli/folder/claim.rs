#![expect(clippy::disallowed_methods, reason = "an edge module: it locks folders, and looks who has locked them")]

//! A folder that one run writes below, and no other at the same time.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use crate::cli::error::CliError;

/// How the names of folders begin that results are made in before they take their place; 16 random characters follow.
pub(in crate::cli) const STAGING: &str = ".floe-staging-";
const RANDOM: usize = 16;

/// The folder, locked. When it is dropped, folders that were made for it and have stayed empty go.
pub(in crate::cli) struct Claim {
    /// Without links.
    root: PathBuf,
    made: Made,
    /// The signal that asked to stop; 0 for none.
    signal: Arc<AtomicUsize>,
    _lock: Option<File>,
}

impl Claim {
    /// Makes the folder if need be, and locks it. From here on signals wait until nothing is left half done.
    pub(in crate::cli) fn of(out: &Path) -> Result<Self, CliError> {
        let failed = |source| CliError::Write { what: out.display().to_string(), source };
        let out = if out.as_os_str().is_empty() { Path::new(".") } else { out };
        let signal = Arc::default();
        #[cfg(unix)]
        for number in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
            let value = usize::try_from(number).unwrap_or_default();
            signal_hook::flag::register_usize(number, Arc::clone(&signal), value).map_err(failed)?;
        }
        let mut made = Made::default();
        made.folder(out).map_err(failed)?;
        let root = out.canonicalize().map_err(failed)?;
        let lock = lock(&root, out)?;
        Ok(Self { root, made, signal, _lock: lock })
    }

    /// Fails if a signal asks to stop.
    pub(super) fn go_on(&self) -> io::Result<()> {
        match self.signal.load(Ordering::Relaxed) {
            0 => Ok(()),
            _ => Err(io::Error::other("stopped by a signal")),
        }
    }

    /// Ends as the signal would have ended the program, if there was one.
    pub(super) fn end_by_signal(self) {
        let signal = self.signal.load(Ordering::Relaxed);
        drop(self.made);
        #[cfg(unix)]
        if let Some(signal) = i32::try_from(signal).ok().filter(|signal| *signal != 0) {
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
        #[cfg(not(unix))]
        let _ = signal;
    }

    /// An empty folder beside that of the results, where nobody looks who applies those. Absent if there can be none.
    pub(super) fn staging(&self) -> Option<Staging> {
        let parent = self.root.parent()?;
        // Another run may take a folder for a leftover before it is locked.
        let staging = (0..3).find_map(|_| Staging::in_folder(parent))?;
        remove_leftovers(parent, staging.path());
        Some(staging)
    }
}

/// Folders that go again if they stay empty; outermost first.
#[derive(Debug, Default)]
pub(super) struct Made(Vec<PathBuf>);

impl Made {
    /// Makes a folder and those around it.
    pub(super) fn folder(&mut self, folder: &Path) -> io::Result<()> {
        let missing = folder.ancestors().take_while(|it| !it.as_os_str().is_empty() && !it.exists());
        let missing: Vec<PathBuf> = missing.map(Path::to_owned).collect();
        self.0.extend(missing.into_iter().rev());
        fs::create_dir_all(folder)
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        for folder in self.0.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// A folder that goes with all that is in it.
pub(super) struct Staging {
    folder: TempDir,
    _lock: File,
}

impl Staging {
    fn in_folder(parent: &Path) -> Option<Self> {
        let folder = tempfile::Builder::new().prefix(STAGING).rand_bytes(RANDOM).tempdir_in(parent).ok()?;
        let lock = File::open(folder.path()).ok()?;
        lock.try_lock().ok()?;
        is_at(&lock, folder.path()).then_some(Self { folder, _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes what runs of the same user that were killed have left: folders of that name that nobody holds.
fn remove_leftovers(parent: &Path, own: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let random = name.to_str().and_then(|name| name.strip_prefix(STAGING));
        let is_ours = random
            .is_some_and(|random| random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric()))
            && entry.file_type().is_ok_and(|it| it.is_dir())
            && is_of_same_user(&entry.path(), own);
        if is_ours && File::open(entry.path()).is_ok_and(|folder| folder.try_lock().is_ok()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(unix)]
fn is_of_same_user(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let user = |path| fs::metadata(path).map(|it| it.uid()).ok();
    user(one) == user(other)
}

#[cfg(not(unix))]
fn is_of_same_user(_: &Path, _: &Path) -> bool {
    true
}

/// Locks a folder; absent where the system or the file system cannot.
fn lock(root: &Path, named: &Path) -> Result<Option<File>, CliError> {
    loop {
        let Ok(folder) = File::open(root) else { return Ok(None) };
        match folder.try_lock() {
            // Whoever held it may have put another folder in its place.
            Ok(()) if is_at(&folder, root) => return Ok(Some(folder)),
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = holder(&folder).map(|process| format!(" (process {process})")).unwrap_or_default();
                return Err(CliError::Busy { folder: named.display().to_string(), holder });
            }
            Err(TryLockError::Error(_)) => return Ok(None),
        }
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let identity = |it: fs::Metadata| (it.dev(), it.ino());
    file.metadata().map(identity).ok() == fs::metadata(path).map(identity).ok()
}

#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

/// The process that has locked a folder, where the system tells.
#[cfg(target_os = "linux")]
fn holder(folder: &File) -> Option<u32> {
    use std::os::unix::fs::MetadataExt as _;
    let inode = format!(":{}", folder.metadata().ok()?.ino());
    let locks = fs::read_to_string("/proc/locks").ok()?;
    // `1: FLOCK  ADVISORY  WRITE 708 00:1b:3018 0 EOF`; waiting ones have an arrow.
    locks.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).find_map(|words| match words.as_slice() {
        [_, "FLOCK", _, _, process, place, ..] if place.ends_with(&inode) => process.parse().ok().filter(|it| *it != 0),
        _ => None,
    })
}

#[cfg(not(target_os = "linux"))]
fn holder(_: &File) -> Option<u32> {
    None
}
