//! The verdict of admission on every pod that a stream would make, without changing anything.

mod levels;
mod verdict;

use std::borrow::Cow;
use std::collections::BTreeSet;

use rayon::prelude::*;
use serde_json::Value;

use crate::config::Config;
use crate::document::{Error, ObjectNode, ParsedDocument, Problem, map_chunks};
use crate::finding::{CheckId, Finding, Location, Severity};
use crate::object::{PodPlace, ResourceId, Workload, Workloads, namespace_facts, template_path};
use crate::plan::{INPUT, Survey, finding_of};
use crate::pod_security::{Evaluator, LevelVersion, Policy, policy_to_evaluate};
use crate::stream::Stream;
use crate::yaml::FieldPath;

use levels::Levels;
pub use verdict::{Fix, Mode, PodVerdict, Verdict, ViolatingField, ViolationFound};

/// A Namespace has a Pod Security label that the API server rejects.
pub const NAMESPACE_LABEL: CheckId = CheckId("namespace-label");

/// A controller makes pods from an object that describes them in part, so only what it says is judged.
pub const PARTLY_JUDGED: CheckId = CheckId("partly-judged");

/// Where a pod without a namespace goes if nothing says so: what kubectl takes without a context.
const LAST_RESORT: &str = "default";

/// What a check is asked, beside the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CheckRequest {
    /// What a document without a namespace means; before `security.release_namespace`.
    pub namespace: Option<String>,
    /// Pods that violate it are rejected; before the labels of Namespaces.
    pub enforce: Option<LevelVersion>,
    /// Violations are noted in the audit log; before the labels of Namespaces.
    pub audit: Option<LevelVersion>,
    /// Violations are answered with a warning; before the labels of Namespaces.
    pub warn: Option<LevelVersion>,
    /// What `latest` means.
    pub evaluator: Evaluator,
}

/// The verdicts on all pods and pod templates of the input.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// One for each pod and pod template, in the order of the input. Of what describes pods in part, as some custom
    /// resources do, only what violates a policy by itself.
    pub pods: Vec<PodVerdict>,
    /// What is wrong with Namespaces, and which objects are judged in part, in the order of the input.
    pub notices: Vec<Finding>,
    /// Number of pods for whose namespace nothing names an enforce level, so that everything is allowed.
    pub without_level: usize,
    /// Number of pods that name no namespace, and were taken to be in `default` because nothing says better.
    pub defaulted: usize,
}

impl Report {
    /// What cannot be read, or not in part; all else is judged.
    pub fn unreadable(&self) -> usize {
        self.notices.iter().filter(|it| it.check == INPUT).count()
    }

    /// Number of pods that are rejected.
    pub fn rejected(&self) -> usize {
        self.pods.iter().filter(|pod| !pod.enforce.is_allowed()).count()
    }
}

/// Judges every pod and pod template as the API server will judge the pods (decision on: An explicit value is never
/// overwritten).
///
/// The streams are one input: a Namespace in one of them holds for pods in all. The policy of a namespace is what the
/// request says; then the labels of a Namespace in the input; then the role that the configuration gives it; else
/// privileged. A pod without a namespace is in that of the request, of the configuration, in the one that all objects
/// of the input name, else in `default`.
///
/// What cannot be read is among the notices ([`INPUT`]), and all else is judged.
pub fn check(streams: &[Stream<'_>], config: &Config, request: &CheckRequest) -> Result<Report, Error> {
    let workloads = Workloads::new(&config.pod_security.workloads);
    let surveys = each(streams, |stream| Survey::take_readable(stream, &workloads, &config.summary.name))?;
    let (surveys, problems): (Vec<Survey>, Vec<Vec<Problem>>) = surveys.into_iter().unzip();
    let facts = surveys.iter().flat_map(|survey| &survey.documents).flat_map(|it| &it.namespaces);
    let levels = Levels::new(config, request, facts);
    let home = request.namespace.clone().or_else(|| config.release_namespace.clone());
    let checker = Checker { config, workloads: &workloads, levels: &levels, evaluator: request.evaluator };

    let mut taken = each(streams, |stream| {
        let documents = surveys.get(stream.number).map(|survey| survey.documents.as_slice()).unwrap_or_default();
        // Of a stream without documents that count nothing can be read.
        if documents.is_empty() {
            return Ok(Taken::default());
        }
        let chunks = map_chunks(stream, |range| {
            let mut taken = Taken::default();
            for index in range.filter(|index| documents.get(*index).is_some_and(|it| it.relevant)) {
                checker.document(stream, index, home.as_deref(), &mut taken)?;
            }
            Ok(taken)
        })?;
        Ok(chunks.into_iter().fold(Taken::default(), Taken::absorb))
    })?;
    let mut is_defaulted = false;
    if taken.iter().any(|taken| !taken.without_namespace.is_empty()) {
        let only = only_namespace(streams, &surveys);
        is_defaulted = only.is_none();
        let home = only.unwrap_or_else(|| LAST_RESORT.to_owned());
        taken = each(streams, |stream| {
            let mut taken = taken.get(stream.number).cloned().unwrap_or_default();
            for index in std::mem::take(&mut taken.without_namespace) {
                checker.document(stream, index, Some(&home), &mut taken)?;
            }
            taken.pods.sort_by_key(|(index, _)| *index);
            Ok(taken)
        })?;
    }
    let mut report = Report::default();
    for (taken, problems) in taken.into_iter().zip(problems) {
        report.defaulted += if is_defaulted { taken.defaulted } else { 0 };
        report.without_level += taken.without_level;
        report.pods.extend(taken.pods.into_iter().map(|(_, pod)| pod));
        let mut notices = taken.notices;
        notices.extend(problems.into_iter().map(|problem| finding_of(problem, INPUT)));
        notices.sort_by_key(|it| it.location.as_ref().map(|it| (it.document, it.span.map(|span| span.start))));
        report.notices.extend(notices);
    }
    Ok(report)
}

/// Maps all streams, in parallel; the error is the first one's in the order of the streams.
fn each<'s, 't: 's, R: Send>(
    streams: &'s [Stream<'t>],
    map: impl Fn(&'s Stream<'t>) -> Result<R, Error> + Sync,
) -> Result<Vec<R>, Error> {
    if streams.len() < 2 {
        return streams.iter().map(map).collect();
    }
    // Collected whole and only then searched for an error, so that it is the first in the input and not in time.
    let mapped: Vec<Result<R, Error>> = streams.par_iter().map(&map).collect();
    mapped.into_iter().collect()
}

/// The one namespace that all objects of all streams name (decision on: A document without a namespace).
fn only_namespace(streams: &[Stream<'_>], surveys: &[Survey]) -> Option<String> {
    let mut seen = BTreeSet::new();
    for (stream, survey) in streams.iter().zip(surveys) {
        survey.add_namespaces(stream, &mut seen);
    }
    seen.pop_first().filter(|_| seen.is_empty())
}

/// What some documents of one stream give.
#[derive(Debug, Clone, Default)]
struct Taken {
    /// With the position of the document.
    pods: Vec<(usize, PodVerdict)>,
    notices: Vec<Finding>,
    without_level: usize,
    /// Pods of objects that name no namespace.
    defaulted: usize,
    /// Documents with a pod whose namespace is not known yet; nothing of them was taken.
    without_namespace: Vec<usize>,
}

impl Taken {
    fn absorb(mut self, mut later: Self) -> Self {
        self.pods.append(&mut later.pods);
        self.notices.append(&mut later.notices);
        self.without_level += later.without_level;
        self.defaulted += later.defaulted;
        self.without_namespace.append(&mut later.without_namespace);
        self
    }
}

/// What every verdict needs.
#[derive(Debug, Clone, Copy)]
struct Checker<'c> {
    config: &'c Config,
    workloads: &'c Workloads,
    levels: &'c Levels,
    evaluator: Evaluator,
}

impl Checker<'_> {
    fn document(&self, stream: &Stream<'_>, index: usize, home: Option<&str>, taken: &mut Taken) -> Result<(), Error> {
        let parsed = match ParsedDocument::read(stream, index) {
            Ok(parsed) => parsed,
            Err(Error::Input(problem)) => {
                taken.notices.push(finding_of(*problem, INPUT));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let placed: Vec<Placed<'_>> = parsed
            .objects
            .iter()
            .enumerate()
            .filter(|(_, object)| !parsed.is_own(object))
            .filter_map(|(position, object)| self.place(&parsed, position, object))
            .collect();
        if home.is_none() && placed.iter().any(Placed::needs_home) {
            taken.without_namespace.push(index);
            return Ok(());
        }
        for it in placed {
            match self.object(&it, index, home, taken) {
                // The other objects of the document can be judged all the same.
                Err(Error::Input(problem)) => taken.notices.push(finding_of(*problem, INPUT)),
                result => result?,
            }
        }
        Ok(())
    }

    fn object(&self, it: &Placed<'_>, index: usize, home: Option<&str>, taken: &mut Taken) -> Result<(), Error> {
        let (id, value) = it.value()?;
        let Some(workload) = it.workload else {
            taken.notices.extend(it.label_errors(&id, &value));
            return Ok(());
        };
        let namespace = it.namespace.as_deref().or(home).unwrap_or(LAST_RESORT);
        let described = workload.places(&value);
        if let Some(place) = partly_judged(workload, &described) {
            taken.notices.push(it.partly_judged(&id, place));
        }
        for place in described.iter().filter(|_| !workload.is_cluster_scoped()) {
            let Some(pod) = self.pod(it, &id, &value, place, namespace)? else { continue };
            if place.shape.is_hardened() || !pod.violations.is_empty() {
                taken.without_level += usize::from(!self.levels.is_known(namespace));
                taken.defaulted += usize::from(it.namespace.is_none());
                taken.pods.push((index, pod));
            }
        }
        Ok(())
    }

    /// A Namespace or a workload; absent for any other object.
    fn place<'a>(
        &'a self,
        parsed: &'a ParsedDocument<'a>,
        position: usize,
        object: &'a ObjectNode,
    ) -> Option<Placed<'a>> {
        let gvk = parsed.gvk(object)?;
        let workload = self.workloads.find(&gvk);
        let is_namespace = gvk.group.is_empty() && gvk.kind == "Namespace";
        let namespace = parsed.text(object, &["metadata", "namespace"]);
        (is_namespace || workload.is_some()).then_some(Placed { parsed, position, object, workload, namespace })
    }

    fn pod(
        &self,
        placed: &Placed<'_>,
        id: &ResourceId,
        value: &Value,
        place: &PodPlace,
        namespace: &str,
    ) -> Result<Option<PodVerdict>, Error> {
        let is_absent = value.pointer(&place.path.to_pointer()).is_none_or(Value::is_null);
        let is_core = template_path(&id.gvk).is_some_and(|path| path == place.path);
        // The API server asks no template of a ReplicationController, and skips one without.
        if is_absent && (!is_core || id.gvk.kind == "ReplicationController") {
            return Ok(None);
        }
        // What a live cluster tells of a ReplicaSet or Job: its name and its owner. Its pods are judged themselves.
        if value.get("spec").is_none() && crate::object::controller(value).is_some() {
            return Ok(None);
        }
        let containers = place.path.join(&FieldPath::of_keys(["spec", "containers"]));
        let found = value.pointer(&containers.to_pointer()).and_then(Value::as_array);
        if is_core && found.is_none_or(Vec::is_empty) {
            let help = "a pod needs at least one container; was the input cut off?";
            let problem = placed.problem(Some(id.clone()), &containers, format!("{containers} is missing"), help);
            return Err(Error::input(problem));
        }
        Ok(verdict::judge(self, placed, id, value, place, namespace))
    }
}

/// Where pods are described whose verdict does not depend on the object alone, or not on a namespace that it names.
fn partly_judged<'p>(workload: &Workload, places: &'p [PodPlace]) -> Option<&'p PodPlace> {
    places.iter().find(|place| workload.is_cluster_scoped() || !place.shape.is_hardened())
}

/// One object and where it stands.
#[derive(Debug)]
struct Placed<'a> {
    parsed: &'a ParsedDocument<'a>,
    position: usize,
    object: &'a ObjectNode,
    /// Absent for a Namespace.
    workload: Option<&'a Workload>,
    namespace: Option<Cow<'a, str>>,
}

impl Placed<'_> {
    /// Whether its pods run in a namespace that it does not name.
    fn needs_home(&self) -> bool {
        self.namespace.is_none() && self.workload.is_some_and(|workload| !workload.is_cluster_scoped())
    }

    fn value(&self) -> Result<(ResourceId, Value), Error> {
        let value = self.parsed.tree.value(self.object.node).map_err(|error| {
            let help = "correct the manifest: the API server would not read it either";
            let mut problem = self.problem(None, &FieldPath::root(), error.message, help);
            problem.location = self.parsed.location_of_byte(self.position, error.offset);
            Error::input(problem)
        })?;
        match self.parsed.id(self.object, &value) {
            Some(id) => Ok((id, value)),
            None => Err(Error::Internal("an object lost its kind".to_owned())),
        }
    }

    fn problem(&self, object: Option<ResourceId>, path: &FieldPath, message: String, help: &str) -> Problem {
        Problem { message, object, location: self.location(path), help: help.to_owned() }
    }

    fn location(&self, path: &FieldPath) -> Location {
        self.parsed.location(self.position, self.object, path)
    }

    fn partly_judged(&self, id: &ResourceId, place: &PodPlace) -> Finding {
        let kind = &id.gvk.kind;
        let is_placeless = self.workload.is_some_and(Workload::is_cluster_scoped);
        let message = if is_placeless {
            format!("is not judged: {kind} names no namespace, and so no level for its pods")
        } else {
            format!("is judged by what it says explicitly: the controller of {kind} completes its pods in the cluster")
        };
        Finding::new(Severity::Info, PARTLY_JUDGED, message)
            .at(id, self.location(&place.path))
            .help("to have the verdict of the API server, check the pods that the controller makes")
    }

    fn label_errors(&self, id: &ResourceId, value: &Value) -> Vec<Finding> {
        let (_, errors) = policy_to_evaluate(&namespace_facts(value, id).labels, Policy::default());
        let finding = |error: &crate::pod_security::LabelError| {
            let path = FieldPath::of_keys(["metadata", "labels", error.label]);
            Finding::new(Severity::Warning, NAMESPACE_LABEL, format!("the API server rejects this Namespace: {error}"))
                .at(id, self.location(&path))
                .help("correct the label; the verdicts are those of a server that has the Namespace already")
        };
        errors.iter().map(finding).collect()
    }
}

#[cfg(test)]
mod tests;
