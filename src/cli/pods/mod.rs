//! `floe pods`: what will become of pods.

mod check;

use clap::{Args, Subcommand};

use super::error::CliError;
use super::exit::Exit;
use super::options::LoggingArgs;
use check::CheckArgs;
pub(super) use check::cluster_version;

/// Arguments of `floe pods`.
#[derive(Debug, Args)]
pub(super) struct PodsArgs {
    #[command(subcommand)]
    command: PodsCommand,
}

#[derive(Debug, Subcommand)]
enum PodsCommand {
    /// Judge every pod and pod template by the Pod Security Standards, as the API server will judge the pods
    Check(Box<CheckArgs>),
}

/// Runs a command of `floe pods`.
pub(super) fn run(arguments: &PodsArgs, logging: &LoggingArgs) -> Result<Exit, CliError> {
    match &arguments.command {
        PodsCommand::Check(arguments) => check::run(arguments, logging),
    }
}
