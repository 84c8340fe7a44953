//! Where tests find the binary, the data and the tools, and how they say that they were skipped.
//!
//! A test asks for what it needs ([`tool`], [`data_dir`]) and ends if that is not there, so all tests run everywhere,
//! and the list of the skipped ones says what was not looked at. `make test` and `make check` set the environment:
//! - `FLOE_TEST_DATA`: a folder of real charts and reference cases; without it the tests that need it are skipped.
//! - `FLOE_TOOLS`: the folder of the pinned tools; `tests/tools/bin` without it. An empty value means that tests are to
//!   do with Rust and what every system has: neither those tools are used nor the hosts that are installed.
//! - `FLOE_SKIPPED`: a file that gets one line per skipped test, because cargo hides the output of tests that pass.
//! - `FLOE_TESTED`: a file that gets one line for each host that a test ran floe in (`hosts/tested.rs`).
//! - `FLOE_BIN`: another binary to test in place of the one that cargo built.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::SystemTime;

use serde_json::Value;
use tempfile::TempDir;

pub(crate) use crate::skipped::{data_dir, skip, test_name};

/// Hosts that a machine may have installed. Other programs that tests find on `PATH` are those of every system.
const INSTALLED_HOSTS: [&str; 6] = ["docker", "dockerd", "kpt", "kubectl", "podman", "runc"];

/// The path of a program that tests run (a pinned tool, else one on `PATH`), or `None` after reporting the skip.
pub(crate) fn tool(name: &str) -> Option<PathBuf> {
    let tools = env::var_os("FLOE_TOOLS").map_or_else(|| project().join("tests/tools/bin"), PathBuf::from);
    let pinned_here = pins(name);
    if tools.as_os_str().is_empty() && (pinned_here || INSTALLED_HOSTS.contains(&name)) {
        skip(&test_name(), &format!("{name} is not used (FLOE_TOOLS is empty, as make check sets it)"));
        return None;
    }
    let pinned = tools.join(name);
    let found = if pinned_here {
        Some(pinned).filter(|path| path.is_file())
    } else {
        let path = env::var_os("PATH").unwrap_or_default();
        env::split_paths(&path).map(|dir| dir.join(name)).find(|path| path.is_file())
    };
    if found.is_none() {
        let why = if pinned_here { "is not built (make tools)" } else { "is not installed" };
        skip(&test_name(), &format!("{name} {why}"));
    }
    found
}

/// Whether the project pins a tool. Such a one never comes from `PATH`: another program may have the name.
pub(crate) fn pins(name: &str) -> bool {
    project().join("tests/tools").join(name).is_dir()
}

/// The project's root.
pub(crate) fn project() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The text of a file of the project.
pub(crate) fn text(path: &str) -> String {
    fs::read_to_string(project().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The name that Go and images have for this machine's architecture.
pub(crate) fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// Why a file that is made by hand cannot stand for the files and folders of the project that it is made of, if it
/// cannot.
pub(crate) fn outdated(made: &Path, sources: &[&str], by: &str) -> Option<String> {
    let name = made.strip_prefix(project()).unwrap_or(made).display();
    let Ok(time) = fs::metadata(made).and_then(|file| file.modified()) else {
        return Some(format!("{name} is not made ({by})"));
    };
    let newer = sources.iter().find(|source| newest(&project().join(source)) > time)?;
    Some(format!("{name} is older than {newer} ({by})"))
}

/// When a file, or the last one below a folder, was changed.
fn newest(path: &Path) -> SystemTime {
    if !path.is_dir() {
        return fs::metadata(path).unwrap().modified().unwrap();
    }
    fs::read_dir(path).unwrap().map(|entry| newest(&entry.unwrap().path())).max().unwrap_or(SystemTime::UNIX_EPOCH)
}

/// The binary under test.
pub(crate) fn floe_path() -> PathBuf {
    env::var_os("FLOE_BIN").map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_floe")), PathBuf::from)
}

/// The binary under test as a command, without floe's own variables of the caller's environment.
pub(crate) fn floe() -> assert_cmd::Command {
    let mut command = assert_cmd::Command::new(floe_path());
    command.env_remove("FLOE_CONFIG").env_remove("FLOE_NAMESPACE").env_remove("ARGOCD_APP_NAMESPACE");
    command
}

/// How a run of the binary ended.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The exit code; absent if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// The first line of standard error: the only one that every host shows.
    pub(crate) fn headline(&self) -> &str {
        self.stderr.lines().next().unwrap_or_default()
    }
}

/// Runs the binary under test in an empty folder and waits for its end.
pub(crate) fn run(arguments: &[&str], input: impl Into<Vec<u8>>) -> Ran {
    let folder = TempDir::new().unwrap();
    run_with(floe().current_dir(folder.path()).args(arguments), input)
}

/// Runs a command and waits for its end; both of its streams have to be UTF-8.
pub(crate) fn run_with(command: &mut assert_cmd::Command, input: impl Into<Vec<u8>>) -> Ran {
    let output = command.write_stdin(input).output().unwrap();
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The first line of `before` that is not in `after`, in order. Lines between them are insertions.
pub(crate) fn lost_line<'t>(before: &'t str, after: &str) -> Option<&'t str> {
    let mut after = after.lines();
    before.lines().find(|line| !after.any(|other| other == *line))
}

/// A folder that holds the binary under test by its name, and a `PATH` that starts with it: hosts start floe by name.
pub(crate) struct OnPath {
    dir: TempDir,
}

impl OnPath {
    /// Links the binary under test as `floe`.
    pub(crate) fn new() -> Self {
        Self::with(&floe_path())
    }

    /// Links another program as `floe`.
    pub(crate) fn with(program: &Path) -> Self {
        let dir = TempDir::new().unwrap();
        symlink(program, dir.path().join("floe")).unwrap();
        Self { dir }
    }

    /// Adds a program under a name: what a host, or a command of an example, is to find first.
    pub(crate) fn link(self, name: &str, program: &Path) -> Self {
        symlink(program, self.dir.path().join(name)).unwrap();
        self
    }

    /// A command of a host that finds floe on its `PATH`.
    pub(crate) fn command(&self, host: &Path) -> assert_cmd::Command {
        let mut path = OsString::from(self.dir.path());
        path.push(":");
        path.push(env::var_os("PATH").unwrap_or_default());
        let mut command = assert_cmd::Command::new(host);
        command.env("PATH", path);
        command.env_remove("FLOE_CONFIG").env_remove("FLOE_NAMESPACE").env_remove("ARGOCD_APP_NAMESPACE");
        command
    }
}

/// A copy of `examples/<name>` that a test may change.
pub(crate) fn example_copy(name: &str) -> TempDir {
    let dir = TempDir::new().unwrap();
    copy_dir(&project().join("examples").join(name), dir.path());
    dir
}

fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_dir(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Paths of the files below `dir`, relative to it, sorted.
pub(crate) fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path.strip_prefix(dir).unwrap().to_owned());
            }
        }
    }
    files.sort();
    files
}

/// Every file below `dir` with its text, by path relative to `dir`, sorted.
pub(crate) fn snapshot(dir: &Path) -> Vec<(PathBuf, String)> {
    let read = |path: PathBuf| {
        let text = fs::read_to_string(dir.join(&path)).unwrap();
        (path, text)
    };
    files_below(dir).into_iter().map(read).collect()
}

/// Whether every value of `before` stands in `after` at its place; lists may have grown at the end, and nulls and empty
/// collections been filled.
pub(crate) fn only_adds(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Null, _) => true,
        (Value::Object(before), Value::Object(after)) => {
            before.iter().all(|(key, value)| after.get(key).is_some_and(|it| only_adds(value, it)))
        }
        (Value::Array(before), Value::Array(after)) => {
            before.len() <= after.len() && before.iter().zip(after).all(|(before, after)| only_adds(before, after))
        }
        _ => before == after,
    }
}

/// What Kubernetes makes of each document: its JSON value, or why it is refused. `None` after reporting the skip.
///
/// Each document is judged alone, by the tool `yamljudge`; of a text with several documents only the first is read.
pub(crate) fn judge<T: AsRef<[u8]>>(documents: &[T]) -> Option<Vec<Result<Value, String>>> {
    let yamljudge = tool("yamljudge")?;
    let mut input = Vec::new();
    for document in documents {
        let document = document.as_ref();
        input.extend_from_slice(format!("{}\n", document.len()).as_bytes());
        input.extend_from_slice(document);
    }
    let mut child = Command::new(yamljudge).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // The judge answers while it reads: one thread must write while this one reads.
    let writer = thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "yamljudge failed: {}", output.status);
    let verdicts: Vec<_> = output
        .stdout
        .split_inclusive(|&byte| byte == b'\n')
        .map(|line| {
            let mut line: Value = serde_json::from_slice(line).unwrap();
            match line.get_mut("ok") {
                Some(value) => Ok(value.take()),
                None => Err(line["error"].as_str().unwrap().to_owned()),
            }
        })
        .collect();
    assert_eq!(verdicts.len(), documents.len());
    Some(verdicts)
}

/// The documents of a stream as Kubernetes reads them, without the empty ones. `None` after reporting the skip.
///
/// Splits at lines that start with `---`, as Helm and kubectl do; fails when a document is not YAML.
pub(crate) fn documents(stream: &str) -> Option<Vec<Value>> {
    let mut texts = vec![String::new()];
    for line in stream.split_inclusive('\n') {
        if line.starts_with("---") {
            texts.push(String::new());
        } else {
            texts.last_mut().unwrap().push_str(line);
        }
    }
    let verdicts = judge(&texts)?;
    let values = verdicts.into_iter().zip(&texts).map(|(verdict, text)| match verdict {
        Ok(value) => value,
        Err(error) => panic!("not YAML: {error}\n{text}"),
    });
    Some(values.filter(|value| !value.is_null()).collect())
}

/// The judge reads what Helm rendered of real charts, and says no to what is not YAML.
#[test]
fn judge_reads_real_charts() {
    let (Some(data), Some(_)) = (data_dir(), tool("yamljudge")) else { return };
    let mut charts = snapshot(&data.join("charts"));
    assert!(charts.len() > 10);
    for (path, text) in &charts {
        assert!(!documents(text).unwrap().is_empty(), "{} is empty", path.display());
    }
    let (_, text) = charts.pop().unwrap();
    let verdicts = judge(&[text.as_str(), "a: [", "mode: 0644"]).unwrap();
    assert!(verdicts[0].is_ok() && verdicts[1].is_err());
    assert_eq!(verdicts[2], Ok(serde_json::json!({ "mode": 420 })));
}
