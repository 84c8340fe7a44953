//! `security.network_policies`.

use super::check::{self, Families};
use crate::config::file::{Dns, Egress, KubernetesApi, NetworkPolicies, Services};
use crate::config::model::{
    DnsConfig, EgressRule, EgressTarget, IpFamily, KubernetesApiConfig, NetworkConfig, ServiceConfig,
};
use crate::config::part::Invalid;
use crate::object::Protocol;
use crate::text::excerpt;
use crate::yaml::FieldPath;

/// Validates the section; every range of the result has a family of `ip_families`.
pub(super) fn network(written: Option<&NetworkPolicies>, path: &FieldPath) -> Result<NetworkConfig, Invalid> {
    let default = NetworkConfig::default();
    let Some(written) = written else { return Ok(default) };
    let ip_families = ip_families(written.ip_families.as_ref(), &path.child("ip_families"))?;
    let families = Families { allowed: &ip_families, path: path.child("ip_families") };
    let allow_external_https = written.allow_external_https.unwrap_or(default.allow_external_https);
    let external_https_cidrs = external(written, allow_external_https, &families, path)?;
    let cluster_cidrs = match check::cidrs(written.cluster_cidrs.as_ref(), &families, &path.child("cluster_cidrs"))? {
        Some(cidrs) => cidrs,
        None => {
            default.cluster_cidrs.into_iter().filter(|net| ip_families.contains(&IpFamily::of(net.addr()))).collect()
        }
    };
    let ingress_path = path.child("ingress_controller_namespace");
    let ingress_controller_namespace = match &written.ingress_controller_namespace {
        Some(name) => check::namespace(name, &ingress_path)?,
        None => default.ingress_controller_namespace,
    };
    let egress = |rules: &Option<Vec<Egress>>, key: &str| {
        egress_rules(rules.as_deref().unwrap_or_default(), &families, &path.child(key))
    };
    Ok(NetworkConfig {
        enabled: written.enabled.unwrap_or(default.enabled),
        default_deny: written.default_deny.unwrap_or(default.default_deny),
        allow_external_https,
        external_https_cidrs,
        cluster_cidrs,
        ingress_controller_namespace,
        ingress_controller_pod_labels: check::labels(
            written.ingress_controller_pod_labels.as_ref(),
            &default.ingress_controller_pod_labels,
            &path.child("ingress_controller_pod_labels"),
        )?,
        dns: dns(written.dns.as_ref(), &families, &path.child("dns"))?,
        kubernetes_api: kubernetes_api(written.kubernetes_api.as_ref(), &families, &path.child("kubernetes_api"))?,
        services: services(written.services.as_ref(), default.services, &path.child("services"))?,
        jobs_egress_allow: egress(&written.jobs_egress_allow, "jobs_egress_allow")?,
        platform_egress_allow: egress(&written.platform_egress_allow, "platform_egress_allow")?,
        domain_egress_allow: egress(&written.domain_egress_allow, "domain_egress_allow")?,
        end_port: written.end_port.unwrap_or(default.end_port),
        ip_families,
    })
}

fn ip_families(written: Option<&Vec<String>>, path: &FieldPath) -> Result<Vec<IpFamily>, Invalid> {
    let Some(written) = written else { return Ok(NetworkConfig::default().ip_families) };
    if written.is_empty() {
        let help = "list IPv4, IPv6 or both, or leave the key out";
        return Err(Invalid::new(path, "no IP family is left").help(help));
    }
    let choice = [IpFamily::V4, IpFamily::V6].map(|family| (family.as_str(), family));
    check::list(written, path, String::clone, |text, at| check::word(text, "IP family", &choice, at))
}

fn external(
    written: &NetworkPolicies,
    allowed: bool,
    families: &Families<'_>,
    path: &FieldPath,
) -> Result<Vec<ipnet::IpNet>, Invalid> {
    let at = path.child("external_https_cidrs");
    let cidrs = check::cidrs(written.external_https_cidrs.as_ref(), families, &at)?.unwrap_or_default();
    if !cidrs.is_empty() && !allowed {
        let message = "`external_https_cidrs` says where HTTPS may go, but `allow_external_https` is false";
        return Err(Invalid::new(&at, message)
            .related(&path.child("allow_external_https"), "switched off here")
            .help("remove one of the two"));
    }
    Ok(cidrs)
}

fn dns(written: Option<&Dns>, families: &Families<'_>, path: &FieldPath) -> Result<DnsConfig, Invalid> {
    let default = DnsConfig::default();
    let Some(written) = written else { return Ok(default) };
    Ok(DnsConfig {
        namespace: match &written.namespace {
            Some(name) => check::namespace(name, &path.child("namespace"))?,
            None => default.namespace,
        },
        pod_labels: check::labels(written.pod_labels.as_ref(), &default.pod_labels, &path.child("pod_labels"))?,
        ports: check::ports(written.ports.as_ref(), &default.ports, &path.child("ports"))?,
        node_local_cidrs: check::cidrs(written.node_local_cidrs.as_ref(), families, &path.child("node_local_cidrs"))?
            .unwrap_or(default.node_local_cidrs),
    })
}

fn kubernetes_api(
    written: Option<&KubernetesApi>,
    families: &Families<'_>,
    path: &FieldPath,
) -> Result<KubernetesApiConfig, Invalid> {
    let default = KubernetesApiConfig::default();
    let Some(written) = written else { return Ok(default) };
    Ok(KubernetesApiConfig {
        cidrs: check::cidrs(written.cidrs.as_ref(), families, &path.child("cidrs"))?.unwrap_or(default.cidrs),
        ports: check::ports(written.ports.as_ref(), &default.ports, &path.child("ports"))?,
    })
}

fn services(
    written: Option<&Services>,
    defaults: Vec<ServiceConfig>,
    path: &FieldPath,
) -> Result<Vec<ServiceConfig>, Invalid> {
    let read = |default: ServiceConfig| {
        let Some(service) = written.and_then(|it| it.get(&default.name)) else { return Ok(default) };
        let path = path.child(default.name.as_str());
        Ok(ServiceConfig {
            ports: check::ports(service.ports.as_ref(), &default.ports, &path.child("ports"))?,
            pod_labels: check::labels(service.pod_labels.as_ref(), &default.pod_labels, &path.child("pod_labels"))?,
            name: default.name,
        })
    };
    defaults.into_iter().map(read).collect()
}

fn egress_rules(written: &[Egress], families: &Families<'_>, path: &FieldPath) -> Result<Vec<EgressRule>, Invalid> {
    let mut rules: Vec<EgressRule> = Vec::new();
    for (index, entry) in written.iter().enumerate() {
        let at = path.child(index);
        let rule = egress_rule(entry, families, &at)?;
        if let Some(first) = rules.iter().position(|other| other.name == rule.name) {
            let message = format!("two rules are named `{}`", rule.name);
            return Err(Invalid::new(&at.child("name"), message)
                .related(&path.child(first).child("name"), "the first of the two"));
        }
        rules.push(rule);
    }
    Ok(rules)
}

fn egress_rule(written: &Egress, families: &Families<'_>, path: &FieldPath) -> Result<EgressRule, Invalid> {
    let name = &written.name;
    if name.trim().is_empty() || name.chars().count() > 63 || name.chars().any(char::is_control) {
        let message = format!("`{}` is no name for a rule", excerpt(name));
        return Err(Invalid::new(&path.child("name"), message).help("use one line of at most 63 characters"));
    }
    let to = match (&written.to_namespace, &written.to_cidr) {
        (Some(namespace), None) => EgressTarget::Namespace(check::namespace(namespace, &path.child("to_namespace"))?),
        (None, Some(cidr)) => EgressTarget::Cidr(check::cidr(cidr, families, &path.child("to_cidr"))?),
        (Some(_), Some(_)) => {
            let message = format!("the rule `{name}` has both `to_namespace` and `to_cidr`");
            return Err(Invalid::new(&path.child("to_cidr"), message)
                .at_key()
                .related(&path.child("to_namespace"), "the other target")
                .help("write two rules"));
        }
        (None, None) => {
            return Err(Invalid::new(path, format!("the rule `{name}` has neither `to_namespace` nor `to_cidr`"))
                .help("say where traffic may go"));
        }
    };
    let port = check::port(written.port, &path.child("port"))?;
    let end_path = path.child("end_port");
    let end_port = written.end_port.map_or(Ok(port), |end| check::port(end, &end_path))?;
    if end_port < port {
        return Err(Invalid::new(&end_path, format!("the last port {end_port} is below the first, {port}"))
            .related(&path.child("port"), "the first port"));
    }
    let protocol = match &written.protocol {
        Some(text) => {
            let choice = Protocol::ALL.map(|protocol| (protocol.as_str(), protocol));
            check::word(text, "protocol", &choice, &path.child("protocol"))?
        }
        None => Protocol::Tcp,
    };
    Ok(EgressRule { name: name.clone(), to, port, end_port, protocol })
}
