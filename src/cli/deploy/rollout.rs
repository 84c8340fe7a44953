use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use serde_json::{Value, json};

use super::progress::Progress;
use super::turn::Turn;
use super::{DeployArgs, DryRun, surroundings};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::fetched::{Live, fetch, items};
use crate::cli::input::{self, Source};
use crate::cli::manifests::{frame_all, snapshot};
use crate::cli::options::LoggingArgs;
use crate::cli::run_log::Entry;
use crate::cli::{configuration, findings, log, plugins, write};
use crate::cluster::{Applied, ApplyError, Cluster, Commitment, DEPLOYED, NETWORK, OnConflict, Scope};
use crate::cni::{self, Detection, Enforced, Enforcers, Observed, Profile};
use crate::config::Config;
use crate::document::objects;
use crate::finding::Severity;
use crate::object::own::DEFAULT_DENY;
use crate::object::{COMPONENT, COMPONENT_LABEL, Inventory, ResourceId};
use crate::plan::{Detail, Outcome, Parts, Phase, Request, plan_within, rollout};
use crate::report::{NamedText, one_line};
use crate::stream::frame;
use crate::verdict::{OWNER, is_default_deny, owner};

/// What Helm runs at its own times.
const HOOK: &str = "/metadata/annotations/helm.sh~1hook";

/// No manifests.
const NOTHING: &str = "apiVersion: v1\nkind: List\nitems: []\n";

/// Deploys what the filter makes of manifests.
pub(super) fn run(arguments: &DeployArgs, logging: &LoggingArgs) -> Result<Exit, CliError> {
    let mut config = configuration::of_files(arguments.config.as_deref())?;
    configuration::add_products(&mut config, &arguments.products.product)?;
    let source = source(arguments)?;
    let cluster = match arguments.dry_run {
        DryRun::Client => None,
        DryRun::None | DryRun::Server => Some(arguments.cluster.open(None)?),
    };
    let surroundings =
        cluster.as_ref().map(|cluster| surroundings::of(cluster, &config, logging)).transpose()?.unwrap_or_default();
    let secured = match secure(&source, &config, &surroundings, arguments, logging)? {
        Ok(secured) => secured,
        Err(exit) => return Ok(exit),
    };
    let mut objects = without_hooks(objects_of(&secured)?, logging);
    if let Some(cluster) = &cluster {
        let enforcers = detect(cluster, &config, logging)?;
        mark_enforcement(&mut objects, &config, &enforcement(&enforcers));
    }
    let owner = owner(&config);
    for object in &mut objects {
        own(object, &owner);
    }
    let given = arguments.namespace.given();
    let home = given.or_else(|| config.release_namespace.clone());
    let home = home.or_else(|| cluster.as_ref().map(|it| it.namespace().to_owned())).unwrap_or("default".to_owned());
    let identities: BTreeSet<(String, String, String)> = objects.iter().map(|object| identity(object, &home)).collect();

    let turn = cluster.as_ref().filter(|_| arguments.dry_run == DryRun::None).map(|cluster| {
        let step = if arguments.wait { arguments.timeout } else { Duration::ZERO };
        Turn::new(cluster, &config, &objects, (arguments.timeout, step), logging)
    });
    let run_log = if arguments.dry_run == DryRun::None { arguments.audit.open()? } else { None };
    let rollout = Rollout { arguments, cluster: cluster.as_ref(), home: &home, turn };
    let steps = rollout.steps(objects)?;
    if let Some(exit) = steps {
        return Ok(exit);
    }
    if arguments.prune {
        rollout.prune(&owner, &identities, &config, logging)?;
    }
    if let Some(run_log) = run_log {
        run_log.append(&Entry {
            command: "deploy",
            input: vec![source.text.as_bytes()],
            output: vec![secured.text.as_bytes()],
            objects: secured.actions,
        })?;
    }
    Ok(Exit::Done)
}

/// The manifests; none is an empty list, which what floe makes can join.
fn source(arguments: &DeployArgs) -> Result<Source, CliError> {
    let Some(file) = &arguments.file else {
        return Ok(Source { name: "the configuration".to_owned(), is_file: false, text: NOTHING.to_owned() });
    };
    let nothing = |what: &str| CliError::Nothing(format!("{} is {what}", file.display()));
    let source = input::read(Some(file))?.ok_or_else(|| nothing("a terminal"))?;
    if source.text.trim_start_matches('\u{feff}').trim().is_empty() {
        return Err(nothing("empty"));
    }
    Ok(source)
}

/// What the filter makes of manifests.
struct Secured {
    text: String,
    actions: Vec<crate::plan::ObjectAction>,
}

/// Runs the filter; an exit code if pods would be rejected.
fn secure(
    source: &Source,
    config: &Config,
    surroundings: &Inventory,
    arguments: &DeployArgs,
    logging: &LoggingArgs,
) -> Result<Result<Secured, Exit>, CliError> {
    let stream = frame(&source.text);
    let given = arguments.namespace.given();
    let request = Request { namespace: given, parts: Parts::ALL, detail: Detail::Warnings };
    let outcome: Outcome<'_> = plan_within(&stream, config, &request, surroundings)
        .map_err(|error| CliError::of_plan(error, &source.name, &source.text))?;
    for finding in outcome.findings.iter().filter(|it| logging.verbose > 0 || it.severity != Severity::Info) {
        findings::tell(finding, NamedText { name: &source.name, text: &source.text }, logging);
    }
    if outcome.rejected {
        log::warn("nothing was deployed, because pods violate Pod Security", logging);
        return Ok(Err(Exit::Findings));
    }
    Ok(Ok(Secured { text: outcome.output.to_string(), actions: outcome.objects }))
}

fn objects_of(secured: &Secured) -> Result<Vec<Value>, CliError> {
    objects(&frame(&secured.text)).map_err(|error| CliError::of_plan(error, "the secured manifests", &secured.text))
}

fn without_hooks(objects: Vec<Value>, logging: &LoggingArgs) -> Vec<Value> {
    let (hooks, kept): (Vec<Value>, Vec<Value>) = objects.into_iter().partition(|it| it.pointer(HOOK).is_some());
    for id in hooks.iter().filter_map(ResourceId::of) {
        log::warn(&format!("{id} is left out: it is a hook, which only Helm runs"), logging);
    }
    kept
}

/// Whether the plugin enforces, said where it does not.
fn detect(cluster: &Cluster, config: &Config, logging: &LoggingArgs) -> Result<Enforcers, CliError> {
    let seen = plugins::live(cluster)?;
    let found = cni::detect(&seen.observed);
    match (found.enforced(), found.decisive()) {
        (Enforced::Yes, _) => {}
        (Enforced::No, Some(Detection { plugin, remediation, .. })) => {
            let help = remediation.unwrap_or(plugin.remediation);
            let name = plugin.name;
            log::warn(
                &format!("{name} does not enforce network policies, so they change nothing yet: {help}"),
                logging,
            );
        }
        (_, decisive) => {
            let help = decisive.and_then(|it| it.remediation).unwrap_or("try it, or ask its vendor");
            log::warn(&format!("it is not known whether the network plugin enforces policies: {help}"), logging);
            log::unseen(&seen.unseen, logging);
        }
    }
    if let Some(warning) = found.plugin().and_then(|plugin| api_server_on_a_node(config, plugin, &seen.observed)) {
        log::warn(&warning, logging);
    }
    if found.enforced() == Enforced::Yes {
        for pool in found.exceptions() {
            let reason = pool.reason.map(|reason| format!(": {reason}")).unwrap_or_default();
            log::warn(&format!("policies may not be enforced on {}{reason}", pool.title()), logging);
        }
    }
    Ok(found)
}

/// What is said where the API server is named by addresses of nodes, and the plugin's `ipBlock` matches no node.
fn api_server_on_a_node(config: &Config, plugin: &Profile, observed: &Observed) -> Option<String> {
    let cidrs = &config.network.kubernetes_api.cidrs;
    if !config.network.enabled || !observed.is_blind_to_nodes(plugin) {
        return None;
    }
    let named = |(address, node): (IpAddr, &str)| {
        Some((cidrs.iter().find(|it| it.contains(&address))?.to_string(), node.to_owned()))
    };
    let (cidr, node) = observed.node_addresses().into_iter().find_map(named)?;
    Some(format!(
        "`security.network_policies.kubernetes_api.cidrs` has {cidr}, where the node {node} is, and on {} no ipBlock matches \
         a node: if the API server answers on a node, `{}` cannot reach it. Leave `cidrs` out, or let the plugin match nodes \
         (Cilium: `policyCIDRMatchMode: nodes`)",
        plugin.name,
        config.platform()
    ))
}

/// What the summary says of it: `enforced (Calico)`.
fn enforcement(found: &Enforcers) -> String {
    let name = found.decisive().map_or("", |it| it.plugin.name);
    match (found.enforced(), found.is_enforced_everywhere()) {
        (Enforced::Yes, true) => format!("enforced ({name})"),
        (Enforced::Yes, false) => format!("enforced on some nodes ({name})"),
        (Enforced::No, _) => format!("unenforced ({name})"),
        (Enforced::Unknown, _) => "unknown".to_owned(),
    }
}

/// Says in the summary whether policies are enforced, where the cluster can be asked later.
fn mark_enforcement(objects: &mut [Value], config: &Config, enforcement: &str) {
    let is_summary = |object: &Value| {
        is_own(object)
            && object.get("kind") == Some(&json!("ConfigMap"))
            && object.pointer("/metadata/name") == Some(&json!(config.summary.name))
    };
    for object in objects.iter_mut().filter(|object| is_summary(object)) {
        if let Some(data) = object.get_mut("data").and_then(Value::as_object_mut) {
            data.insert("enforcement".to_owned(), json!(enforcement));
        }
    }
}

fn is_own(object: &Value) -> bool {
    let labels = object.pointer("/metadata/labels");
    labels.and_then(|labels| labels.get(COMPONENT_LABEL)).is_some_and(|it| it == COMPONENT)
}

/// Writes the owner on an object that may be pruned later. Namespaces never are.
fn own(object: &mut Value, owner: &str) {
    if !is_own(object) || object.get("kind") == Some(&json!("Namespace")) {
        return;
    }
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    if let Some(annotations) = metadata.entry("annotations").or_insert_with(|| json!({})).as_object_mut() {
        annotations.insert(OWNER.to_owned(), json!(owner));
    }
}

/// Kind, namespace and name.
fn identity(object: &Value, home: &str) -> (String, String, String) {
    let text = |path: &str| object.pointer(path).and_then(Value::as_str).map(str::to_owned);
    let namespace = text("/metadata/namespace").unwrap_or_else(|| home.to_owned());
    (text("/kind").unwrap_or_default(), namespace, text("/metadata/name").unwrap_or_default())
}

/// One run against a cluster, or none.
struct Rollout<'r> {
    arguments: &'r DeployArgs,
    cluster: Option<&'r Cluster>,
    home: &'r str,
    /// Absent where nothing is stored.
    turn: Option<Turn<'r>>,
}

impl Rollout<'_> {
    const fn commitment(&self) -> Commitment {
        match self.arguments.dry_run {
            DryRun::None => Commitment::Store,
            DryRun::Client | DryRun::Server => Commitment::DryRun,
        }
    }

    /// All steps in order; an exit code if one fails, with which the run ends.
    fn steps(&self, objects: Vec<Value>) -> Result<Option<Exit>, CliError> {
        let on_conflict = if self.arguments.force_conflicts { OnConflict::Take } else { OnConflict::Refuse };
        let mut has_turn = self.turn.as_ref().map_or(Ok(true), Turn::begin)?;
        for (phase, objects) in rollout(objects) {
            if let Some(turn) = &self.turn {
                if !has_turn && phase != Phase::Namespaces {
                    has_turn = turn.begin()?;
                }
                turn.keep()?;
            }
            let Some(cluster) = self.cluster else {
                self.tell(objects.iter().map(|object| ("would apply", object)))?;
                continue;
            };
            let mut progress = Progress::new(phase, objects.len());
            let results =
                cluster.apply(&objects, self.home, self.commitment(), on_conflict, |object| progress.done(object));
            progress.clear();
            let done = objects
                .iter()
                .zip(&results)
                .filter_map(|(object, result)| Some((word(*result.as_ref().ok()?), object)));
            self.tell(done)?;
            let mut exit = None;
            let mut conflicts = false;
            for (object, result) in objects.iter().zip(results) {
                let Err(error) = result else { continue };
                conflicts |= matches!(error, ApplyError::Conflicts(_));
                let id = ResourceId::of(object).map(|id| id.to_string()).unwrap_or_default();
                log::eprint(&format!("error: {id} is not applied: {error}"));
                exit = Some(exit_of(&error).max_of(exit));
            }
            if conflicts {
                log::eprint("help: --force-conflicts takes the fields over; or leave them out of the manifests");
            }
            if exit.is_some() {
                return Ok(exit);
            }
            // The first deploy of all has made the namespace of the lease; another may have made the same Namespaces since.
            if let Some(turn) = self.turn.as_ref().filter(|_| phase == Phase::Namespaces && !has_turn) {
                has_turn = turn.begin()?;
                let again = cluster.apply(&objects, self.home, self.commitment(), on_conflict, |_| ());
                if let Some(error) = again.into_iter().find_map(Result::err) {
                    return Err(failed(error));
                }
            }
            if phase == Phase::Definitions {
                cluster.expect_definitions();
            }
            if self.arguments.wait && self.arguments.dry_run == DryRun::None && matches!(phase, Phase::Workloads(_)) {
                let late = cluster.wait(&objects, self.home, self.arguments.timeout)?;
                for id in &late {
                    log::eprint(&format!("error: {id} is not rolled out in time"));
                }
                if !late.is_empty() {
                    return Ok(Some(Exit::Findings));
                }
            }
        }
        Ok(None)
    }

    /// Deletes what an earlier run of the same owner has applied and this one has not.
    ///
    /// A namespace that left the configuration keeps its default-deny: its pods run on, and without one they would be
    /// open to everything.
    fn prune(
        &self,
        owner: &str,
        kept: &BTreeSet<(String, String, String)>,
        config: &Config,
        logging: &LoggingArgs,
    ) -> Result<(), CliError> {
        if let Some(turn) = &self.turn {
            turn.keep()?;
        }
        let Some(cluster) = self.cluster else {
            log::eprint("note: --dry-run=client does not know what would be pruned");
            return Ok(());
        };
        let fetched = fetch(cluster, &DEPLOYED, config, &[config.summary.namespace.as_str()])?;
        for page in &fetched.pages {
            for object in items(&page.text) {
                let named = object.pointer("/metadata/annotations").and_then(|it| it.get(OWNER));
                if named != Some(&json!(owner)) {
                    continue;
                }
                let (kind, namespace, name) = identity(&object, self.home);
                if kept.contains(&(kind, namespace.clone(), name)) {
                    continue;
                }
                if is_default_deny(&object) {
                    let pods = pods_in(cluster, &namespace)?;
                    if config.managed(&namespace).is_none() {
                        log::warn(&still_denied(&namespace, &pods), logging);
                        continue;
                    }
                    log::warn(&no_longer_denied(&namespace, &pods), logging);
                }
                cluster.delete(&object, self.commitment()).map_err(failed)?;
                self.tell([("pruned", &object)].into_iter())?;
            }
        }
        Ok(())
    }

    fn tell<'o>(&self, lines: impl Iterator<Item = (&'static str, &'o Value)>) -> Result<(), CliError> {
        let suffix = match self.arguments.dry_run {
            DryRun::Server => " (server dry run)",
            DryRun::None | DryRun::Client => "",
        };
        let lines: Vec<String> =
            lines.filter_map(|(word, object)| Some(format!("{word} {}{suffix}", ResourceId::of(object)?))).collect();
        write::stdout(|out| lines.iter().try_for_each(|line| writeln!(out, "{}", one_line(line))))
    }
}

/// The pods of a namespace, in words.
fn pods_in(cluster: &Cluster, namespace: &str) -> Result<String, CliError> {
    const SHOWN: usize = 3;
    let pods: Vec<_> = NETWORK.into_iter().filter(|it| it.plural == "pods").collect();
    let fetched = cluster.fetch(&pods, &Scope::Namespaces(vec![namespace.to_owned()]))?;
    if !fetched.unseen.is_empty() {
        return Ok("its pods may not be listed".to_owned());
    }
    let live = Live::of(fetched);
    let found = snapshot(&live.sources, &frame_all(&live.sources), &Config::default(), None)?;
    let names: BTreeSet<&str> = found.pods.iter().map(|pod| pod.workload.name.as_str()).collect();
    let shown = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    Ok(match names.len() {
        0 => "it has no pods".to_owned(),
        1..=SHOWN => format!("its pods: {shown}"),
        more => format!("its pods: {shown} and {} more", more - SHOWN),
    })
}

fn still_denied(namespace: &str, pods: &str) -> String {
    format!(
        "{namespace} is not in the configuration any more ({pods}): its default-deny stays, so that nothing is opened, \
         and lets nothing pass. Delete the namespace, or, to open it, `kubectl delete networkpolicy -n {namespace} \
         {DEFAULT_DENY}`"
    )
}

fn no_longer_denied(namespace: &str, pods: &str) -> String {
    format!(
        "the configuration switches default-deny off in {namespace} ({pods}): what no other policy selects there is open"
    )
}

const fn word(applied: Applied) -> &'static str {
    match applied {
        Applied::Created => "created",
        Applied::Configured => "configured",
        Applied::Unchanged => "unchanged",
        Applied::Unjudged => "not judged yet, without its namespace:",
    }
}

/// An error that ends the run.
fn failed(error: ApplyError) -> CliError {
    match error {
        ApplyError::Cluster(error) => error.into(),
        other => {
            CliError::Cluster { message: other.to_string(), help: "see `floe deploy --help`", exit: Exit::Findings }
        }
    }
}

fn exit_of(error: &ApplyError) -> Exit {
    match error {
        // The server understood, and says no to this object: an admission plugin, a quota, a wrong field.
        ApplyError::Conflicts(_)
        | ApplyError::NoSuchKind(_)
        | ApplyError::Cluster(crate::cluster::ClusterError::Refused { .. }) => Exit::Findings,
        ApplyError::Cluster(_) => Exit::Cluster,
    }
}

impl Exit {
    /// Of two failures that of the cluster, because it says less about the objects.
    fn max_of(self, other: Option<Self>) -> Self {
        if self == Self::Cluster || other == Some(Self::Cluster) { Self::Cluster } else { self }
    }
}
