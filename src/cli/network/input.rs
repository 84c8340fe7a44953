use std::io;
use std::path::PathBuf;

use clap::Args;

use crate::cli::error::CliError;
use crate::cli::input::{self, Source};
pub(super) use crate::cli::log::note;
use crate::cli::options::{LoggingArgs, NamespaceArgs};
use crate::cli::{configuration, manifests, write};
use crate::config::Config;
use crate::report::NamedText;
use crate::snapshot::Snapshot;
use crate::stream::Stream;

/// What the commands read.
#[derive(Debug, Args)]
pub(super) struct InputArgs {
    /// Read manifests from FILE, from every *.yaml, *.yml and *.json below a folder, or from standard input (`-`)
    #[arg(short, long, value_name = "FILE|DIR|-")]
    file: Vec<PathBuf>,

    /// Configuration: a floe Manifest; its cluster ranges, ingress controller and workloads count here
    ///
    /// Without it: the functionConfig of a ResourceList, then ./manifest.yaml if that is a floe Manifest, then the
    /// built-in defaults.
    #[arg(short, long, value_name = "FILE", env = "FLOE_CONFIG")]
    config: Option<PathBuf>,

    /// What documents without a namespace mean.
    #[command(flatten)]
    namespace: NamespaceArgs,
}

impl InputArgs {
    /// Reads the input of a command, which its words name.
    pub(super) fn sources(&self, command: &'static [&'static str]) -> Result<Vec<Source>, CliError> {
        let Some(sources) = input::read_all(&self.file)? else {
            return Err(CliError::NothingToRead(command));
        };
        manifests::require_text(&sources, &self.file)?;
        Ok(sources)
    }

    /// The configuration and what the input holds.
    pub(super) fn snapshot(
        &self,
        sources: &[Source],
        streams: &[Stream<'_>],
        logging: &LoggingArgs,
    ) -> Result<(Config, Snapshot), CliError> {
        let config = manifests::configuration_of(sources, streams, self.config.as_deref())?;
        let given = self.namespace.given();
        let home = given.or_else(configuration::argocd_namespace).or_else(|| config.release_namespace.clone());
        let snapshot = manifests::snapshot(sources, streams, &config, home.as_deref())?;
        if snapshot.pods.is_empty() && snapshot.finished == 0 {
            note("the input has no pods and no workloads, so there are no connections", logging);
        }
        if snapshot.defaulted > 0 {
            note(&manifests::defaulted("objects", snapshot.defaulted, "-n"), logging);
        }
        Ok((config, snapshot))
    }
}

/// Writes a report to standard output. That its reader has seen enough (`| head`) is no failure: nothing was changed
/// that could be half done.
pub(super) fn print(write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> Result<(), CliError> {
    match write::stdout(write) {
        Err(CliError::Write { source, .. }) if source.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

pub(super) fn named_texts(sources: &[Source]) -> Vec<NamedText<'_>> {
    sources.iter().map(|source| NamedText { name: &source.name, text: &source.text }).collect()
}
