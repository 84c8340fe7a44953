use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use crate::config::Conflicts;
use crate::object::name::is_dns_label;
use crate::plan::Part;

use super::audit::AuditArgs;
use super::compile::CompileArgs;
use super::completions::CompletionsArgs;
use super::deploy::DeployArgs;
use super::explain::ExplainArgs;
use super::man::ManArgs;
use super::network::NetworkArgs;
use super::pods::PodsArgs;
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
        helm install shop ./chart --post-renderer floe\n  \
        kustomize build overlays/prod | floe --config manifest.yaml\n  \
        kpt fn eval ./package --exec floe\n  \
        floe --dry-run -f rendered.yaml\n  \
        floe pods check -f manifests/ --enforce restricted:v1.34\n  \
        floe compile --config manifest.yaml -f rendered/\n  \
        floe network connections -f manifests/\n  \
        floe network diff config:manifest.yaml rendered/\n\n\
        Exit codes:\n  \
        0   done\n  \
        1   pods would be rejected at admission (the filter wrote nothing but, for a ResourceList, its items and results), \
        `floe network diff`, `validate`, `audit` or `check-cni` found something, the connection that was asked about is \
        denied, or `floe deploy` met conflicts\n  \
        2   wrong usage or configuration\n  \
        3   the input cannot be processed, or a stream cannot be read or written\n  \
        4   the cluster cannot be reached, refuses, or shows only a part\n  \
        70  internal error: a result that could not be verified; nothing was written"
)]
pub struct Args {
    /// What to do; without a command, `render`.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Arguments of `render`.
    #[command(flatten)]
    pub render: RenderArgs,
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
pub enum Command {
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

/// Arguments of the filter.
#[derive(Debug, ClapArgs)]
pub struct RenderArgs {
    /// Read manifests from FILE instead of standard input; `-` is standard input
    #[arg(short, long, value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// Configuration: a floe Manifest
    ///
    /// The functionConfig of a ResourceList comes before it. Without both: ./manifest.yaml if that is a floe Manifest,
    /// then the built-in defaults.
    #[arg(short, long, value_name = "FILE", env = "FLOE_CONFIG", value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub config: Option<PathBuf>,

    /// What a document without metadata.namespace means: the namespace of the release
    ///
    /// Helm does not tell a post-renderer. Without it: `ARGOCD_APP_NAMESPACE`, then `security.release_namespace`, then
    /// the one namespace that all other documents name.
    #[arg(short, long, value_name = "NAMESPACE", env = "FLOE_NAMESPACE", value_parser = namespace)]
    pub namespace: Option<String>,

    /// Do only these parts, separated by commas
    #[arg(long, value_name = "PART", value_delimiter = ',', value_enum)]
    pub only: Vec<PartArg>,

    /// What to do about pods that violate the level of their namespace even after patching
    #[arg(long, value_name = "HOW", value_enum)]
    pub conflicts: Option<ConflictsArg>,

    /// Accept an empty input; writes one comment line, because hosts take an empty output for "delete everything"
    #[arg(long)]
    pub allow_empty: bool,

    /// Write a plan instead of the result: what would be added and patched
    #[arg(long)]
    pub dry_run: bool,

    /// Form of the plan; a diff where standard output is a terminal
    #[arg(short, long, value_name = "FORM", value_enum, requires = "dry_run")]
    pub output: Option<PlanForm>,

    /// The audit trail.
    #[command(flatten)]
    pub audit: AuditArgs,

    /// How to log.
    #[command(flatten)]
    pub logging: LoggingArgs,
}

/// The name of a namespace; empty counts as not given, because that is how scripts leave a variable out.
fn namespace(text: &str) -> Result<String, String> {
    if text.is_empty() || is_dns_label(text, 63) {
        return Ok(text.to_owned());
    }
    Err("a namespace has at most 63 lower-case letters, digits and `-`, beginning and ending with a letter or a digit"
        .to_owned())
}

/// How messages go to standard error.
#[derive(Debug, Clone, ClapArgs)]
pub struct LoggingArgs {
    /// Say more: -v what was done, -vv how, -vvv everything
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub verbose: u8,

    /// Form of messages on standard error
    #[arg(long, value_name = "FORM", value_enum, default_value_t = LogFormat::Text, global = true)]
    pub log_format: LogFormat,
}

/// A part, as the command line names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PartArg {
    /// Pod Security labels of Namespaces
    Namespaces,
    /// NetworkPolicies
    Network,
    /// Security settings of pod templates
    Pods,
    /// The summary ConfigMap
    Summary,
}

impl From<PartArg> for Part {
    fn from(part: PartArg) -> Self {
        match part {
            PartArg::Namespaces => Self::Namespaces,
            PartArg::Network => Self::Network,
            PartArg::Pods => Self::Pods,
            PartArg::Summary => Self::Summary,
        }
    }
}

/// What to do about violations, as the command line names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ConflictsArg {
    /// Exit with 1 and write nothing
    Fail,
    /// Report them and go on
    Warn,
}

impl From<ConflictsArg> for Conflicts {
    fn from(conflicts: ConflictsArg) -> Self {
        match conflicts {
            ConflictsArg::Fail => Self::Fail,
            ConflictsArg::Warn => Self::Warn,
        }
    }
}

/// Forms of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlanForm {
    /// One line for each change
    Plan,
    /// A unified diff
    Diff,
}

/// Forms of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}
