use std::collections::BTreeMap;
use std::fmt;

use ipnet::IpNet;

use super::plugins::PluginConfig;
use crate::object::{CustomWorkload, Level, Protocol, Version};

/// The platform's namespace, unless the configuration names another.
pub(super) const PLATFORM: &str = "floe-platform";

/// What a namespace is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Platform services: catalog, telemetry, storage, orchestration.
    Platform,
    /// Job pods of the platform.
    Jobs,
    /// A data domain; holds the domain's name.
    Domain(String),
}

impl Role {
    /// The kind of role without the domain's name.
    pub const fn kind(&self) -> RoleKind {
        match self {
            Self::Platform => RoleKind::Platform,
            Self::Jobs => RoleKind::Jobs,
            Self::Domain(_) => RoleKind::Domain,
        }
    }
}

/// The kinds of role, as `pod_security.harden` lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RoleKind {
    /// `platform`
    Platform,
    /// `jobs`
    Jobs,
    /// `domain`
    Domain,
}

impl RoleKind {
    /// The configuration's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Jobs => "jobs",
            Self::Domain => "domain",
        }
    }
}

impl fmt::Display for RoleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A namespace that floe manages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedNamespace {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// The enforce level that the configuration wants (FR-051, FR-052, FR-054).
    pub level: Level,
}

/// An IP family, as Services name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IpFamily {
    /// `IPv4`
    V4,
    /// `IPv6`
    V6,
}

impl IpFamily {
    /// The API's spelling.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        }
    }

    /// Both families.
    pub const ALL: [Self; 2] = [Self::V4, Self::V6];

    /// The family of an address.
    pub const fn of(address: std::net::IpAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }
}

impl fmt::Display for IpFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where cluster DNS answers (decision on: DNS).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsConfig {
    /// Namespace of the DNS pods.
    pub namespace: String,
    /// Labels of the DNS pods; empty means every pod of the namespace.
    pub pod_labels: BTreeMap<String, String>,
    /// Pod ports, each opened for UDP and TCP.
    pub ports: Vec<u16>,
    /// Addresses of node-local caches, which no pod selector matches.
    pub node_local_cidrs: Vec<IpNet>,
}

/// How the platform reaches the Kubernetes API (decision on: The Kubernetes API).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubernetesApiConfig {
    /// Addresses of the API servers; empty means any address, with a warning.
    pub cidrs: Vec<IpNet>,
    /// Ports after address translation.
    pub ports: Vec<u16>,
}

/// A platform service that jobs and domains use; its ports are pod ports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceConfig {
    /// The key in the configuration: `polaris`, `otel_collector`, `minio`.
    pub name: String,
    /// Pod ports.
    pub ports: Vec<u16>,
    /// Labels of its pods; empty means "find them in the input, else the whole namespace" (decision on: A flow has two
    /// ends).
    pub pod_labels: BTreeMap<String, String>,
}

/// The far end of a user's own egress rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EgressTarget {
    /// All pods of a namespace.
    Namespace(String),
    /// An address range.
    Cidr(IpNet),
}

/// One entry of `jobs_egress_allow`, `platform_egress_allow` or `domain_egress_allow` (FR-033).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EgressRule {
    /// What people call it.
    pub name: String,
    /// Where traffic may go.
    pub to: EgressTarget,
    /// First port.
    pub port: u16,
    /// Last port, inclusive; equal to `port` for a single one.
    pub end_port: u16,
    /// Protocol.
    pub protocol: Protocol,
}

/// `security.network_policies`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "four independent switches of the configuration file")]
pub struct NetworkConfig {
    /// Whether policies are generated at all.
    pub enabled: bool,
    /// Whether each managed namespace gets a default-deny policy.
    pub default_deny: bool,
    /// Whether managed namespaces may reach the outside on TCP 443 (FR-013).
    pub allow_external_https: bool,
    /// Non-empty: only these ranges count as outside.
    pub external_https_cidrs: Vec<IpNet>,
    /// Ranges kept out of "outside" (decision on: "Outside" is not everything), of the families in `ip_families` only.
    pub cluster_cidrs: Vec<IpNet>,
    /// Families for which "any address" is written.
    pub ip_families: Vec<IpFamily>,
    /// Namespace of the ingress controller (FR-014).
    pub ingress_controller_namespace: String,
    /// Labels of the ingress controller's pods; empty means every pod of its namespace.
    pub ingress_controller_pod_labels: BTreeMap<String, String>,
    /// Cluster DNS.
    pub dns: DnsConfig,
    /// The Kubernetes API.
    pub kubernetes_api: KubernetesApiConfig,
    /// Platform services, in the order polaris, `otel_collector`, minio.
    pub services: Vec<ServiceConfig>,
    /// Further egress of jobs.
    pub jobs_egress_allow: Vec<EgressRule>,
    /// Further egress of the platform.
    pub platform_egress_allow: Vec<EgressRule>,
    /// Further egress of every domain.
    pub domain_egress_allow: Vec<EgressRule>,
    /// Whether port ranges may use `endPort`; otherwise they are written out.
    pub end_port: bool,
}

/// What happens to Namespace objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamespaceMode {
    /// Patch those in the input, append the others.
    Append,
    /// Patch those in the input, append none.
    Patch,
    /// Touch none.
    Off,
}

/// What happens when a pod violates its namespace's enforce level even after patching.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflicts {
    /// The run fails.
    Fail,
    /// It is reported and the run goes on.
    Warn,
}

/// `security.pod_security`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodSecurityConfig {
    /// Whether namespaces are labelled and pods hardened at all.
    pub enabled: bool,
    /// What happens to Namespace objects.
    pub namespaces: NamespaceMode,
    /// Policy version written to the `*-version` labels.
    pub version: Version,
    /// `runAsUser` where a pod has none (FR-060).
    pub run_as_user: i64,
    /// `runAsGroup` where a pod has none.
    pub run_as_group: i64,
    /// `fsGroup` where a pod has none.
    pub fs_group: i64,
    /// Absolute, normalised paths that get an `emptyDir` (FR-063, FR-064).
    pub writable_paths: Vec<String>,
    /// `sizeLimit` of those volumes, a Kubernetes quantity.
    pub writable_size_limit: Option<String>,
    /// Roles whose pods are patched.
    pub harden: Vec<RoleKind>,
    /// What happens to pods that still violate their level.
    pub conflicts: Conflicts,
    /// Further kinds with pod templates.
    pub workloads: Vec<CustomWorkload>,
}

/// `security.summary`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SummaryConfig {
    /// Whether the summary `ConfigMap` is written.
    pub enabled: bool,
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
}

/// A whole, validated configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Managed namespaces: platform, jobs, then the domains in the order of the file. Names are unique.
    pub namespaces: Vec<ManagedNamespace>,
    /// What a document without `metadata.namespace` means (decision on: A document without a namespace).
    pub release_namespace: Option<String>,
    /// Network policies.
    pub network: NetworkConfig,
    /// Pod security.
    pub pod_security: PodSecurityConfig,
    /// The summary.
    pub summary: SummaryConfig,
    /// The systems that `plugins` and `observability` name, in the order of the file.
    pub plugins: Vec<PluginConfig>,
}

impl Config {
    /// The managed namespace of that name.
    pub fn managed(&self, namespace: &str) -> Option<&ManagedNamespace> {
        self.namespaces.iter().find(|managed| managed.name == namespace)
    }

    /// The platform namespace.
    pub fn platform(&self) -> &str {
        self.namespaces.iter().find(|managed| managed.role == Role::Platform).map_or(PLATFORM, |it| &it.name)
    }

    /// Whether pods of that namespace are patched.
    pub fn hardens(&self, namespace: &str) -> bool {
        self.pod_security.enabled
            && self.managed(namespace).is_some_and(|it| self.pod_security.harden.contains(&it.role.kind()))
    }
}
