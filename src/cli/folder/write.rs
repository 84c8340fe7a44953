#![expect(clippy::disallowed_methods, reason = "an edge module: it writes files")]

//! Folders in their place: in one step where all that stands there is floe's, else file by file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use super::claim::{Claim, Made};
use super::list::{LIST, List, digest};
use super::{Comparison, Fate, Kind, TEMPORARY, is_temporary, present};
use crate::cli::error::CliError;

/// Writes folders: all of them or none.
pub(in crate::cli) fn write(comparisons: &[Comparison], claim: Claim) -> Result<(), CliError> {
    let result = write_all(comparisons, &claim);
    if result.is_err() {
        claim.end_by_signal();
    }
    result
}

fn write_all(comparisons: &[Comparison], claim: &Claim) -> Result<(), CliError> {
    let changed: Vec<&Comparison> = comparisons.iter().filter(|it| !it.is_unchanged()).collect();
    if changed.is_empty() {
        return Ok(());
    }
    let staging = claim.staging();
    let (mut whole, mut by_file) = (Vec::new(), Vec::new());
    for (number, comparison) in changed.into_iter().enumerate() {
        let at = staging.as_ref().map(|staging| staging.path().join(number.to_string()));
        match at.map(|at| Whole::stage(comparison, at, claim)).transpose()?.flatten() {
            Some(staged) => whole.push(staged),
            None => by_file.push(ByFile::stage(comparison, claim)?),
        }
    }
    let mut done: Vec<Whole<'_>> = Vec::new();
    let result = whole.into_iter().try_for_each(|staged| {
        if staged.exchange().is_ok() {
            done.push(staged);
            return done.last().map_or(Ok(()), Whole::bring_along);
        }
        // A mount point, or a file system that cannot.
        by_file.push(ByFile::stage(staged.comparison, claim)?);
        Ok(())
    });
    let result = result.and_then(|()| by_file.into_iter().try_for_each(ByFile::commit));
    if result.is_err() {
        for staged in done.iter().rev() {
            let _ = staged.take_back();
        }
    }
    result
}

/// A folder that changes places with the one that stands there.
struct Whole<'c> {
    comparison: &'c Comparison,
    new: PathBuf,
    /// Where it belongs, without links.
    target: PathBuf,
    is_first: bool,
    /// Nobody else writes there before this run has ended.
    _lock: Option<fs::File>,
}

impl<'c> Whole<'c> {
    /// Makes the folder; absent if the one that stands there has to stay.
    fn stage(comparison: &'c Comparison, new: PathBuf, claim: &Claim) -> Result<Option<Self>, CliError> {
        let path = &comparison.folder.path;
        let failed = |source| CliError::Write { what: path.display().to_string(), source };
        let is_first = !path.exists();
        let target = if is_first { path.clone() } else { path.canonicalize().map_err(failed)? };
        let is_in_use = std::env::current_dir().is_ok_and(|here| here.starts_with(&target));
        if comparison.is_shared || is_in_use || !CAN_EXCHANGE {
            return Ok(None);
        }
        fs::create_dir(&new).map_err(failed)?;
        if !is_first && !is_of_same_owner(&new, &target) {
            return Ok(None);
        }
        let list = comparison.list_after().map(|list| (Path::new(LIST), list));
        let texts = comparison.folder.files.iter().map(|(file, text)| (file.as_path(), text.clone()));
        for (file, text) in texts.chain(list) {
            claim.go_on().map_err(failed)?;
            let (from, to) = (target.join(file), new.join(file));
            to.parent().map_or(Ok(()), fs::create_dir_all).map_err(failed)?;
            let is_kept = comparison.fates.get(file) == Some(&Fate::Keep) && fs::hard_link(&from, &to).is_ok();
            if !is_kept {
                fs::write(&to, text).map_err(failed)?;
                copy_mode(&from, &to).map_err(failed)?;
            }
        }
        for (folder, _) in comparison.present.iter().filter(|(_, kind)| **kind == Kind::Folder) {
            if new.join(folder).exists() {
                copy_mode(&target.join(folder), &new.join(folder)).map_err(failed)?;
            }
        }
        copy_mode(&target, &new).map_err(failed)?;
        let lock = fs::File::open(&new).ok().filter(|folder| folder.try_lock().is_ok());
        Ok(Some(Self { comparison, new, target, is_first, _lock: lock }))
    }

    fn exchange(&self) -> io::Result<()> {
        if self.is_first { put(&self.new, &self.target) } else { exchange(&self.new, &self.target) }
    }

    fn take_back(&self) -> io::Result<()> {
        if self.is_first { put(&self.target, &self.new) } else { exchange(&self.new, &self.target) }
    }

    /// Moves what others have put into the old folder while this run was at work. Fails if it is in the way.
    fn bring_along(&self) -> Result<(), CliError> {
        if self.is_first {
            return Ok(());
        }
        let failed = |source| CliError::Write { what: self.target.display().to_string(), source };
        let mut late = Vec::new();
        for (file, kind) in present(&self.new).map_err(failed)? {
            if file == Path::new(LIST) || is_temporary(&file) {
                continue;
            }
            let in_the_way = || CliError::InTheWay(self.comparison.path_of(&file).display().to_string());
            match self.comparison.present.get(&file) {
                None if self.target.join(&file).symlink_metadata().is_err() => late.push(file),
                None if kind == Kind::Folder => {}
                None => return Err(in_the_way()),
                // floe's own, changed by hand since it was looked at.
                Some(Kind::File) if self.comparison.digests.contains_key(&file) => {
                    let content = fs::read(self.new.join(&file)).map_err(failed)?;
                    if self.comparison.digests.get(&file) != Some(&digest(&content)) {
                        return Err(in_the_way());
                    }
                }
                Some(_) => {}
            }
        }
        // A folder comes before what is in it, and takes that along.
        for file in late {
            let (from, to) = (self.new.join(&file), self.target.join(&file));
            if from.symlink_metadata().is_ok() {
                to.parent().map_or(Ok(()), fs::create_dir_all).map_err(failed)?;
                put(&from, &to).map_err(failed)?;
            }
        }
        Ok(())
    }
}

/// A folder whose files take their places one by one. What is not floe's is never touched.
struct ByFile<'c> {
    comparison: &'c Comparison,
    target: PathBuf,
    files: Vec<(TempPath, &'c Path, Fate)>,
    /// The list that names what was there and what comes: a run that is killed in between loses nothing of it.
    list_meanwhile: TempPath,
    list_after: Option<TempPath>,
    made: Made,
}

impl<'c> ByFile<'c> {
    /// Writes all of it beside the files that stand there, under names that nobody applies.
    fn stage(comparison: &'c Comparison, claim: &Claim) -> Result<Self, CliError> {
        let path = &comparison.folder.path;
        let failed = |source| CliError::Write { what: path.display().to_string(), source };
        let mut made = Made::default();
        made.folder(path).map_err(failed)?;
        let target = path.canonicalize().map_err(failed)?;
        for file in &comparison.leftovers {
            let _ = fs::remove_file(target.join(file));
        }
        let mut files = Vec::new();
        for (file, fate) in &comparison.fates {
            claim.go_on().map_err(failed)?;
            if let Some(text) = comparison.folder.files.get(file).filter(|_| *fate != Fate::Keep) {
                let to = target.join(file);
                let below = to.parent().unwrap_or(&target);
                made.folder(below).map_err(failed)?;
                files.push((temporary(below, text, &to).map_err(failed)?, file.as_path(), *fate));
            }
        }
        let list_after = comparison.list_after();
        let mut meanwhile = list_after.as_deref().and_then(List::parse).unwrap_or_default();
        meanwhile.add_all(&comparison.list);
        let list = target.join(LIST);
        Ok(Self {
            list_meanwhile: temporary(&target, &meanwhile.text(), &list).map_err(failed)?,
            list_after: list_after.map(|text| temporary(&target, &text, &list)).transpose().map_err(failed)?,
            comparison,
            target,
            files,
            made,
        })
    }

    fn commit(self) -> Result<(), CliError> {
        let path = &self.comparison.folder.path;
        let failed = |source| CliError::Write { what: path.display().to_string(), source };
        let list = self.target.join(LIST);
        self.list_meanwhile.persist(&list).map_err(|error| failed(error.error))?;
        for (temporary, file, fate) in self.files {
            let to = self.target.join(file);
            if fate == Fate::Add {
                temporary.persist_noclobber(&to).map_err(|error| match error.error.kind() {
                    io::ErrorKind::AlreadyExists => {
                        CliError::InTheWay(self.comparison.path_of(file).display().to_string())
                    }
                    _ => failed(error.error),
                })?;
            } else {
                temporary.persist(&to).map_err(|error| failed(error.error))?;
            }
        }
        for (file, _) in self.comparison.fates.iter().filter(|(_, fate)| **fate == Fate::Remove) {
            fs::remove_file(self.target.join(file)).map_err(failed)?;
            // Folders of floe's files go with the last one.
            for folder in file.ancestors().skip(1).filter(|it| !it.as_os_str().is_empty()) {
                let _ = fs::remove_dir(self.target.join(folder));
            }
        }
        match self.list_after {
            Some(text) => text.persist(&list).map_err(|error| failed(error.error))?,
            None => fs::remove_file(&list).map_err(failed)?,
        }
        drop(self.made);
        Ok(())
    }
}

/// A text in a file that is to become another, with the mode of that.
fn temporary(folder: &Path, text: &str, becomes: &Path) -> io::Result<TempPath> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY).rand_bytes(16);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // Less what the process withholds, as for any file.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    io::Write::write_all(&mut file, text.as_bytes())?;
    let path = file.into_temp_path();
    copy_mode(becomes, &path)?;
    Ok(path)
}

/// Gives a file or folder the mode of another, if that is there.
fn copy_mode(from: &Path, to: &Path) -> io::Result<()> {
    fs::metadata(from).map_or(Ok(()), |it| fs::set_permissions(to, it.permissions()))
}

#[cfg(unix)]
fn is_of_same_owner(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let owner = |path| fs::metadata(path).map(|it| (it.uid(), it.gid())).ok();
    owner(one) == owner(other)
}

#[cfg(not(unix))]
fn is_of_same_owner(_: &Path, _: &Path) -> bool {
    true
}

const CAN_EXCHANGE: bool = cfg!(target_os = "linux");

/// Puts a folder in the place of another in one step, and the other one in its place.
#[cfg(target_os = "linux")]
fn exchange(new: &Path, path: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, new, CWD, path, RenameFlags::EXCHANGE).map_err(Into::into)
}

/// Puts something where nothing is.
#[cfg(target_os = "linux")]
fn put(new: &Path, path: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, new, CWD, path, RenameFlags::NOREPLACE).map_err(Into::into)
}

#[cfg(not(target_os = "linux"))]
fn exchange(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(target_os = "linux"))]
fn put(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
