use std::io::IsTerminal as _;

use clap::CommandFactory as _;

use super::args::{Args, LogFormat, PlanForm, RenderArgs};
use super::error::CliError;
use super::exit::Exit;
use super::input::{self, Source};
use super::{configuration, log, write};
use crate::config::Config;
use crate::finding::{Finding, Severity};
use crate::plan::{
    CONFIGURATION, Detail, Error, Outcome, Output, Part, Parts, Problem, Request, ResourceList, plan, resource_list,
};
use crate::report::Origin;
use crate::stream::{Stream, frame};
use crate::text::Span;
use crate::yaml::FieldPath;

/// Secures manifests: standard input, or a file, to standard output.
pub(super) fn run(arguments: &RenderArgs) -> Result<Exit, CliError> {
    log::init(&arguments.logging);
    let Some(source) = input::read(arguments.file.as_deref())? else {
        let help = Args::command().render_long_help();
        write::stdout(|out| write!(out, "{help}"))?;
        return Ok(Exit::Done);
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
                document: 0,
                object: None,
                path: FieldPath::root(),
                span: Span::at(error.offset),
                help: "check whether the input was cut off".to_owned(),
            };
            return Err(CliError::of_plan(Error::Input(Box::new(problem)), &source.name, &source.text));
        }
    };
    let config =
        configure(arguments, list.as_ref(), &source).or_else(|error| keep_items(list.as_ref(), &source, error))?;
    let request = request(arguments);
    match plan(&stream, &config, &request) {
        Ok(outcome) => finish(arguments, &source, &stream, list.as_ref(), &outcome),
        Err(error) => {
            if let (Some(list), Error::Input(problem)) = (&list, &error)
                && let Ok(output) = list.with_problem(&source.text, problem)
            {
                write_output(&output)?;
            }
            Err(CliError::of_plan(error, &source.name, &source.text))
        }
    }
}

fn request(arguments: &RenderArgs) -> Request {
    let given = arguments.namespace.clone().filter(|namespace| !namespace.is_empty());
    let parts = match arguments.only.as_slice() {
        [] => Parts::ALL,
        parts => Parts::only(&parts.iter().copied().map(Part::from).collect::<Vec<_>>()),
    };
    let detail = if arguments.dry_run || arguments.logging.verbose > 0 { Detail::Everything } else { Detail::Warnings };
    Request { namespace: given.or_else(configuration::argocd_namespace), parts, detail }
}

fn configure(arguments: &RenderArgs, list: Option<&ResourceList<'_>>, source: &Source) -> Result<Config, CliError> {
    let mut config = configuration::find(list, source, arguments.config.as_deref())?;
    if let Some(conflicts) = arguments.conflicts {
        config.pod_security.conflicts = conflicts.into();
    }
    Ok(config)
}

/// A host that sent a list gets its items back even if the configuration is wrong.
fn keep_items(list: Option<&ResourceList<'_>>, source: &Source, error: CliError) -> Result<Config, CliError> {
    if let (Some(list), CliError::Configuration { message, help, .. }) = (list, &error) {
        let mut finding = Finding::new(Severity::Error, CONFIGURATION, message.clone());
        finding.help.clone_from(help);
        if let Ok(output) = list.with_findings(&source.text, &[finding]) {
            write_output(&output)?;
        }
    }
    Err(error)
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
    stream: &Stream<'_>,
    list: Option<&ResourceList<'_>>,
    outcome: &Outcome<'_>,
) -> Result<Exit, CliError> {
    let exit = if outcome.rejected { Exit::Findings } else { Exit::Done };
    if arguments.dry_run {
        write_plan(arguments, stream, outcome)?;
    } else if !outcome.rejected {
        write_output(&outcome.output)?;
    } else if let Some(list) = list {
        let output = list
            .with_findings(&source.text, &outcome.findings)
            .map_err(|error| CliError::of_plan(error, &source.name, &source.text))?;
        write_output(&output)?;
    }
    report(arguments, source, outcome);
    Ok(exit)
}

fn write_plan(arguments: &RenderArgs, stream: &Stream<'_>, outcome: &Outcome<'_>) -> Result<(), CliError> {
    let terminal = std::io::stdout().is_terminal();
    let form = arguments.output.unwrap_or(if terminal { PlanForm::Diff } else { PlanForm::Plan });
    match form {
        PlanForm::Diff => {
            let after = outcome.output.to_string();
            let diff = similar::TextDiff::configure()
                .timeout(std::time::Duration::from_secs(5))
                .diff_lines(stream.text, &after);
            write::stdout(|out| write!(out, "{}", diff.unified_diff().header("input", "output")))
        }
        PlanForm::Plan => write::stdout(|out| {
            for line in &outcome.objects {
                writeln!(out, "{line}")?;
            }
            for change in &outcome.changes {
                writeln!(out, "patch {}: {}: {}", change.object, change.change.path, change.change.what)?;
            }
            if outcome.output.is_unchanged() {
                writeln!(out, "nothing to change")?;
            }
            Ok(())
        }),
    }
}

/// Says on standard error what was found: first a line that says it all, because hosts cut the rest.
fn report(arguments: &RenderArgs, source: &Source, outcome: &Outcome<'_>) {
    let everything = outcome.findings.iter().chain(&outcome.actions);
    let verbose = arguments.logging.verbose > 0;
    let shown: Vec<&Finding> =
        everything.clone().filter(|finding| verbose || finding.severity != Severity::Info).collect();
    let count = |severity: Severity| everything.clone().filter(|finding| finding.severity == severity).count();
    if !shown.is_empty() || verbose {
        let notes = if verbose { "" } else { " (-v shows them)" };
        let verdict = if outcome.rejected { "rejected: pods violate Pod Security; " } else { "" };
        let line = format!(
            "floe: {verdict}{} errors, {} warnings, {} notes{notes}; {} of {} pods hardened, {} objects added or changed",
            count(Severity::Error),
            count(Severity::Warning),
            count(Severity::Info) + outcome.untold,
            outcome.pods.hardened,
            outcome.pods.seen,
            outcome.objects.len(),
        );
        match arguments.logging.log_format {
            LogFormat::Text => log::eprint(&line),
            LogFormat::Json => tracing::warn!("{line}"),
        }
    }
    for line in &outcome.objects {
        // The audit trail of FR-091.
        tracing::info!(audit = true, "{line}");
    }
    let origin = Origin { name: &source.name, text: &source.text };
    let painter = log::painter();
    for finding in shown {
        match arguments.logging.log_format {
            LogFormat::Text => log::eprint(&painter.paint_finding(finding, origin)),
            LogFormat::Json => log_finding(finding, origin),
        }
    }
}

fn log_finding(finding: &Finding, origin: Origin<'_>) {
    let span = finding.location.as_ref().and_then(|location| location.span);
    let place = span.map(|span| origin.line_column(span.start));
    let object = finding.object.as_ref().map(ToString::to_string);
    let path = finding.location.as_ref().map(|location| location.path.to_string());
    macro_rules! event {
        ($level:ident) => {
            tracing::$level!(
                check = finding.check.0,
                object,
                path,
                line = place.map(|place| place.line),
                column = place.map(|place| place.column),
                help = finding.help,
                "{}",
                finding.message
            )
        };
    }
    match finding.severity {
        Severity::Error => event!(error),
        Severity::Warning => event!(warn),
        Severity::Info => event!(info),
    }
}
