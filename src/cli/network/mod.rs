//! `floe network`: who may talk to whom.

mod cluster;
mod connections;
mod explain;

use clap::{Args, Subcommand};

use super::args::LoggingArgs;
use super::error::CliError;
use super::exit::Exit;
use super::log;
use connections::ConnectionsArgs;
use explain::ExplainArgs;

/// Arguments of `floe network`.
#[derive(Debug, Args)]
pub struct NetworkArgs {
    #[command(subcommand)]
    command: NetworkCommand,
}

#[derive(Debug, Subcommand)]
enum NetworkCommand {
    /// List who may talk to whom, and on which ports
    Connections(Box<ConnectionsArgs>),
    /// Say why two workloads may or may not talk: each policy and rule with its place
    Explain(Box<ExplainArgs>),
}

/// Runs a command of `floe network`.
pub(super) fn run(arguments: &NetworkArgs, logging: &LoggingArgs) -> Result<Exit, CliError> {
    log::init(logging);
    match &arguments.command {
        NetworkCommand::Connections(arguments) => connections::run(arguments, logging),
        NetworkCommand::Explain(arguments) => explain::run(arguments, logging),
    }
}
