//! What holds where the configuration says nothing.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::model::{
    Config, Conflicts, DnsConfig, IpFamily, KubernetesApiConfig, ManagedNamespace, NamespaceMode, NetworkConfig,
    PLATFORM, PodSecurityConfig, Role, RoleKind, ServiceConfig, SummaryConfig,
};
use crate::object::{Level, Version};

/// The namespace of job pods.
pub(super) const JOBS: &str = "floe-jobs";
/// The name of the summary `ConfigMap`.
pub(super) const SUMMARY: &str = "floe-network-security";

/// Private (RFC 1918), shared (RFC 6598) and unique local (RFC 4193) addresses, where clusters live.
const CLUSTER_CIDRS: [IpNet; 5] = [
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(10, 0, 0, 0), 8)),
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(172, 16, 0, 0), 12)),
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(192, 168, 0, 0), 16)),
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(100, 64, 0, 0), 10)),
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7)),
];

/// Whether a namespace has a name that floe gives: `floe-platform`, `floe-jobs`, or that of a domain (FR-040).
pub fn is_default_namespace(name: &str) -> bool {
    name == PLATFORM || name == JOBS || domain_of(name).is_some()
}

/// The domain that a namespace is named after, `floe-<domain>-domain` (FR-040).
pub fn domain_of(namespace: &str) -> Option<&str> {
    namespace.strip_prefix("floe-")?.strip_suffix("-domain").filter(|domain| !domain.is_empty())
}

impl RoleKind {
    /// The enforce level of a role (FR-051, FR-052).
    pub(super) const fn default_level(self) -> Level {
        match self {
            Self::Platform => Level::Baseline,
            Self::Jobs | Self::Domain => Level::Restricted,
        }
    }
}

impl Default for Config {
    /// The configuration of an empty manifest.
    fn default() -> Self {
        let managed = |name: &str, role: Role| {
            let level = role.kind().default_level();
            ManagedNamespace { name: name.to_owned(), role, level }
        };
        Self {
            namespaces: vec![managed(PLATFORM, Role::Platform), managed(JOBS, Role::Jobs)],
            release_namespace: None,
            network: NetworkConfig::default(),
            pod_security: PodSecurityConfig::default(),
            summary: SummaryConfig { enabled: true, name: SUMMARY.to_owned(), namespace: PLATFORM.to_owned() },
            plugins: Vec::new(),
        }
    }
}

impl Default for NetworkConfig {
    fn default() -> Self {
        let service = |name: &str, ports: &[u16]| ServiceConfig {
            name: name.to_owned(),
            ports: ports.to_vec(),
            pod_labels: BTreeMap::new(),
        };
        Self {
            enabled: true,
            default_deny: true,
            allow_external_https: true,
            external_https_cidrs: Vec::new(),
            cluster_cidrs: CLUSTER_CIDRS.to_vec(),
            ip_families: vec![IpFamily::V4, IpFamily::V6],
            ingress_controller_namespace: "ingress-nginx".to_owned(),
            ingress_controller_pod_labels: BTreeMap::new(),
            dns: DnsConfig::default(),
            kubernetes_api: KubernetesApiConfig::default(),
            services: vec![
                service("polaris", &[8181]),
                service("otel_collector", &[4317, 4318]),
                service("minio", &[9000]),
            ],
            jobs_egress_allow: Vec::new(),
            platform_egress_allow: Vec::new(),
            domain_egress_allow: Vec::new(),
            end_port: true,
        }
    }
}

impl Default for DnsConfig {
    fn default() -> Self {
        Self {
            namespace: "kube-system".to_owned(),
            pod_labels: BTreeMap::from([("k8s-app".to_owned(), "kube-dns".to_owned())]),
            ports: vec![53],
            node_local_cidrs: Vec::new(),
        }
    }
}

impl Default for KubernetesApiConfig {
    fn default() -> Self {
        Self { cidrs: Vec::new(), ports: vec![443, 6443] }
    }
}

impl Default for PodSecurityConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            namespaces: NamespaceMode::Append,
            version: Version::Latest,
            run_as_user: 1000,
            run_as_group: 1000,
            fs_group: 1000,
            writable_paths: vec!["/tmp".to_owned(), "/home/floe".to_owned()],
            writable_size_limit: None,
            harden: vec![RoleKind::Jobs, RoleKind::Domain],
            conflicts: Conflicts::Fail,
            workloads: Vec::new(),
        }
    }
}
