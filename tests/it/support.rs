//! Where tests find the data and the tools, and how they say that they were skipped.
//!
//! - `FLOE_TEST_DATA`: a folder of real charts and reference cases; without it the tests that need it are skipped.
//! - `FLOE_TOOLS`: the folder of the pinned Go tools; `tests/tools/bin` without it.
//! - `FLOE_SKIPPED`: a file that gets one line per skipped test, because cargo hides the output of tests that pass.

use std::env;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

use serde_json::Value;

/// Reports that `what` was not tested.
pub(crate) fn skip(what: &str, why: &str) {
    let line = format!("skipped: {what}: {why}\n");
    eprint!("{line}");
    if let Some(file) = env::var_os("FLOE_SKIPPED") {
        // One write of one short line in append mode: tests of several processes do not mix theirs.
        let mut file = fs::File::options().append(true).create(true).open(file).unwrap();
        file.write_all(line.as_bytes()).unwrap();
    }
}

/// The running test's name; libtest names the thread after it.
fn test_name() -> String {
    thread::current().name().unwrap_or("a test").to_owned()
}

/// The folder of test data, or `None` after reporting the skip.
pub(crate) fn data_dir() -> Option<PathBuf> {
    let Some(dir) = env::var_os("FLOE_TEST_DATA").filter(|dir| !dir.is_empty()) else {
        skip(&test_name(), "FLOE_TEST_DATA is not set");
        return None;
    };
    let dir = PathBuf::from(dir);
    assert!(dir.is_dir(), "FLOE_TEST_DATA is not a folder: {}", dir.display());
    Some(dir)
}

/// The path of a program that tests run (a pinned tool, else one on `PATH`), or `None` after reporting the skip.
pub(crate) fn tool(name: &str) -> Option<PathBuf> {
    let pinned = env::var_os("FLOE_TOOLS").map_or_else(|| project().join("tests/tools/bin"), PathBuf::from).join(name);
    // Tools that the project pins never come from `PATH`: another program may have the name.
    let pins = project().join("tests/tools").join(name).is_dir();
    let found = if pins || pinned.is_file() {
        Some(pinned).filter(|path| path.is_file())
    } else {
        let path = env::var_os("PATH").unwrap_or_default();
        env::split_paths(&path).map(|dir| dir.join(name)).find(|path| path.is_file())
    };
    if found.is_none() {
        let why = if pins { "is not built (make tools)" } else { "is not installed" };
        skip(&test_name(), &format!("{name} {why}"));
    }
    found
}

/// The project's root.
pub(crate) fn project() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
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
