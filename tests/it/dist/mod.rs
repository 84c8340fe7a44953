//! What is released: the archive of `make dist`, the versions that have to agree, and the workflow of a release.

mod archive;
mod notes;
mod resolve;
mod versions;
mod workflows;

use std::fs;

use crate::support::project;

/// A file of the project.
fn text(path: &str) -> String {
    fs::read_to_string(project().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
