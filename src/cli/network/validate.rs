use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::input::note;
use super::live;
use super::options::{FailOn, known_plugin};
use crate::cli::cluster::AccessArgs;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::input::{self, Source};
use crate::cli::options::{LoggingArgs, NamespaceArgs};
use crate::cli::{configuration, log, manifests, write};
use crate::cni::Profile;
use crate::config::Config;
use crate::finding::Page;
use crate::network_policy::lint_pages;
use crate::object::Inventory;
use crate::plan::{self, DECLARED_FLOW_CLOSED, generate, policy_stream, resource_list};
use crate::report::{write_findings_json, write_findings_sarif, write_findings_text};
use crate::stream::frame;
use crate::verdict::{self, PLUGIN_DIFFERS, Validation, ValidationRequest, validate};

/// What people call the policies that no file holds.
const GENERATED: &str = "<generated>";

/// Arguments of `floe network validate`.
#[derive(Debug, Args)]
#[command(
    long_about = "Judges every NetworkPolicy of the input in three ways: would the API server take it, in the server's \
                  own \
        words; are the policies that floe made those that the configuration wants, and does another one open more; \
        does it mean the same on the network plugin, or on all of them.\n\n\
        With --cluster a live cluster is asked as well: its plugin, and its API server, which changes nothing.\n\n\
        Without files and without anything in a pipe, the policies that the configuration wants are judged.",
    after_long_help = "Examples:\n  \
        floe network validate --config manifest.yaml -f rendered/ --cni cilium\n  \
        floe network validate -f rendered/ --cluster --context prod\n  \
        helm template shop ./chart | floe network validate -o sarif\n\n\
        Exit codes:\n  \
        0   no errors\n  \
        1   errors, or warnings with --fail-on warning\n  \
        2   wrong usage or configuration\n  \
        3   the input cannot be read or processed\n  \
        4   with --cluster: the cluster cannot be reached or refuses, or shows only a part\n  \
        70  internal error"
)]
pub(super) struct ValidateArgs {
    /// Read manifests from FILE, from every *.yaml, *.yml and *.json below a folder, or from standard input (`-`)
    #[arg(short, long, value_name = "FILE|DIR|-")]
    file: Vec<PathBuf>,

    /// Files and folders, without `-f`: as pre-commit gives them
    #[arg(value_name = "FILE", conflicts_with = "file")]
    files: Vec<PathBuf>,

    /// Configuration: a floe Manifest
    ///
    /// Without it: the functionConfig of a ResourceList, then ./manifest.yaml if that is a floe Manifest. Without any,
    /// the policies of the input are not compared with a configuration.
    #[arg(short, long, value_name = "FILE", env = "FLOE_CONFIG")]
    config: Option<PathBuf>,

    /// A data product's floe.yaml, whose compute targets and plugins need traffic
    #[arg(long, value_name = "FILE")]
    product: Vec<PathBuf>,

    /// The network plugin of the cluster; without it, what differs between plugins is told for all
    #[arg(long, value_name = "NAME", value_parser = known_plugin)]
    cni: Option<&'static Profile>,

    /// Judge for a live cluster too: what its network plugin makes of the policies, and whether its API server takes
    /// them
    ///
    /// Each policy is given to the server as a dry run, which needs the right to patch it and stores nothing. --cni has
    /// to name the plugin that is there.
    #[arg(long)]
    cluster: bool,

    /// What documents without a namespace mean.
    #[command(flatten)]
    namespace: NamespaceArgs,

    /// The least severe finding that makes the run fail
    #[arg(long, value_name = "SEVERITY", value_enum, default_value_t = FailOn::Error)]
    fail_on: FailOn,

    /// Form of the findings
    #[arg(short, long, value_name = "FORM", value_enum, default_value_t = Form::Text)]
    output: Form,

    #[command(flatten)]
    access: AccessArgs,
}

/// Forms of the findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people
    Text,
    /// One JSON document
    Json,
    /// A SARIF 2.1.0 log
    Sarif,
}

/// Validates policies: files or standard input to standard output.
pub(super) fn run(arguments: &ValidateArgs, logging: &LoggingArgs) -> Result<Exit, CliError> {
    let files = if arguments.file.is_empty() { &arguments.files } else { &arguments.file };
    let mut sources = match files.as_slice() {
        [] => input::given()?.into_iter().collect(),
        files => manifests::read_manifests(files)?,
    };
    let is_read = !sources.is_empty();
    let mut config = find_configuration(arguments, &sources)?;
    if let Some(config) = &mut config {
        configuration::add_products(config, &arguments.product)?;
    }
    let is_given = config.is_some() && is_read;
    if config.is_none() && !is_read {
        return Err(CliError::Nothing("neither manifests nor a configuration are given".to_owned()));
    }
    let config = config.unwrap_or_default();
    if !is_read {
        note("no manifests are given, so the policies that the configuration wants are judged", logging);
        sources.push(generated(&config)?);
    }
    let streams = manifests::frame_all(&sources);
    let given = arguments.namespace.given();
    let request = ValidationRequest {
        namespace: given.or_else(configuration::argocd_namespace),
        plugin: arguments.cni,
        enforcers: None,
        compare: is_given,
    };
    let judge = |request: &ValidationRequest| {
        validate(&streams, &config, request).map_err(|error| manifests::of_source(error, &sources))
    };
    let (validation, is_all) = if arguments.cluster {
        let home = request.namespace.clone().or_else(|| config.release_namespace.clone());
        live::validate(&arguments.access, request, &streams, home, judge, logging)?
    } else {
        (judge(&request)?, true)
    };
    write_report(&validation, arguments.output, &sources)?;
    Ok(match (arguments.fail_on.fails(|severity| validation.count(severity)), is_all) {
        (true, _) => Exit::Findings,
        (false, true) => Exit::Done,
        // What could not be seen may enforce nothing.
        (false, false) => Exit::Cluster,
    })
}

/// The configuration of the first `ResourceList`, or that of a file; absent if there is none, and none is needed.
fn find_configuration(arguments: &ValidateArgs, sources: &[Source]) -> Result<Option<Config>, CliError> {
    let file = arguments.config.as_deref();
    for source in sources {
        let stream = frame(&source.text);
        if let Some(Ok(list)) = resource_list(&stream)
            && list.function_config().is_some()
        {
            return configuration::find(Some(&list), source, file).map(Some);
        }
    }
    if arguments.product.is_empty() && !configuration::is_given(file) {
        return Ok(None);
    }
    configuration::of_files(file).map(Some)
}

/// The policies that a configuration wants, as a text to point into.
fn generated(config: &Config) -> Result<Source, CliError> {
    let generated = generate(config, &Inventory::default()).map_err(|error| CliError::of_plan(error, GENERATED, ""))?;
    Ok(Source { name: GENERATED.to_owned(), is_file: false, text: policy_stream(&generated.policies) })
}

fn write_report(validation: &Validation, form: Form, sources: &[Source]) -> Result<(), CliError> {
    let inputs = manifests::inputs(sources);
    write::stdout(|out| match form {
        Form::Text => write_findings_text(validation, &inputs, &log::painter_for_stdout(), out),
        Form::Json => write_findings_json(validation, &inputs, out),
        Form::Sarif => write_findings_sarif(validation, &inputs, &rules(), out),
    })
}

/// The rules of a SARIF log: those on policies, and those on the comparison with the configuration.
fn rules() -> Vec<Page> {
    let own = plan::PAGES.iter().chain(verdict::PAGES).copied();
    let own =
        own.filter(|page| page.id.0.starts_with("polic") || [PLUGIN_DIFFERS, DECLARED_FLOW_CLOSED].contains(&page.id));
    own.chain(lint_pages()).collect()
}
