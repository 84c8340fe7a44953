use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::input::{self, Source};
use crate::cli::manifests::defaulted;
use crate::cli::options::{LogFormat, LoggingArgs, NamespaceArgs};
use crate::cli::{configuration, findings, log, manifests, write};
use crate::finding::Page;
use crate::object::{Level, Version};
use crate::plan::{self, INPUT};
use crate::pod_security::{Evaluator, LevelVersion, check_pages};
use crate::report::{NamedText, write_json, write_sarif, write_text};
use crate::verdict::{self, CheckRequest, NAMESPACE_LABEL, PARTLY_JUDGED, Report, check};

/// Arguments of `floe pods check`.
#[derive(Debug, Args)]
#[command(
    long_about = "Judges every pod and pod template by the Pod Security Standards: the verdict and the words of the \
                  API \
        server, offline. The template of a workload is judged as the pods that it makes. Nothing is changed.\n\n\
        The level of a namespace is what --enforce says; else what the labels of a Namespace in the input say; else \
        what the configuration wants for it; else privileged. The same holds for --audit and --warn; as with labels, a \
        level to enforce that is stricter than the one to warn about is warned about too.",
    after_long_help = "Examples:\n  \
        helm template shop ./chart | floe pods check --enforce restricted\n  \
        floe pods check -f manifests/ --enforce baseline:v1.34 --cluster-version v1.33 -o sarif\n\n\
        Exit codes:\n  \
        0   every pod is admitted\n  \
        1   a pod is rejected\n  \
        2   wrong usage or configuration\n  \
        3   the input cannot be read or processed, as a whole or in part: all else is judged\n  \
        70  internal error"
)]
pub(super) struct CheckArgs {
    /// Read manifests from FILE, from every *.yaml, *.yml and *.json below a folder, or from standard input (`-`)
    #[arg(short, long, value_name = "FILE|DIR|-")]
    file: Vec<PathBuf>,

    /// Files and folders, without `-f`: as pre-commit gives them
    #[arg(value_name = "FILE", conflicts_with = "file")]
    files: Vec<PathBuf>,

    /// The level that rejects pods, in every namespace: privileged, baseline or restricted, as LEVEL or LEVEL:VERSION
    #[arg(long, value_name = "LEVEL", value_parser = level_version)]
    enforce: Option<LevelVersion>,

    /// The level whose violations are noted in the audit log, in every namespace
    #[arg(long, value_name = "LEVEL", value_parser = level_version)]
    audit: Option<LevelVersion>,

    /// The level whose violations are answered with a warning, in every namespace
    #[arg(long, value_name = "LEVEL", value_parser = level_version)]
    warn: Option<LevelVersion>,

    /// The version of the cluster: what `latest` means, and the newest rules there are
    #[arg(long, value_name = "v1.N", value_parser = cluster_version)]
    cluster_version: Option<Version>,

    /// Configuration: a floe Manifest
    ///
    /// Without it: the functionConfig of a ResourceList, then ./manifest.yaml if that is a floe Manifest, then the
    /// built-in defaults.
    #[arg(short, long, value_name = "FILE", env = "FLOE_CONFIG")]
    config: Option<PathBuf>,

    /// What documents without a namespace mean.
    #[command(flatten)]
    namespace: NamespaceArgs,

    /// Form of the verdicts
    #[arg(short, long, value_name = "FORM", value_enum, default_value_t = Form::Text)]
    output: Form,
}

/// Forms of the verdicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people
    Text,
    /// One JSON document
    Json,
    /// A SARIF 2.1.0 log
    Sarif,
}

fn level_version(text: &str) -> Result<LevelVersion, String> {
    let (level, version) = text.split_once(':').unwrap_or((text, "latest"));
    let level = Level::parse(level).ok_or("the level must be privileged, baseline or restricted")?;
    let version = Version::parse(version).ok_or("the version must be \"latest\" or \"v1.N\"")?;
    Ok(LevelVersion { level, version })
}

/// Reads `v1.34`, and what servers say of themselves: `1.34`, `v1.34.2`, `v1.34.1-gke.100`.
pub(in crate::cli) fn cluster_version(text: &str) -> Result<Version, String> {
    let mut numbers = text.strip_prefix('v').unwrap_or(text).splitn(3, '.');
    let minor = numbers.next().filter(|major| *major == "1").and_then(|_| numbers.next());
    let version = minor.and_then(|minor| Version::parse(&format!("v1.{minor}")));
    version.ok_or_else(|| "a version of Kubernetes looks like v1.34".to_owned())
}

/// Judges pods: files or standard input to standard output.
pub(super) fn run(arguments: &CheckArgs, logging: &LoggingArgs) -> Result<Exit, CliError> {
    let files = if arguments.file.is_empty() { &arguments.files } else { &arguments.file };
    let Some(sources) = input::read_all(files)? else {
        return Err(CliError::NothingToRead(&["pods", "check"]));
    };
    manifests::require_text(&sources, files)?;
    let streams = manifests::frame_all(&sources);
    let config = manifests::configuration_of(&sources, &streams, arguments.config.as_deref())?;
    let given = arguments.namespace.given();
    let request = CheckRequest {
        namespace: given.or_else(configuration::argocd_namespace),
        enforce: arguments.enforce,
        audit: arguments.audit,
        warn: arguments.warn,
        evaluator: Evaluator::emulating(arguments.cluster_version.unwrap_or(Version::Latest)),
    };
    let report = check(&streams, &config, &request).map_err(|error| manifests::of_source(error, &sources))?;
    write_report(&report, arguments.output, &sources)?;
    report_notices(&report, &sources, logging);
    Ok(match (report.unreadable(), report.rejected()) {
        (0, 0) => Exit::Done,
        (0, _) => Exit::Findings,
        // What could not be read may hold more.
        _ => Exit::Input,
    })
}

fn write_report(report: &Report, form: Form, sources: &[Source]) -> Result<(), CliError> {
    let inputs = manifests::inputs(sources);
    write::stdout(|out| match form {
        Form::Text => write_text(report, &inputs, &log::painter_for_stdout(), out),
        Form::Json => write_json(report, &inputs, out),
        Form::Sarif => write_sarif(report, &inputs, &rules(), out),
    })
}

/// The rules of a SARIF log: the checks, and what else is told.
fn rules() -> Vec<Page> {
    let of_notices = verdict::PAGES.iter().copied().filter(|page| [NAMESPACE_LABEL, PARTLY_JUDGED].contains(&page.id));
    check_pages().chain(of_notices).chain(plan::PAGES.iter().copied().filter(|page| page.id == INPUT)).collect()
}

/// Says on standard error what is no verdict.
fn report_notices(report: &Report, sources: &[Source], logging: &LoggingArgs) {
    for finding in &report.notices {
        let Some(source) = finding.location.as_ref().and_then(|it| sources.get(it.stream)) else { continue };
        findings::tell(finding, NamedText { name: &source.name, text: &source.text }, logging);
    }
    if report.defaulted > 0 {
        log::note(&defaulted("pods", report.defaulted, "-n"), logging);
    }
    if report.without_level > 0 {
        let line = format!(
            "nothing names the level of the namespace of {} of {} pods, so everything is allowed there; give \
             --enforce, or --namespace for documents that name none",
            report.without_level,
            report.pods.len()
        );
        match logging.log_format {
            LogFormat::Text => log::eprint(&format!("floe: warning: {line}")),
            LogFormat::Json => tracing::warn!("{line}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_levels_and_versions() {
        let shown = |text| level_version(text).map(|it| it.to_string()).unwrap_or_default();
        assert_eq!(shown("restricted"), "restricted:latest");
        assert_eq!(shown("baseline:v1.29"), "baseline:v1.29");
        for bad in ["", "Restricted", "restricted:", "restricted:1.29", "restricted:v1.029", ":v1.29"] {
            assert!(level_version(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn reads_what_servers_say_of_themselves() {
        for text in ["v1.34", "1.34", "v1.34.2", "v1.34.1-gke.100", "v1.34.0+k3s1"] {
            assert_eq!(cluster_version(text), Ok(Version::Minor(34)), "{text}");
        }
        for bad in ["", "latest", "v2.1", "34", "v1", "v1.x", "1.034"] {
            assert!(cluster_version(bad).is_err(), "{bad}");
        }
    }
}
