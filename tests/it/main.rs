//! The one integration binary: what floe promises, checked from outside.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test may fail loudly, and reads its environment and files"
)]

mod architecture;
mod bad_input;
mod cli;
mod cluster;
#[cfg(feature = "cluster")]
mod cluster_commands;
mod cluster_stand_in;
mod dice;
mod dist;
mod documentation;
mod examples;
mod forgery;
mod hosts;
mod json_schema;
mod krm;
mod laws;
mod links;
mod network_audit;
mod network_audit_others;
mod network_check_cni;
mod network_commands;
mod network_connections;
mod network_explain;
mod network_judges;
mod network_round_trip;
mod network_tables;
mod network_validate;
mod other_policies;
mod placement;
mod pod_security_fixtures;
mod pod_security_judges;
mod pods_check;
mod reports;
mod requirements;
mod result_folders;
mod run_log;
#[path = "../../src/skipped.rs"]
mod skipped;
mod stream_judge;
mod support;
mod told_changes;
mod unreadable;
mod workloads;
mod yaml_laws;
