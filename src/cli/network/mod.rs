//! `floe network`: policies, and what they mean.

mod diff;
mod generate;

use clap::{Args, Subcommand};

use super::args::LoggingArgs;
use super::error::CliError;
use super::exit::Exit;
use diff::DiffArgs;
use generate::GenerateArgs;
pub(super) use generate::{LayoutArg, network_folder, policy_actions, write_fates};

/// Arguments of `floe network`.
#[derive(Debug, Args)]
pub struct NetworkArgs {
    #[command(subcommand)]
    command: NetworkCommand,
}

#[derive(Debug, Subcommand)]
enum NetworkCommand {
    /// Write the NetworkPolicies that the configuration wants, and nothing else
    Generate(Box<GenerateArgs>),
    /// Show what changes between two sets of policies: who may talk to whom, then the policies themselves
    Diff(Box<DiffArgs>),
}

/// Runs a command of `floe network`.
pub(super) fn run(arguments: &NetworkArgs, logging: &LoggingArgs) -> Result<Exit, CliError> {
    match &arguments.command {
        NetworkCommand::Generate(arguments) => generate::run(arguments, logging),
        NetworkCommand::Diff(arguments) => diff::run(arguments, logging),
    }
}
