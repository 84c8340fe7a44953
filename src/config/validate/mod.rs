//! What was written becomes what it means, or an error that says why it cannot mean anything.

mod check;
mod namespaces;
mod network;
mod pod_security;

use super::defaults::SUMMARY;
use super::file::{Domain, SecuritySection, Summary};
use super::model::{Config, SummaryConfig};
use super::part::Invalid;
use crate::object::name;
use crate::yaml::FieldPath;

/// The sections that are floe's, and where they are.
#[derive(Debug)]
pub(super) struct Sections {
    pub(super) security: SecuritySection,
    pub(super) security_path: FieldPath,
    pub(super) domains: Vec<Domain>,
    pub(super) domains_path: FieldPath,
}

/// Validates a whole configuration; the first fault in the order of the reference wins.
pub(super) fn validate(sections: &Sections) -> Result<Config, Invalid> {
    let Sections { security, security_path: path, .. } = sections;
    let namespaces = namespaces::managed(sections)?;
    let release_namespace = security.release_namespace.as_deref();
    let release_namespace =
        release_namespace.map(|name| check::namespace(name, &path.child("release_namespace"))).transpose()?;
    let network = network::network(security.network_policies.as_ref(), &path.child("network_policies"))?;
    let pod_security = security.pod_security.as_ref().map(|it| &it.keys);
    let pod_security = pod_security::pod_security(pod_security, &namespaces, &path.child("pod_security"))?;
    let mut config = Config { namespaces, release_namespace, network, pod_security, ..Config::default() };
    config.summary = summary(security.summary.as_ref(), config.platform(), &path.child("summary"))?;
    Ok(config)
}

fn summary(written: Option<&Summary>, platform: &str, path: &FieldPath) -> Result<SummaryConfig, Invalid> {
    let name = written.and_then(|it| it.name.as_deref()).unwrap_or(SUMMARY);
    if !name::is_dns_subdomain(name) {
        return Err(check::no_subdomain(name, &path.child("name")));
    }
    let namespace = written.and_then(|it| it.namespace.as_deref()).unwrap_or(platform);
    Ok(SummaryConfig {
        enabled: written.and_then(|it| it.enabled).unwrap_or(true),
        name: name.to_owned(),
        namespace: check::namespace(namespace, &path.child("namespace"))?,
    })
}
