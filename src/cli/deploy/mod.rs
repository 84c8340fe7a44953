//! `floe deploy`: what the filter makes of manifests, into the cluster.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::cluster::AccessArgs;
use super::error::CliError;
use super::exit::Exit;
use super::options::{LoggingArgs, NamespaceArgs, ProductArgs};
use super::run_log::RunLogArgs;

/// Arguments of `floe deploy`.
#[derive(Debug, Args)]
#[command(
    long_about = "Secures manifests as the filter does, and applies the result to a cluster: Namespaces first, then \
                  the \
        policies that allow, then those that only deny, then the workloads, so that nothing that must work is cut off \
        in between and no pod runs unprotected (docs/deploy-order.md). Without manifests: Namespaces, policies and the \
        summary. Policies are narrowed to the pods behind the Services of the manifests and of the cluster.\n\n\
        Objects are applied by server-side apply as the field manager `floe`. A field that somebody else has set \
        differently is a conflict, named with its owner, and nothing of the later steps is applied. A run that was \
        interrupted can be repeated. Deploys of one installation that would apply different objects come one after the \
        other: a Lease in the namespace of the summary keeps them apart. Helm hooks are left out: only Helm runs them.\n\n\
        Where the network plugin does not enforce policies, that is said, and the summary says `unenforced`.",
    after_long_help = "Examples:\n  \
        helm template shop ./chart -n floe-jobs | floe deploy -f - --dry-run=server\n  \
        floe deploy --config manifest.yaml -f rendered.yaml --prune --wait\n\n\
        Exit codes:\n  \
        0   deployed\n  \
        1   pods violate Pod Security, fields conflict, the server refuses an object, or --wait ran out of time\n  \
        2   wrong usage or configuration\n  \
        3   the input cannot be processed\n  \
        4   the cluster cannot be reached, or refuses\n  \
        70  internal error"
)]
pub(super) struct DeployArgs {
    /// Rendered manifests; `-` is standard input
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,

    /// Configuration: a floe Manifest
    ///
    /// Without it: ./manifest.yaml if that is a floe Manifest, then the built-in defaults.
    #[arg(short, long, value_name = "FILE", env = "FLOE_CONFIG")]
    config: Option<PathBuf>,

    #[command(flatten)]
    products: ProductArgs,

    /// What documents without a namespace mean.
    #[command(flatten)]
    namespace: NamespaceArgs,

    /// Change nothing: client asks the cluster nothing; server lets it judge every object
    #[arg(long, value_name = "BY", value_enum, default_value_t = DryRun::None)]
    dry_run: DryRun,

    /// Delete policies and summaries that an earlier run for the same summary has applied and that are no longer wanted
    ///
    /// A namespace that left the configuration keeps its default-deny, with a warning: without it its pods would be open
    /// to everything.
    #[arg(long)]
    prune: bool,

    /// Wait until workloads are rolled out
    #[arg(long)]
    wait: bool,

    /// How long --wait waits, and how long to wait for another deploy of the same installation to end
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = super::cluster::time)]
    timeout: Duration,

    /// Take fields over that somebody else has set differently
    #[arg(long)]
    force_conflicts: bool,

    #[command(flatten)]
    cluster: AccessArgs,

    #[command(flatten)]
    audit: RunLogArgs,
}

/// Who answers in place of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DryRun {
    /// Nobody: it is done
    None,
    /// floe: what would be applied, in order
    Client,
    /// The cluster: as it would admit it
    Server,
}

#[cfg(feature = "cluster")]
mod progress;
#[cfg(feature = "cluster")]
mod rollout;
#[cfg(feature = "cluster")]
mod surroundings;
#[cfg(feature = "cluster")]
mod turn;

/// Deploys.
#[cfg(feature = "cluster")]
pub(super) fn run(arguments: &DeployArgs, logging: &LoggingArgs) -> Result<Exit, CliError> {
    rollout::run(arguments, logging)
}

/// Says that there is no client.
#[cfg(not(feature = "cluster"))]
pub(super) fn run(_: &DeployArgs, _: &LoggingArgs) -> Result<Exit, CliError> {
    Err(CliError::WithoutCluster("`floe deploy`"))
}
