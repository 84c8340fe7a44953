use std::collections::BTreeMap;
use std::fmt;

use ipnet::IpNet;

use super::flows::system_name;
use super::peer::{carries, write_labels};
use super::{IpBlock, PortSet};
use crate::finding::Finding;

/// One end of a flow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Endpoint {
    /// Pods of a namespace that carry all these labels; without labels, every pod there.
    Pods {
        /// Where they run.
        namespace: String,
        /// Labels that they must carry.
        labels: BTreeMap<String, String>,
    },
    /// Addresses, mostly outside the cluster.
    Addresses(Vec<IpBlock>),
    /// Whatever it is: pods, nodes and addresses.
    Any,
}

impl Endpoint {
    /// Every pod of a namespace.
    pub fn namespace(name: &str) -> Self {
        Self::Pods { namespace: name.to_owned(), labels: BTreeMap::new() }
    }

    /// Whether everything that `other` surely means is in it. Ranges are compared one by one, so a range that several
    /// make up together does not count.
    pub(super) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Pods { namespace, labels }, Self::Pods { namespace: there, labels: carried }) => {
                namespace == there && carries(carried, labels)
            }
            (Self::Addresses(blocks), Self::Addresses(others)) => {
                let covers = |wide: &IpBlock, narrow: &IpBlock| {
                    let inside = wide.cidr().contains(&narrow.cidr());
                    let is_spared = |range: &IpNet| !range.contains(&narrow.cidr()) && !narrow.cidr().contains(range);
                    wide == narrow || (inside && wide.exceptions().iter().all(is_spared))
                };
                others.iter().all(|narrow| blocks.iter().any(|wide| covers(wide, narrow)))
            }
            (one, other) => one == other,
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("anything"),
            Self::Addresses(blocks) => {
                f.write_str(&blocks.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
            }
            Self::Pods { namespace, labels } => {
                f.write_str(namespace)?;
                write_labels(f, labels)
            }
        }
    }
}

/// Why a flow is needed; each has a file of its own under `flows`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Names must resolve.
    Dns,
    /// The Polaris catalog.
    Catalog,
    /// The OpenTelemetry Collector.
    Telemetry,
    /// MinIO.
    Storage,
    /// HTTPS to the outside.
    ExternalHttps,
    /// The Kubernetes API.
    KubernetesApi,
    /// The ingress controller.
    IngressController,
    /// Pods of one namespace among themselves.
    IntraNamespace,
    /// A compute target of the manifest or of a data product; holds its type.
    ComputeTarget(String),
    /// A plugin of the manifest or an address of its observability; holds its type.
    PluginEndpoint(String),
    /// A user's own rule; holds its name.
    Custom(String),
}

impl Reason {
    /// The reason's word in reports; all compute targets share one, all plugins and all rules of a user's own.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Catalog => "catalog",
            Self::Telemetry => "telemetry",
            Self::Storage => "storage",
            Self::ExternalHttps => "external-https",
            Self::KubernetesApi => "kubernetes-api",
            Self::IngressController => "ingress-controller",
            Self::IntraNamespace => "intra-namespace",
            Self::ComputeTarget(_) => "compute-target",
            Self::PluginEndpoint(_) => "plugin-endpoint",
            Self::Custom(_) => "custom",
        }
    }

    /// What the policy for pods with labels of their own is called after: the service that users know.
    pub(super) fn subject(&self) -> &'static str {
        match self {
            Self::Catalog => "polaris",
            Self::Telemetry => "otel-collector",
            Self::Storage => "minio",
            Self::ComputeTarget(kind) | Self::PluginEndpoint(kind) => system_name(kind).unwrap_or(self.as_str()),
            other => other.as_str(),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ComputeTarget(name) => write!(f, "compute target `{name}`"),
            Self::PluginEndpoint(name) => write!(f, "plugin `{name}`"),
            Self::Custom(name) => write!(f, "custom rule `{name}`"),
            other => f.write_str(other.as_str()),
        }
    }
}

/// Traffic that must work, and why: the unit from which both sides' policies are written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Flow {
    /// Who opens the connection.
    pub source: Endpoint,
    /// Who accepts it.
    pub destination: Endpoint,
    /// Ports at the destination; for pods, pod ports, because policy sees packets after address translation.
    pub ports: PortSet,
    /// Why.
    pub reason: Reason,
}

impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}: {} ({})", self.source, self.destination, self.ports, self.reason)
    }
}

/// What a configuration declares.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Flows {
    /// The flows, in the order of the reasons, then of the managed namespaces.
    pub flows: Vec<Flow>,
    /// What a user should know about them.
    pub findings: Vec<Finding>,
}

impl Flows {
    /// Adds a flow; one without ports or without addresses allows nothing and is left out, because an empty list in a
    /// policy would mean "all".
    pub(super) fn allow(&mut self, source: Endpoint, destination: Endpoint, ports: PortSet, reason: Reason) {
        let nowhere = |end: &Endpoint| matches!(end, Endpoint::Addresses(blocks) if blocks.is_empty());
        if !ports.is_empty() && !nowhere(&source) && !nowhere(&destination) {
            self.flows.push(Flow { source, destination, ports, reason });
        }
    }

    /// Whether one of the flows lets all of this pass already.
    pub(super) fn covers(&self, source: &Endpoint, destination: &Endpoint, ports: &PortSet) -> bool {
        self.flows
            .iter()
            .any(|flow| flow.source.covers(source) && flow.destination.covers(destination) && flow.ports.covers(ports))
    }
}
