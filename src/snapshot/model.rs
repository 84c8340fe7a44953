//! What is known of a cluster: pods, namespaces, Services, routes and policies, each with the place where it stands.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::object::{
    GroupVersionKind, Inventory, NamespaceFacts, OtherPolicy, PodFacts, PolicyFacts, ResourceId, RouteFacts,
    ServiceFacts,
};
use crate::reachability::{IpBlockReach, Policy, World};

/// Where an object stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The object.
    pub id: ResourceId,
    /// The number of its stream.
    pub stream: usize,
    /// The number of its document in the stream.
    pub(crate) document: usize,
    /// Its number in the document.
    pub(crate) object: usize,
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

    pub(super) fn of(service: &Value) -> Option<Self> {
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
    /// Policies of other APIs, which decide as well and are not read.
    pub other_policies: Vec<OtherPolicy>,
    /// How many pods have finished; they are in none of the lists.
    pub finished: usize,
    /// How many objects name no namespace, and were taken to be in `default` because nothing says better.
    pub defaulted: usize,
}

impl Snapshot {
    /// The facts of it that flows are declared from. Policies of floe are no fact: they are what is to be made.
    pub fn inventory(&self) -> Inventory {
        let foreign = self.policies.iter().filter(|policy| !policy.is_own);
        Inventory {
            pods: self.pods.iter().map(|pod| pod.facts.clone()).collect(),
            services: self.services.clone(),
            namespaces: self.namespaces.clone(),
            routes: self.routes.clone(),
            policies: foreign.map(|policy| policy.facts.clone()).collect(),
            other_policies: self.other_policies.clone(),
        }
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
    pub(crate) fn of(id: &ResourceId) -> Self {
        Self { id: id.clone(), stream: 0, document: usize::MAX, object: 0 }
    }
}
