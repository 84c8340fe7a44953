//! `floe network`: policies, and what they mean.

mod audit;
mod check_cni;
mod connections;
mod diff;
mod explain;
mod generate;
mod input;
mod live;
mod options;
mod validate;

use clap::{Args, Subcommand};

use super::error::CliError;
use super::exit::Exit;
use super::options::LoggingArgs;
use audit::AuditArgs;
use check_cni::CheckCniArgs;
use connections::ConnectionsArgs;
use diff::DiffArgs;
use explain::ExplainArgs;
use generate::GenerateArgs;
pub(super) use generate::{LayoutArg, network_folder, policy_actions, write_fates};
use validate::ValidateArgs;

/// Arguments of `floe network`.
#[derive(Debug, Args)]
pub(super) struct NetworkArgs {
    #[command(subcommand)]
    command: NetworkCommand,
}

#[derive(Debug, Subcommand)]
enum NetworkCommand {
    /// Write the NetworkPolicies that the configuration wants, and nothing else
    Generate(Box<GenerateArgs>),
    /// Find what policies leave open, and who reaches whom
    Audit(Box<AuditArgs>),
    /// Say which network plugin a cluster has, and whether it enforces policies
    CheckCni(Box<CheckCniArgs>),
    /// Show what changes between two sets of policies: who may talk to whom, then the policies themselves
    Diff(Box<DiffArgs>),
    /// List who may talk to whom, and on which ports
    Connections(Box<ConnectionsArgs>),
    /// Say why two workloads may or may not talk: each policy and rule with its place
    Explain(Box<ExplainArgs>),
    /// Judge NetworkPolicies: valid, as configured, and the same on every plugin
    Validate(Box<ValidateArgs>),
}

/// Runs a command of `floe network`.
pub(super) fn run(arguments: &NetworkArgs, logging: &LoggingArgs) -> Result<Exit, CliError> {
    match &arguments.command {
        NetworkCommand::Generate(arguments) => generate::run(arguments, logging),
        NetworkCommand::Audit(arguments) => audit::run(arguments, logging),
        NetworkCommand::CheckCni(arguments) => check_cni::run(arguments, logging),
        NetworkCommand::Diff(arguments) => diff::run(arguments, logging),
        NetworkCommand::Connections(arguments) => connections::run(arguments, logging),
        NetworkCommand::Explain(arguments) => explain::run(arguments, logging),
        NetworkCommand::Validate(arguments) => validate::run(arguments, logging),
    }
}
