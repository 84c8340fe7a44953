//! The passes of a run over a stream, and what they have found so far.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde_json::{Value, json};

use super::apply::{Changes, ItemChange, apply};
use super::decide::{Context, Decided, ObjectChange, PodCounts, PodKinds, decide};
use super::digest::{self, Digest};
use super::generate::{Generated, generate};
use super::output::Output;
use super::request::{Part, Request};
use super::resource_list::merged_results;
use super::survey::{self, Position, Survey};
use super::wanted::{self, Difference, ObjectAction, Placement, Wanted};
use super::{notices, place, results, summary};
use crate::config::{Config, Conflicts, ManagedNamespace, NamespaceMode};
use crate::document::{Error, ParsedDocument, Problem, map_chunks};
use crate::finding::{Finding, Location, Severity};
use crate::network_policy::selector_keys;
use crate::object::{Inventory, ResourceId, Workloads};
use crate::pod_security::{LevelVersion, Policy, enforced_after, policy_to_evaluate};
use crate::stream::Stream;
use crate::text::{Span, TextEdit};
use crate::yaml::{FieldPath, TwinKey};

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
    pub notes_left_out: usize,
    /// Changes of objects in the input, if they were asked for.
    pub changes: Vec<ObjectChange>,
    /// Objects that were added, replaced or removed.
    pub objects: Vec<ObjectAction>,
    /// Pods of managed namespaces.
    pub pods: PodCounts,
    /// Pods violate the level that their namespace enforces, and the configuration says that this fails the run.
    pub rejected: bool,
}

/// Plans a run: what the result is, and what there is to say about it.
pub fn plan<'t>(stream: &Stream<'t>, config: &Config, request: &Request) -> Result<Outcome<'t>, Error> {
    plan_within(stream, config, request, &Inventory::default())
}

/// The same where Services, pods and namespaces are known that the stream lacks: those of the cluster that the result
/// goes to. Policies are narrowed by them as by those of the stream, which count before those of the same name.
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
    let level = |managed: &ManagedNamespace| {
        let wanted = LevelVersion { level: managed.level, version: config.pod_security.version };
        let Some(facts) = facts(&managed.name) else { return wanted };
        match config.pod_security.namespaces {
            NamespaceMode::Off => policy_to_evaluate(&facts.labels, Policy::default()).0.enforce,
            _ => enforced_after(&facts.labels, managed, config),
        }
    };
    config.namespaces.iter().map(|managed| (managed.name.clone(), level(managed))).collect()
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
    without_namespace: Vec<usize>,
    /// New values of objects in documents that are edited at the end.
    held: BTreeMap<usize, Vec<(usize, Value)>>,
}

impl Done {
    fn absorb(&mut self, mut other: Self) {
        self.decided.absorb(other.decided);
        self.edits.append(&mut other.edits);
        self.digests.append(&mut other.digests);
        self.without_namespace.append(&mut other.without_namespace);
        self.held.append(&mut other.held);
    }

    /// Whether an object of the input gets another value.
    fn changes_objects(&self) -> bool {
        !self.edits.is_empty() || self.held.values().any(|targets| !targets.is_empty())
    }
}

impl<'t> Planner<'_, 't, '_> {
    fn run(mut self) -> Result<Outcome<'t>, Error> {
        let appends = self.survey.documents.iter().any(|it| !it.blank) && !self.survey.is_hooks_only(self.stream);
        let mut done = Done::default();
        for chunk in map_chunks(self.stream, |range| self.second_pass(range))? {
            done.absorb(chunk);
        }
        self.find_namespaces(&mut done)?;

        let network = self.network(std::mem::take(&mut done.decided.pods))?;
        let pods = done.decided.counts;
        let changes = std::mem::take(&mut done.decided.changes);
        let mut actions = std::mem::take(&mut done.decided.actions);
        let mut findings = network.flows.findings.clone();
        findings.append(&mut done.decided.findings);
        findings.extend(self.survey.documents.iter().flat_map(|it| &it.marked).map(|(id, at)| notices::marked(id, at)));
        findings.extend(notices::unmanaged(self.context.config, &done.decided.unmanaged, pods));
        // Those of the input stand in the line before; a cluster has others.
        let around = self.surroundings.namespaces.iter().map(|it| it.name.as_str());
        let around: BTreeSet<&str> = around.filter(|name| !done.decided.unmanaged.contains_key(*name)).collect();
        findings.extend(around.into_iter().filter_map(|name| notices::unlisted_domain(self.context.config, name)));
        let notes_left_out = done.decided.notes_left_out;
        findings.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        actions.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));

        let mut difference = Difference::default();
        if appends {
            let mut wanted = wanted::namespaces(self.context.config, &self.survey, self.context.parts);
            wanted.extend(wanted::policies(&network));
            let digest = digest::of_all(&mut done.digests);
            let summary = |told: &str| self.summary(&network, &findings, pods, &digest, told);
            let with = |summary| {
                let all = wanted.iter().cloned().chain(summary);
                Difference::of(all, &self.survey, self.context.config, self.context.parts)
            };
            let as_before = summary(wanted::told_before(&self.survey));
            self.check_names(&wanted.iter().chain(&as_before))?;
            difference = with(as_before);
            actions.extend(difference.remove.iter().map(|(at, id)| notices::removed(id, &self.name_of(*at))));
            let replaced = difference.replace.iter().filter(|(_, wanted)| wanted.place != Placement::Summary);
            let replaced =
                replaced.filter_map(|(at, wanted)| Some((ResourceId::of(&wanted.value)?, self.name_of(*at))));
            actions.extend(replaced.map(|(id, at)| notices::replaced(&id, &at)));
            actions.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
            if done.changes_objects() || difference.changes_objects() {
                difference = with(summary(&summary::told(&actions)));
            }
        }
        let keeps_told = !done.changes_objects() && !difference.changes_objects();
        let objects = difference.actions();
        findings.extend(difference.kept.iter().map(|(at, id)| notices::kept(id, &self.name_of(*at))));
        findings.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        let told = actions.iter().filter(|action| notices::is_told(action.check.0));
        let said: Vec<&Finding> = told.chain(&findings).collect();
        let (edits, more) = self.edits(done, difference, &said, keeps_told)?;
        actions.extend(more);
        actions.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        let rejected = self.context.config.pod_security.conflicts == Conflicts::Fail
            && findings.iter().any(|finding| finding.severity == Severity::Error);
        let output = Output::new(self.stream.text, edits).map_err(|error| Error::Internal(error.to_string()))?;
        Ok(Outcome { output, findings, actions, notes_left_out, changes, objects, pods, rejected })
    }

    fn surveyed(&self, index: usize) -> &survey::Surveyed {
        static NOTHING: survey::Surveyed = survey::Surveyed::NOTHING;
        self.survey.documents.get(index).unwrap_or(&NOTHING)
    }

    fn parsed(&self, index: usize) -> Result<ParsedDocument<'t>, Error> {
        // The survey does not parse a document whose kind is plain to see.
        ParsedDocument::read(self.stream, index)
    }

    /// Where the name of an object of floe's stands that is in the input.
    fn name_of(&self, at: Position) -> Location {
        let nowhere = || Location { stream: self.stream.number, document: at.document, ..Location::default() };
        let Ok(parsed) = self.parsed(at.document) else { return nowhere() };
        parsed.objects.get(at.object).map_or_else(nowhere, |object| parsed.location_of_name(at.object, object))
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
        let parsed = self.parsed(index)?;
        let mut decided = decide(&parsed, &self.context)?;
        if decided.without_namespace.is_some() {
            done.without_namespace.push(index);
            done.decided.without_namespace = done.decided.without_namespace.take().or(decided.without_namespace);
            return Ok(());
        }
        let targets = std::mem::take(&mut decided.targets);
        done.decided.absorb(decided);
        if held {
            done.digests.extend(item_digests(&parsed, &targets).into_iter().map(|digest| (index, digest)));
            done.held.insert(index, targets);
            return Ok(());
        }
        if targets.is_empty() {
            done.digests.push((index, digest::of_text(body)));
            return Ok(());
        }
        let applied = apply(&parsed, &Changes { targets, ..Changes::default() })?;
        let body = applied.text.get(span.start.saturating_sub(parsed.offset)..).unwrap_or_default();
        done.digests.push((index, digest::of_text(body)));
        done.edits.extend(applied.edits);
        done.decided.actions.extend(self.written_twice(&parsed, &applied.twins));
        Ok(())
    }

    /// Takes the documents again whose pods had no namespace, now that the whole stream is known (decision on: A
    /// document without a namespace).
    fn find_namespaces(&mut self, done: &mut Done) -> Result<(), Error> {
        let without_namespace = std::mem::take(&mut done.without_namespace);
        done.decided.without_namespace = None;
        if without_namespace.is_empty() {
            return Ok(());
        }
        self.context.release_namespace = self.survey.only_namespace(self.stream);
        for index in without_namespace {
            self.take_document(index, done)?;
        }
        done.decided.without_namespace.take().map_or(Ok(()), |problem| Err(Error::Input(problem)))
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
            other_policies: documents().flat_map(|it| it.other_policies.iter().cloned()).collect(),
        };
        let services = inventory.services.iter_mut().map(|it| &mut it.namespace);
        let routes = inventory.routes.iter_mut().map(|it| &mut it.namespace);
        let policies = inventory.policies.iter_mut().map(|it| &mut it.namespace);
        let others = inventory.other_policies.iter_mut().filter(|it| !it.is_cluster_wide).map(|it| &mut it.namespace);
        for namespace in services.chain(routes).chain(policies).chain(others) {
            *namespace = namespace.take().or_else(|| self.context.release_namespace.clone());
        }
        inventory.join(self.surroundings);
        inventory
    }

    /// The summary, where one is wanted; `told` are the words on what was removed, replaced or raised.
    fn summary(
        &self,
        network: &Generated,
        findings: &[Finding],
        pods: PodCounts,
        digest: &str,
        told: &str,
    ) -> Option<Wanted> {
        let config = self.context.config;
        if !config.summary.enabled || !self.context.parts.contains(Part::Summary) {
            return None;
        }
        let value = summary::summary(&summary::Facts {
            config,
            levels: &self.context.levels,
            flows: &network.flows.flows,
            findings,
            objects: self.survey.documents.iter().map(|it| it.objects).sum(),
            policies: network.policies.len(),
            pods,
            digest,
            told,
        });
        let file = format!("{}.yaml", config.summary.name);
        Some(Wanted { place: Placement::Summary, file, reason: "summary of the run".to_owned(), value })
    }

    /// Refuses to give one name to two objects: the one applied last would win.
    fn check_names<'w>(&self, wanted: &(impl Iterator<Item = &'w Wanted> + Clone)) -> Result<(), Error> {
        for (index, surveyed) in self.survey.documents.iter().enumerate() {
            for (id, span) in &surveyed.named {
                let namespace = id.namespace.as_ref().or(self.context.release_namespace.as_ref());
                let same = |wanted: &&Wanted| {
                    let text = |pointer: &str| wanted.value.pointer(pointer).and_then(Value::as_str);
                    text("/kind") == Some(&id.gvk.kind)
                        && text("/metadata/name") == Some(&id.name)
                        && text("/metadata/namespace") == namespace.map(String::as_str)
                };
                if wanted.clone().any(|wanted| same(&wanted)) {
                    return Err(Error::input(Problem {
                        message: format!("{id} has the name of an object that floe adds, and is not floe's"),
                        object: Some(id.clone()),
                        location: Location {
                            stream: self.stream.number,
                            document: index,
                            span: Some(*span),
                            path: FieldPath::of_keys(["metadata", "name"]),
                        },
                        help: "rename it; the summary's own name is security.summary.name".to_owned(),
                    }));
                }
            }
        }
        Ok(())
    }

    fn written_twice(&self, parsed: &ParsedDocument<'_>, twins: &[(usize, TwinKey)]) -> Vec<Finding> {
        let of = |(number, twin): &(usize, TwinKey)| notices::written_twice(parsed, self.stream.text, *number, twin);
        twins.iter().map(of).collect()
    }

    /// All edits of the text, and what there is to say of those that were made last.
    fn edits(
        &self,
        done: Done,
        difference: Difference,
        said: &[&Finding],
        keeps_told: bool,
    ) -> Result<(Vec<TextEdit>, Vec<Finding>), Error> {
        let mut more = Vec::new();
        let mut edits = done.edits;
        let Difference { new, replace, remove, .. } = difference;
        let mut items: BTreeMap<usize, Vec<(usize, ItemChange)>> = BTreeMap::new();
        let document = |at: Position| self.stream.documents.get(at.document);
        let span_of = |at: Position| document(at).map_or(Span::at(0), crate::stream::Document::unmarked);
        for (at, wanted) in replace {
            if self.surveyed(at.document).list {
                items.entry(at.document).or_default().push((at.object, ItemChange::Replace(wanted.value)));
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
                items.entry(at.document).or_default().push((at.object, ItemChange::Remove));
            } else {
                edits.push(TextEdit::delete(span_of(at)));
            }
        }
        let container = self.container();
        if container.is_none() {
            edits.extend(place::insertions(self.stream, &self.survey, &new));
        }
        for (index, targets) in done.held {
            let parsed = self.parsed(index)?;
            let mut items = items.remove(&index).unwrap_or_default();
            items.sort_by_key(|(object, _)| *object);
            let joins = container == Some(index);
            let results = parsed
                .is_resource_list
                .then(|| merged_results(&parsed, said.iter().copied().map(results::of_finding).collect(), keeps_told))
                .flatten();
            let new_items = if joins { new.iter().map(|wanted| item(&parsed, wanted)).collect() } else { Vec::new() };
            let changes = Changes { targets, items, new_items, results };
            if !changes.is_empty() {
                let applied = apply(&parsed, &changes)?;
                more.extend(self.written_twice(&parsed, &applied.twins));
                edits.extend(applied.edits);
            }
        }
        Ok((edits, more))
    }
}

/// A generated object as an item: in a package it needs a file to live in.
fn item(parsed: &ParsedDocument<'_>, wanted: &Wanted) -> Value {
    let mut value = wanted.value.clone();
    if parsed.is_resource_list {
        wanted::annotate(&mut value, "internal.config.kubernetes.io/path", json!(place::path(wanted)));
        wanted::annotate(&mut value, "internal.config.kubernetes.io/index", json!("0"));
    }
    value
}

/// Digests of the items of a list that are not floe's.
fn item_digests(parsed: &ParsedDocument<'_>, targets: &[(usize, Value)]) -> Vec<Digest> {
    let objects =
        parsed.objects.iter().enumerate().filter(|(_, object)| !parsed.is_own(object) && !parsed.is_local(object));
    objects
        .filter_map(|(number, object)| {
            let target = targets.iter().find(|(target, _)| *target == number);
            match target {
                Some((_, value)) => Some(digest::of_item(value)),
                None => parsed.tree.value(object.node).ok().map(|value| digest::of_item(&value)),
            }
        })
        .collect()
}
