//! The laws of the YAML core, on generated documents and on real ones.
//!
//! `FLOE_FUZZ_CASES` multiplies the number of generated cases.

mod choices;
mod document;
mod emitted;
mod generated;
mod laws;
mod mutated;
mod patch;
mod real;
mod scalars;
