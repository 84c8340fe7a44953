use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::input::Source;
use crate::cli::manifests::{frame_all, read_manifests, snapshot};
use crate::cli::{configuration, write};
use crate::config::Config;
use crate::plan::{Snapshot, compare};
use crate::reachability::IpBlockReach;
use crate::report::{write_comparison_json, write_comparison_markdown, write_comparison_text};

/// The prefix of a side that is what a configuration wants.
const CONFIG: &str = "config:";

/// Arguments of `floe network diff`.
#[derive(Debug, Args)]
#[command(
    long_about = "Compares two sets of policies: first who may talk to whom, then the policies themselves. Each side is a \
        folder, a file, `-` for standard input, or `config:manifest.yaml` for what a configuration wants.\n\n\
        Connections are those among the pods of both sides and addresses outside; a side without any pods has those of \
        the other. Where no pod is there that policies would tell apart, one is made up: `shop/[pods with app=web]`, \
        `shop/[other pods]`, `[other namespaces]/[other pods]`. Policies that mean the same in other words are equal.",
    after_long_help = "Examples:\n  \
        floe network diff before/ after/\n  \
        kubectl get networkpolicies,pods,namespaces,services -A -o yaml | floe network diff config:manifest.yaml -\n\n\
        Exit codes:\n  \
        0   no difference\n  \
        1   a difference\n  \
        2   wrong usage or configuration\n  \
        3   a side cannot be read\n  \
        70  internal error"
)]
pub(super) struct DiffArgs {
    /// What was: a folder, a file, `-`, or `config:FILE`
    #[arg(value_name = "A")]
    before: String,

    /// What is: a folder, a file, `-`, or `config:FILE`
    #[arg(value_name = "B")]
    after: String,

    /// What a document without metadata.namespace means
    #[arg(short, long, value_name = "NAMESPACE", env = "FLOE_NAMESPACE")]
    namespace: Option<String>,

    /// Whether `ipBlock` matches the addresses of pods: plugins differ
    #[arg(long, value_name = "WHETHER", value_enum, default_value_t = Answer::No)]
    ipblock_matches_pods: Answer,

    /// Form of the differences
    #[arg(short, long, value_name = "FORM", value_enum, default_value_t = Form::Text)]
    output: Form,
}

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Answer {
    /// As Calico does
    Yes,
    /// As Cilium does
    No,
}

/// Forms of the differences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people
    Text,
    /// One JSON document
    Json,
    /// Markdown
    Md,
}

/// One side, read.
enum Side {
    /// Objects.
    Objects(Vec<Source>),
    /// What a configuration wants.
    Configured(Box<Config>),
}

impl Side {
    fn read(argument: &str) -> Result<Self, CliError> {
        match argument.strip_prefix(CONFIG) {
            Some(file) => {
                let file = Some(Path::new(file)).filter(|file| !file.as_os_str().is_empty());
                configuration::of_files(file).map(Box::new).map(Self::Configured)
            }
            None => read_manifests(&[PathBuf::from(argument)]).map(Self::Objects),
        }
    }

    /// The objects of it; for a configuration those that the other side brings.
    fn found(&self, config: &Config, home: Option<&str>) -> Result<Option<Snapshot>, CliError> {
        match self {
            Self::Configured(_) => Ok(None),
            Self::Objects(sources) => snapshot(sources, &frame_all(sources), config, home).map(Some),
        }
    }

    fn complete(&self, found: Option<Snapshot>, other: &Snapshot) -> Result<Snapshot, CliError> {
        match self {
            Self::Objects(_) => Ok(found.unwrap_or_default()),
            Self::Configured(config) => {
                other.as_configured(config).map_err(|error| CliError::Internal(error.to_string()))
            }
        }
    }
}

/// Compares two sides: to standard output.
pub(super) fn run(arguments: &DiffArgs) -> Result<Exit, CliError> {
    if [&arguments.before, &arguments.after].iter().all(|side| *side == "-") {
        return Err(CliError::Usage("standard input can be one side only".to_owned()));
    }
    let (before, after) = (Side::read(&arguments.before)?, Side::read(&arguments.after)?);
    let config = match (&before, &after) {
        (Side::Configured(config), _) | (_, Side::Configured(config)) => (**config).clone(),
        _ => Config::default(),
    };
    let given = arguments.namespace.clone().filter(|namespace| !namespace.is_empty());
    let home = given.or_else(|| config.release_namespace.clone());
    let [old, new] = [before.found(&config, home.as_deref())?, after.found(&config, home.as_deref())?];
    let nothing = Snapshot::default();
    let completed_old = before.complete(old.clone(), new.as_ref().unwrap_or(&nothing))?;
    let completed_new = after.complete(new, old.as_ref().unwrap_or(&nothing))?;
    let reach = match arguments.ipblock_matches_pods {
        Answer::Yes => IpBlockReach::PodsToo,
        Answer::No => IpBlockReach::OutsideOnly,
    };
    let comparison = compare(&completed_old, &completed_new, reach, &config.network.cluster_cidrs);
    write::stdout(|out| match arguments.output {
        Form::Text => write_comparison_text(&comparison, out),
        Form::Json => write_comparison_json(&comparison, out),
        Form::Md => write_comparison_markdown(&comparison, out),
    })?;
    Ok(if comparison.is_empty() { Exit::Done } else { Exit::Findings })
}
