//! What is released: the archive of `make dist`, the versions that have to agree, and the workflow of a release.

mod archive;
mod notes;
mod resolve;
mod versions;
mod workflows;
