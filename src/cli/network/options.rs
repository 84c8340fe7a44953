//! Options that several commands take.

use clap::ValueEnum;

use crate::cni::{Profile, plugin};
use crate::finding::Severity;

/// The least severity with which a command fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    /// Errors
    Error,
    /// Warnings as well
    Warning,
}

impl FailOn {
    /// Whether so many findings of each severity are a failure.
    pub(super) fn fails(self, count: impl Fn(Severity) -> usize) -> bool {
        count(Severity::Error) > 0 || self == Self::Warning && count(Severity::Warning) > 0
    }
}

/// Parses the name of a network plugin.
pub(super) fn known_plugin(name: &str) -> Result<&'static Profile, String> {
    plugin(name).map_err(|error| error.to_string())
}
