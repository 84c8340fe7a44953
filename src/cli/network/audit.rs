use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::input::note;
use super::options::{FailOn, known_plugin};
use crate::audit::{self, Audit, AuditRequest, audit};
use crate::cli::cluster::{AccessArgs, Plugins, reading_role};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::fetched::Live;
use crate::cli::input::Source;
use crate::cli::manifests::{self, defaulted, frame_all, read_manifests};
use crate::cli::options::{LoggingArgs, ProductArgs, given, namespace};
use crate::cli::plugins::{self, Seen};
use crate::cli::pods::cluster_version;
use crate::cli::{configuration, log, write};
use crate::cni::{Enforced, Profile, detect};
use crate::finding::Page;
use crate::object::Version;
use crate::pod_security::Evaluator;
use crate::report::{write_audit_html, write_audit_json, write_audit_markdown, write_audit_sarif, write_audit_text};
use crate::{network_policy, plan, verdict};

/// Arguments of `floe network audit`.
#[derive(Debug, Args)]
#[command(
    long_about = "Judges what the policies of a cluster do and leave undone: namespaces without a default-deny policy, \
                  pods \
        that no policy selects, what is open to the internet or to every namespace, rules that change nothing, \
        policies \
        that mean something else on some plugins, Pod Security labels, and pods that would not come back after a \
        restart. Then it says who reaches whom, and what each policy allows.\n\n\
        With a configuration its namespaces are managed: they have to hold what it wants. Without one, namespaces that \
        carry floe's mark are managed. Nothing is judged by its name. Where plugins differ on `ipBlock`, the worst \
        case counts.",
    after_long_help = "Examples:\n  \
        floe network audit --config manifest.yaml\n  \
        kubectl get namespaces,pods,services,networkpolicies -A -o yaml | floe network audit -f -\n  \
        floe network audit -f rendered/ --config manifest.yaml --fail-on warning -o sarif\n  \
        floe network audit -f dump/ --cni cilium -n shop -n edge -o html > audit.html\n\n\
        Exit codes:\n  \
        0   no finding of the severity of --fail-on, or above\n  \
        1   there are some\n  \
        2   wrong usage or configuration\n  \
        3   the input cannot be read or processed, as a whole or in part: all else is judged\n  \
        4   the cluster cannot be reached or refuses, or nothing was found in the part of it that may be seen\n  \
        70  internal error"
)]
pub(super) struct AuditArgs {
    /// Read objects from FILE, from every *.yaml, *.yml and *.json below a folder, or from standard input (`-`)
    ///
    /// Without it the live cluster is read.
    #[arg(short, long, value_name = "FILE|DIR|-")]
    file: Vec<PathBuf>,

    /// Configuration: a floe Manifest
    ///
    /// Without it: ./manifest.yaml if that is a floe Manifest; else no namespace is taken for configured.
    #[arg(short, long, value_name = "FILE", env = "FLOE_CONFIG")]
    config: Option<PathBuf>,

    #[command(flatten)]
    products: ProductArgs,

    /// Report on this namespace only; may be given several times
    ///
    /// All objects are looked at all the same: who reaches a namespace does not depend on it alone.
    #[arg(short, long, value_name = "NAMESPACE", value_parser = namespace)]
    namespace: Vec<String>,

    /// What a document without metadata.namespace means
    ///
    /// Without it: `ARGOCD_APP_NAMESPACE`, then `security.release_namespace`, else `default`.
    #[arg(long, value_name = "NAMESPACE", env = "FLOE_NAMESPACE", value_parser = namespace)]
    release_namespace: Option<String>,

    /// The version of the cluster: what `latest` means to Pod Security
    #[arg(long, value_name = "v1.N", value_parser = cluster_version)]
    cluster_version: Option<Version>,

    /// The network plugin of the cluster, such as calico, cilium or k3s; without it, the one that the
    /// objects show, else any
    #[arg(long, value_name = "NAME", value_parser = known_plugin)]
    cni: Option<&'static Profile>,

    /// Form of the report
    #[arg(short, long, value_name = "FORM", value_enum, default_value_t = Form::Text)]
    output: Form,

    /// The least severity with which the command fails
    #[arg(long, value_name = "SEVERITY", value_enum, default_value_t = FailOn::Error)]
    fail_on: FailOn,

    /// Print the RBAC role that reading a live cluster needs, and do nothing else
    #[arg(long, conflicts_with = "file")]
    print_rbac: bool,

    #[command(flatten)]
    cluster: AccessArgs,
}

/// Forms of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people
    Text,
    /// One JSON document
    Json,
    /// A SARIF 2.1.0 log of the findings
    Sarif,
    /// Markdown
    Md,
    /// One page for a browser that needs nothing else
    Html,
}

/// Audits objects: of a live cluster, of files or of standard input, to standard output.
pub(super) fn run(arguments: &AuditArgs, logging: &LoggingArgs) -> Result<Exit, CliError> {
    if arguments.print_rbac {
        let role = reading_role()?;
        write::stdout(|out| out.write_all(role.as_bytes()))?;
        return Ok(Exit::Done);
    }
    let file = arguments.config.as_deref();
    let is_wanted = configuration::is_given(file) || !arguments.products.product.is_empty();
    let mut config = is_wanted.then(|| configuration::of_files(file)).transpose()?;
    if let Some(config) = &mut config {
        configuration::add_products(config, &arguments.products.product)?;
    }
    let with = if arguments.cni.is_none() { Plugins::Read } else { Plugins::Known };
    let (Live { sources, unseen, policies_of }, seen) = if arguments.file.is_empty() {
        let (live, seen) = arguments.cluster.all(config.as_ref(), &arguments.namespace, with)?;
        live.tell_unseen(logging);
        (live, seen)
    } else {
        (Live { sources: read_manifests(&arguments.file)?, unseen: Vec::new(), policies_of: None }, None)
    };
    let streams = frame_all(&sources);
    let seen = match (seen, with) {
        // What cannot be read shows no plugin; the audit says itself what that is.
        (None, Plugins::Read) => Some(plugins::of_readable(&streams)),
        (seen, _) => seen,
    };
    let enforcers = seen.as_ref().map(|seen| detect(&seen.observed));
    // Manifests that show no plugin say nothing of the cluster that they are for.
    let enforcers = enforcers.filter(|it| arguments.file.is_empty() || it.decisive().is_some());
    let given = given(arguments.release_namespace.as_ref());
    let request = AuditRequest {
        namespaces: arguments.namespace.clone(),
        home: given.or_else(configuration::argocd_namespace),
        plugin: arguments.cni.or_else(|| plugin_of(&seen?, arguments.file.is_empty(), logging)),
        enforcers,
        policies_of,
        evaluator: Evaluator::emulating(arguments.cluster_version.unwrap_or(Version::Latest)),
    };
    let found = audit(&streams, config.as_ref(), &request).map_err(|error| manifests::of_source(error, &sources))?;
    // A misspelt name must not look like a clean namespace.
    let is_there = |name: &&String| {
        found.namespaces.iter().any(|it| it.name == **name)
            || found.findings.iter().any(|it| it.namespace.as_ref() == Some(*name))
    };
    if let Some(missing) = arguments.namespace.iter().find(|name| !is_there(name)) {
        return Err(CliError::Nothing(format!("no object is in the namespace {}", crate::text::excerpt(missing))));
    }
    write_report(&found, arguments.output, &sources)?;
    if found.defaulted > 0 {
        note(&defaulted("objects", found.defaulted, "--release-namespace"), logging);
    }
    if found.unreadable() > 0 {
        return Ok(Exit::Input);
    }
    Ok(match (arguments.fail_on.fails(|severity| found.count(severity)), unseen.is_empty()) {
        (true, _) => Exit::Findings,
        (false, true) => Exit::Done,
        // What could not be seen may hold the faults.
        (false, false) => Exit::Cluster,
    })
}

/// The plugin that the objects show, if it enforces policies; said, because the findings depend on it. Of files the
/// findings name policies of other APIs themselves.
fn plugin_of(seen: &Seen, is_live: bool, logging: &LoggingArgs) -> Option<&'static Profile> {
    log::unseen(&seen.unseen, logging);
    let found = detect(&seen.observed);
    for line in found.notes.iter().filter(|_| is_live) {
        note(line, logging);
    }
    let decisive = found.decisive()?;
    let evidence = decisive.evidence.first().map(|it| format!(" ({it})")).unwrap_or_default();
    let name = decisive.plugin.name;
    match found.enforced() {
        Enforced::Yes => note(&format!("the network plugin is {name}{evidence}"), logging),
        Enforced::No => {
            let message = format!("{name} does not enforce policies{evidence}; see `floe network check-cni`");
            log::warn(&message, logging);
        }
        Enforced::Unknown => {}
    }
    found.plugin().filter(|_| found.enforced() == Enforced::Yes)
}

fn write_report(found: &Audit, form: Form, sources: &[Source]) -> Result<(), CliError> {
    let inputs = manifests::inputs(sources);
    write::stdout(|out| match form {
        Form::Text => write_audit_text(found, &inputs, &log::painter_for_stdout(), out),
        Form::Json => write_audit_json(found, &inputs, out),
        Form::Sarif => write_audit_sarif(found, &inputs, &rules(), out),
        Form::Md => write_audit_markdown(found, &inputs, out),
        Form::Html => write_audit_html(found, &inputs, out),
    })
}

/// The rules of a SARIF log: those of the audit, and those that it shares with others.
fn rules() -> Vec<Page> {
    let others = plan::PAGES.iter().chain(verdict::PAGES).copied().chain(network_policy::lint_pages());
    audit::PAGES.iter().copied().chain(others.filter(|page| audit::SHARED.contains(&page.id))).collect()
}
