//! Which hosts ran floe, in which version: the records of which the table of `docs/hosts.md` is made.
//!
//! A test in which a host starts floe says so with [`tested`]. `make test` lets the tests write to the file that
//! `FLOE_TESTED` names, and then compares the page with it, by the one test here that is ignored otherwise.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use regex::Regex;

use crate::documentation::{block, write_block};
use crate::examples::updates;
use crate::support::{pins, project, skip, test_name};

/// Where the table stands.
const PAGE: &str = "docs/hosts.md";

/// A way in which floe is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Host {
    Helm3,
    Helm4,
    KustomizeExec,
    KustomizeContainer,
    KubectlContainer,
    KubectlLegacy,
    KptExec,
    KptContainer,
    ArgoCd,
    Ci,
    PreCommit,
    Helmfile,
    Flux,
    Podman,
    Docker,
}

impl Host {
    /// What the table calls it: the host, and how it starts floe.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Helm3 => ("Helm 3", "`--post-renderer`, or a pipe"),
            Self::Helm4 => ("Helm 4", "a plugin, `postrenderer/v1`"),
            Self::KustomizeExec => ("Kustomize", "an exec function"),
            Self::KustomizeContainer => ("Kustomize", "a container function"),
            Self::KubectlContainer => ("kubectl", "a container function"),
            Self::KubectlLegacy => ("kubectl", "a legacy exec plugin"),
            Self::KptExec => ("kpt", "an exec function"),
            Self::KptContainer => ("kpt", "a container function"),
            Self::ArgoCd => ("Argo CD", "a config management plugin"),
            Self::Ci => ("bash", "the steps of a workflow for GitHub Actions"),
            Self::PreCommit => ("pre-commit", "hooks of this repository"),
            Self::Helmfile => ("helmfile", "`postRenderer`"),
            Self::Flux => ("Flux (`fluxcd/pkg/kustomize`)", "before the commit; this builds the result"),
            Self::Podman => ("podman", "the image, by runc"),
            Self::Docker => ("Docker", "the image, by its daemon"),
        }
    }
}

/// The arguments with which a program prints its version.
fn asks_version(name: &str) -> &'static [&'static str] {
    match name {
        "kubectl" => &["version", "--client"],
        "kpt" | "kustomize" => &["version"],
        _ => &["--version"],
    }
}

/// The module of the host that a tool of this project is made of; others are the host.
fn hosts_module(tool: &str) -> Option<&'static str> {
    match tool {
        "cmpserver" => Some("github.com/argoproj/argo-cd/v3"),
        "fluxbuild" => Some("github.com/fluxcd/pkg/kustomize"),
        _ => None,
    }
}

/// The version of a program. Programs that are built from their modules may know half of it only; their build tells.
fn version(program: &Path) -> String {
    static KNOWN: Mutex<BTreeMap<PathBuf, String>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let name = program.file_name().unwrap().to_str().unwrap();
    let ask = || {
        if pins(name) {
            let built = Command::new("go").args(["version", "-m"]).arg(program).output().unwrap();
            let built = String::from_utf8_lossy(&built.stdout).into_owned();
            let module = hosts_module(name).map_or_else(|| "\tmod\t".to_owned(), |module| format!("\tdep\t{module}\t"));
            let version =
                built.lines().find_map(|line| line.strip_prefix(&module)?.split('\t').find(|it| it.starts_with('v')));
            if let Some(version) = version {
                return version.to_owned();
            }
        }
        let question = asks_version(name.split('.').next().unwrap());
        let output = Command::new(program).args(question).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let version = Regex::new(r"v?\d+\.\d+(\.\d+)?(-(alpha|beta|rc)\.\d+)?").unwrap();
        version
            .find(&said)
            .unwrap_or_else(|| panic!("{}: no version in {said:?}", program.display()))
            .as_str()
            .to_owned()
    };
    known.entry(program.to_owned()).or_insert_with(ask).clone()
}

/// Records that in the running test a host, which is this program, starts floe.
pub(super) fn tested(host: Host, program: &Path) {
    let Some(records) = env::var_os("FLOE_TESTED") else { return };
    let (name, way) = host.words();
    let test = test_name();
    let file = test.strip_prefix("hosts::").unwrap_or(&test).split("::").next().unwrap().to_owned();
    let pinned = pins(program.file_name().unwrap().to_str().unwrap());
    let line = format!("{name}\t{way}\t{}\t{pinned}\t{file}\n", version(program).trim_start_matches('v'));
    // One write of one short line in append mode: tests do not mix theirs.
    let mut records = fs::File::options().append(true).create(true).open(records).unwrap();
    records.write_all(line.as_bytes()).unwrap();
}

/// What the records say of one way.
#[derive(Default)]
struct Row {
    versions: BTreeSet<String>,
    /// Whether this project says which version.
    is_pinned: bool,
    files: BTreeSet<String>,
}

/// A test that ran some of the hosts only can say nothing of the table, so `make test` runs this one after all others.
#[test]
#[ignore = "make test runs it last"]
fn the_page_has_the_table_of_tested_hosts() {
    let records = env::var_os("FLOE_TESTED").and_then(|file| fs::read_to_string(file).ok());
    let Some(records) = records else { return skip(&test_name(), "FLOE_TESTED names no records") };
    let mut rows: BTreeMap<(String, &str, &str), Row> = BTreeMap::new();
    for line in records.lines() {
        let [name, way, version, pinned, file] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line:?}") };
        let row = rows.entry((name.to_lowercase(), name, way)).or_default();
        row.versions.insert(version.to_owned());
        row.is_pinned = pinned == "true";
        let is_folder = project().join("tests/it/hosts").join(file).is_dir();
        let path = if is_folder { format!("{file}/mod.rs") } else { format!("{file}.rs") };
        row.files.insert(format!("[{file}](../tests/it/hosts/{path})"));
    }
    let joined = |set: &BTreeSet<String>| set.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let mut table = "| Host | Version | How floe is started | Tests |\n|---|---|---|---|\n".to_owned();
    for ((_, name, way), row) in &rows {
        writeln!(table, "| {name} | {} | {way} | {} |", joined(&row.versions), joined(&row.files)).unwrap();
    }
    if updates() {
        return write_block(PAGE, "hosts", &table);
    }
    // A program that this project does not pin may have another version here, or be missing, which its tests have said.
    let cells = |line: &str| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let shown: Vec<Vec<String>> = block(PAGE, "hosts").lines().map(cells).collect();
    for ((_, name, way), row) in &rows {
        let Some(found) = shown.iter().find(|cells| cells[0] == *name && cells[2] == *way) else {
            panic!("the table of {PAGE} lacks {name}, {way} (INSTA_UPDATE=always make test writes it):\n{table}");
        };
        if found[1] != joined(&row.versions) {
            assert!(!row.is_pinned, "the table of {PAGE} has another version of {name}:\n{table}");
            eprintln!("{name} is tested in {}; {PAGE} says {}", joined(&row.versions), found[1]);
        }
    }
}
