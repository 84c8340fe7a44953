//! The one integration binary: what floe promises, checked from outside.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a test may fail loudly, and reads its environment and files"
)]

mod hosts;
mod pod_security_fixtures;
mod support;
mod workloads;
mod yaml_laws;
