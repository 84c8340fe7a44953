//! The file in a folder that says what floe wrote there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Its name.
pub(super) const LIST: &str = ".floe";

/// Digests of the files that an earlier run wrote, by path below the folder as the list writes it. While a folder is
/// written file by file the list names what was there and what comes, so there may be two of one file.
#[derive(Debug, Default)]
pub(super) struct List(BTreeMap<String, BTreeSet<String>>);

impl List {
    /// Reads a list; absent if the text is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut entries = BTreeMap::<_, BTreeSet<_>>::new();
        for line in text.lines() {
            let (digest, path) = line.split_once(' ')?;
            let is_digest = digest.len() == 32 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
            if !is_digest {
                return None;
            }
            entries.entry(path.to_owned()).or_default().insert(digest.to_owned());
        }
        Some(Self(entries))
    }

    /// Adds what is written to a file.
    pub(super) fn add(&mut self, path: &Path, content: &[u8]) {
        self.0.entry(written(path)).or_default().insert(digest(content));
    }

    /// Adds what another list has.
    pub(super) fn add_all(&mut self, other: &Self) {
        for (path, digests) in &other.0 {
            self.0.entry(path.clone()).or_default().extend(digests.iter().cloned());
        }
    }

    /// Whether a file is listed, whatever is in it.
    pub(super) fn names(&self, path: &Path) -> bool {
        self.0.contains_key(&written(path))
    }

    /// Whether a file is as floe wrote it.
    pub(super) fn wrote(&self, path: &Path, content: &[u8]) -> bool {
        self.0.get(&written(path)).is_some_and(|digests| digests.contains(&digest(content)))
    }

    pub(super) fn text(&self) -> String {
        let lines = self.0.iter().flat_map(|(path, digests)| digests.iter().map(move |it| format!("{it} {path}\n")));
        lines.collect()
    }
}

/// A path on one line, whatever is in it.
fn written(path: &Path) -> String {
    let Some(text) = path.to_str().filter(|text| !text.contains(|it: char| it.is_control() || it == '\\')) else {
        return path.as_os_str().as_encoded_bytes().escape_ascii().to_string();
    };
    text.to_owned()
}

pub(super) fn digest(content: &[u8]) -> String {
    format!("{:032x}", twox_hash::XxHash3_128::oneshot(content))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_adds_no_line() {
        let mut list = List::default();
        let path = Path::new("a\n00000000000000000000000000000000 b");
        list.add(path, b"");
        assert_eq!(list.text().lines().count(), 1);
        let read = List::parse(&list.text()).unwrap();
        assert!(read.wrote(path, b"") && !read.wrote(path, b"x") && !read.names(Path::new("b")));
        assert!(List::parse("my notes\n").is_none());
    }
}
