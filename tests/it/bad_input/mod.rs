//! Bad input: a clear error with an exit code, nothing lost, never a panic.

mod bombs;
mod configuration;
mod lists;
mod streams;
mod text;

use crate::support::{Ran, run};

/// A Deployment that floe hardens, with a place for more lines in its pod.
fn deployment(more: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: floe-jobs}}\n\
         spec:\n  template:\n    spec:\n\
         \x20     containers:\n      - name: web\n        image: web:1\n{more}"
    )
}

/// Checks that the input is refused: an input error, nothing on standard output, and a first line with these words.
fn assert_refused(input: impl Into<Vec<u8>>, arguments: &[&str], words: &[&str]) -> Ran {
    let ran = run(arguments, input);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert_eq!(ran.stdout, "", "a refused input must leave nothing on standard output");
    assert_words(&ran, words);
    ran
}

/// Checks the first line of standard error, which is all that some hosts show.
fn assert_words(ran: &Ran, words: &[&str]) {
    for word in words {
        assert!(ran.headline().contains(word), "no `{word}` in the first line of:\n{}", ran.stderr);
    }
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
}

/// Checks that the input leaves as it came, byte for byte.
fn assert_passes(input: &str, arguments: &[&str]) {
    let ran = run(arguments, input);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout == input, "changed:\n{}", ran.stdout);
}
