use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::input::note;
use crate::cli::cluster::AccessArgs;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::fetched::Live;
use crate::cli::input::Source;
use crate::cli::manifests::{defaulted, frame_all, read_manifests, snapshot};
use crate::cli::options::{LoggingArgs, NamespaceArgs, ProductArgs};
use crate::cli::{configuration, findings, write};
use crate::config::Config;
use crate::reachability::IpBlockReach;
use crate::report::{NamedText, write_comparison_json, write_comparison_markdown, write_comparison_text};
use crate::snapshot::{Comparison, Snapshot, compare};
use crate::verdict::{Drift, First, as_configured, drift, drift_from};

/// The prefix of a side that is what a configuration wants.
const CONFIG: &str = "config:";

/// The prefix of a side that is a live cluster.
const CLUSTER: &str = "cluster:";

/// Arguments of `floe network diff`.
#[derive(Debug, Args)]
#[command(
    long_about = "Compares two sets of policies: first who may talk to whom, then the policies themselves. Each side \
                  is a \
        folder, a file, `-` for standard input, `config:manifest.yaml` for what a configuration wants, or `cluster:` \
        (or `cluster:CONTEXT`) for what a cluster holds.\n\n\
        Connections are those among the pods of both sides and addresses outside; a side without any pods has those of \
        the other. Where no pod is there that policies would tell apart, one is made up: `shop/[pods with app=web]`, \
        `shop/[other pods]`, `[other namespaces]/[other pods]`. Policies that mean the same in other words are equal.\n\
        \n\
        Against a cluster only drift counts: what the server, Helm and Argo CD add does not, nor do other people's \
        policies, unless they open in a managed namespace what the configuration does not declare; these are named.",
    after_long_help = "Examples:\n  \
        floe network diff before/ after/\n  \
        kubectl get networkpolicies,pods,namespaces,services -A -o yaml | floe network diff config:manifest.yaml -\n  \
        floe network diff config:manifest.yaml cluster:\n\n\
        Exit codes:\n  \
        0   no difference\n  \
        1   a difference\n  \
        2   wrong usage or configuration\n  \
        3   a side cannot be read\n  \
        4   the cluster cannot be reached or refuses; or no difference in what the user may see, which is not all\n  \
        70  internal error"
)]
pub(super) struct DiffArgs {
    /// What was: a folder, a file, `-`, `config:FILE`, or `cluster:CONTEXT`
    #[arg(value_name = "A")]
    before: String,

    /// What is: a folder, a file, `-`, `config:FILE`, or `cluster:CONTEXT`
    #[arg(value_name = "B")]
    after: String,

    /// Data products, of every side `config:`.
    #[command(flatten)]
    products: ProductArgs,

    /// What documents without a namespace mean.
    #[command(flatten)]
    namespace: NamespaceArgs,

    /// Whether `ipBlock` matches the addresses of pods: plugins differ
    #[arg(long, value_name = "WHETHER", value_enum, default_value_t = Answer::No)]
    ipblock_matches_pods: Answer,

    /// Form of the differences
    #[arg(short, long, value_name = "FORM", value_enum, default_value_t = Form::Text)]
    output: Form,

    #[command(flatten)]
    cluster: AccessArgs,
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
    /// What a cluster holds; read once the configuration is known. Holds the context, if one is named.
    Cluster(Option<String>),
}

impl Side {
    fn read(argument: &str, products: &[PathBuf]) -> Result<Self, CliError> {
        if let Some(file) = argument.strip_prefix(CONFIG) {
            let file = Some(Path::new(file)).filter(|file| !file.as_os_str().is_empty());
            let mut config = configuration::of_files(file)?;
            configuration::add_products(&mut config, products)?;
            return Ok(Self::Configured(Box::new(config)));
        }
        if let Some(context) = argument.strip_prefix(CLUSTER) {
            return Ok(Self::Cluster(Some(context.to_owned()).filter(|context| !context.is_empty())));
        }
        read_manifests(&[PathBuf::from(argument)]).map(Self::Objects)
    }
}

/// What both sides are compared by.
struct Terms<'l> {
    logging: &'l LoggingArgs,
    config: Config,
    home: Option<String>,
    ip_blocks: IpBlockReach,
}

impl Terms<'_> {
    fn snapshot(&self, sources: &[Source]) -> Result<Snapshot, CliError> {
        let taken = snapshot(sources, &frame_all(sources), &self.config, self.home.as_deref())?;
        if taken.defaulted > 0 {
            note(&defaulted("objects", taken.defaulted, "-n"), self.logging);
        }
        Ok(taken)
    }

    fn configured(config: &Config, found: &Snapshot) -> Result<Snapshot, CliError> {
        as_configured(config, found).map_err(|error| CliError::Internal(error.to_string()))
    }

    fn compare(&self, before: &Snapshot, after: &Snapshot) -> Comparison {
        compare(before, after, self.ip_blocks, &self.config.network.cluster_cidrs)
    }

    /// A cluster against anything else.
    fn drift(&self, other: &Side, live: &Snapshot, first: First) -> Result<Drift, CliError> {
        match other {
            Side::Configured(config) => {
                drift(config, live, self.ip_blocks, first).map_err(|error| CliError::Internal(error.to_string()))
            }
            Side::Objects(sources) => {
                let written = self.snapshot(sources)?;
                Ok(drift_from(&written, live, self.ip_blocks, &self.config.network.cluster_cidrs, first))
            }
            Side::Cluster(_) => Err(CliError::Internal("two clusters are compared as objects".to_owned())),
        }
    }
}

/// Compares two sides: to standard output.
pub(super) fn run(arguments: &DiffArgs, logging: &LoggingArgs) -> Result<Exit, CliError> {
    if [&arguments.before, &arguments.after].iter().all(|side| *side == "-") {
        return Err(CliError::Usage("standard input can be one side only".to_owned()));
    }
    let products = &arguments.products.product;
    let (before, after) = (Side::read(&arguments.before, products)?, Side::read(&arguments.after, products)?);
    if !products.is_empty() && [&before, &after].iter().all(|side| !matches!(side, Side::Configured(_))) {
        return Err(CliError::Usage(
            "--product adds to a configuration: name it as a side, config:manifest.yaml".to_owned(),
        ));
    }
    let config = match (&before, &after) {
        (Side::Configured(config), _) | (_, Side::Configured(config)) => (**config).clone(),
        _ => Config::default(),
    };
    let given = arguments.namespace.given();
    let home = given.or_else(|| config.release_namespace.clone());
    let ip_blocks = match arguments.ipblock_matches_pods {
        Answer::Yes => IpBlockReach::PodsToo,
        Answer::No => IpBlockReach::OutsideOnly,
    };
    let terms = Terms { logging, config, home, ip_blocks };
    let mut seen_in_part = false;
    let mut live = |context: &Option<String>| -> Result<Snapshot, CliError> {
        let live: Live = arguments.cluster.network(context.as_deref(), &terms.config)?;
        live.tell_unseen(logging);
        seen_in_part |= !live.unseen.is_empty();
        terms.snapshot(&live.sources)
    };
    let nothing = Snapshot::default();
    let Drift { comparison, foreign } = match (&before, &after) {
        (Side::Cluster(one), Side::Cluster(other)) => {
            Drift { comparison: terms.compare(&live(one)?, &live(other)?), foreign: Vec::new() }
        }
        (expected, Side::Cluster(context)) => terms.drift(expected, &live(context)?, First::Expected)?,
        (Side::Cluster(context), expected) => terms.drift(expected, &live(context)?, First::Live)?,
        (Side::Objects(old), Side::Objects(new)) => {
            Drift { comparison: terms.compare(&terms.snapshot(old)?, &terms.snapshot(new)?), foreign: Vec::new() }
        }
        (Side::Configured(config), Side::Objects(new)) => {
            let new = terms.snapshot(new)?;
            Drift { comparison: terms.compare(&Terms::configured(config, &new)?, &new), foreign: Vec::new() }
        }
        (Side::Objects(old), Side::Configured(config)) => {
            let old = terms.snapshot(old)?;
            Drift { comparison: terms.compare(&old, &Terms::configured(config, &old)?), foreign: Vec::new() }
        }
        (Side::Configured(old), Side::Configured(new)) => {
            let (old, new) = (Terms::configured(old, &nothing)?, Terms::configured(new, &nothing)?);
            Drift { comparison: terms.compare(&old, &new), foreign: Vec::new() }
        }
    };
    write::stdout(|out| match arguments.output {
        Form::Text => write_comparison_text(&comparison, out),
        Form::Json => write_comparison_json(&comparison, out),
        Form::Md => write_comparison_markdown(&comparison, out),
    })?;
    if let Some(line) = &comparison.incomplete {
        note(line, logging);
    }
    for finding in &foreign {
        findings::tell(finding, NamedText { name: "", text: "" }, logging);
    }
    Ok(if !comparison.is_empty() {
        Exit::Findings
    } else if seen_in_part {
        Exit::Cluster
    } else {
        Exit::Done
    })
}
