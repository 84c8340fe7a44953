//! What to change in one document: JSON Patches of pod templates and Namespaces, and the verdict on the result.

use std::collections::{BTreeMap, BTreeSet};

use json_patch::Patch;
use serde_json::Value;

use super::request::{Detail, Part, Parts};
use crate::config::{Config, Conflicts, NamespaceMode};
use crate::document::{Error, ObjectNode, ParsedDocument, Problem};
use crate::finding::{CheckId, Finding, Location, Severity};
use crate::object::{
    ContainerPort, GroupVersionKind, PodFacts, PodPlace, ResourceId, Shape, Workload, Workloads, pod_facts,
    template_path,
};
use crate::pod_security::{
    Change, Evaluator, HardenError, Hardening, Judged, LevelVersion, harden_as, judge_pods, patch_namespace,
    raised_labels, unknown_workload,
};
use crate::yaml::FieldPath;

/// The level or version of Pod Security that a Namespace of the input says is raised.
pub(super) const LEVEL_RAISED: CheckId = CheckId("level-raised");

/// What every decision needs.
#[derive(Debug)]
pub(super) struct Context<'c> {
    pub(super) config: &'c Config,
    pub(super) workloads: &'c Workloads,
    pub(super) parts: Parts,
    /// The enforce level of each managed namespace.
    pub(super) levels: BTreeMap<String, LevelVersion>,
    /// What an object without a namespace means, where that is known.
    pub(super) release_namespace: Option<String>,
    pub(super) detail: Detail,
    /// Label keys that a policy may select by.
    pub(super) selector_keys: BTreeSet<String>,
}

/// Pods that differ for network policies, with the first object that makes such pods.
///
/// A stream may hold tens of thousands of templates, and their labels differ in names that no policy asks for.
pub(super) type PodKinds = BTreeMap<PodKind, PodFacts>;

type PodKind = (String, BTreeMap<String, String>, Vec<ContainerPort>, bool);

/// One change, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectChange {
    /// The object.
    pub object: ResourceId,
    /// What changes in it.
    pub change: Change,
}

/// Pods seen in managed namespaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PodCounts {
    /// Pods and pod templates.
    pub seen: usize,
    /// Those that are hardened, now or by an earlier run.
    pub hardened: usize,
    /// Those that ask to be left alone.
    pub opted_out: usize,
}

impl std::ops::AddAssign for PodCounts {
    fn add_assign(&mut self, other: Self) {
        self.seen += other.seen;
        self.hardened += other.hardened;
        self.opted_out += other.opted_out;
    }
}

/// Decisions on one document.
#[derive(Debug, Default)]
pub(super) struct Decided {
    /// New values, by number of the object.
    pub(super) targets: Vec<(usize, Value)>,
    pub(super) pods: PodKinds,
    pub(super) findings: Vec<Finding>,
    pub(super) actions: Vec<Finding>,
    /// Number of notes that were not asked for.
    pub(super) notes_left_out: usize,
    pub(super) changes: Vec<ObjectChange>,
    pub(super) counts: PodCounts,
    /// Objects that make pods in namespaces that are not managed.
    pub(super) unmanaged: BTreeMap<String, usize>,
    /// A pod template whose namespace is not known.
    pub(super) without_namespace: Option<Box<Problem>>,
}

impl Decided {
    /// Joins what was decided on a later document; targets and homes are for the caller.
    pub(super) fn absorb(&mut self, mut later: Self) {
        for (kind, facts) in later.pods {
            self.pods.entry(kind).or_insert(facts);
        }
        self.findings.append(&mut later.findings);
        self.actions.append(&mut later.actions);
        self.notes_left_out += later.notes_left_out;
        self.changes.append(&mut later.changes);
        self.counts += later.counts;
        for (namespace, count) in later.unmanaged {
            *self.unmanaged.entry(namespace).or_default() += count;
        }
        self.without_namespace = self.without_namespace.take().or(later.without_namespace);
    }
}

/// Decides on every object of a document that is not floe's own.
pub(super) fn decide(parsed: &ParsedDocument<'_>, context: &Context<'_>) -> Result<Decided, Error> {
    let mut decided = Decided::default();
    for (number, object) in parsed.objects.iter().enumerate() {
        if !parsed.is_own(object) {
            Decision { parsed, context, number, object }.take(&mut decided)?;
        }
    }
    Ok(decided)
}

struct Decision<'a, 't> {
    parsed: &'a ParsedDocument<'t>,
    context: &'a Context<'a>,
    number: usize,
    object: &'a ObjectNode,
}

impl Decision<'_, '_> {
    fn take(&self, decided: &mut Decided) -> Result<(), Error> {
        let text = |path: &[&str]| self.parsed.text(self.object, path);
        let Some(gvk) = self.parsed.gvk(self.object) else { return Ok(()) };
        if gvk.group.is_empty() && gvk.kind == "Namespace" {
            return self.namespace(&text(&["metadata", "name"]).unwrap_or_default(), decided);
        }
        let Some(workload) = self.context.workloads.find(&gvk) else { return self.unknown(decided) };
        if workload.is_cluster_scoped() {
            return self.cluster_scoped(workload, decided);
        }
        let named = text(&["metadata", "namespace"]);
        let Some(namespace) = named.as_deref().or(self.context.release_namespace.as_deref()) else {
            if workload.is_hardened() && self.context.needs_namespaces() && decided.without_namespace.is_none() {
                decided.without_namespace = Some(Box::new(self.without_namespace(&gvk)?));
            }
            return Ok(());
        };
        if self.context.config.managed(namespace).is_none() {
            if workload.is_hardened() {
                *decided.unmanaged.entry(namespace.to_owned()).or_default() += 1;
            }
            return Ok(());
        }
        self.workload(namespace, workload, decided)
    }

    /// An object of another kind: it may hold containers of which nobody else speaks.
    fn unknown(&self, decided: &mut Decided) -> Result<(), Error> {
        let named = self.parsed.text(self.object, &["metadata", "namespace"]);
        let namespace = named.as_deref().or(self.context.release_namespace.as_deref());
        let is_managed = namespace.is_some_and(|namespace| self.context.config.managed(namespace).is_some());
        if is_managed && self.context.parts.contains(Part::Pods) && self.context.config.pod_security.enabled {
            let Ok((id, value)) = self.value() else { return Ok(()) };
            decided.findings.extend(unknown_workload(&id, &value).map(|finding| self.placed(finding)));
        }
        Ok(())
    }

    fn value(&self) -> Result<(ResourceId, Value), Error> {
        let value = self.parsed.tree.value(self.object.node).map_err(|error| {
            let mut problem = self.problem(None, &FieldPath::root(), error.message);
            problem.location = self.parsed.location_of_byte(self.number, error.offset);
            Error::input(problem)
        })?;
        match self.parsed.id(self.object, &value) {
            Some(id) => Ok((id, value)),
            None => Err(Error::Internal("an object lost its kind".to_owned())),
        }
    }

    fn problem(&self, object: Option<ResourceId>, path: &FieldPath, message: impl Into<String>) -> Problem {
        Problem {
            message: message.into(),
            object,
            location: self.location(path),
            help: "correct the manifest; or, for a pod, annotate its template with `floe.dev/harden: \"false\"`"
                .to_owned(),
        }
    }

    fn without_namespace(&self, gvk: &GroupVersionKind) -> Result<Problem, Error> {
        let (id, _) = self.value()?;
        let mut problem = self.problem(
            Some(id.clone()),
            &FieldPath::of_keys(["metadata"]),
            format!("the namespace of {} {} is not known", gvk.kind, id.name),
        );
        "give it with --namespace (with Helm: --post-renderer-args --namespace --post-renderer-args NAMESPACE), \
         FLOE_NAMESPACE, ARGOCD_APP_NAMESPACE or security.release_namespace, or write metadata.namespace"
            .clone_into(&mut problem.help);
        Ok(problem)
    }

    fn namespace(&self, name: &str, decided: &mut Decided) -> Result<(), Error> {
        let security = &self.context.config.pod_security;
        let Some(managed) = self.context.config.managed(name) else { return Ok(()) };
        if !security.enabled
            || security.namespaces == NamespaceMode::Off
            || !self.context.parts.contains(Part::Namespaces)
        {
            return Ok(());
        }
        let (id, mut value) = self.value()?;
        let patch =
            patch_namespace(&value, managed, self.context.config).map_err(|error| self.wrong_shape(&id, &error))?;
        if patch.is_empty() {
            return Ok(());
        }
        let what = format!("label for Pod Security, enforce {}", managed.level);
        let change = Change { path: FieldPath::of_keys(["metadata", "labels"]), what };
        decided.changes.push(ObjectChange { object: id.clone(), change });
        let before = value.clone();
        apply(&mut value, patch)?;
        let raised = raised_labels(&before, &value);
        if let Some((first, ..)) = raised.first() {
            let labels: Vec<String> =
                raised.iter().map(|(name, before, after)| format!("{name} from `{before}` to `{after}`")).collect();
            let message = format!(
                "what the input says is weaker than what the configuration wants, and is raised: {}",
                labels.join(", ")
            );
            let label = format!("pod-security.kubernetes.io/{first}");
            let path = FieldPath::of_keys(["metadata", "labels"]).child(label);
            let finding = Finding::new(Severity::Warning, LEVEL_RAISED, message)
                .at(&id, self.location(&path))
                .help("write the level that is meant, or lower that of the role (`security.pod_security`)");
            decided.actions.push(finding);
        }
        decided.targets.push((self.number, value));
        Ok(())
    }

    fn wrong_shape(&self, id: &ResourceId, error: &HardenError) -> Error {
        let HardenError::WrongShape { path, .. } = error;
        Error::input(self.problem(Some(id.clone()), path, error.to_string()))
    }

    /// A kind without a namespace: where its pods run is not known, so neither is the level that they have to meet.
    fn cluster_scoped(&self, workload: &Workload, decided: &mut Decided) -> Result<(), Error> {
        if !self.context.needs_namespaces() {
            return Ok(());
        }
        let (id, value) = self.value()?;
        let Some(place) = workload.places(&value).into_iter().next() else { return Ok(()) };
        let place = PodPlace { shape: Shape::Opaque, ..place };
        let hardening = self.hardening(&id, &value, &place)?;
        decided.findings.extend(hardening.findings.into_iter().map(|finding| self.placed(finding)));
        Ok(())
    }

    fn workload(&self, namespace: &str, workload: &Workload, decided: &mut Decided) -> Result<(), Error> {
        let (id, mut value) = self.value()?;
        let judged = self.context.parts.contains(Part::Pods) && self.context.config.pod_security.enabled;
        let mut changed = false;
        let mut unhardened: Option<PodPlace> = None;
        for place in workload.places(&value) {
            if place.shape.is_template() {
                self.remember(pod_facts(&value, &id, &place.path, namespace), decided);
            }
            if !judged {
                continue;
            }
            if place.shape.is_hardened() {
                decided.counts.seen += 1;
                if self.context.config.hardens(namespace) {
                    changed |= self.harden(&id, &mut value, &place, decided)?;
                }
            } else if unhardened.is_none() {
                unhardened = Some(place.clone());
            }
            self.judge(&id, &value, &place, namespace, decided);
        }
        if let Some(place) = unhardened {
            decided.counts.seen += 1;
            if self.context.config.hardens(namespace) {
                let hardening = self.hardening(&id, &value, &place)?;
                decided.counts.opted_out += usize::from(hardening.opted_out);
                decided.findings.extend(hardening.findings.into_iter().map(|finding| self.placed(finding)));
            }
        }
        if changed {
            decided.targets.push((self.number, value));
        }
        Ok(())
    }

    /// Keeps what policies may ask of a pod.
    fn remember(&self, mut facts: PodFacts, decided: &mut Decided) {
        facts.labels.retain(|key, _| self.context.selector_keys.contains(key));
        let kind = (facts.namespace.clone(), facts.labels.clone(), facts.ports.clone(), facts.host_network);
        decided.pods.entry(kind).or_insert(facts);
    }

    fn harden(
        &self,
        id: &ResourceId,
        value: &mut Value,
        place: &PodPlace,
        decided: &mut Decided,
    ) -> Result<bool, Error> {
        let containers = place.path.join(&FieldPath::of_keys(["spec", "containers"]));
        let found = value.pointer(&containers.to_pointer()).and_then(Value::as_array);
        let is_core = template_path(&id.gvk).is_some_and(|path| path == place.path);
        if is_core && found.is_none_or(Vec::is_empty) {
            let mut problem = self.problem(Some(id.clone()), &containers, format!("{containers} is missing"));
            "a pod needs at least one container; was the input cut off?".clone_into(&mut problem.help);
            return Err(Error::input(problem));
        }
        let Hardening { patch, changes, actions, findings, opted_out } = self.hardening(id, value, place)?;
        if opted_out {
            decided.counts.opted_out += 1;
        } else {
            decided.counts.hardened += 1;
        }
        decided.findings.extend(findings.into_iter().map(|finding| self.placed(finding)));
        for action in actions {
            if action.severity == Severity::Info && self.context.detail == Detail::Warnings {
                decided.notes_left_out += 1;
            } else {
                decided.actions.push(self.placed(action));
            }
        }
        if self.context.detail == Detail::Everything {
            decided.changes.extend(changes.into_iter().map(|change| ObjectChange { object: id.clone(), change }));
        }
        let changed = !patch.is_empty();
        apply(value, patch)?;
        Ok(changed)
    }

    fn hardening(&self, id: &ResourceId, value: &Value, place: &PodPlace) -> Result<Hardening, Error> {
        harden_as(place.shape, value, &place.path, &id.gvk, &self.context.config.pod_security)
            .map_err(|error| self.wrong_shape(id, &error))
    }

    /// Gives a finding its place in the input.
    fn placed(&self, mut finding: Finding) -> Finding {
        if let Some(location) = &mut finding.location {
            *location = self.location(&location.path);
        }
        finding
    }

    fn location(&self, path: &FieldPath) -> Location {
        self.parsed.location(self.number, self.object, path)
    }

    /// Judges the pods made from a place, as admission will under the enforce level of their namespace.
    fn judge(&self, id: &ResourceId, value: &Value, place: &PodPlace, namespace: &str, decided: &mut Decided) {
        let Some(enforce) = self.context.levels.get(namespace) else { return };
        let security = &self.context.config.pod_security;
        let Some(Judged { violations, near_misses }) =
            judge_pods(Evaluator::default(), value, place, *enforce, security)
        else {
            return;
        };
        let severity = match self.context.config.pod_security.conflicts {
            Conflicts::Fail => Severity::Error,
            Conflicts::Warn => Severity::Warning,
        };
        let is_written =
            |path: &FieldPath| value.pointer(&place.path.join(path).to_pointer()).is_some_and(|there| !there.is_null());
        for violation in violations {
            let path = violation.paths.first().cloned().unwrap_or_default();
            let message =
                format!("pods of {id} violate PodSecurity \"{enforce}\": {} ({})", violation.reason, violation.detail);
            let mut finding =
                Finding::new(severity, violation.check, message).at(id, self.location(&place.path.join(&path)));
            let miss = near_misses.iter().find(|(missed, _)| violation.paths.contains(missed));
            finding.help = Some(match miss {
                Some((_, hint)) => hint.clone(),
                None if violation.paths.iter().any(is_written) => {
                    "floe never overwrites an explicit value: change it in the chart, or lower the namespace's level"
                        .to_owned()
                }
                None => "set it in the chart, or lower the namespace's level".to_owned(),
            });
            decided.findings.push(finding);
        }
    }
}

impl Context<'_> {
    /// Whether a pod template without a namespace prevents a correct result.
    fn needs_namespaces(&self) -> bool {
        let security = &self.config.pod_security;
        self.parts.contains(Part::Pods) && security.enabled && !security.harden.is_empty()
    }
}

fn apply(value: &mut Value, operations: Vec<json_patch::PatchOperation>) -> Result<(), Error> {
    json_patch::patch(value, &Patch(operations)).map_err(|error| Error::Internal(format!("patch failed: {error}")))
}
