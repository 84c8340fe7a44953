use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::cluster::AccessArgs;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::manifests::{frame_all, read_manifests};
use crate::cli::options::LoggingArgs;
use crate::cli::plugins::{self, Seen};
use crate::cli::{cluster, log, write};
use crate::cni::{Enforced, Enforcers, detect};
use crate::report::{write_enforcers_json, write_enforcers_text};

/// Arguments of `floe network check-cni`.
#[derive(Debug, Args)]
#[command(
    long_about = "Says which network plugin a cluster has, and whether policies are enforced there: every API server \
        accepts them, but some plugins ignore them, and others have to be told. A plugin is recognised by the names \
        and \
        images of its agents in all namespaces, and by the settings that turn it off; each verdict is shown with what \
        it rests on. Nodes that differ, such as those of Windows or Fargate, are told apart.\n\n\
        Nothing is changed or tried in the cluster: that policies stop something on it is not proven.",
    after_long_help = "Examples:\n  \
        floe network check-cni --context prod\n  \
        kubectl get nodes,daemonsets,deployments -A -o yaml | floe network check-cni -f -\n  \
        floe network check-cni -f dump/ -o json\n\n\
        Exit codes:\n  \
        0   policies are enforced on all nodes\n  \
        1   they are not, or not on all nodes, or it is not known\n  \
        2   wrong usage or configuration\n  \
        3   the input cannot be read or processed\n  \
        4   the cluster cannot be reached or refuses, or the part of it that may be seen does not tell\n  \
        70  internal error"
)]
pub(super) struct CheckCniArgs {
    /// Read objects from FILE, from every *.yaml, *.yml and *.json below a folder, or from standard input (`-`)
    ///
    /// Without it the live cluster is read. What tells of plugins: nodes, daemonsets and deployments; the configmaps
    /// cilium-config and amazon-vpc-cni; nodeclasses of EKS and networks of OpenShift.
    #[arg(short, long, value_name = "FILE|DIR|-")]
    file: Vec<PathBuf>,

    /// Form of the report
    #[arg(short, long, value_name = "FORM", value_enum, default_value_t = Form::Text)]
    output: Form,

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
}

/// Judges the plugins of a cluster: live, of files or of standard input, to standard output.
pub(super) fn run(arguments: &CheckCniArgs, logging: &LoggingArgs) -> Result<Exit, CliError> {
    if arguments.print_rbac {
        let role = cluster::plugins_role()?;
        write::stdout(|out| out.write_all(role.as_bytes()))?;
        return Ok(Exit::Done);
    }
    let Seen { observed, unseen } = if arguments.file.is_empty() {
        arguments.cluster.plugins()?
    } else {
        let sources = read_manifests(&arguments.file)?;
        plugins::of_streams(&frame_all(&sources), &sources)?
    };
    let found = detect(&observed);
    log::unseen(&unseen, logging);
    write::stdout(|out| match arguments.output {
        Form::Text => write_enforcers_text(&found, out),
        Form::Json => write_enforcers_json(&found, &unseen, out),
    })?;
    Ok(exit(&found, unseen.is_empty()))
}

/// What could not be seen may enforce, or not.
fn exit(found: &Enforcers, is_all: bool) -> Exit {
    let is_off = found.enforced() == Enforced::No || found.exceptions().any(|pool| pool.enforced == Enforced::No);
    match (found.is_enforced_everywhere(), is_all) {
        (true, true) => Exit::Done,
        (false, true) => Exit::Findings,
        (_, false) if is_off => Exit::Findings,
        (_, false) => Exit::Cluster,
    }
}
