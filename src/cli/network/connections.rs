use clap::{Args, ValueEnum};

use super::input::{InputArgs, note, print};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::manifests::frame_all;
use crate::cli::options::LoggingArgs;
use crate::reachability::IpBlockReach;
use crate::report::{write_connections_json, write_connections_text, write_csv, write_dot, write_markdown, write_svg};
use crate::snapshot::{ConnectionList, Readings};

/// Workloads that a note names.
const NAMED: usize = 5;

/// Arguments of `floe network connections`.
#[derive(Debug, Args)]
#[command(
    long_about = "Lists who may talk to whom by the NetworkPolicies of the input: one line for each pair of workloads, \
                  and of a \
        workload and a range of addresses outside the cluster, in the format of `netpol-analyzer list`. Pairs without \
        a line may not talk. A line holds what any pod of the source may open to any pod of the destination.\n\n\
        `{ingress-controller}` is what Ingress, OpenShift Route and Gateway API objects lead to, where policies let \
        the controller in: a pod in the configured `ingress_controller_namespace`; for Routes, OpenShift's router.",
    after_long_help = "Examples:\n  \
        floe network connections -f manifests/\n  \
        helm template shop ./chart | floe network connections -n shop --focus shop/web\n  \
        floe network connections -f manifests/ --ipblock-matches-pods both -o json\n\n\
        Exit codes:\n  \
        0   done\n  \
        2   wrong usage or configuration, or no workload of that name\n  \
        3   the input cannot be read or processed\n  \
        70  internal error"
)]
pub(super) struct ConnectionsArgs {
    #[command(flatten)]
    cluster: InputArgs,

    /// Whether an ipBlock matches the addresses of pods: CNIs differ (Calico: yes, Cilium: no)
    ///
    /// `both` shows the lines of `no` and marks those that differ as dependent on the CNI.
    #[arg(long, value_name = "ANSWER", value_enum, default_value_t = Answer::No)]
    ipblock_matches_pods: Answer,

    /// Only the lines of a workload: NAMESPACE/NAME, or NAMESPACE/NAME[Kind]
    #[arg(long, value_name = "NS/NAME")]
    focus: Option<String>,

    /// Form of the lines
    #[arg(short, long, value_name = "FORM", value_enum, default_value_t = Form::Text)]
    output: Form,
}

/// Answers to a question on which plugins differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Answer {
    /// It does
    Yes,
    /// It does not
    No,
    /// Work out both
    Both,
}

/// Forms of the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// Lines of `netpol-analyzer list`
    Text,
    /// One JSON document
    Json,
    /// Comma-separated values (RFC 4180)
    Csv,
    /// A Markdown table
    Md,
    /// A graph for Graphviz
    Dot,
    /// A drawing
    Svg,
}

/// Lists connections: files or standard input to standard output.
pub(super) fn run(arguments: &ConnectionsArgs, logging: &LoggingArgs) -> Result<Exit, CliError> {
    let sources = arguments.cluster.sources(&["network", "connections"])?;
    let streams = frame_all(&sources);
    let (config, snapshot) = arguments.cluster.snapshot(&sources, &streams, logging)?;
    let readings = match arguments.ipblock_matches_pods {
        Answer::Yes => Readings::One(IpBlockReach::PodsToo),
        Answer::No => Readings::One(IpBlockReach::OutsideOnly),
        Answer::Both => Readings::Both,
    };
    let mut list = ConnectionList::new(&snapshot, &config, readings);
    if let Some(focus) = &arguments.focus {
        list.focus(focus).map_err(CliError::of_workload)?;
    }
    print(|out| match arguments.output {
        Form::Text => write_connections_text(&list, out),
        Form::Json => write_connections_json(&list, out),
        Form::Csv => write_csv(&list, out),
        Form::Md => write_markdown(&list, out),
        Form::Dot => write_dot(&list, out),
        Form::Svg => write_svg(&list, out),
    })?;
    report_notes(&list, logging);
    Ok(Exit::Done)
}

/// Says on standard error what the lines do not.
fn report_notes(list: &ConnectionList, logging: &LoggingArgs) {
    if let Some(line) = &list.incomplete {
        note(line, logging);
    }
    let undefined: Vec<&str> = list.undefined().map(|it| it.name.as_str()).collect();
    if !undefined.is_empty() {
        let named: Vec<&str> = undefined.iter().take(NAMED).copied().collect();
        let more = if undefined.len() > NAMED { ", ..." } else { "" };
        note(
            &format!(
                "undefined: {} in the host's network ({}{more}): most plugins do not apply policies to their pods; \
                 their lines treat them as ordinary pods",
                undefined.len(),
                named.join(", ")
            ),
            logging,
        );
    }
    let differing: Vec<&str> = list.differing().iter().map(|it| it.name.as_str()).collect();
    if !differing.is_empty() {
        let named: Vec<&str> = differing.iter().take(NAMED).copied().collect();
        let more = if differing.len() > NAMED { ", ..." } else { "" };
        note(
            &format!(
                "the pods of one workload do not have the same connections ({}{more}): a line holds what any of them \
                 has; `floe network explain` says of how many pods",
                named.join(", ")
            ),
            logging,
        );
    }
    if list.finished > 0 {
        note(&format!("left out: {} finished pods", list.finished), logging);
    }
}
