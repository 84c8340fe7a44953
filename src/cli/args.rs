use clap::{Parser, Subcommand};

use super::compile::CompileArgs;
use super::completions::CompletionsArgs;
use super::deploy::DeployArgs;
use super::explain::ExplainArgs;
use super::man::ManArgs;
use super::network::NetworkArgs;
use super::pods::PodsArgs;
use super::render::RenderArgs;
use super::schema::SchemaArgs;

/// Makes rendered Kubernetes workloads secure, and touches nothing else.
#[derive(Debug, Parser)]
#[command(
    name = "floe",
    version,
    max_term_width = 100,
    args_conflicts_with_subcommands = true,
    long_about = "Reads rendered manifests from standard input and writes them, secured, to standard output.\n\n\
        The input is recognised by its content: a rendered Helm stream, any stream of YAML documents, or a KRM \
        ResourceList. floe appends NetworkPolicies and Namespaces with Pod Security labels, fills missing security \
        settings of pod templates, and adds a summary ConfigMap. Every other byte leaves as it came.",
    after_long_help = "Examples:\n  \
        helm template shop ./chart -n floe-jobs | floe --namespace floe-jobs\n  \
        helm install shop ./chart -n shop --post-renderer floe \\\n    \
        --post-renderer-args --namespace --post-renderer-args shop\n  \
        kustomize build overlays/prod | floe --config manifest.yaml\n  \
        kpt fn eval ./package --exec floe\n  \
        floe --dry-run -f rendered.yaml\n  \
        floe pods check -f manifests/ --enforce restricted:v1.34\n  \
        floe compile --config manifest.yaml -f rendered/\n  \
        floe network connections -f manifests/\n  \
        floe network diff config:manifest.yaml rendered/\n\n\
        Exit codes:\n  \
        0   done\n  \
        1   pods would be rejected at admission (the filter wrote nothing but, for a ResourceList, its items and \
        results), \
        `floe network diff`, `validate`, `audit` or `check-cni` found something, the connection that was asked about \
        is denied, or `floe deploy` met conflicts\n  \
        2   wrong usage or configuration\n  \
        3   the input cannot be processed, or a stream cannot be read or written\n  \
        4   the cluster cannot be reached, refuses, or shows only a part\n  \
        70  internal error: a result that could not be verified; nothing was written"
)]
pub(super) struct Args {
    /// What to do; without a command, `render`.
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    /// Arguments of `render`.
    #[command(flatten)]
    pub(super) render: RenderArgs,
}

impl Args {
    pub(super) fn active_render(&self) -> &RenderArgs {
        match &self.command {
            Some(Command::Render(render)) => render,
            _ => &self.render,
        }
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Secure manifests: standard input to standard output (the default)
    Render(RenderArgs),
    /// Judge pods as the API server will, and change nothing
    Pods(PodsArgs),
    /// Write policies, Namespaces and hardened manifests below a folder
    Compile(Box<CompileArgs>),
    /// Secure manifests and apply them to a cluster
    Deploy(Box<DeployArgs>),
    /// Make, check, explain and compare network policies
    Network(NetworkArgs),
    /// Say what a check is about and how to satisfy it
    Explain(ExplainArgs),
    /// Print the JSON Schema of the configuration
    Schema(SchemaArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Print the manual page, or write all pages to a folder
    Man(ManArgs),
}
