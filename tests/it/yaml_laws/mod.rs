//! The laws of the YAML core, on generated documents and on real ones.
//!
//! `FLOE_FUZZ_CASES` multiplies the number of generated cases.

#![allow(
    clippy::string_slice,
    clippy::format_push_string,
    reason = "generators build texts of small parts, and a wrong slice is a failure like any other"
)]

mod choices;
mod document;
mod emitted;
mod generated;
mod laws;
mod mutated;
mod patch;
mod real;
mod scalars;
