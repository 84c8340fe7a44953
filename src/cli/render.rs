use std::io::IsTerminal as _;
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::{Args, ValueEnum};

use super::error::CliError;
use super::exit::Exit;
use super::input::{self, Source};
use super::options::{ConflictsArg, LogFormat, LoggingArgs, NamespaceArgs, ProductArgs};
use super::run_log::{Entry, RunLog, RunLogArgs};
use super::{configuration, findings, log, write};
use crate::config::Config;
use crate::document::{Error, Problem};
use crate::finding::{Finding, Location, Severity};
use crate::object::ResourceId;
use crate::plan::{Action, Detail, Outcome, Output, Part, Parts, Request, ResourceList, plan, resource_list};
use crate::report::{NamedText, one_line, unified_diff};
use crate::stream::frame;
use crate::text::Span;

/// Arguments of the filter.
#[derive(Debug, Args)]
pub(super) struct RenderArgs {
    /// Read manifests from FILE instead of standard input; `-` is standard input
    #[arg(short, long, value_name = "FILE")]
    pub(super) file: Option<PathBuf>,

    /// Configuration: a floe Manifest
    ///
    /// It comes before the functionConfig of a ResourceList. Without both: ./manifest.yaml if that is a floe Manifest,
    /// then the built-in defaults.
    #[arg(short, long, value_name = "FILE", env = "FLOE_CONFIG",
        value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub(super) config: Option<PathBuf>,

    /// Data products.
    #[command(flatten)]
    pub(super) products: ProductArgs,

    /// What documents without a namespace mean.
    #[command(flatten)]
    pub(super) namespace: NamespaceArgs,

    /// Do only these parts, separated by commas
    #[arg(long, value_name = "PART", value_delimiter = ',', value_enum)]
    pub(super) only: Vec<PartArg>,

    /// What to do about pods that violate the level of their namespace even after patching
    #[arg(long, value_name = "HOW", value_enum)]
    pub(super) conflicts: Option<ConflictsArg>,

    /// Accept an empty input; writes one comment line, because hosts take an empty output for "delete everything"
    #[arg(long)]
    pub(super) allow_empty: bool,

    /// Write a plan instead of the result: what would be added and patched
    #[arg(long)]
    pub(super) dry_run: bool,

    /// Form of the plan; a diff where standard output is a terminal
    #[arg(short, long, value_name = "FORM", value_enum, requires = "dry_run")]
    pub(super) output: Option<PlanForm>,

    /// The run log.
    #[command(flatten)]
    pub(super) audit: RunLogArgs,

    /// How to log.
    #[command(flatten)]
    pub(super) logging: LoggingArgs,
}

/// A part, as the command line names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum PartArg {
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

/// Forms of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum PlanForm {
    /// One line for each change
    Plan,
    /// A unified diff
    Diff,
}

/// Secures manifests: standard input, or a file, to standard output.
pub(super) fn run(arguments: &RenderArgs) -> Result<Exit, CliError> {
    let Some(source) = input::read(arguments.file.as_deref())? else {
        return Err(CliError::NothingToRead(&[]));
    };
    if source.text.trim_start_matches('\u{feff}').trim().is_empty() {
        return empty(arguments);
    }
    let stream = frame(&source.text);
    tracing::debug!(documents = stream.documents.len(), format = ?stream.format, "input framed");
    let list = match resource_list(&stream) {
        None => None,
        Some(Ok(list)) => Some(list),
        Some(Err(error)) => {
            let problem = Problem {
                message: format!("the ResourceList cannot be read as YAML: {}", error.message),
                object: None,
                location: Location { span: Some(Span::at(error.offset)), ..Location::default() },
                help: "check whether the input was cut off".to_owned(),
            };
            return Err(CliError::of_plan(Error::Input(Box::new(problem)), &source.name, &source.text));
        }
    };
    let planned = configure(arguments, list.as_ref(), &source).and_then(|config| {
        let outcome = list
            .as_ref()
            .and_then(ResourceList::items_problem)
            .map_or_else(|| plan(&stream, &config, &request(arguments)), |it| Err(Error::Input(Box::new(it))))
            .map_err(|error| CliError::of_plan(error, &source.name, &source.text))?;
        let is_logged = !arguments.dry_run && !outcome.rejected;
        let run_log = if is_logged { arguments.audit.open()? } else { None };
        Ok((outcome, run_log))
    });
    match planned {
        Ok((outcome, run_log)) => finish(arguments, &source, list.as_ref(), &outcome, run_log),
        Err(error) => {
            if let Some(list) = list.filter(|_| !arguments.dry_run) {
                give_back(&list, &source, &error)?;
            }
            Err(error)
        }
    }
}

fn request(arguments: &RenderArgs) -> Request {
    let given = arguments.namespace.given();
    let parts = match arguments.only.as_slice() {
        [] => Parts::ALL,
        parts => Parts::only(&parts.iter().copied().map(Part::from).collect::<Vec<_>>()),
    };
    let detail = if arguments.dry_run || arguments.logging.verbose > 0 { Detail::Everything } else { Detail::Warnings };
    Request { namespace: given.or_else(configuration::argocd_namespace), parts, detail }
}

fn configure(arguments: &RenderArgs, list: Option<&ResourceList<'_>>, source: &Source) -> Result<Config, CliError> {
    let mut config = configuration::find(list, source, arguments.config.as_deref())?;
    configuration::add_products(&mut config, &arguments.products.product)?;
    if let Some(conflicts) = arguments.conflicts {
        config.pod_security.conflicts = conflicts.into();
    }
    Ok(config)
}

/// A host that sent a list gets its items back whatever is wrong, with the reason among the results.
fn give_back(list: &ResourceList<'_>, source: &Source, error: &CliError) -> Result<(), CliError> {
    let output = if let CliError::Input { problem, .. } = error {
        list.with_problem(&source.text, problem)
    } else {
        let mut finding = Finding::new(Severity::Error, error.check(), error.to_string());
        finding.help = error.help().map(str::to_owned);
        list.with_findings(&source.text, &[finding])
    };
    match output {
        Ok(output) => write_output(&output),
        Err(_) => write::stdout(|out| out.write_all(source.text.as_bytes())),
    }
}

/// An empty result would make a host delete everything, so an empty input is an error unless it is expected.
fn empty(arguments: &RenderArgs) -> Result<Exit, CliError> {
    if !arguments.allow_empty {
        return Err(CliError::Empty);
    }
    write::stdout(|out| out.write_all(b"# floe: the input was empty\n"))?;
    Ok(Exit::Done)
}

fn write_output(output: &Output<'_>) -> Result<(), CliError> {
    write::stdout(|mut out| output.write_to(&mut out))
}

fn finish(
    arguments: &RenderArgs,
    source: &Source,
    list: Option<&ResourceList<'_>>,
    outcome: &Outcome<'_>,
    run_log: Option<RunLog>,
) -> Result<Exit, CliError> {
    let exit = if outcome.rejected { Exit::Findings } else { Exit::Done };
    if arguments.dry_run {
        write_plan(arguments, source, outcome)?;
    } else if !outcome.rejected {
        if !arguments.allow_empty && outcome.output.pieces().all(|piece| piece.trim().is_empty()) {
            return Err(CliError::EmptyResult);
        }
        write_output(&outcome.output)?;
    } else if let Some(list) = list {
        match list.with_findings(&source.text, &outcome.findings) {
            Ok(output) => write_output(&output)?,
            Err(_) => write::stdout(|out| out.write_all(source.text.as_bytes()))?,
        }
    }
    report(arguments, source, outcome);
    if let Some(run_log) = run_log {
        let mut output = Vec::new();
        outcome.output.write_to(&mut output).map_err(|error| CliError::Internal(error.to_string()))?;
        run_log.append(&Entry {
            command: "render",
            input: vec![source.text.as_bytes()],
            output: vec![&output],
            objects: outcome.objects.clone(),
        })?;
    }
    Ok(exit)
}

fn write_plan(arguments: &RenderArgs, source: &Source, outcome: &Outcome<'_>) -> Result<(), CliError> {
    let terminal = std::io::stdout().is_terminal();
    let form = arguments.output.unwrap_or(if terminal { PlanForm::Diff } else { PlanForm::Plan });
    match form {
        PlanForm::Diff => {
            let name = source.name.trim_matches(['<', '>', '/']);
            write::stdout(|mut out| unified_diff(name, source.text.as_str(), outcome.output.edits(), &mut out))
        }
        PlanForm::Plan => write::stdout(|out| {
            for line in &outcome.objects {
                writeln!(out, "{}", one_line(&line.to_string()))?;
            }
            for change in &outcome.changes {
                let line = format!("patch {}: {}: {}", change.object, change.change.path, change.change.what);
                writeln!(out, "{}", one_line(&line))?;
            }
            if outcome.output.is_unchanged() {
                writeln!(out, "nothing to change")?;
            }
            Ok(())
        }),
    }
}

/// Says on standard error what was found: first a line that says it all, then the errors, because hosts cut the rest.
fn report(arguments: &RenderArgs, source: &Source, outcome: &Outcome<'_>) {
    let everything = outcome.findings.iter().chain(&outcome.actions);
    let verbose = arguments.logging.verbose > 0;
    let mut shown: Vec<&Finding> =
        everything.clone().filter(|finding| verbose || finding.severity != Severity::Info).collect();
    shown.sort_by_key(|finding| finding.severity);
    let is_gone = outcome.objects.iter().any(|it| it.action != Action::Add);
    if !shown.is_empty() || verbose || is_gone {
        let line = headline(outcome, arguments);
        match arguments.logging.log_format {
            LogFormat::Text => log::eprint(&line),
            LogFormat::Json => tracing::warn!("{line}"),
        }
    }
    for line in &outcome.objects {
        tracing::info!("{line}");
    }
    let named = NamedText { name: &source.name, text: &source.text };
    for finding in shown {
        findings::tell(finding, named, &arguments.logging);
    }
}

/// All that happened, on one line.
fn headline(outcome: &Outcome<'_>, arguments: &RenderArgs) -> String {
    let findings = || outcome.findings.iter().chain(&outcome.actions);
    let of = |severity: Severity| findings().filter(|finding| finding.severity == severity).count();
    let found = [
        counted(of(Severity::Error), "error"),
        counted(of(Severity::Warning), "warning"),
        counted(of(Severity::Info) + outcome.notes_left_out, "note")
            .map(|notes| if arguments.logging.verbose > 0 { notes } else { format!("{notes} (-v shows them)") }),
    ];
    let did = |action| outcome.objects.iter().filter(|it| it.action == action).count();
    let names = |action| named(outcome.objects.iter().filter(|it| it.action == action).map(|it| &it.object));
    let objects = [
        counted(did(Action::Add), "object").map(|objects| format!("{objects} added")),
        counted(did(Action::Replace), "object").map(|objects| format!("{objects} replaced{}", names(Action::Replace))),
        counted(did(Action::Remove), "object").map(|objects| format!("{objects} removed{}", names(Action::Remove))),
    ];
    let pods = outcome.pods;
    let clauses = [
        outcome.rejected.then(|| "rejected, because pods violate Pod Security".to_owned()),
        joined(found),
        counted(pods.seen, "pod").map(|seen| format!("{} of {seen} hardened", pods.hardened)),
        joined(objects),
        outcome.output.is_unchanged().then(|| "nothing to change".to_owned()),
    ];
    let clauses: Vec<String> = clauses.into_iter().flatten().collect();
    format!("floe: {}{}", if arguments.dry_run { "dry run: " } else { "" }, clauses.join("; "))
}

/// The objects that a run has taken out or replaced, in brackets: what disappears is named where every host shows it.
fn named<'o>(objects: impl Iterator<Item = &'o ResourceId>) -> String {
    const SHOWN: usize = 3;
    let names: Vec<String> = objects.map(ToString::to_string).collect();
    let more = names.len().saturating_sub(SHOWN);
    let shown = names.into_iter().take(SHOWN).collect::<Vec<_>>().join(", ");
    if more > 0 { format!(" ({shown}, {more} more)") } else { format!(" ({shown})") }
}

/// A number with its noun; absent for none.
fn counted(count: usize, noun: &str) -> Option<String> {
    let plural = if count == 1 { "" } else { "s" };
    (count > 0).then(|| format!("{count} {noun}{plural}"))
}

fn joined(parts: [Option<String>; 3]) -> Option<String> {
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}
