use super::*;
use crate::text::Span;
use crate::yaml::*;
#[derive(Debug)]
pub struct ConfigError {
    pub message: String,
    pub path: FieldPath,
    pub span: Span,
    pub help: Option<String>,
}
impl ConfigError {
    pub fn is_foreign(&self) -> bool {
        true
    }
}
impl From<ParseError> for ConfigError {
    fn from(e: ParseError) -> Self {
        ConfigError { message: e.message, path: FieldPath::root(), span: Span::at(0), help: None }
    }
}
impl Config {
    pub fn from_manifest(_: &Tree<'_>) -> Result<Config, ConfigError> {
        Ok(Config::default())
    }
    pub fn from_function_config(_: &Tree<'_>, _: NodeId) -> Result<Config, ConfigError> {
        Ok(Config::default())
    }
    pub fn default() -> Config {
        let nets = |l: &[&str]| l.iter().map(|s| s.parse().unwrap()).collect::<Vec<_>>();
        let svc = |n: &str, p: &[u16]| ServiceConfig { name: n.into(), ports: p.to_vec(), pod_labels: BTreeMap::new() };
        Config {
            namespaces: vec![
                ManagedNamespace { name: "floe-platform".into(), role: Role::Platform, level: Level::Baseline },
                ManagedNamespace { name: "floe-jobs".into(), role: Role::Jobs, level: Level::Restricted },
            ],
            release_namespace: None,
            network: NetworkConfig {
                enabled: true,
                default_deny: true,
                allow_external_https: true,
                external_https_cidrs: vec![],
                cluster_cidrs: nets(&["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"]),
                ip_families: vec![IpFamily::V4, IpFamily::V6],
                ingress_controller_namespace: "ingress-nginx".into(),
                ingress_controller_pod_labels: BTreeMap::new(),
                dns: DnsConfig {
                    namespace: "kube-system".into(),
                    pod_labels: [("k8s-app".to_owned(), "kube-dns".to_owned())].into(),
                    ports: vec![53],
                    node_local_cidrs: vec![],
                },
                kubernetes_api: KubernetesApiConfig { cidrs: vec![], ports: vec![443, 6443] },
                services: vec![svc("polaris", &[8181]), svc("otel_collector", &[4317, 4318]), svc("minio", &[9000])],
                jobs_egress_allow: vec![],
                platform_egress_allow: vec![],
                domain_egress_allow: vec![],
                end_port: true,
            },
            pod_security: PodSecurityConfig {
                enabled: true,
                namespaces: NamespaceMode::Append,
                version: Version::Latest,
                run_as_user: 1000,
                run_as_group: 1000,
                fs_group: 1000,
                writable_paths: vec!["/tmp".into(), "/home/floe".into()],
                writable_size_limit: None,
                harden: vec![RoleKind::Jobs, RoleKind::Domain],
                conflicts: Conflicts::Fail,
                workloads: vec![],
            },
            summary: SummaryConfig {
                enabled: true,
                name: "floe-network-security".into(),
                namespace: "floe-platform".into(),
            },
        }
    }
}
