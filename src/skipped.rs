//! Where tests find their data, and the one list of those that were skipped: for the tests beside the code and, by
//! path, for `tests/it`.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests are told by the environment where their data is, and write down what they did not test"
)]

use std::env;
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::thread;

/// Reports that `what` was not tested, on standard error and in the file that `FLOE_SKIPPED` names.
pub(crate) fn skip(what: &str, why: &str) {
    let line = format!("skipped: {what}: {why}\n");
    eprint!("{line}");
    if let Some(file) = env::var_os("FLOE_SKIPPED").filter(|file| !file.is_empty()) {
        // One write of one short line in append mode: tests of several processes do not mix theirs.
        let mut file = File::options().append(true).create(true).open(file).unwrap();
        file.write_all(line.as_bytes()).unwrap();
    }
}

/// The running test's name; libtest names the thread after it.
pub(crate) fn test_name() -> String {
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
