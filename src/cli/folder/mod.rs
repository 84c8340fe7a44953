#![expect(clippy::disallowed_methods, reason = "an edge module: it reads files")]

//! Folders of results, written whole or not at all.
//!
//! Where all that stands in a folder is floe's, a folder is made anew and takes its place in one step, so nobody ever sees
//! half of it. Where things of others stand in it (files, empty folders, links), where it is a mount point, or where
//! somebody works in it, it stays, and each file takes its place by itself. Only what the list of an earlier run names,
//! and what is still as that run wrote it, is replaced or removed.

mod claim;
mod list;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::CliError;
use list::{LIST, List, digest};

pub(super) use claim::{Claim, STAGING};
pub(super) use write::write;

/// How the names of files begin that are to take the place of others. No host reads them: they end in no extension.
const TEMPORARY: &str = ".floe-tmp-";

/// A folder and all that is to stand in it.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    /// By path below the folder.
    pub(super) files: BTreeMap<PathBuf, String>,
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
    /// All that stands there but the list and leftovers, by path below the folder.
    present: BTreeMap<PathBuf, Kind>,
    /// What was in floe's own files.
    digests: BTreeMap<PathBuf, String>,
    /// Files that a killed run was about to put in place.
    leftovers: Vec<PathBuf>,
    list: List,
    has_list: bool,
    /// Whether anything of others stands there.
    is_shared: bool,
}

/// What stands in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Folder,
    /// A link, a pipe, a device: never opened.
    Other,
}

impl Folder {
    /// Compares with what stands there. Fails if something of somebody else stands in the way.
    pub(super) fn compare(self) -> Result<Comparison, CliError> {
        let failed = |source| CliError::Read { what: self.path.display().to_string(), source };
        let in_the_way = |file: &Path| CliError::InTheWay(self.path.join(file).display().to_string());
        if self.path.symlink_metadata().is_ok() && !self.path.is_dir() {
            return Err(CliError::InTheWay(self.path.display().to_string()));
        }
        let mut present = if self.path.exists() { present(&self.path).map_err(failed)? } else { BTreeMap::new() };
        let leftovers: Vec<PathBuf> = present
            .iter()
            .filter(|(file, kind)| **kind == Kind::File && is_temporary(file))
            .map(|(it, _)| it.clone())
            .collect();
        for file in &leftovers {
            present.remove(file);
        }
        let list = match present.remove(Path::new(LIST)) {
            None => None,
            Some(Kind::File) => {
                let text = fs::read(self.path.join(LIST)).map_err(failed)?;
                Some(std::str::from_utf8(&text).ok().and_then(List::parse).ok_or_else(|| in_the_way(Path::new(LIST)))?)
            }
            Some(_) => return Err(in_the_way(Path::new(LIST))),
        };
        let has_list = list.is_some();
        let list = list.unwrap_or_default();

        let (mut fates, mut digests, mut is_shared) = (BTreeMap::new(), BTreeMap::new(), false);
        for (file, kind) in present.iter().filter(|(_, kind)| **kind != Kind::Folder) {
            let wanted = self.files.get(file);
            if *kind == Kind::Other || (wanted.is_none() && !list.names(file)) {
                if wanted.is_some() {
                    return Err(in_the_way(file));
                }
                is_shared = true;
                continue;
            }
            let full = self.path.join(file);
            let content =
                fs::read(&full).map_err(|source| CliError::Read { what: full.display().to_string(), source })?;
            let is_own = list.wrote(file, &content);
            let fate = match wanted {
                Some(text) if text.as_bytes() == content => Fate::Keep,
                Some(_) if is_own => Fate::Replace,
                Some(_) => return Err(in_the_way(file)),
                None if is_own => Fate::Remove,
                None => {
                    is_shared = true;
                    continue;
                }
            };
            digests.insert(file.clone(), digest(&content));
            fates.insert(file.clone(), fate);
        }
        let own_folders: BTreeSet<&Path> = digests.keys().flat_map(|file| file.ancestors().skip(1)).collect();
        is_shared |= present.iter().any(|(it, kind)| *kind == Kind::Folder && !own_folders.contains(it.as_path()));
        for file in self.files.keys() {
            let folders = file.ancestors().skip(1).any(|it| present.get(it).is_some_and(|kind| *kind != Kind::Folder));
            if folders || present.get(file) == Some(&Kind::Folder) {
                return Err(in_the_way(file));
            }
            fates.entry(file.clone()).or_insert(Fate::Add);
        }
        Ok(Comparison { folder: self, fates, present, digests, leftovers, list, has_list, is_shared })
    }
}

impl Comparison {
    /// The path of one of its files.
    pub(super) fn path_of(&self, file: &Path) -> PathBuf {
        self.folder.path.join(file)
    }

    /// The list of what is written; absent for nothing.
    fn list_after(&self) -> Option<String> {
        let mut list = List::default();
        for (file, text) in &self.folder.files {
            list.add(file, text.as_bytes());
        }
        Some(list.text()).filter(|text| !text.is_empty())
    }

    fn is_unchanged(&self) -> bool {
        let list = Some(self.list.text()).filter(|_| self.has_list);
        self.fates.values().all(|fate| *fate == Fate::Keep) && list == self.list_after() && self.leftovers.is_empty()
    }
}

fn is_temporary(file: &Path) -> bool {
    let random = file.file_name().and_then(|name| name.to_str()?.strip_prefix(TEMPORARY));
    random.is_some_and(|it| it.len() == 16 && it.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// All that stands in a folder; links are not followed.
fn present(folder: &Path) -> io::Result<BTreeMap<PathBuf, Kind>> {
    fn add(folder: &Path, below: &Path, found: &mut BTreeMap<PathBuf, Kind>) -> io::Result<()> {
        for entry in fs::read_dir(folder.join(below))? {
            let entry = entry?;
            let path = below.join(entry.file_name());
            let kind = entry.file_type()?;
            if kind.is_dir() {
                // What nobody may look into holds nothing of floe's.
                match add(folder, &path, found) {
                    Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
                    result => result?,
                }
                found.insert(path, Kind::Folder);
            } else {
                found.insert(path, if kind.is_file() { Kind::File } else { Kind::Other });
            }
        }
        Ok(())
    }
    let mut found = BTreeMap::new();
    add(folder, Path::new(""), &mut found)?;
    Ok(found)
}
