//! Options that several commands take. No command is known here.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

use crate::config::Conflicts;
use crate::object::name::is_dns_label;

/// Data products, whose needs are added to the configuration.
#[derive(Debug, Clone, Default, ClapArgs)]
pub(super) struct ProductArgs {
    /// A data product (`floe.yaml`): what its compute targets and plugins need is added to the configuration; may be given
    /// several times
    #[arg(long, value_name = "FILE")]
    pub(super) product: Vec<PathBuf>,
}

/// The namespace of documents that name none.
#[derive(Debug, Clone, ClapArgs)]
pub(super) struct NamespaceArgs {
    /// What a document without metadata.namespace means: the namespace of the release
    ///
    /// Helm does not tell a post-renderer. Without it: `ARGOCD_APP_NAMESPACE`, then `security.release_namespace`. Then
    /// the filter and `pods check` take the one namespace that all other documents name; what only looks takes
    /// `default`.
    #[arg(short, long, value_name = "NAMESPACE", env = "FLOE_NAMESPACE", value_parser = namespace)]
    namespace: Option<String>,
}

impl NamespaceArgs {
    /// The namespace, where one is given.
    pub(super) fn given(&self) -> Option<String> {
        given(self.namespace.as_ref())
    }
}

/// The value of an option, where it is given: an empty one is not.
pub(super) fn given(value: Option<&String>) -> Option<String> {
    value.filter(|value| !value.is_empty()).cloned()
}

/// The name of a namespace; empty counts as not given, because that is how scripts leave a variable out.
pub(super) fn namespace(text: &str) -> Result<String, String> {
    if text.is_empty() || is_dns_label(text, 63) {
        return Ok(text.to_owned());
    }
    Err("a namespace has at most 63 lower-case letters, digits and `-`, beginning and ending with a letter or a digit"
        .to_owned())
}

/// How messages go to standard error.
#[derive(Debug, Clone, ClapArgs)]
pub(super) struct LoggingArgs {
    /// Say more: -v what was done, -vv how, -vvv everything
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub(super) verbose: u8,

    /// Form of messages on standard error
    #[arg(long, value_name = "FORM", value_enum, default_value_t = LogFormat::Text, global = true)]
    pub(super) log_format: LogFormat,
}

/// Forms of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

/// What to do about violations, as the command line names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ConflictsArg {
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
