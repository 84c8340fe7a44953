//! What commands read that work on a configuration and, if there are any, manifests.

use std::path::{Path, PathBuf};

use clap::Args;

use super::error::CliError;
use super::input::{self, Source};
use super::options::{LoggingArgs, NamespaceArgs};
use super::{configuration, findings};
use crate::config::Config;
use crate::document::Error;
use crate::finding::{Finding, Severity};
use crate::object::Workloads;
use crate::plan::resource_list;
use crate::report::{Input, NamedText};
use crate::snapshot::Snapshot;
use crate::stream::{self, Stream};

/// Where configuration and manifests come from.
#[derive(Debug, Args)]
pub(super) struct ManifestArgs {
    /// Configuration: a floe Manifest
    ///
    /// Without it: ./manifest.yaml if that is a floe Manifest, then the built-in defaults.
    #[arg(short, long, value_name = "FILE", env = "FLOE_CONFIG")]
    pub(super) config: Option<PathBuf>,

    /// A data product (`floe.yaml`): what its compute targets and plugins need is added
    #[arg(long, value_name = "FILE")]
    pub(super) product: Vec<PathBuf>,

    /// Manifests of the release: a file, every *.yaml, *.yml and *.json below a folder, or standard input (`-`). Their
    /// Services and pods narrow the policies. Without it what comes through a pipe
    #[arg(short, long, value_name = "FILE|DIR|-")]
    pub(super) file: Vec<PathBuf>,

    /// What documents without a namespace mean.
    #[command(flatten)]
    pub(super) namespace: NamespaceArgs,
}

impl ManifestArgs {
    /// The configuration with its data products.
    pub(super) fn config(&self) -> Result<Config, CliError> {
        let mut config = configuration::of_files(self.config.as_deref())?;
        configuration::add_products(&mut config, &self.product)?;
        Ok(config)
    }

    /// The manifests; none if none are named and none come through a pipe.
    pub(super) fn sources(&self) -> Result<Vec<Source>, CliError> {
        if self.file.is_empty() {
            return Ok(input::given()?.into_iter().collect());
        }
        read_manifests(&self.file)
    }

    /// What a document without a namespace means.
    pub(super) fn home(&self, config: &Config) -> Option<String> {
        let given = self.namespace.given();
        given.or_else(configuration::argocd_namespace).or_else(|| config.release_namespace.clone())
    }
}

/// Reads manifests that were asked for: there must be something in them.
pub(super) fn read_manifests(files: &[PathBuf]) -> Result<Vec<Source>, CliError> {
    let sources = input::read_all(files)?;
    let sources = sources.ok_or_else(|| CliError::Nothing("standard input is a terminal".to_owned()))?;
    require_text(&sources, files)?;
    Ok(sources)
}

/// Fails if there is nothing in what was read; `files` are the names that were given, none for standard input.
pub(super) fn require_text(sources: &[Source], files: &[PathBuf]) -> Result<(), CliError> {
    let is_blank = |source: &Source| source.text.trim_start_matches('\u{feff}').trim().is_empty();
    if sources.iter().any(|source| !is_blank(source)) {
        return Ok(());
    }
    let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    let what = if names.is_empty() { "standard input".to_owned() } else { names.join(", ") };
    Err(CliError::Nothing(format!("{what} is empty")))
}

/// The streams of some texts.
pub(super) fn frame_all(sources: &[Source]) -> Vec<Stream<'_>> {
    stream::frame_all(sources.iter().map(|source| source.text.as_str()))
}

/// Takes a snapshot of texts.
pub(super) fn snapshot(
    sources: &[Source],
    streams: &[Stream<'_>],
    config: &Config,
    home: Option<&str>,
) -> Result<Snapshot, CliError> {
    let workloads = Workloads::new(&config.pod_security.workloads);
    Snapshot::take(streams, &workloads, home).map_err(|error| of_source(error, sources))
}

/// Gives an error of one of the streams the text that it points into.
pub(super) fn of_source(error: Error, sources: &[Source]) -> CliError {
    let source = match &error {
        Error::Input(problem) => sources.get(problem.location.stream),
        Error::Internal(_) => None,
    };
    match source {
        Some(source) => CliError::of_plan(error, &source.name, &source.text),
        None => CliError::Internal(error.to_string()),
    }
}

/// The texts as reports name them.
pub(super) fn inputs(sources: &[Source]) -> Vec<Input<'_>> {
    sources
        .iter()
        .map(|Source { name, is_file, text }| match is_file {
            true => Input::file(name, text),
            false => Input::stream(name, text),
        })
        .collect()
}

/// The configuration of the first `ResourceList`, or that of a file.
pub(super) fn configuration_of(
    sources: &[Source],
    streams: &[Stream<'_>],
    file: Option<&Path>,
) -> Result<Config, CliError> {
    for (source, stream) in sources.iter().zip(streams) {
        if let Some(Ok(list)) = resource_list(stream) {
            return configuration::find(Some(&list), source, file);
        }
    }
    configuration::of_files(file)
}

/// Says on standard error what a user should know of flows; notes only with `-v`.
pub(super) fn tell(found: &[Finding], sources: &[Source], logging: &LoggingArgs) {
    for finding in found.iter().filter(|finding| logging.verbose > 0 || finding.severity != Severity::Info) {
        let source = finding.location.as_ref().and_then(|it| sources.get(it.stream));
        let (name, text) = source.map_or(("", ""), |source| (source.name.as_str(), source.text.as_str()));
        findings::tell(finding, NamedText { name, text }, logging);
    }
}

/// What to say of objects that name no namespace, where nothing says better; `option` is the one that does.
pub(super) fn defaulted(what: &str, number: usize, option: &str) -> String {
    let (what, were) = if number == 1 { (what.trim_end_matches('s'), "was") } else { (what, "were") };
    format!("{number} {what} without a namespace {were} taken for `default` ({option} says otherwise)")
}
