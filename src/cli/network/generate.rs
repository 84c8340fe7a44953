use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::cli::cluster::AccessArgs;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::folder::{self, Claim, Comparison, Fate, Folder};
use crate::cli::manifests::{self, ManifestArgs, frame_all, snapshot};
use crate::cli::options::LoggingArgs;
use crate::cli::run_log::{Entry, RunLogArgs};
use crate::cli::write;
use crate::config::Config;
use crate::object::ResourceId;
use crate::plan::{Action, Generated, Layout, ObjectAction, generate, policy_files, policy_stream};
use crate::report::{one_line, write_network_summary};

/// The page that documents the policies (FR-072).
const SUMMARY: &str = "NETWORK-POLICY-SUMMARY.md";

/// Arguments of `floe network generate`.
#[derive(Debug, Args)]
#[command(
    long_about = "Writes the NetworkPolicies that the configuration wants: to standard output, or as files with a \
                  summary \
        below a folder. Before a byte is written it is proven that every declared flow works at both ends and that \
        nothing else does.",
    after_long_help = "Examples:\n  \
        floe network generate --config manifest.yaml | kubectl apply --dry-run=server -f -\n  \
        floe network generate -f rendered/ --out target/network\n  \
        floe network generate --detect --context prod\n\n\
        Exit codes:\n  \
        0   done\n  \
        2   wrong usage or configuration\n  \
        3   manifests cannot be read, or files not written\n  \
        4   with --detect: the cluster cannot be reached or refuses, or shows only a part\n  \
        70  internal error"
)]
pub(super) struct GenerateArgs {
    #[command(flatten)]
    manifests: ManifestArgs,

    /// Write files below DIR instead of one stream to standard output
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// How policies are spread over files
    #[arg(long, value_name = "LAYOUT", value_enum, default_value_t = LayoutArg::File)]
    layout: LayoutArg,

    /// Say which files would be written, and write none
    #[arg(long, requires = "out")]
    dry_run: bool,

    /// Look into a cluster, and print what the configuration should say about it: DNS, API server, ingress controller,
    /// services. Nothing is generated
    #[arg(long, conflicts_with_all = ["out", "layout", "file", "product"])]
    detect: bool,

    #[command(flatten)]
    cluster: AccessArgs,

    #[command(flatten)]
    audit: RunLogArgs,
}

/// How policies are spread over files, as the command line names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum LayoutArg {
    /// Three files for each namespace: default-deny, allow-egress, allow-ingress
    File,
    /// One file for each namespace
    Namespace,
}

impl From<LayoutArg> for Layout {
    fn from(layout: LayoutArg) -> Self {
        match layout {
            LayoutArg::File => Self::File,
            LayoutArg::Namespace => Self::Namespace,
        }
    }
}

/// Writes policies.
pub(super) fn run(arguments: &GenerateArgs, logging: &LoggingArgs) -> Result<Exit, CliError> {
    let config = arguments.manifests.config()?;
    if arguments.detect {
        let (snippet, exit) = detect(arguments, &config, logging)?;
        write::stdout(|out| out.write_all(snippet.as_bytes()))?;
        return Ok(exit);
    }
    let sources = arguments.manifests.sources()?;
    let streams = frame_all(&sources);
    let home = arguments.manifests.home(&config);
    let snapshot = snapshot(&sources, &streams, &config, home.as_deref())?;
    let generated = generate(&config, &snapshot.inventory()).map_err(|error| CliError::Internal(error.to_string()))?;

    let run_log = if arguments.dry_run { None } else { arguments.audit.open()? };
    let output = match &arguments.out {
        None => {
            let stream = policy_stream(&generated.policies);
            write::stdout(|out| out.write_all(stream.as_bytes()))?;
            vec![stream]
        }
        Some(out) => {
            let folder = network_folder(&config, &generated, arguments.layout.into(), out)?;
            let texts = folder.files.values().cloned().collect();
            if arguments.dry_run {
                write_fates(&[folder.compare()?])?;
            } else {
                let claim = Claim::of(out)?;
                folder::write(&[folder.compare()?], claim)?;
            }
            texts
        }
    };
    manifests::tell(&generated.flows.findings, &sources, logging);
    if let Some(run_log) = run_log {
        run_log.append(&Entry {
            command: "network generate",
            input: sources.iter().map(|source| source.text.as_bytes()).collect(),
            output: output.iter().map(String::as_bytes).collect(),
            objects: policy_actions(&generated),
        })?;
    }
    Ok(Exit::Done)
}

/// What a cluster tells of itself; another exit code if not all of it could be seen.
#[cfg(feature = "cluster")]
fn detect(arguments: &GenerateArgs, config: &Config, logging: &LoggingArgs) -> Result<(String, Exit), CliError> {
    use std::collections::BTreeSet;

    use crate::cli::fetched::{Live, fetch, items};
    use crate::cli::plugins;
    use crate::cluster::{ClusterFacts, NETWORK, PLATFORM};
    use crate::snapshot::Snapshot;

    let cluster = arguments.cluster.open(None)?;
    let platform = fetch(&cluster, &PLATFORM, config, &["kube-system", "default"])?;
    // Whom pods belong to says nothing about the configuration.
    let collections: Vec<_> = NETWORK.into_iter().filter(|it| it.owned.is_none()).collect();
    let network = fetch(&cluster, &collections, config, &["kube-system", "default"])?;
    let api =
        network.pages.iter().filter(|page| page.collection.plural == "services").flat_map(|page| items(&page.text));
    let is_api = |it: &serde_json::Value| {
        it.pointer("/metadata/name").is_some_and(|name| name == "kubernetes")
            && it.pointer("/metadata/namespace").is_some_and(|namespace| namespace == "default")
    };
    let api = api.into_iter().find(is_api);
    let address = api.as_ref().and_then(|it| it.pointer("/spec/clusterIP")?.as_str()?.parse().ok());
    let of = |plural: &str| -> Vec<serde_json::Value> {
        let pages = platform.pages.iter().filter(|page| page.collection.plural == plural);
        pages.flat_map(|page| items(&page.text)).collect()
    };
    let [slices, daemon_sets, deployments] = ["endpointslices", "daemonsets", "deployments"].map(of);
    let unseen = Live::of(crate::cluster::Fetched { unseen: platform.unseen, ..Default::default() });
    let network = Live::of(network);
    let is_all = unseen.unseen.is_empty() && network.unseen.is_empty();
    unseen.tell_unseen(logging);
    network.tell_unseen(logging);
    let snapshot: Snapshot = snapshot(&network.sources, &frame_all(&network.sources), config, None)?;
    let observed = plugins::live(&cluster)?.observed;
    let plugin = crate::cni::detect(&observed).plugin().filter(|plugin| observed.is_blind_to_nodes(plugin));
    let nodes: BTreeSet<_> = observed.node_addresses().into_keys().collect();
    let snippet = crate::cluster::detect(
        config,
        &ClusterFacts {
            server: cluster.server(),
            inventory: &snapshot.inventory(),
            api_service: address,
            endpoint_slices: &slices,
            daemon_sets: &daemon_sets,
            deployments: &deployments,
            unmatched: plugin.map(|plugin| (plugin.name, &nodes)),
        },
    );
    Ok((snippet, if is_all { Exit::Done } else { Exit::Cluster }))
}

/// Says that there is no client.
#[cfg(not(feature = "cluster"))]
fn detect(_: &GenerateArgs, _: &Config, _: &LoggingArgs) -> Result<(String, Exit), CliError> {
    Err(CliError::WithoutCluster("--detect"))
}

/// The policies and their summary as a folder.
pub(in crate::cli) fn network_folder(
    config: &Config,
    generated: &Generated,
    layout: Layout,
    path: &Path,
) -> Result<Folder, CliError> {
    let mut files: BTreeMap<PathBuf, String> =
        policy_files(&generated.policies, layout).into_iter().map(|file| (file.name.into(), file.text)).collect();
    let mut summary = Vec::new();
    write_network_summary(config, generated, &mut summary).map_err(|error| CliError::Internal(error.to_string()))?;
    files.insert(SUMMARY.into(), String::from_utf8_lossy(&summary).into_owned());
    Ok(Folder { path: path.to_owned(), files })
}

/// Lists what would become of files, without those that stay.
pub(in crate::cli) fn write_fates(comparisons: &[Comparison]) -> Result<(), CliError> {
    write::stdout(|out| {
        for comparison in comparisons {
            for (file, fate) in comparison.fates.iter().filter(|(_, fate)| **fate != Fate::Keep) {
                let line = format!("{fate} {}", comparison.path_of(file).display());
                writeln!(out, "{}", one_line(&line))?;
            }
        }
        Ok(())
    })
}

/// The policies for the audit trail.
pub(in crate::cli) fn policy_actions(generated: &Generated) -> Vec<ObjectAction> {
    let action = |policy| {
        let object = ResourceId::of(&crate::network_policy::NetworkPolicy::to_value(policy))?;
        Some(ObjectAction { action: Action::Add, object, reason: generated.reason(policy) })
    };
    generated.policies.iter().filter_map(action).collect()
}
