use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

use serde_json::Value;

use super::{GroupVersionKind, Location, OtherPolicy, ResourceId};

/// Transport protocol of a port; `TCP` where a manifest leaves it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Protocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

impl Protocol {
    /// All protocols of the API, in the order of output.
    pub const ALL: [Self; 3] = [Self::Tcp, Self::Udp, Self::Sctp];

    /// The API's spelling.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Sctp => "SCTP",
        }
    }

    /// Reads the API's spelling, which is case-sensitive.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.as_str() == text)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A port that a container declares.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ContainerPort {
    /// Its name, which Services and policies may refer to.
    pub name: Option<String>,
    /// The number in the pod.
    pub port: u16,
    /// Its protocol.
    pub protocol: Protocol,
}

/// What decisions need of a pod or pod template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodFacts {
    /// The object that holds the template.
    pub owner: ResourceId,
    /// The namespace its pods run in, after defaulting.
    pub namespace: String,
    /// Labels of the pods.
    pub labels: BTreeMap<String, String>,
    /// Ports of its containers and native sidecars.
    pub ports: Vec<ContainerPort>,
    /// `hostNetwork: true`: policies neither select it nor, on most CNIs, match it as a peer.
    pub host_network: bool,
    /// Addresses that the cluster has given it (`status.podIPs`); none in a manifest.
    pub addresses: Vec<IpAddr>,
    /// Addresses of the node that it runs on (`status.hostIPs`); none in a manifest.
    pub node_addresses: Vec<IpAddr>,
    /// It has succeeded or failed: it talks to nobody any more.
    pub is_finished: bool,
    /// The kind and name of the controller that made it, where `metadata.ownerReferences` names one.
    pub controller: Option<(String, String)>,
}

impl PodFacts {
    /// A pod that stands for those that nobody has seen: with these labels, and nothing else.
    pub fn made_up(namespace: &str, labels: BTreeMap<String, String>, owner: &str) -> Self {
        let gvk = GroupVersionKind::new("v1", "Pod");
        Self {
            owner: ResourceId { gvk, namespace: Some(namespace.to_owned()), name: owner.to_owned() },
            namespace: namespace.to_owned(),
            labels,
            ports: Vec::new(),
            host_network: false,
            addresses: Vec::new(),
            node_addresses: Vec::new(),
            is_finished: false,
            controller: None,
        }
    }
}

/// What a Service sends to: a number, or the name of a container port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetPort {
    /// A pod port.
    Number(u16),
    /// A port name, resolved on each pod.
    Name(String),
}

/// One port of a Service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServicePort {
    /// Its name, if it has one.
    pub name: Option<String>,
    /// The port of the Service itself.
    pub port: u16,
    /// Where traffic goes in the pod; equal to `port` where the manifest leaves it out.
    pub target: TargetPort,
    /// Its protocol.
    pub protocol: Protocol,
}

/// What decisions need of a Service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceFacts {
    /// The Service.
    pub id: ResourceId,
    /// Its namespace, after defaulting; absent where it is not known.
    pub namespace: Option<String>,
    /// `spec.selector`; empty for a Service without one.
    pub selector: BTreeMap<String, String>,
    /// Its ports.
    pub ports: Vec<ServicePort>,
    /// `clusterIP: None`: clients get the addresses of the pods and connect to them without translation of ports.
    pub headless: bool,
    /// Where it stands in the input, for findings; absent where that is of no use to anybody.
    pub location: Option<Location>,
}

/// What decisions need of a Namespace in the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamespaceFacts {
    /// Its name.
    pub name: String,
    /// Its labels as they stand in the input.
    pub labels: BTreeMap<String, String>,
}

/// What kind of route leads traffic to a Service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RouteKind {
    /// `Ingress` of `networking.k8s.io`.
    Ingress,
    /// `Route` of `route.openshift.io`.
    OpenShiftRoute,
    /// `HTTPRoute`, `GRPCRoute`, `TCPRoute` or `TLSRoute` of `gateway.networking.k8s.io`.
    GatewayRoute,
}

/// Which port of its backend a route means.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum RoutePort {
    /// The Service's only port, or every port.
    Any,
    /// The Service port of that name.
    Name(String),
    /// The Service port of that number.
    Number(u16),
    /// The port of the pods with that number: what an OpenShift `Route` means by a number.
    Target(u16),
    /// The port of the endpoints with that name: what an OpenShift `Route` means by a name. That is the name of the
    /// Service port; the name of the port of the pods, which the field's name suggests, counts too.
    TargetName(String),
}

/// A Service that a route sends traffic to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RouteBackend {
    /// The Service's namespace, where it is not that of the route.
    pub namespace: Option<String>,
    /// The Service's name.
    pub service: String,
    /// Its port.
    pub port: RoutePort,
}

/// A Gateway that a route is attached to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RouteParent {
    /// The Gateway's namespace, where it is not that of the route.
    pub namespace: Option<String>,
    /// The Gateway's name.
    pub gateway: String,
}

/// What decisions need of an object that leads traffic from outside to Services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteFacts {
    /// The route.
    pub id: ResourceId,
    /// Its namespace, after defaulting; absent where it is not known.
    pub namespace: Option<String>,
    /// What it is.
    pub kind: RouteKind,
    /// The Gateways that it is attached to; for [`RouteKind::GatewayRoute`] only.
    pub parents: Vec<RouteParent>,
    /// Where it leads, each once, in order.
    pub backends: Vec<RouteBackend>,
    /// Where its name is written.
    pub location: Location,
}

/// A `NetworkPolicy` of the input that floe did not make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFacts {
    /// The policy.
    pub id: ResourceId,
    /// Its namespace, after defaulting; absent where it is not known.
    pub namespace: Option<String>,
    /// The whole object, as it stands in the input.
    pub value: Value,
    /// Where its name is written.
    pub location: Location,
}

/// Facts about all objects of the input, in the order of the input.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inventory {
    /// Pods and pod templates.
    pub pods: Vec<PodFacts>,
    /// Services.
    pub services: Vec<ServiceFacts>,
    /// Namespaces.
    pub namespaces: Vec<NamespaceFacts>,
    /// Objects that lead traffic to Services.
    pub routes: Vec<RouteFacts>,
    /// Network policies that are not floe's. Policies add up, so they may open more than floe declares.
    pub policies: Vec<PolicyFacts>,
    /// Policies of other APIs, which decide as well.
    pub other_policies: Vec<OtherPolicy>,
}

impl Inventory {
    /// Takes over the pods, Services and namespaces of another one. A Service or namespace that is known already stays
    /// as it is known.
    pub fn join(&mut self, other: &Self) {
        let known: BTreeSet<_> = self.services.iter().map(|it| (it.namespace.clone(), it.id.name.clone())).collect();
        let is_new = |it: &&ServiceFacts| !known.contains(&(it.namespace.clone(), it.id.name.clone()));
        self.services.extend(other.services.iter().filter(is_new).cloned());
        let known: BTreeSet<_> = self.namespaces.iter().map(|it| it.name.clone()).collect();
        self.namespaces.extend(other.namespaces.iter().filter(|it| !known.contains(&it.name)).cloned());
        self.pods.extend(other.pods.iter().cloned());
    }
}
