//! From a framed text and a configuration to the edits that make it secure, verified.
//!
//! A stream is taken in passes, each over documents on their own and in parallel: survey what is there; decide on and
//! edit what may hold pod templates; then, with all facts at hand, declare flows, synthesize and prove policies, and
//! place new objects. No pass holds more than the edits and facts of the documents it has seen.

mod apply;
mod check;
mod compare;
mod connections;
mod decide;
mod digest;
mod drift;
mod error;
mod explain;
mod generate;
mod in_cluster;
mod judge;
mod layout;
mod locate;
mod objects;
mod output;
mod place;
mod request;
mod results;
mod rollout;
mod sheet;
mod snapshot;
mod summary;
mod survey;
mod validate;
mod wanted;

use std::collections::BTreeMap;
use std::ops::Range;

use rayon::prelude::*;
use serde_json::{Value, json};

use crate::config::{Config, Conflicts, NamespaceMode};
use crate::finding::{Finding, Severity};
use crate::network_policy::selector_keys;
use crate::object::{Inventory, Workloads};
use crate::pod_security::{LevelVersion, Policy, policy_to_evaluate};
use crate::stream::Stream;
use crate::text::{Span, TextEdit};
use crate::yaml::{NodeId, ParseError};

use apply::{Changes, ItemChange, apply};
pub use check::{
    CheckError, CheckRequest, Fix, Mode, NAMESPACE_LABEL, PARTLY_JUDGED, PodVerdict, Report, Verdict, ViolatingField,
    ViolationFound, check,
};
pub use compare::{Comparison, ConnectionChange, EndName, PolicyChange, compare};
pub use connections::{
    Connection, ConnectionList, Endpoint, EndpointKind, HOST_NETWORK, NoSuchWorkload, Passing, PolicyTrace, Question,
    Readings, RuleTrace, SideTrace, Trace, TraceError, Via, trace,
};
use decide::{Context, Decided, PodKinds, decide};
pub use decide::{ObjectChange, PodCounts};
use digest::Digest;
pub use drift::{Drift, First, OWNER, drift, drift_from, owner};
pub use error::{Error, Problem};
pub use explain::PAGES;
pub use generate::{Generated, POLICY_UNREADABLE, POLICY_WIDENS, generate};
pub use in_cluster::{
    Candidate, PLUGIN_DIFFERS, POLICY_NOT_JUDGED, POLICY_REFUSED, Refusal, ServerAnswer, candidates, of_server,
};
pub use layout::{Layout, NewFile, namespace_files, policy_files, policy_stream};
pub use locate::locate_all;
pub use objects::{objects, objects_of_kinds};
pub use output::Output;
pub use request::{Detail, Part, Parts, Request};
pub use results::{CONFIGURATION, INPUT};
pub use rollout::{Phase, rollout};
use sheet::Sheet;
pub use snapshot::{Entrance, FoundPod, FoundPolicy, Origin, Snapshot, SnapshotError};
use survey::{Position, Survey};
pub use validate::{
    POLICIES_UNENFORCED, POLICY_CHANGED, POLICY_EXTRA, POLICY_INVALID, POLICY_MISSING, POLICY_UNKNOWN_FIELD,
    PlacedFinding, Validation, ValidationCounts, ValidationRequest, validate,
};
pub use wanted::{Action, ObjectAction};
use wanted::{Difference, Place, Wanted};

/// A verified result.
#[derive(Debug)]
pub struct Outcome<'t> {
    /// The text to write.
    pub output: Output<'t>,
    /// Facts about the result, in the order of output.
    pub findings: Vec<Finding>,
    /// Facts about what this run changed, in the order of output.
    pub actions: Vec<Finding>,
    /// Number of notes on what this run changed that were not asked for.
    pub untold: usize,
    /// Changes of objects in the input, if they were asked for.
    pub changes: Vec<ObjectChange>,
    /// Objects that were added, replaced or removed.
    pub objects: Vec<ObjectAction>,
    /// Pods of managed namespaces.
    pub pods: PodCounts,
    /// Pods violate the level that their namespace enforces, and the configuration says that this fails the run.
    pub rejected: bool,
}

/// Whether the input is a `ResourceList`, parsed; anything else is a stream.
pub fn resource_list<'t>(stream: &Stream<'t>) -> Option<Result<ResourceList<'t>, ParseError>> {
    let mut filled = stream.documents.iter().enumerate().filter(|(_, document)| {
        let body = stream.text.get(document.body.range()).unwrap_or_default();
        !body.trim().is_empty()
    });
    let (index, document) = filled.next()?;
    let content = stream.text.get(document.content.range()).unwrap_or_default();
    if filled.next().is_some() || !content.contains("ResourceList") {
        return None;
    }
    match Sheet::parse(stream.text, index, *document) {
        Ok(sheet) if sheet.is_resource_list => Some(Ok(ResourceList { sheet })),
        Ok(_) => None,
        Err(error) => Some(Err(ParseError { offset: error.offset + document.content.start, ..error })),
    }
}

/// A parsed `ResourceList`.
#[derive(Debug)]
pub struct ResourceList<'t> {
    sheet: Sheet<'t>,
}

impl<'t> ResourceList<'t> {
    /// The parsed document.
    pub fn tree(&self) -> &crate::yaml::Tree<'t> {
        &self.sheet.tree
    }

    /// Where the document begins in the input.
    pub fn offset(&self) -> usize {
        self.sheet.offset
    }

    /// Its `functionConfig`, where there is one.
    pub fn function_config(&self) -> Option<NodeId> {
        let node = self.sheet.tree.get(self.sheet.tree.root()?, "functionConfig")?;
        // Null is how a host may say that there is none.
        (!self.sheet.tree.value(node).is_ok_and(|value| value.is_null())).then_some(node)
    }

    /// The list as it came, with what prevented a result among its `results`: hosts show those, and lose no item.
    /// In a document that cannot be edited the result is left out.
    pub fn with_problem(&self, text: &'t str, problem: &Problem) -> Result<Output<'t>, Error> {
        self.with_results(text, vec![results::of_problem(problem)])
    }

    /// The list as it came, with findings as its `results`, errors first: kpt shows four lines and cuts the rest.
    pub fn with_findings(&self, text: &'t str, findings: &[Finding]) -> Result<Output<'t>, Error> {
        let mut findings: Vec<&Finding> = findings.iter().collect();
        findings.sort_by_key(|finding| finding.severity);
        self.with_results(text, findings.into_iter().map(results::of_finding).collect())
    }

    fn with_results(&self, text: &'t str, own: Vec<Value>) -> Result<Output<'t>, Error> {
        let changes = Changes { results: merged_results(&self.sheet, own), ..Changes::default() };
        let applied = if changes.is_empty() { Ok(Vec::new()) } else { apply(&self.sheet, &changes).map(|it| it.edits) };
        let edits = match applied {
            // The items count for more than the reason, which is on standard error too.
            Err(Error::Input(_)) => Vec::new(),
            applied => applied?,
        };
        Output::new(text, edits).map_err(|error| Error::Internal(error.to_string()))
    }
}

fn merged_results(sheet: &Sheet<'_>, own: Vec<Value>) -> Option<Value> {
    let present = sheet.tree.root().and_then(|root| sheet.tree.get(root, "results"));
    let present = present.and_then(|node| sheet.tree.value(node).ok());
    results::merged(present.as_ref(), own)
}

/// Plans a run: what the result is, and what there is to say about it.
pub fn plan<'t>(stream: &Stream<'t>, config: &Config, request: &Request) -> Result<Outcome<'t>, Error> {
    plan_within(stream, config, request, &Inventory::default())
}

/// The same where Services, pods and namespaces are known that the stream lacks: those of the cluster that the result goes
/// to. Policies are narrowed by them as by those of the stream, which count before those of the same name.
pub fn plan_within<'t>(
    stream: &Stream<'t>,
    config: &Config,
    request: &Request,
    surroundings: &Inventory,
) -> Result<Outcome<'t>, Error> {
    let workloads = Workloads::new(&config.pod_security.workloads);
    let survey = Survey::take(stream, &workloads, &config.summary.name)?;
    let context = Context {
        config,
        workloads: &workloads,
        parts: request.parts,
        levels: levels(config, &survey),
        detail: request.detail,
        selector_keys: selector_keys(
            config,
            survey.documents.iter().flat_map(|it| &it.services).chain(&surroundings.services),
        ),
        release_namespace: request.namespace.clone().or_else(|| config.release_namespace.clone()),
    };
    Planner { stream, survey, context, surroundings }.run()
}

/// The enforce level of each managed namespace, after patching.
fn levels(config: &Config, survey: &Survey) -> BTreeMap<String, LevelVersion> {
    if !config.pod_security.enabled {
        return BTreeMap::new();
    }
    let facts = |name: &str| survey.documents.iter().flat_map(|it| &it.namespaces).find(|facts| facts.name == name);
    config
        .namespaces
        .iter()
        .map(|managed| {
            let wanted = LevelVersion { level: managed.level, version: config.pod_security.version };
            let present =
                facts(&managed.name).map(|facts| policy_to_evaluate(&facts.labels, Policy::default()).0.enforce);
            let level = match (config.pod_security.namespaces, present) {
                (NamespaceMode::Off, Some(present)) => present,
                (_, Some(present)) if present.level > wanted.level => present,
                (_, Some(present)) if present.level == wanted.level => wanted.max(present),
                _ => wanted,
            };
            (managed.name.clone(), level)
        })
        .collect()
}

struct Planner<'a, 't, 'c> {
    stream: &'a Stream<'t>,
    survey: Survey,
    context: Context<'c>,
    /// What is known beside the stream.
    surroundings: &'c Inventory,
}

/// Some documents after the second pass.
#[derive(Debug, Default)]
struct Done {
    decided: Decided,
    edits: Vec<TextEdit>,
    /// Of each document, or of each item of a list; with the document's position.
    digests: Vec<(usize, Digest)>,
    /// Documents with a pod template whose namespace is not known.
    homeless: Vec<usize>,
    /// New values of objects in documents that are edited at the end.
    held: BTreeMap<usize, Vec<(usize, Value)>>,
}

impl Done {
    fn absorb(&mut self, mut other: Self) {
        self.decided.absorb(other.decided);
        self.edits.append(&mut other.edits);
        self.digests.append(&mut other.digests);
        self.homeless.append(&mut other.homeless);
        self.held.append(&mut other.held);
    }
}

/// Texts below this size are not worth a second thread.
const PARALLEL_BYTES: usize = 256 << 10;
/// Documents that one task takes: enough that results are merged rarely, few enough that threads share the work.
const CHUNK: usize = 64;

/// Maps runs of documents, in parallel where that pays; the results are in the order of the documents.
fn map_chunks<R: Send>(
    stream: &Stream<'_>,
    map: impl Fn(Range<usize>) -> Result<R, Error> + Sync,
) -> Result<Vec<R>, Error> {
    let count = stream.documents.len();
    let range = |chunk: usize| chunk * CHUNK..count.min((chunk + 1) * CHUNK);
    let chunks = 0..count.div_ceil(CHUNK);
    if stream.text.len() < PARALLEL_BYTES || chunks.len() < 2 {
        return chunks.map(|chunk| map(range(chunk))).collect();
    }
    // Collected whole and only then searched for an error, so that it is the first in the text and not in time.
    let mapped: Vec<Result<R, Error>> = chunks.into_par_iter().map(|chunk| map(range(chunk))).collect();
    mapped.into_iter().collect()
}

impl<'t> Planner<'_, 't, '_> {
    fn run(mut self) -> Result<Outcome<'t>, Error> {
        let appends = self.survey.documents.iter().any(|it| !it.blank) && !self.survey.is_hooks_only(self.stream);
        let mut done = Done::default();
        for chunk in map_chunks(self.stream, |range| self.second_pass(range))? {
            done.absorb(chunk);
        }
        self.find_homes(&mut done)?;

        let network = self.network(std::mem::take(&mut done.decided.pods))?;
        let pods = done.decided.counts;
        let changes = std::mem::take(&mut done.decided.changes);
        let mut actions = std::mem::take(&mut done.decided.actions);
        let mut findings = network.flows.findings.clone();
        findings.append(&mut done.decided.findings);
        let untold = done.decided.untold;
        findings.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        actions.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));

        let mut difference = Difference::default();
        if appends {
            let mut wanted = wanted::namespaces(self.context.config, &self.survey, self.context.parts);
            wanted.extend(wanted::policies(&network));
            if self.context.config.summary.enabled && self.context.parts.contains(Part::Summary) {
                let digest = digest::of_all(&mut done.digests);
                wanted.push(self.summary(&network, &findings, pods, digest));
            }
            self.check_names(&wanted)?;
            difference = Difference::of(wanted, &self.survey, self.context.parts);
        }
        let objects = difference.actions();
        let edits = self.edits(done, difference, &findings)?;
        let rejected = self.context.config.pod_security.conflicts == Conflicts::Fail
            && findings.iter().any(|finding| finding.severity == Severity::Error);
        let output = Output::new(self.stream.text, edits).map_err(|error| Error::Internal(error.to_string()))?;
        Ok(Outcome { output, findings, actions, untold, changes, objects, pods, rejected })
    }

    fn surveyed(&self, index: usize) -> &survey::Surveyed {
        static NOTHING: survey::Surveyed = survey::Surveyed::NOTHING;
        self.survey.documents.get(index).unwrap_or(&NOTHING)
    }

    fn sheet(&self, index: usize) -> Result<Sheet<'t>, Error> {
        let lost = || Error::Internal("a document was lost".to_owned());
        let document = self.stream.documents.get(index).ok_or_else(lost)?;
        // The survey does not parse a document whose kind is plain to see.
        Sheet::parse(self.stream.text, index, *document).map_err(|error| survey::unreadable(index, *document, &error))
    }

    /// The document whose list new objects join: a `ResourceList`, or the one list that a stream consists of.
    fn container(&self) -> Option<usize> {
        let mut filled = self.survey.documents.iter().enumerate().filter(|(_, it)| !it.blank);
        let (index, only) = filled.next()?;
        (only.list && filled.next().is_none()).then_some(index)
    }

    /// Whether a document is edited at the end, because generated objects come and go in its list.
    fn is_held(&self, index: usize) -> bool {
        let surveyed = self.surveyed(index);
        surveyed.list && (self.container() == Some(index) || !surveyed.own_objects.is_empty())
    }

    /// Decides on documents and edits them.
    fn second_pass(&self, range: Range<usize>) -> Result<Done, Error> {
        let mut done = Done::default();
        range.into_iter().try_for_each(|index| self.take_document(index, &mut done))?;
        Ok(done)
    }

    fn take_document(&self, index: usize, done: &mut Done) -> Result<(), Error> {
        let surveyed = self.surveyed(index);
        let span = self.stream.documents.get(index).map_or(Span::at(0), |document| document.body);
        let body = self.stream.text.get(span.range()).unwrap_or_default();
        if surveyed.blank || surveyed.own {
            return Ok(());
        }
        let held = self.is_held(index);
        if !surveyed.relevant && !held {
            done.digests.push((index, digest::of_text(body)));
            return Ok(());
        }
        let sheet = self.sheet(index)?;
        let mut decided = decide(&sheet, &self.context)?;
        if decided.homeless.is_some() {
            done.homeless.push(index);
            done.decided.homeless = done.decided.homeless.take().or(decided.homeless);
            return Ok(());
        }
        let targets = std::mem::take(&mut decided.targets);
        done.decided.absorb(decided);
        if held {
            done.digests.extend(item_digests(&sheet, &targets).into_iter().map(|digest| (index, digest)));
            done.held.insert(index, targets);
            return Ok(());
        }
        if targets.is_empty() {
            done.digests.push((index, digest::of_text(body)));
            return Ok(());
        }
        let applied = apply(&sheet, &Changes { targets, ..Changes::default() })?;
        let body = applied.text.get(span.start.saturating_sub(sheet.offset)..).unwrap_or_default();
        done.digests.push((index, digest::of_text(body)));
        done.edits.extend(applied.edits);
        Ok(())
    }

    /// Takes the documents again whose pods had no namespace, now that the whole stream is known (decision 12).
    fn find_homes(&mut self, done: &mut Done) -> Result<(), Error> {
        let homeless = std::mem::take(&mut done.homeless);
        done.decided.homeless = None;
        if homeless.is_empty() {
            return Ok(());
        }
        self.context.release_namespace = self.survey.only_namespace(self.stream);
        for index in homeless {
            self.take_document(index, done)?;
        }
        done.decided.homeless.take().map_or(Ok(()), |problem| Err(Error::Input(problem)))
    }

    fn network(&self, pods: PodKinds) -> Result<Generated, Error> {
        if !self.context.config.network.enabled || !self.context.parts.contains(Part::Network) {
            return Ok(Generated::default());
        }
        generate(self.context.config, &self.inventory(pods))
    }

    /// The facts of the whole stream, with the namespace of the release where an object names none.
    fn inventory(&self, pods: PodKinds) -> Inventory {
        let documents = || self.survey.documents.iter();
        let mut inventory = Inventory {
            pods: pods.into_values().collect(),
            services: documents().flat_map(|it| it.services.iter().cloned()).collect(),
            namespaces: documents().flat_map(|it| it.namespaces.iter().cloned()).collect(),
            routes: documents().flat_map(|it| it.routes.iter().cloned()).collect(),
            policies: documents().flat_map(|it| it.policies.iter().cloned()).collect(),
        };
        let services = inventory.services.iter_mut().map(|it| &mut it.namespace);
        let routes = inventory.routes.iter_mut().map(|it| &mut it.namespace);
        let policies = inventory.policies.iter_mut().map(|it| &mut it.namespace);
        for namespace in services.chain(routes).chain(policies) {
            *namespace = namespace.take().or_else(|| self.context.release_namespace.clone());
        }
        inventory.join(self.surroundings);
        inventory
    }

    fn summary(&self, network: &Generated, findings: &[Finding], pods: PodCounts, digest: String) -> Wanted {
        let config = self.context.config;
        let value = summary::summary(&summary::Facts {
            config,
            levels: &self.context.levels,
            flows: &network.flows.flows,
            findings,
            objects: self.survey.documents.iter().map(|it| it.objects).sum(),
            policies: network.policies.len(),
            pods,
            digest,
        });
        let file = format!("{}.yaml", config.summary.name);
        Wanted { place: Place::Summary, file, reason: "summary of the run".to_owned(), value }
    }

    /// Refuses to give one name to two objects: the one applied last would win.
    fn check_names(&self, wanted: &[Wanted]) -> Result<(), Error> {
        for (index, surveyed) in self.survey.documents.iter().enumerate() {
            for (id, span) in &surveyed.named {
                let namespace = id.namespace.as_ref().or(self.context.release_namespace.as_ref());
                let same = |wanted: &&Wanted| {
                    let text = |pointer: &str| wanted.value.pointer(pointer).and_then(Value::as_str);
                    text("/kind") == Some(&id.gvk.kind)
                        && text("/metadata/name") == Some(&id.name)
                        && text("/metadata/namespace") == namespace.map(String::as_str)
                };
                if wanted.iter().any(|wanted| same(&wanted)) {
                    return Err(Error::input(Problem {
                        message: format!("{id} has the name of an object that floe adds, and is not floe's"),
                        document: index,
                        object: Some(id.clone()),
                        path: crate::yaml::FieldPath::of_keys(["metadata", "name"]),
                        span: *span,
                        help: "rename it; the summary's own name is security.summary.name".to_owned(),
                    }));
                }
            }
        }
        Ok(())
    }

    /// All edits of the text.
    fn edits(&self, done: Done, difference: Difference, findings: &[Finding]) -> Result<Vec<TextEdit>, Error> {
        let mut edits = done.edits;
        let Difference { new, replace, remove, .. } = difference;
        let mut items: BTreeMap<usize, Vec<(usize, ItemChange)>> = BTreeMap::new();
        let document = |at: Position| self.stream.documents.get(at.document);
        let span_of = |at: Position| document(at).map_or(Span::at(0), crate::stream::Document::unmarked);
        for (at, wanted) in replace {
            if self.surveyed(at.document).list {
                items.entry(at.document).or_default().push((at.unit, ItemChange::Replace(wanted.value)));
            } else {
                let text = if document(at).is_some_and(|document| document.separator.is_some()) {
                    place::render(self.stream, &wanted)
                } else {
                    place::render_body(self.stream, &wanted)
                };
                edits.push(TextEdit::replace(span_of(at), text));
            }
        }
        for (at, _) in remove {
            if self.surveyed(at.document).list {
                items.entry(at.document).or_default().push((at.unit, ItemChange::Remove));
            } else {
                edits.push(TextEdit::delete(span_of(at)));
            }
        }
        let container = self.container();
        if container.is_none() {
            edits.extend(place::insertions(self.stream, &self.survey, &new));
        }
        for (index, targets) in done.held {
            let sheet = self.sheet(index)?;
            let mut items = items.remove(&index).unwrap_or_default();
            items.sort_by_key(|(unit, _)| *unit);
            let joins = container == Some(index);
            let results = sheet
                .is_resource_list
                .then(|| merged_results(&sheet, findings.iter().map(results::of_finding).collect()))
                .flatten();
            let new_items = if joins { new.iter().map(|wanted| item(&sheet, wanted)).collect() } else { Vec::new() };
            let changes = Changes { targets, items, new_items, results };
            if !changes.is_empty() {
                edits.extend(apply(&sheet, &changes)?.edits);
            }
        }
        Ok(edits)
    }
}

/// A generated object as an item: in a package it needs a file to live in.
fn item(sheet: &Sheet<'_>, wanted: &Wanted) -> Value {
    let mut value = wanted.value.clone();
    if sheet.is_resource_list {
        wanted::annotate(&mut value, "internal.config.kubernetes.io/path", json!(place::path(wanted)));
        wanted::annotate(&mut value, "internal.config.kubernetes.io/index", json!("0"));
    }
    value
}

/// Digests of the items of a list that are not floe's.
fn item_digests(sheet: &Sheet<'_>, targets: &[(usize, Value)]) -> Vec<Digest> {
    let units = sheet.units.iter().enumerate().filter(|(_, unit)| !sheet.is_own(unit) && !sheet.is_local(unit));
    units
        .filter_map(|(number, unit)| {
            let target = targets.iter().find(|(target, _)| *target == number);
            match target {
                Some((_, value)) => Some(digest::of_item(value)),
                None => sheet.tree.value(unit.node).ok().map(|value| digest::of_item(&value)),
            }
        })
        .collect()
}
