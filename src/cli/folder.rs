#![expect(clippy::disallowed_methods, reason = "an edge module: it writes files")]

//! Folders of results, written whole or not at all.
//!
//! A folder is made anew beside the old one and then takes its place in one step, so nobody ever sees half of it. Files
//! of others that stand in the old one move along. A file of an earlier run that is no longer produced goes, but only
//! if it is floe's.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::CliError;
use crate::object::{COMPONENT, COMPONENT_LABEL};

/// The file in a folder that lists what floe wrote there, with digests: for files that cannot carry floe's mark.
const LIST: &str = ".floe";

/// A folder and all that is to stand in it.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    /// By path below the folder.
    pub(super) files: BTreeMap<PathBuf, String>,
    /// Whether the files are other people's texts, which carry no mark: they are listed.
    pub(super) is_listed: bool,
}

/// What becomes of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Add,
    Replace,
    Remove,
    Keep,
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Add => "add",
            Self::Replace => "replace",
            Self::Remove => "remove",
            Self::Keep => "keep",
        })
    }
}

/// A folder compared with what stands there.
#[derive(Debug)]
pub(super) struct Comparison {
    folder: Folder,
    /// By path below the folder; what is neither produced nor floe's is not there.
    pub(super) fates: BTreeMap<PathBuf, Fate>,
    /// Files of others.
    foreign: Vec<PathBuf>,
}

impl Folder {
    /// Compares with what stands there. Fails if a file of somebody else stands in the way.
    pub(super) fn compare(mut self) -> Result<Comparison, CliError> {
        let failed = |source| CliError::Read { what: self.path.display().to_string(), source };
        let mut present = Vec::new();
        if self.path.exists() {
            add_files(&self.path, Path::new(""), &mut present).map_err(failed)?;
        }
        let listed = read_list(&self.path);
        let (mut fates, mut foreign) = (BTreeMap::new(), Vec::new());
        for file in present.into_iter().filter(|file| file != Path::new(LIST)) {
            let full = self.path.join(&file);
            let content =
                fs::read(&full).map_err(|source| CliError::Read { what: full.display().to_string(), source })?;
            let is_own = is_marked(&content) || listed.get(&file) == Some(&digest(&content));
            match self.files.get(&file) {
                Some(text) if text.as_bytes() == content => fates.insert(file, Fate::Keep),
                Some(_) if is_own => fates.insert(file, Fate::Replace),
                Some(_) => return Err(CliError::InTheWay(full.display().to_string())),
                None if is_own => fates.insert(file, Fate::Remove),
                None => {
                    foreign.push(file);
                    None
                }
            };
        }
        for file in self.files.keys() {
            fates.entry(file.clone()).or_insert(Fate::Add);
        }
        if self.is_listed && !self.files.is_empty() {
            let line = |(path, text): (&PathBuf, &String)| format!("{} {}\n", digest(text.as_bytes()), path.display());
            let list: String = self.files.iter().map(line).collect();
            self.files.insert(PathBuf::from(LIST), list);
        }
        Ok(Comparison { folder: self, fates, foreign })
    }
}

impl Comparison {
    /// The path of one of its files.
    pub(super) fn path_of(&self, file: &Path) -> PathBuf {
        self.folder.path.join(file)
    }

    fn is_unchanged(&self) -> bool {
        self.fates.values().all(|fate| *fate == Fate::Keep)
    }
}

/// Writes folders: all of them or none.
pub(super) fn write(comparisons: &[Comparison]) -> Result<(), CliError> {
    let changed: Vec<&Comparison> = comparisons.iter().filter(|it| !it.is_unchanged()).collect();
    let Some(parent) = changed.first().and_then(|it| it.folder.path.parent()) else { return Ok(()) };
    let failed = |source| CliError::Write { what: parent.display().to_string(), source };
    fs::create_dir_all(parent).map_err(failed)?;
    let staging = parent.join(format!(".floe-staging-{}", std::process::id()));
    let result = stage_and_swap(&changed, &staging);
    // Holds what was there before, or what could not be put in place.
    let _ = fs::remove_dir_all(&staging);
    result.map_err(failed)
}

fn stage_and_swap(changed: &[&Comparison], staging: &Path) -> io::Result<()> {
    let mut staged = Vec::new();
    for (number, comparison) in changed.iter().enumerate() {
        let new = staging.join(number.to_string());
        fs::create_dir_all(&new)?;
        for (file, text) in &comparison.folder.files {
            let path = new.join(file);
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::write(path, text)?;
        }
        for file in &comparison.foreign {
            let (from, to) = (comparison.folder.path.join(file), new.join(file));
            to.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::hard_link(&from, &to).or_else(|_| fs::copy(&from, &to).map(|_| ()))?;
        }
        staged.push((new, comparison.folder.path.as_path()));
    }
    for (number, (new, path)) in staged.iter().enumerate() {
        if let Err(error) = swap(new, path) {
            for (old, path) in staged.iter().take(number) {
                swap(old, path)?;
            }
            return Err(error);
        }
    }
    Ok(())
}

/// Puts a folder in the place of another in one step, and the other one in its place.
#[cfg(target_os = "linux")]
fn swap(new: &Path, path: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    if !path.exists() {
        return fs::rename(new, path);
    }
    match renameat_with(CWD, new, CWD, path, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(()),
        // Some file systems cannot exchange.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => swap_in_two_steps(new, path),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(target_os = "linux"))]
fn swap(new: &Path, path: &Path) -> io::Result<()> {
    if path.exists() { swap_in_two_steps(new, path) } else { fs::rename(new, path) }
}

fn swap_in_two_steps(new: &Path, path: &Path) -> io::Result<()> {
    let aside = new.with_extension("old");
    fs::rename(path, &aside)?;
    if let Err(error) = fs::rename(new, path) {
        fs::rename(&aside, path)?;
        return Err(error);
    }
    fs::rename(&aside, new)
}

fn add_files(folder: &Path, below: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = fs::read_dir(folder.join(below))?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = below.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            add_files(folder, &path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

/// Whether every object of a file, or the page that it is, says that floe made it.
fn is_marked(content: &[u8]) -> bool {
    let mark = format!("{COMPONENT_LABEL}: {COMPONENT}");
    let text = String::from_utf8_lossy(content);
    let mut documents = text.split("\n---\n").filter(|document| !document.trim().is_empty()).peekable();
    documents.peek().is_some() && documents.all(|document| document.contains(&mark))
}

fn digest(content: &[u8]) -> String {
    format!("{:032x}", twox_hash::XxHash3_128::oneshot(content))
}

fn read_list(folder: &Path) -> BTreeMap<PathBuf, String> {
    let text = fs::read_to_string(folder.join(LIST)).unwrap_or_default();
    let entries = text.lines().filter_map(|line| line.split_once(' '));
    entries.map(|(digest, path)| (PathBuf::from(path), digest.to_owned())).collect()
}
