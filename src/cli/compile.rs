use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;

use super::error::CliError;
use super::exit::Exit;
use super::folder::{self, Claim, Comparison, Folder};
use super::input::Source;
use super::manifests::{self, ManifestArgs, frame_all, snapshot};
use super::network::{LayoutArg, network_folder, policy_actions, write_fates};
use super::options::{ConflictsArg, LoggingArgs};
use super::run_log::{Entry, RunLogArgs};
use super::{findings, log};
use crate::config::{Config, NamespaceMode};
use crate::finding::{Finding, Severity};
use crate::object::ResourceId;
use crate::plan::{
    Action, Detail, ObjectAction, Outcome, Part, Parts, Request, generate, namespace_files, plan, unlisted_domain,
};
use crate::pod_security::{LevelVersion, Policy, policy_to_evaluate};
use crate::report::NamedText;
use crate::snapshot::Snapshot;
use crate::stream::Stream;

/// The file of what came by standard input.
const STDIN: &str = "stdin.yaml";

/// Arguments of `floe compile`.
#[derive(Debug, Args)]
#[command(
    long_about = "Writes everything that the configuration wants below a folder:\n  \
        network/     NetworkPolicies and NETWORK-POLICY-SUMMARY.md\n  \
        namespaces/  Namespaces with Pod Security labels, those that the manifests do not have\n  \
        manifests/   the manifests of -f, their pods hardened, everything else as it came\n\n\
        Apply namespaces/ first: kubectl takes the folders in the order of their names. Folders are replaced whole or not \
        at all. Things of others that stand in them stay; of an earlier run's files, which .floe lists with digests, those \
        go that are no longer produced and have not been changed since.",
    after_long_help = "Examples:\n  \
        floe compile --config manifest.yaml --product floe.yaml\n  \
        helm template floe ./chart | floe compile -f - --out target\n  \
        kubectl apply -f target/namespaces && kubectl apply -R -f target\n\n\
        Exit codes:\n  \
        0   done\n  \
        1   pods would be rejected at admission; nothing was written\n  \
        2   wrong usage or configuration\n  \
        3   manifests cannot be read, or files not written\n  \
        70  internal error; nothing was written"
)]
pub(super) struct CompileArgs {
    #[command(flatten)]
    manifests: ManifestArgs,

    /// The folder that everything is written below
    #[arg(short, long, value_name = "DIR", default_value = "target")]
    out: PathBuf,

    /// How policies are spread over files
    #[arg(long, value_name = "LAYOUT", value_enum, default_value_t = LayoutArg::File)]
    layout: LayoutArg,

    /// What to do about pods that violate the level of their namespace even after patching
    #[arg(long, value_name = "HOW", value_enum)]
    conflicts: Option<ConflictsArg>,

    /// Say which files would be written, and write none
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    audit: RunLogArgs,
}

/// Writes policies, Namespaces and hardened manifests.
pub(super) fn run(arguments: &CompileArgs, logging: &LoggingArgs) -> Result<Exit, CliError> {
    let mut config = arguments.manifests.config()?;
    if let Some(conflicts) = arguments.conflicts {
        config.pod_security.conflicts = conflicts.into();
    }
    let sources = arguments.manifests.sources()?;
    let streams = frame_all(&sources);
    let home = arguments.manifests.home(&config);
    let snapshot = snapshot(&sources, &streams, &config, home.as_deref())?;
    let generated = generate(&config, &snapshot.inventory()).map_err(|error| CliError::Internal(error.to_string()))?;
    let hardened = harden(&sources, &streams, &for_single_files(&config, &snapshot), home)?;

    manifests::tell(&generated.flows.findings, &sources, logging);
    // What has workloads is named with them, below.
    let is_empty = |name: &&str| snapshot.pods.iter().all(|pod| pod.facts.namespace != **name);
    let names = snapshot.namespaces.iter().map(|it| it.name.as_str()).filter(is_empty);
    let unlisted: Vec<Finding> = names.filter_map(|name| unlisted_domain(&config, name)).collect();
    manifests::tell(&unlisted, &[], logging);
    for (source, outcome) in sources.iter().zip(&hardened) {
        tell_pods(source, outcome, logging);
    }
    if hardened.iter().any(|outcome| outcome.rejected) {
        log::eprint("floe: nothing was written, because pods violate Pod Security");
        return Ok(Exit::Findings);
    }

    let has_namespace = |name: &str| snapshot.namespaces.iter().any(|facts| facts.name == name);
    let mut folders = Vec::new();
    if config.network.enabled {
        folders.push(network_folder(&config, &generated, arguments.layout.into(), &arguments.out.join("network"))?);
    }
    let mut objects = policy_actions(&generated);
    if config.pod_security.enabled && config.pod_security.namespaces == NamespaceMode::Append {
        let files = namespace_files(&config, has_namespace);
        objects.extend(config.namespaces.iter().filter(|it| !has_namespace(&it.name)).map(|managed| ObjectAction {
            action: Action::Add,
            object: ResourceId {
                gvk: crate::object::GroupVersionKind::new("v1", "Namespace"),
                namespace: None,
                name: managed.name.clone(),
            },
            reason: format!("Pod Security: enforce {}", managed.level.as_str()),
        }));
        let files = files.into_iter().map(|file| (PathBuf::from(file.name), file.text)).collect();
        folders.push(Folder { path: arguments.out.join("namespaces"), files });
    }
    if !sources.is_empty() {
        folders.push(manifests_folder(arguments, &sources, &hardened)?);
    }
    let output: Vec<String> = folders.iter().flat_map(|folder| folder.files.values().cloned()).collect();
    let compare = || folders.into_iter().map(Folder::compare).collect::<Result<Vec<Comparison>, _>>();
    if arguments.dry_run {
        write_fates(&compare()?)?;
        return Ok(Exit::Done);
    }
    let run_log = arguments.audit.open()?;
    let claim = Claim::of(&arguments.out)?;
    folder::write(&compare()?, claim)?;
    if let Some(run_log) = run_log {
        run_log.append(&Entry {
            command: "compile",
            input: sources.iter().map(|source| source.text.as_bytes()).collect(),
            output: output.iter().map(String::as_bytes).collect(),
            objects,
        })?;
    }
    Ok(Exit::Done)
}

/// The configuration by which each file is hardened by itself: Namespaces are patched where they stand and appended
/// nowhere, and a stricter level that one file asks for holds for pods in all.
fn for_single_files(config: &Config, snapshot: &Snapshot) -> Config {
    let mut config = config.clone();
    if config.pod_security.namespaces == NamespaceMode::Append {
        config.pod_security.namespaces = NamespaceMode::Patch;
    }
    for managed in &mut config.namespaces {
        let facts = snapshot.namespaces.iter().filter(|facts| facts.name == managed.name);
        let levels = facts.map(|facts| policy_to_evaluate(&facts.labels, Policy::default()).0.enforce);
        for LevelVersion { level, .. } in levels {
            managed.level = managed.level.max(level);
        }
    }
    config
}

fn harden<'t>(
    sources: &[Source],
    streams: &[Stream<'t>],
    config: &Config,
    home: Option<String>,
) -> Result<Vec<Outcome<'t>>, CliError> {
    let request =
        Request { namespace: home, parts: Parts::only(&[Part::Namespaces, Part::Pods]), detail: Detail::Warnings };
    let one = |(source, stream): (&Source, &Stream<'t>)| {
        plan(stream, config, &request).map_err(|error| CliError::of_plan(error, &source.name, &source.text))
    };
    sources.iter().zip(streams).map(one).collect()
}

fn tell_pods(source: &Source, outcome: &Outcome<'_>, logging: &LoggingArgs) {
    let named = NamedText { name: &source.name, text: &source.text };
    let found = outcome.findings.iter().chain(&outcome.actions);
    for finding in found.filter(|finding| logging.verbose > 0 || finding.severity != Severity::Info) {
        findings::tell(finding, named, logging);
    }
}

fn manifests_folder(arguments: &CompileArgs, sources: &[Source], hardened: &[Outcome<'_>]) -> Result<Folder, CliError> {
    let mut files: BTreeMap<PathBuf, String> = BTreeMap::new();
    for (source, outcome) in sources.iter().zip(hardened) {
        let mut text = Vec::new();
        outcome.output.write_to(&mut text).map_err(|error| CliError::Internal(error.to_string()))?;
        let file = file_of(source, &arguments.manifests.file);
        if files.insert(file.clone(), String::from_utf8_lossy(&text).into_owned()).is_some() {
            return Err(CliError::Usage(format!(
                "two files would become {}",
                arguments.out.join("manifests").join(file).display()
            )));
        }
    }
    Ok(Folder { path: arguments.out.join("manifests"), files })
}

/// Where a text is written: below the folder that was named, or by its own name.
fn file_of(source: &Source, named: &[PathBuf]) -> PathBuf {
    if !source.is_file {
        return STDIN.into();
    }
    let path = Path::new(&source.name);
    let below = named.iter().filter(|folder| folder.is_dir()).find_map(|folder| path.strip_prefix(folder).ok());
    below.or_else(|| path.file_name().map(Path::new)).unwrap_or(path).to_owned()
}
