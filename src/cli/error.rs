use std::{fmt, io};

use super::exit::Exit;
use super::log;
use super::options::{LogFormat, LoggingArgs};
use crate::document::{Error, Problem};
use crate::finding::{CheckId, Severity};
use crate::report::{NamedText, WithSource};
use crate::snapshot::NoSuchWorkload;
use crate::text::Span;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    /// A stream or file cannot be read.
    #[error("cannot read {what}: {source}")]
    Read { what: String, source: io::Error },
    /// A stream or file cannot be written.
    #[error("cannot write {what}: {source}")]
    Write { what: String, source: io::Error },
    /// A configuration file that was asked for cannot be used.
    #[error("cannot use the configuration: {0}")]
    ConfigurationFile(Box<CliError>),
    /// The input is no text.
    #[error("{name} is {message} (byte {offset})")]
    NotText { name: String, message: String, offset: usize },
    /// What was asked for cannot be done.
    #[error("{0}")]
    Usage(String),
    /// No input is named and standard input is a terminal: answered with the help of the command, which its words name.
    #[error("there is nothing to read: standard input is a terminal")]
    NothingToRead(&'static [&'static str]),
    /// There is nothing to do.
    #[error("the input is empty")]
    Empty,
    /// Nothing would be left of the input.
    #[error("the result is empty: all that the input holds was added by an earlier run, and is no longer wanted")]
    EmptyResult,
    /// There is nothing to judge.
    #[error("there is nothing to work on: {0}")]
    Nothing(String),
    /// A file that floe did not write stands where a result belongs.
    #[error("{0} was not written by floe, or was changed since, and stands where a result belongs")]
    InTheWay(String),
    /// Another run writes to the same place.
    #[error("another run of floe{holder} is writing to {folder}")]
    Busy { folder: String, holder: String },
    /// There is no page of that name.
    #[error("there is no check `{id}`")]
    NoSuchCheck { id: String, help: String },
    /// There is no workload of that name.
    #[error("the input has no workload `{wanted}`")]
    NoSuchWorkload { wanted: String, help: String },
    /// Nothing can be said about two ends of a connection.
    #[error("{0}")]
    Ends(String),
    /// The configuration is wrong.
    #[error("{0}")]
    Configuration(Box<Misconfiguration>),
    /// A cluster does not tell or do what was asked.
    #[cfg(feature = "cluster")]
    #[error("{message}")]
    Cluster {
        message: String,
        help: &'static str,
        /// Wrong usage where the kubeconfig is at fault.
        exit: Exit,
    },
    /// The program was built without the client.
    #[cfg(not(feature = "cluster"))]
    #[error("this floe was built without the feature `cluster`, which {0} needs")]
    WithoutCluster(&'static str),
    /// The input cannot be processed.
    #[error("{}", problem.message)]
    Input { name: String, text: String, problem: Box<Problem> },
    /// A result could not be verified.
    #[error("{0}; nothing was written; this is a bug of floe, please report it with the input")]
    Internal(String),
}

/// What is wrong with the configuration, and where.
#[derive(Debug)]
pub(super) struct Misconfiguration {
    /// The file, or what else the configuration stands in.
    pub(super) name: String,
    /// All of it.
    pub(super) text: String,
    pub(super) message: String,
    pub(super) span: Span,
    /// The field; empty for the whole.
    pub(super) label: String,
    pub(super) help: Option<String>,
}

impl fmt::Display for Misconfiguration {
    /// The field comes first: some hosts show one line only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let colon = if self.label.is_empty() { "" } else { ": " };
        write!(f, "{}{colon}{}", self.label, self.message)
    }
}

impl CliError {
    /// Gives an error of the core the text that it points into.
    pub(super) fn of_plan(error: Error, name: &str, text: &str) -> Self {
        match error {
            Error::Input(problem) => Self::Input { name: name.to_owned(), text: text.to_owned(), problem },
            Error::Internal(_) => Self::Internal(error.to_string()),
        }
    }

    /// Marks an error as one of the configuration, which has an exit code of its own.
    pub(super) fn of_configuration(error: Self) -> Self {
        Self::ConfigurationFile(Box::new(error))
    }

    /// Says which workload was most likely meant.
    pub(super) fn of_workload(error: NoSuchWorkload) -> Self {
        let meant = error.meant.map(|meant| format!("did you mean `{meant}`? ")).unwrap_or_default();
        let help = format!("{meant}a workload is NAMESPACE/NAME or NAMESPACE/NAME[Kind]");
        Self::NoSuchWorkload { wanted: error.wanted, help }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Usage(_)
            | Self::Configuration(_)
            | Self::ConfigurationFile(_)
            | Self::NoSuchCheck { .. }
            | Self::NoSuchWorkload { .. }
            | Self::Ends(_) => Exit::Usage,
            #[cfg(not(feature = "cluster"))]
            Self::WithoutCluster(_) => Exit::Usage,
            #[cfg(feature = "cluster")]
            Self::Cluster { exit, .. } => *exit,
            Self::Internal(_) => Exit::Internal,
            Self::Read { .. }
            | Self::Write { .. }
            | Self::NotText { .. }
            | Self::Empty
            | Self::EmptyResult
            | Self::Nothing(_)
            | Self::NothingToRead(_)
            | Self::InTheWay(_)
            | Self::Busy { .. }
            | Self::Input { .. } => Exit::Input,
        }
    }

    /// The rule under which the failure stands among the `results` of a list.
    pub(super) fn check(&self) -> CheckId {
        CheckId(match self {
            Self::Configuration(_) | Self::ConfigurationFile(_) => "configuration",
            Self::Internal(_) => "internal-error",
            _ => "input",
        })
    }

    pub(super) fn help(&self) -> Option<&str> {
        match self {
            Self::Empty => Some(
                "an empty result would make the host delete everything. Likely causes: `helm template --output-dir` \
                 (Helm \
                 3 gives its post-renderer nothing), a command before the pipe that failed (use `set -o pipefail`), or \
                 a chart that renders nothing (use --allow-empty)",
            ),
            Self::EmptyResult => {
                Some("hosts take an empty result for \"delete everything\"; to write it all the same: --allow-empty")
            }
            Self::Nothing(_) => Some(
                "did a command before the pipe fail (use `set -o pipefail`)? Of a folder *.yaml, *.yml and *.json are \
                 read",
            ),
            Self::InTheWay(_) => Some("nothing was written; move the file away, or choose another folder with --out"),
            Self::Busy { .. } => Some("nothing was written; wait for it, or choose another folder with --out"),
            #[cfg(feature = "cluster")]
            Self::Cluster { help, .. } => Some(help),
            #[cfg(not(feature = "cluster"))]
            Self::WithoutCluster(_) => Some("build it with default features: `cargo install --locked --path .`"),
            Self::NoSuchCheck { help, .. } | Self::NoSuchWorkload { help, .. } => Some(help),
            Self::Configuration(wrong) => wrong.help.as_deref(),
            Self::Input { problem, .. } => Some(&problem.help),
            _ => None,
        }
    }

    /// Says on standard error what is wrong, and gives the exit code.
    pub(super) fn report(&self, logging: &LoggingArgs) -> Exit {
        if logging.log_format == LogFormat::Json {
            self.report_json();
        } else {
            self.report_text();
        }
        self.exit()
    }

    fn report_text(&self) {
        let message = self.to_string();
        let label;
        let (place, label) = match self {
            Self::Configuration(wrong) => {
                let Misconfiguration { name, text, span, label, .. } = &**wrong;
                (Some((NamedText { name, text }, *span)), label.as_str())
            }
            Self::Input { name, text, problem } => {
                label = match (&problem.object, problem.location.path.is_root()) {
                    (Some(object), true) => object.to_string(),
                    (Some(object), false) => format!("{} of {object}", problem.location.path),
                    (None, _) => format!("document {}", problem.location.document + 1),
                };
                (problem.location.span.map(|span| (NamedText { name, text }, span)), label.as_str())
            }
            _ => (None, ""),
        };
        let help = self.help();
        log::eprint_painted(&log::painter().paint(&WithSource {
            severity: Severity::Error,
            id: None,
            message: &message,
            place,
            label,
            help,
        }));
    }

    fn report_json(&self) {
        let place = match self {
            Self::Configuration(wrong) => {
                Some(NamedText { name: &wrong.name, text: &wrong.text }.line_column(wrong.span.start))
            }
            Self::Input { name, text, problem } => {
                problem.location.span.map(|span| NamedText { name, text }.line_column(span.start))
            }
            _ => None,
        };
        tracing::error!(
            line = place.map(|place| place.line),
            column = place.map(|place| place.column),
            help = self.help(),
            "{self}"
        );
    }
}
