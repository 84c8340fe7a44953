//! Reads streams as one cluster: objects that come twice count once, and pods are told from what makes them.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use serde_json::Value;

use super::model::{Entrance, FoundPod, FoundPolicy, Origin, Snapshot};
use crate::document::{Error, ObjectNode, ParsedDocument, Problem, map_chunks};
use crate::object::{
    GATEWAY_ROUTES, GroupVersionKind, NamespaceFacts, OtherPolicy, PodFacts, PolicyFacts, ResourceId, RouteFacts,
    ServiceFacts, Workloads, is_other_policy, may_be_other_policy, namespace_facts, pod_facts, route_facts, route_kind,
    service_facts,
};
use crate::reachability::Policy;
use crate::stream::Stream;

/// Where a pod without a namespace goes if nothing says so: what kubectl takes without a context.
const LAST_RESORT: &str = "default";

/// One object as it was read.
#[derive(Debug)]
struct Found {
    origin: Origin,
    namespace: Option<String>,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Pod(PodFacts),
    Namespace(NamespaceFacts),
    Service(ServiceFacts, Option<Entrance>),
    Route(Box<RouteFacts>),
    Policy {
        policy: Policy,
        facts: Box<PolicyFacts>,
        is_own: bool,
    },
    Other(Box<OtherPolicy>),
    /// Something that its controller made: its pods are those of the controller, or are there themselves.
    Dependent {
        controller: (String, String),
        template: PodFacts,
    },
    /// A controller's object of which only the name is known, and what it belongs to: a `ReplicaSet` of a live cluster.
    Owned {
        controller: (String, String),
    },
}

impl Snapshot {
    /// Reads streams as one input. An object without a namespace is in `home`, else in `default`.
    pub fn take(streams: &[Stream<'_>], workloads: &Workloads, home: Option<&str>) -> Result<Self, Error> {
        Self::read(streams, workloads, home, Unreadable::Refused).map(|(snapshot, _)| snapshot)
    }

    /// The same without policies that cannot be read: for those who report them on their own.
    pub(crate) fn take_readable(
        streams: &[Stream<'_>],
        workloads: &Workloads,
        home: Option<&str>,
    ) -> Result<Self, Error> {
        Self::read(streams, workloads, home, Unreadable::LeftOut).map(|(snapshot, _)| snapshot)
    }

    /// The same without anything that cannot be read, and why not.
    pub(crate) fn take_telling(
        streams: &[Stream<'_>],
        workloads: &Workloads,
        home: Option<&str>,
    ) -> Result<(Self, Vec<Untaken>), Error> {
        Self::read(streams, workloads, home, Unreadable::Told)
    }

    fn read(
        streams: &[Stream<'_>],
        workloads: &Workloads,
        home: Option<&str>,
        unreadable: Unreadable,
    ) -> Result<(Self, Vec<Untaken>), Error> {
        let is_defaulted = home.is_none();
        let home = home.unwrap_or(LAST_RESORT);
        let read = |stream: &Stream<'_>| {
            let reader = Reader { stream, workloads, home, unreadable };
            map_chunks(stream, |range| {
                let mut taken = Taken::default();
                for index in range {
                    let result = reader.document(index, &mut taken);
                    reader.refuse(result, &mut taken)?;
                }
                Ok(taken)
            })
        };
        let read: Vec<Result<Vec<Taken>, Error>> = streams.par_iter().map(read).collect();
        let mut all = Taken::default();
        for chunks in read {
            match chunks {
                Ok(chunks) => {
                    for taken in chunks {
                        all.found.extend(taken.found);
                        all.untaken.extend(taken.untaken);
                    }
                }
                Err(Error::Input(problem)) if unreadable == Unreadable::Told => {
                    all.untaken.push(Untaken { problem: *problem, is_policy: false });
                }
                Err(error) => return Err(error),
            }
        }
        let found = without_repeats(all.found);
        let defaulted = |it: &&Found| it.namespace.is_some() && it.origin.id.namespace.is_none();
        let defaulted = if is_defaulted { found.iter().filter(defaulted).count() } else { 0 };
        Ok((Self { defaulted, ..Self::join(found) }, all.untaken))
    }

    fn join(found: Vec<Found>) -> Self {
        let mut controllers: BTreeMap<(String, String, String), (String, String)> = BTreeMap::new();
        let mut objects: BTreeMap<(String, String, String), ResourceId> = BTreeMap::new();
        for it in &found {
            let id = &it.origin.id;
            let key = (it.namespace.clone().unwrap_or_default(), id.gvk.kind.clone(), id.name.clone());
            if let Content::Dependent { controller, .. } | Content::Owned { controller } = &it.content {
                controllers.insert(key.clone(), controller.clone());
            }
            objects.insert(key, id.clone());
        }
        let mut snapshot = Self::default();
        let mut replaced: BTreeSet<ResourceId> = BTreeSet::new();
        for Found { origin, content, .. } in found {
            match content {
                Content::Namespace(facts) => {
                    snapshot.namespaces.push(facts);
                    snapshot.origins.insert(origin.id.clone(), origin);
                }
                Content::Service(facts, entrance) => {
                    snapshot.services.push(facts);
                    snapshot.entrances.extend(entrance.map(|entrance| (origin.id.clone(), entrance)));
                    snapshot.origins.insert(origin.id.clone(), origin);
                }
                Content::Route(facts) => snapshot.routes.push(*facts),
                Content::Policy { policy, facts, is_own } => {
                    snapshot.policies.push(FoundPolicy { policy, facts: *facts, is_own, origin });
                }
                Content::Other(policy) => snapshot.other_policies.push(*policy),
                Content::Owned { .. } => {}
                Content::Pod(facts) if facts.is_finished => snapshot.finished += 1,
                Content::Dependent { controller: (kind, name), template }
                    if objects.contains_key(&(template.namespace.clone(), kind.clone(), name.clone())) => {}
                Content::Pod(facts) | Content::Dependent { template: facts, .. } => {
                    let workload = owner(&facts, &controllers, &objects);
                    if facts.controller.is_some() {
                        replaced.insert(workload.clone());
                    }
                    snapshot.pods.push(FoundPod { facts, workload, origin });
                }
            }
        }
        let is_template_of_seen = |pod: &FoundPod| pod.facts.controller.is_none() && replaced.contains(&pod.origin.id);
        snapshot.pods.retain(|pod| !is_template_of_seen(pod));
        snapshot
    }
}

/// Kinds that say by their controller what people know their pods as: a Deployment, a `CronJob`.
const BETWEEN: [&str; 2] = ["ReplicaSet", "Job"];

/// The last owner of a pod that is in the input, or the owner of a `ReplicaSet` or Job that is; else the first, whose
/// version is not known.
fn owner(
    facts: &PodFacts,
    controllers: &BTreeMap<(String, String, String), (String, String)>,
    objects: &BTreeMap<(String, String, String), ResourceId>,
) -> ResourceId {
    let mut owner = facts.owner.clone();
    let mut next = facts.controller.clone();
    // Owners of owners: a Deployment has ReplicaSets. Three steps are more than any controller of Kubernetes takes.
    for _ in 0..3 {
        let Some((kind, name)) = next else { break };
        let key = (facts.namespace.clone(), kind.clone(), name.clone());
        let known = objects.get(&key);
        if known.is_none() && owner != facts.owner && !BETWEEN.contains(&owner.gvk.kind.as_str()) {
            break;
        }
        owner = known.cloned().unwrap_or_else(|| ResourceId {
            gvk: GroupVersionKind::new("", &kind),
            namespace: Some(facts.namespace.clone()),
            name,
        });
        next = controllers.get(&key).cloned();
    }
    owner
}

/// Without the earlier of objects with the same type, namespace and name.
fn without_repeats(found: Vec<Found>) -> Vec<Found> {
    let mut last: BTreeMap<(String, String, Option<String>, String), usize> = BTreeMap::new();
    for (position, it) in found.iter().enumerate().filter(|(_, it)| !it.origin.id.name.is_empty()) {
        let ResourceId { gvk, name, .. } = &it.origin.id;
        last.insert((gvk.group.clone(), gvk.kind.clone(), it.namespace.clone(), name.clone()), position);
    }
    let kept: BTreeSet<usize> = last.into_values().collect();
    let keep = |(position, it): &(usize, Found)| it.origin.id.name.is_empty() || kept.contains(position);
    found.into_iter().enumerate().filter(keep).map(|(_, it)| it).collect()
}

/// What to do about what cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unreadable {
    /// The whole input is refused.
    Refused,
    /// Policies are left out.
    LeftOut,
    /// Policies, objects and documents are left out, and told.
    Told,
}

/// Something that is left out.
#[derive(Debug)]
pub(crate) struct Untaken {
    /// Why.
    pub(crate) problem: Problem,
    /// It is a policy that the API server would refuse; else it cannot be read at all.
    pub(crate) is_policy: bool,
}

/// What some documents give.
#[derive(Debug, Default)]
struct Taken {
    found: Vec<Found>,
    untaken: Vec<Untaken>,
}

struct Reader<'s, 't> {
    stream: &'s Stream<'t>,
    workloads: &'s Workloads,
    home: &'s str,
    unreadable: Unreadable,
}

impl Reader<'_, '_> {
    /// Keeps a problem where it is to be told, and passes it on elsewhere.
    fn refuse(&self, result: Result<(), Error>, taken: &mut Taken) -> Result<(), Error> {
        match result {
            Err(Error::Input(problem)) if self.unreadable == Unreadable::Told => {
                taken.untaken.push(Untaken { problem: *problem, is_policy: false });
                Ok(())
            }
            result => result,
        }
    }

    fn document(&self, index: usize, taken: &mut Taken) -> Result<(), Error> {
        let Some(parsed) = ParsedDocument::of(self.stream, index, |kind| self.matters(kind)) else { return Ok(()) };
        let parsed = parsed?;
        for (number, object) in parsed.objects.iter().enumerate().filter(|(_, object)| !parsed.is_local(object)) {
            let result = self.object(&parsed, number, object, taken);
            self.refuse(result, taken)?;
        }
        Ok(())
    }

    fn matters(&self, kind: &str) -> bool {
        matches!(kind, "Namespace" | "Service" | "NetworkPolicy" | "Ingress" | "Route")
            || GATEWAY_ROUTES.contains(&kind)
            || may_be_other_policy(kind)
            || kind.ends_with("List")
            || self.workloads.has_kind(kind)
    }

    fn object(
        &self,
        parsed: &ParsedDocument<'_>,
        number: usize,
        object: &ObjectNode,
        taken: &mut Taken,
    ) -> Result<(), Error> {
        let Some(gvk) = parsed.gvk(object) else { return Ok(()) };
        if !self.matters(&gvk.kind) {
            return Ok(());
        }
        let value = parsed.tree.value(object.node).map_err(|error| {
            Error::input(Problem {
                message: error.message,
                object: None,
                location: parsed.location_of_byte(number, error.offset),
                help: "correct the manifest: the API server would not read it either".to_owned(),
            })
        })?;
        let Some(id) = parsed.id(object, &value) else { return Ok(()) };
        let home = id.namespace.clone().unwrap_or_else(|| self.home.to_owned());
        let origin = Origin { id: id.clone(), stream: parsed.stream, document: parsed.document, object: number };
        let (content, namespace) = match (gvk.group.as_str(), gvk.kind.as_str()) {
            ("", "Namespace") => (Content::Namespace(namespace_facts(&value, &id)), None),
            ("", "Service") => {
                let facts = service_facts(&value, &id, Some(&home));
                (Content::Service(facts, Entrance::of(&value)), Some(home))
            }
            ("networking.k8s.io", "NetworkPolicy") => {
                let policy = match Policy::read(&value, &home) {
                    Ok(policy) => policy,
                    Err(_) if self.unreadable == Unreadable::LeftOut => return Ok(()),
                    Err(error) => {
                        let problem = Problem {
                            message: format!("this policy means nothing: {error}"),
                            object: Some(id.clone()),
                            location: parsed.location(number, object, &error.path),
                            help: "the API server would reject it; `floe network validate` names all that is wrong"
                                .to_owned(),
                        };
                        if self.unreadable == Unreadable::Told {
                            taken.untaken.push(Untaken { problem, is_policy: true });
                            return Ok(());
                        }
                        return Err(Error::input(problem));
                    }
                };
                let location = parsed.location_of_name(number, object);
                let facts = PolicyFacts { id, namespace: Some(home.clone()), value, location };
                (Content::Policy { policy, facts: Box::new(facts), is_own: parsed.is_marked(object) }, Some(home))
            }
            _ if is_other_policy(&gvk) => {
                let location = parsed.location_of_name(number, object);
                let Some(policy) = OtherPolicy::of(&id, Some(&home), location) else { return Ok(()) };
                let namespace = policy.namespace.clone();
                (Content::Other(Box::new(policy)), namespace)
            }
            _ if route_kind(&gvk).is_some() => {
                let location = parsed.location_of_name(number, object);
                let Some(facts) = route_facts(&value, &id, Some(&home), location) else { return Ok(()) };
                (Content::Route(Box::new(facts)), Some(home))
            }
            _ => {
                self.pods(&value, &origin, &home, &mut taken.found);
                return Ok(());
            }
        };
        taken.found.push(Found { origin, namespace, content });
        Ok(())
    }

    fn pods(&self, value: &Value, origin: &Origin, home: &str, found: &mut Vec<Found>) {
        // Only a template says what labels its pods will have.
        let places = self.workloads.find(&origin.id.gvk).map(|workload| workload.places(value)).unwrap_or_default();
        if BETWEEN.contains(&origin.id.gvk.kind.as_str())
            && let (None, Some(controller)) = (value.get("spec"), crate::object::controller(value))
        {
            let content = Content::Owned { controller };
            found.push(Found { origin: origin.clone(), namespace: Some(home.to_owned()), content });
            return;
        }
        for template in places.into_iter().filter(|place| place.shape.is_template()).map(|place| place.path) {
            if value.pointer(&template.to_pointer()).is_none_or(Value::is_null) {
                continue;
            }
            let facts = pod_facts(value, &origin.id, &template, home);
            let content = match crate::object::controller(value).filter(|_| !template.is_root()) {
                Some(controller) => Content::Dependent { controller, template: facts },
                None => Content::Pod(facts),
            };
            found.push(Found { origin: origin.clone(), namespace: Some(home.to_owned()), content });
        }
    }
}
