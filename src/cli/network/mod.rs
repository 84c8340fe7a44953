//! `floe network`: policies, and what they mean.

mod validate;

use clap::{Args, Subcommand};

use super::args::LoggingArgs;
use super::error::CliError;
use super::exit::Exit;
use validate::ValidateArgs;

/// Arguments of `floe network`.
#[derive(Debug, Args)]
pub struct NetworkArgs {
    #[command(subcommand)]
    command: NetworkCommand,
}

#[derive(Debug, Subcommand)]
enum NetworkCommand {
    /// Judge NetworkPolicies: valid, as configured, and the same on every plugin
    Validate(Box<ValidateArgs>),
}

/// Runs a command of `floe network`.
pub(super) fn run(arguments: &NetworkArgs, logging: &LoggingArgs) -> Result<Exit, CliError> {
    match &arguments.command {
        NetworkCommand::Validate(arguments) => validate::run(arguments, logging),
    }
}
