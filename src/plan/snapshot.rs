//! What some streams hold of a cluster: pods, namespaces, Services, routes and policies, each with the place where it stands.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use serde_json::Value;

use super::error::{Error, Problem};
use super::map_chunks;
use super::sheet::{Sheet, Unit};
use super::survey::GATEWAY_ROUTES;
use crate::finding::Location;
use crate::object::{
    GroupVersionKind, Inventory, NamespaceFacts, PodFacts, PolicyFacts, ResourceId, RouteFacts, ServiceFacts,
    Workloads, namespace_facts, pod_facts, route_facts, route_kind, service_facts,
};
use crate::reachability::{IpBlockReach, Policy, World};
use crate::stream::{Document, Stream};
use crate::text::Span;
use crate::yaml::FieldPath;

/// Where a pod without a namespace goes if nothing says so: what kubectl takes without a context.
const LAST_RESORT: &str = "default";

/// Where an object stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The object.
    pub id: ResourceId,
    /// The number of its stream.
    pub stream: usize,
    /// The number of its document in the stream.
    pub(super) document: usize,
    /// Its number in the document.
    pub(super) unit: usize,
}

/// A policy, as the API server would store it, and as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundPolicy {
    /// What it means.
    pub policy: Policy,
    /// The object, and where it stands in its stream.
    pub facts: PolicyFacts,
    /// Whether floe made it.
    pub is_own: bool,
    /// Where it stands.
    pub origin: Origin,
}

/// A pod or the pods of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundPod {
    /// What policies and Services see of it.
    pub facts: PodFacts,
    /// What people know it as: its owner, `apps/v1 Deployment shop/web`.
    pub workload: ResourceId,
    /// Where it stands.
    pub origin: Origin,
}

/// How a Service lets in connections from outside the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entrance {
    /// `type: NodePort`: a port of every node.
    NodePort,
    /// `type: LoadBalancer`: an address of its own.
    LoadBalancer,
    /// `externalIPs`.
    ExternalIps,
}

impl Entrance {
    /// What it says in the Service.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NodePort => "type: NodePort",
            Self::LoadBalancer => "type: LoadBalancer",
            Self::ExternalIps => "externalIPs",
        }
    }

    fn of(service: &Value) -> Option<Self> {
        let spec = service.get("spec")?;
        let external = spec.get("externalIPs").and_then(Value::as_array).is_some_and(|it| !it.is_empty());
        match spec.get("type").and_then(Value::as_str) {
            Some("LoadBalancer") => Some(Self::LoadBalancer),
            Some("NodePort") => Some(Self::NodePort),
            Some("ExternalName") => None,
            _ => external.then_some(Self::ExternalIps),
        }
    }
}

/// The objects of some streams that decide who may talk to whom. Objects that come twice count as the last of them, as
/// they would after `kubectl apply`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// Pods, and one for the template of each workload whose pods are not there themselves, in the order of the input.
    /// Pods that have finished are not there.
    pub pods: Vec<FoundPod>,
    /// Namespaces.
    pub namespaces: Vec<NamespaceFacts>,
    /// Services.
    pub services: Vec<ServiceFacts>,
    /// Where Namespaces and Services stand.
    pub origins: BTreeMap<ResourceId, Origin>,
    /// The Services that lead into the cluster from outside.
    pub entrances: BTreeMap<ResourceId, Entrance>,
    /// Routes to Services: Ingress and its likes.
    pub routes: Vec<RouteFacts>,
    /// Network policies.
    pub policies: Vec<FoundPolicy>,
    /// How many pods have finished; they are in none of the lists.
    pub finished: usize,
    /// The numbers of the streams that routes and policies stand in.
    pub(super) streams: BTreeMap<ResourceId, usize>,
}

/// Why there is no snapshot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct SnapshotError {
    /// The number of the stream, from 0.
    pub stream: usize,
    /// What is wrong with it.
    pub error: Error,
}

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
    pub fn take(streams: &[Stream<'_>], workloads: &Workloads, home: Option<&str>) -> Result<Self, SnapshotError> {
        Self::read(streams, workloads, home, Unreadable::Refused)
    }

    /// The same without policies that cannot be read: for those who report them on their own.
    pub(super) fn take_readable(
        streams: &[Stream<'_>],
        workloads: &Workloads,
        home: Option<&str>,
    ) -> Result<Self, SnapshotError> {
        Self::read(streams, workloads, home, Unreadable::LeftOut)
    }

    fn read(
        streams: &[Stream<'_>],
        workloads: &Workloads,
        home: Option<&str>,
        unreadable: Unreadable,
    ) -> Result<Self, SnapshotError> {
        let home = home.unwrap_or(LAST_RESORT);
        let read = |(number, stream): (usize, &Stream<'_>)| {
            let reader = Reader { stream, number, workloads, home, unreadable };
            let chunks = map_chunks(stream, |range| {
                let mut found = Vec::new();
                for index in range {
                    reader.document(index, &mut found)?;
                }
                Ok(found)
            });
            chunks.map_err(|error| SnapshotError { stream: number, error })
        };
        let read: Vec<Result<Vec<Vec<Found>>, SnapshotError>> = streams.par_iter().enumerate().map(read).collect();
        let mut found: Vec<Found> = Vec::new();
        for chunks in read {
            found.extend(chunks?.into_iter().flatten());
        }
        Ok(Self::join(without_repeats(found)))
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
            if matches!(content, Content::Route(_) | Content::Policy { .. }) {
                snapshot.streams.insert(origin.id.clone(), origin.stream);
            }
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

    /// The facts of it that flows are declared from. Policies of floe are no fact: they are what is to be made.
    pub fn inventory(&self) -> Inventory {
        let foreign = self.policies.iter().filter(|policy| !policy.is_own);
        Inventory {
            pods: self.pods.iter().map(|pod| pod.facts.clone()).collect(),
            services: self.services.clone(),
            namespaces: self.namespaces.clone(),
            routes: self.routes.clone(),
            policies: foreign.map(|policy| policy.facts.clone()).collect(),
        }
    }

    /// The number of the stream that a route or policy stands in, for what is found out about it.
    pub fn stream_of(&self, object: &ResourceId) -> Option<usize> {
        self.streams.get(object).copied()
    }

    /// Where a Namespace stands, if it is in the input.
    pub fn origin_of_namespace(&self, name: &str) -> Option<&Origin> {
        let id = ResourceId { gvk: GroupVersionKind::new("v1", "Namespace"), namespace: None, name: name.to_owned() };
        self.origins.get(&id)
    }

    /// Who may talk to whom.
    pub fn world(&self, ip_blocks: IpBlockReach, cluster_cidrs: &[ipnet::IpNet]) -> World {
        let pods = self.pods.iter().map(|pod| pod.facts.clone()).collect();
        let policies = self.policies.iter().map(|it| it.policy.clone()).collect();
        World::new(pods, &self.namespaces, policies, ip_blocks, cluster_cidrs)
    }
}

impl FoundPod {
    /// What reports call it: `shop/web[Deployment]`.
    pub fn full_name(&self) -> String {
        format!("{}/{}[{}]", self.facts.namespace, self.workload.name, self.workload.gvk.kind)
    }
}

impl Origin {
    /// Of an object that stands in no stream.
    pub(super) fn of(id: &ResourceId) -> Self {
        Self { id: id.clone(), stream: 0, document: usize::MAX, unit: 0 }
    }

    /// Where a field of the object is; `streams` are those that the snapshot was taken of.
    pub fn locate(&self, streams: &[Stream<'_>], path: &FieldPath) -> Option<Location> {
        let stream = streams.get(self.stream)?;
        let sheet = Sheet::parse(stream.text, self.document, *stream.documents.get(self.document)?).ok()?;
        let unit = sheet.units.get(self.unit)?;
        Some(Location {
            document: sheet.reported(self.unit),
            span: Some(sheet.span_of(unit, path)),
            path: sheet.reported_path(unit, path),
        })
    }
}

/// Kinds that say by their controller what people know their pods as: a Deployment, a `CronJob`.
const BETWEEN: [&str; 2] = ["ReplicaSet", "Job"];

/// The last owner of a pod that is in the input, or the owner of a `ReplicaSet` or Job that is; else the first, whose version
/// is not known.
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

/// What to do about a policy that means nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unreadable {
    Refused,
    LeftOut,
}

struct Reader<'s, 't> {
    stream: &'s Stream<'t>,
    number: usize,
    workloads: &'s Workloads,
    home: &'s str,
    unreadable: Unreadable,
}

impl Reader<'_, '_> {
    fn document(&self, index: usize, found: &mut Vec<Found>) -> Result<(), Error> {
        let Some(&document) = self.stream.documents.get(index) else { return Ok(()) };
        let Some(sheet) = Sheet::of(self.stream, index, |kind| self.matters(kind)) else { return Ok(()) };
        let sheet = sheet?;
        for (number, unit) in sheet.units.iter().enumerate().filter(|(_, unit)| !sheet.is_local(unit)) {
            self.unit(&sheet, document, number, unit, found)?;
        }
        Ok(())
    }

    fn matters(&self, kind: &str) -> bool {
        matches!(kind, "Namespace" | "Service" | "NetworkPolicy" | "Ingress" | "Route")
            || GATEWAY_ROUTES.contains(&kind)
            || kind.ends_with("List")
            || self.workloads.has_kind(kind)
    }

    fn unit(
        &self,
        sheet: &Sheet<'_>,
        document: Document,
        number: usize,
        unit: &Unit,
        found: &mut Vec<Found>,
    ) -> Result<(), Error> {
        let Some(gvk) = sheet.gvk(unit) else { return Ok(()) };
        if !self.matters(&gvk.kind) {
            return Ok(());
        }
        let value = sheet.tree.value(unit.node).map_err(|error| {
            Error::input(Problem {
                message: error.message,
                document: sheet.reported(number),
                object: None,
                path: FieldPath::root(),
                span: Span::at(document.content.start + error.offset),
                help: "correct the manifest: the API server would not read it either".to_owned(),
            })
        })?;
        let Some(id) = sheet.id(unit, &value) else { return Ok(()) };
        let home = id.namespace.clone().unwrap_or_else(|| self.home.to_owned());
        let origin = Origin { id: id.clone(), stream: self.number, document: sheet.document, unit: number };
        let (content, namespace) = match (gvk.group.as_str(), gvk.kind.as_str()) {
            ("", "Namespace") => (Content::Namespace(namespace_facts(&value, &id)), None),
            ("", "Service") => {
                let facts = service_facts(&value, &id, Some(&home));
                (Content::Service(facts, Entrance::of(&value)), Some(home))
            }
            ("networking.k8s.io", "NetworkPolicy") => {
                let policy = Policy::read(&value, &home);
                if policy.is_err() && self.unreadable == Unreadable::LeftOut {
                    return Ok(());
                }
                let policy = policy.map_err(|error| {
                    Error::input(Problem {
                        message: format!("this policy means nothing: {error}"),
                        document: sheet.reported(number),
                        object: Some(id.clone()),
                        span: sheet.span_of(unit, &error.path),
                        path: sheet.reported_path(unit, &error.path),
                        help: "the API server would reject it; `floe network validate` names all that is wrong"
                            .to_owned(),
                    })
                })?;
                let facts =
                    PolicyFacts { id, namespace: Some(home.clone()), value, origin: sheet.origin(number, unit) };
                (Content::Policy { policy, facts: Box::new(facts), is_own: sheet.is_own(unit) }, Some(home))
            }
            _ if route_kind(&gvk).is_some() => {
                let Some(facts) = route_facts(&value, &id, Some(&home), sheet.origin(number, unit)) else {
                    return Ok(());
                };
                (Content::Route(Box::new(facts)), Some(home))
            }
            _ => {
                self.pods(&value, &origin, &home, found);
                return Ok(());
            }
        };
        found.push(Found { origin, namespace, content });
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
