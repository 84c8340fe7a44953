//! The rules of ARCHITECTURE.md that a compiler does not know: who may import whom, how long files are, what modules
//! are called, and that every exception from a lint says why.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{files_below, project};

/// Modules from the bottom up: one may import those of the rows above its own, and no other.
pub(crate) const LAYERS: [&[&str]; 11] = [
    &["text"],
    &["stream", "yaml"],
    &["object"],
    &["config", "finding"],
    &["cni", "document", "reachability"],
    &["network_policy", "pod_security", "snapshot"],
    &["plan"],
    &["verdict"],
    &["audit", "cluster"],
    &["report"],
    &["cli"],
];

/// Lines of code, without tests, that a file may have.
const MAX_LINES: usize = 600;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 7] = ["common", "helper", "helpers", "misc", "types", "util", "utils"];

/// A Rust file below a folder of the project.
pub(crate) struct SourceFile {
    /// Relative to that folder.
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

impl SourceFile {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// Names of the modules from the crate down to this file.
    fn module(&self) -> Vec<&str> {
        let parts = self.path.with_extension("");
        let depth = parts.iter().filter(|part| !matches!(part.to_str(), Some("mod" | "lib" | "main"))).count();
        self.path.iter().take(depth).filter_map(|part| Path::new(part).file_stem()?.to_str()).collect()
    }

    /// The folder in which the files of this module's children are.
    fn children(&self) -> PathBuf {
        self.module().iter().collect()
    }

    /// Lines with their number of inline test modules around them: none or one.
    fn lines(&self) -> impl Iterator<Item = (&str, usize)> {
        let mut cfg_test = false;
        let mut inside = false;
        self.text.lines().map(move |line| {
            inside |= cfg_test && line.starts_with("mod ") && line.ends_with('{');
            cfg_test = line == "#[cfg(test)]";
            let depth = usize::from(inside || cfg_test);
            inside &= line != "}";
            (line, depth)
        })
    }

    /// Modules declared for tests only, in files of their own.
    fn test_modules(&self) -> Vec<PathBuf> {
        let declared = self.text.split("#[cfg(test)]\nmod ").skip(1);
        let names = declared.filter_map(|rest| rest.lines().next()?.strip_suffix(';'));
        names.map(|name| self.children().join(name)).collect()
    }

    /// First names of the paths that start at the crate, with the number of the line.
    fn imports(&self) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        let depth = self.module().len();
        for (number, (line, inline)) in self.lines().enumerate().filter(|(_, (line, _))| !is_comment(line)) {
            for rest in line.split("crate::").skip(1) {
                // `use crate::{` may go on in the next lines.
                let group: String = match rest.strip_prefix('{') {
                    Some(_) => self.text.lines().skip(number).collect::<Vec<_>>().join(" "),
                    None => rest.to_owned(),
                };
                found.extend(first_names(&group, rest.starts_with('{')).into_iter().map(|name| (number + 1, name)));
            }
            // As many `super::` as there are modules lead to the crate as well.
            if let Some((_, rest)) = line.split_once(&"super::".repeat(depth + inline)).filter(|_| depth > 0) {
                found.extend(first_names(rest, false).into_iter().map(|name| (number + 1, name)));
            }
        }
        found
    }
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

/// The name that a path begins with, or the names that a group in braces begins with.
fn first_names(rest: &str, is_group: bool) -> Vec<String> {
    let word = |text: &str| -> String { text.chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect() };
    if !is_group {
        return vec![word(rest)];
    }
    let group = rest.split_once("crate::{").map_or("", |(_, group)| group);
    let mut depth = 0_usize;
    let mut names = vec![String::new()];
    for character in group.chars() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(String::new()),
            _ if depth == 0 => names.last_mut().unwrap().push(character),
            _ => {}
        }
    }
    names.iter().map(|name| word(name.trim())).filter(|name| !name.is_empty()).collect()
}

/// Every Rust file below a folder of the project, sorted.
pub(crate) fn sources(folder: &str) -> Vec<SourceFile> {
    let root = project().join(folder);
    let paths = files_below(&root).into_iter().filter(|path| path.extension().is_some_and(|it| it == "rs"));
    let files: Vec<SourceFile> = paths
        .map(|path| {
            let text = fs::read_to_string(root.join(&path)).unwrap();
            SourceFile { path, text }
        })
        .collect();
    assert!(!files.is_empty(), "{folder} holds no sources");
    files
}

#[test]
fn imports_point_down() {
    let layer = |module: &str| LAYERS.iter().position(|modules| modules.contains(&module));
    let mut against = Vec::new();
    let mut edges = BTreeSet::new();
    for file in sources("src") {
        let Some(from) = file.module().first().map(|module| (*module).to_owned()) else { continue };
        for (line, to) in file.imports() {
            // A macro of the crate, or the module itself.
            let Some(to_layer) = layer(&to).filter(|_| to != from) else { continue };
            let from_layer = layer(&from).unwrap_or_else(|| panic!("{from} is in no layer"));
            if to_layer >= from_layer {
                against.push(format!("src/{}:{line}: {from} imports {to}", file.name()));
            }
            edges.insert((from.clone(), to));
        }
    }
    assert!(edges.len() > 15, "the test sees too few imports to be of use: {edges:?}");
    assert!(against.is_empty(), "against the layers of ARCHITECTURE.md:\n{}", against.join("\n"));
}

#[test]
fn every_module_has_a_layer() {
    let lib = fs::read_to_string(project().join("src/lib.rs")).unwrap();
    let declared = lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let layered: BTreeSet<&str> = LAYERS.iter().flat_map(|modules| modules.iter().copied()).collect();
    assert_eq!(declared.collect::<BTreeSet<_>>(), layered);
}

#[test]
fn finds_imports_in_every_form() {
    let text = "use crate::{\n    a::{b, c},\n    d,\n};\n// use crate::e;\nfn f(x: crate::g::X) -> super::h::Y {}\n\
                #[cfg(test)]\nmod tests {\n    use super::super::i;\n    use super::j;\n}\n";
    let file = SourceFile { path: PathBuf::from("x.rs"), text: text.to_owned() };
    let names: Vec<String> = file.imports().into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["a", "d", "g", "h", "i"]);
    assert_eq!(file.lines().filter(|(_, depth)| *depth == 0).count(), 6);
}

#[test]
fn files_stay_short() {
    let files = sources("src");
    let tests: Vec<PathBuf> = files.iter().flat_map(SourceFile::test_modules).collect();
    let is_test = |path: &Path| tests.iter().any(|test| path.starts_with(test) || path.with_extension("") == *test);
    let lengths: BTreeMap<String, usize> = files
        .iter()
        .filter(|file| !is_test(&file.path))
        .map(|file| (file.name(), file.lines().filter(|(_, depth)| *depth == 0).count()))
        .collect();
    let long: Vec<_> = lengths.iter().filter(|(_, length)| **length > MAX_LINES).collect();
    assert!(long.is_empty(), "more than {MAX_LINES} lines without tests: {long:?}");
}

#[test]
fn modules_say_what_is_inside() {
    for file in sources("src") {
        let module = file.module();
        let empty = module.iter().find(|name| EMPTY_NAMES.contains(name));
        assert!(empty.is_none(), "src/{} says nothing about what is inside", file.name());
    }
}

#[test]
fn exceptions_from_lints_have_a_reason() {
    for folder in ["src", "tests", "benches"] {
        for file in sources(folder) {
            for attribute in ["#[allow", "#![allow", "#[expect", "#![expect"] {
                for rest in file.text.split(&format!("{attribute}(")).skip(1) {
                    let (arguments, _) = rest.split_once(")]").unwrap_or((rest, ""));
                    assert!(
                        arguments.contains("reason = \""),
                        "{folder}/{}: {attribute}({arguments}) has no reason",
                        file.name()
                    );
                }
            }
        }
    }
}
