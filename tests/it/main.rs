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
mod json_schema;
mod pod_security_fixtures;
mod pods_check;
mod support;
mod yaml_laws;
