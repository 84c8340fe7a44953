//! What a plugin or compute target needs, from the addresses in its configuration and the table of systems.
//!
//! An address in the configuration wins over the table. A name inside the cluster becomes the pods of its Service, or
//! its whole namespace where the input has no such Service; an address becomes a range of one. Any other name is
//! outside, where policies know no names: its port is opened to everything that counts as outside, unless that is open
//! already.
//!
//! What must stay closed stays closed: no plugin opens one domain to another (FR-042), or all jobs to anybody (FR-030,
//! FR-032).

use std::net::IpAddr;

use ipnet::IpNet;

use super::backend::client_ports;
use super::external_https::outside;
use super::service::{SERVICE_NOT_NARROWED, is_platform_service};
use super::systems::{self, Needs, System};
use crate::config::{
    Config, ConfigPlace, EndpointHost, IpFamily, ManagedNamespace, PluginConfig, PluginEndpoint, PluginSource, RoleKind,
};
use crate::finding::{CheckId, Finding, Severity};
use crate::network_policy::{Endpoint, Flows, IpBlock, PortSet, Reason};
use crate::object::{Inventory, Protocol, ServiceFacts};
use crate::text::excerpt;

/// floe does not know the type of a plugin, which has no address either.
pub(in crate::network_policy) const UNKNOWN_PLUGIN: CheckId = CheckId("unknown-plugin");

/// What a plugin needs cannot or must not be opened.
pub(in crate::network_policy) const PLUGIN_NOT_OPENED: CheckId = CheckId("plugin-not-opened");

/// A port that a plugin needs is open to every address outside.
pub(in crate::network_policy) const PLUGIN_ANY_EXTERNAL_ADDRESS: CheckId = CheckId("plugin-any-external-address");

/// The clients of a system that the table does not have.
const EVERYONE: &[RoleKind] = &[RoleKind::Platform, RoleKind::Jobs, RoleKind::Domain];

const RULES: &str = "`security.network_policies.jobs_egress_allow` (or `platform_egress_allow`, `domain_egress_allow`)";

/// Words in keys of addresses where a plugin only logs in: it needs its own system beside them.
const LOGIN: [&str; 4] = ["token", "auth", "issuer", "login"];

/// Adds the flows of one plugin.
pub(super) fn declare(
    plugin: &PluginConfig,
    reason: fn(String) -> Reason,
    config: &Config,
    inventory: &Inventory,
    flows: &mut Flows,
) {
    let system = plugin.kind.as_deref().and_then(systems::find);
    // An exporter is how everybody speaks to the endpoint, not a plugin with clients and a name.
    let is_plugin = plugin.place.source != PluginSource::Observability;
    let name = excerpt(plugin.kind.as_ref().filter(|_| is_plugin).unwrap_or(&plugin.category));
    let mut opening = Opening {
        config,
        inventory,
        clients: system.filter(|_| is_plugin).map_or(EVERYONE, |system| system.clients),
        reason: reason(name.clone()),
        name,
        flows,
    };
    let mut is_addressed = false;
    for endpoint in &plugin.endpoints {
        if endpoint.host == EndpointHost::Placeholder {
            continue;
        }
        let is_login = is_login(endpoint);
        is_addressed |= !is_login;
        let ports = match (endpoint.port, is_login) {
            (Some(port), _) => vec![port],
            (None, true) => vec![443],
            (None, false) => default_ports(system, config),
        };
        opening.open(endpoint, &PortSet::single_ports(endpoint.protocol, &ports));
    }
    if !is_addressed {
        opening.open_default(plugin, system);
    }
}

/// Whether an address is that of a login service.
fn is_login(endpoint: &PluginEndpoint) -> bool {
    let path = endpoint.place.path.to_string();
    let key = path.rsplit('.').next().unwrap_or_default();
    LOGIN.iter().any(|word| key.contains(word))
}

/// The ports of a system whose address names none.
fn default_ports(system: Option<&System>, config: &Config) -> Vec<u16> {
    match system.map(|system| system.needs) {
        Some(Needs::Outside(ports) | Needs::Server(ports)) => ports.to_vec(),
        Some(Needs::Platform(key)) => {
            config.network.services.iter().filter(|it| it.name == key).flat_map(|it| it.ports.clone()).collect()
        }
        Some(Needs::Nothing) | None => Vec::new(),
    }
}

/// One plugin, and where its flows go.
struct Opening<'a> {
    config: &'a Config,
    inventory: &'a Inventory,
    flows: &'a mut Flows,
    clients: &'static [RoleKind],
    name: String,
    reason: Reason,
}

impl Opening<'_> {
    fn open(&mut self, endpoint: &PluginEndpoint, ports: &PortSet) {
        let place = &endpoint.place;
        match &endpoint.host {
            EndpointHost::Placeholder => {}
            EndpointHost::Address(address) if address.is_loopback() || address.is_unspecified() => {}
            EndpointHost::Name(name) if name == "localhost" || name.ends_with(".localhost") => {}
            _ if ports.is_empty() => self.not_opened(place, "no port is named"),
            EndpointHost::Address(address) => self.address(*address, ports, place),
            EndpointHost::Name(name) => match self.inside(name) {
                Some((namespace, service)) => self.service(&namespace, &service, ports, place),
                None => self.outside(ports, &format!("`{}`", excerpt(name)), place),
            },
        }
    }

    /// What the table says of a system without an address.
    fn open_default(&mut self, plugin: &PluginConfig, system: Option<&System>) {
        let Some(kind) = &plugin.kind else { return };
        match system.map(|system| system.needs) {
            Some(Needs::Nothing | Needs::Platform(_)) => {}
            _ if plugin.place.source == PluginSource::Observability => {}
            Some(Needs::Outside(ports)) => {
                let ports = PortSet::single_ports(Protocol::Tcp, ports);
                self.outside(&ports, &format!("those of `{}`", self.name), &plugin.place);
            }
            Some(Needs::Server(ports)) => {
                let ports = PortSet::single_ports(Protocol::Tcp, ports);
                self.not_opened(&plugin.place, &format!("its address, for {ports}, is not in the configuration"));
            }
            None => {
                let message = format!("{}: nothing is opened for the unknown type `{}`", plugin.place, excerpt(kind));
                let finding = Finding::new(Severity::Warning, UNKNOWN_PLUGIN, message);
                let help = format!("add what it needs to {RULES}, or write its address into its configuration");
                self.flows.findings.push(finding.help(help));
            }
        }
    }

    fn address(&mut self, address: IpAddr, ports: &PortSet, place: &ConfigPlace) {
        let cidr = IpNet::from(address);
        if !self.config.network.ip_families.contains(&IpFamily::of(cidr.addr())) {
            return self.not_opened(place, &format!("`ip_families` leaves out the family of {address}"));
        }
        self.allow(&Endpoint::Addresses(vec![IpBlock::of(cidr)]), ports);
    }

    /// The namespace and the name of the Service that a DNS name means; absent for names outside the cluster.
    ///
    /// A bare name means the platform's Service, or one of another managed namespace in the input.
    fn inside(&self, name: &str) -> Option<(String, String)> {
        let labels: Vec<&str> = name.split('.').collect();
        let pair = |namespace: &str, service: &str| Some((namespace.to_owned(), service.to_owned()));
        match labels.as_slice() {
            [service] => {
                let managed = self.config.namespaces.iter().map(|it| it.name.as_str());
                let mut candidates = std::iter::once(self.config.platform()).chain(managed);
                let namespace = candidates
                    .find(|namespace| ServiceFacts::find(&self.inventory.services, namespace, service).is_some());
                pair(namespace.unwrap_or(self.config.platform()), service)
            }
            [service, namespace] if self.is_namespace(namespace) => pair(namespace, service),
            labels => {
                // The name of a pod may stand before that of its headless Service; the cluster's domain is anything.
                let at = labels.iter().position(|label| *label == "svc").filter(|at| *at >= 2)?;
                pair(labels.get(at - 1)?, labels.get(at - 2)?)
            }
        }
    }

    /// Whether the second part of a name is a namespace: `db.data` looks like `example.com`.
    fn is_namespace(&self, name: &str) -> bool {
        self.config.managed(name).is_some()
            || self.inventory.namespaces.iter().any(|it| it.name == name)
            || self.inventory.services.iter().any(|it| it.namespace.as_deref() == Some(name))
            || self.inventory.pods.iter().any(|it| it.namespace == name)
    }

    fn service(&mut self, namespace: &str, name: &str, ports: &PortSet, place: &ConfigPlace) {
        let found = ServiceFacts::find(&self.inventory.services, namespace, name);
        if found.is_some_and(|service| !service.chooses_pods()) {
            return self.not_opened(place, &format!("the Service `{name}` of `{namespace}` selects no pods"));
        }
        let pod_ports = found.map_or_else(
            || ports.clone(),
            |service| {
                ports.ranges().fold(PortSet::default(), |all, (protocol, range)| {
                    let each = (range.first..=range.last).map(|it| client_ports(service, protocol, it, self.inventory));
                    each.fold(all, |all, ports| all.union(&ports))
                })
            },
        );
        if namespace == self.config.platform() && is_platform_service(name, found, &pod_ports, self.config) {
            return;
        }
        let labels = found.map(|service| service.selector.clone()).unwrap_or_default();
        let destination = Endpoint::Pods { namespace: namespace.to_owned(), labels };
        match self.allow(&destination, &pod_ports) {
            Allowed::Refused => {
                let message = format!("`{namespace}` does not accept it");
                self.not_opened(place, &message);
            }
            Allowed::Added if found.is_none() && self.config.managed(namespace).is_some() => {
                let message = format!(
                    "{place}: no Service `{}` in the input tells its pods: {pod_ports} is open on every pod of \
                     `{namespace}`",
                    excerpt(name)
                );
                let finding = Finding::new(Severity::Info, SERVICE_NOT_NARROWED, message);
                self.flows.findings.push(finding.help("render the platform and its users together"));
            }
            Allowed::Added | Allowed::Already => {}
        }
    }

    fn outside(&mut self, ports: &PortSet, whose: &str, place: &ConfigPlace) {
        let network = &self.config.network;
        let https = PortSet::single_ports(Protocol::Tcp, &[443]);
        let ports = if network.allow_external_https { ports.difference(&https) } else { ports.clone() };
        if ports.is_empty() {
            return;
        }
        let blocks = outside(self.config);
        if blocks.is_empty() {
            return self.not_opened(place, "`cluster_cidrs` leaves no address outside");
        }
        let allowed = self.allow(&Endpoint::Addresses(blocks), &ports);
        if matches!(allowed, Allowed::Added) && network.external_https_cidrs.is_empty() {
            let message = format!(
                "{place}: {ports} is open to every address outside the cluster, because policies know no names such as \
                 {whose}"
            );
            let finding = Finding::new(Severity::Warning, PLUGIN_ANY_EXTERNAL_ADDRESS, message);
            let help = if network.allow_external_https {
                "list the addresses in `security.network_policies.external_https_cidrs`"
            } else {
                "set `security.network_policies.allow_external_https: true` and list the addresses in \
                 `external_https_cidrs`"
            };
            self.flows.findings.push(finding.help(help));
        }
    }

    /// Adds the flow for each namespace of clients that does not have it yet.
    fn allow(&mut self, destination: &Endpoint, ports: &PortSet) -> Allowed {
        let mut result = Allowed::Already;
        let mut refused = false;
        let clients = self.config.namespaces.iter().filter(|it| self.clients.contains(&it.role.kind()));
        for client in clients {
            match self.admits(client, destination) {
                Admission::Open => {}
                Admission::Closed => refused = true,
                Admission::Needed => {
                    let source = Endpoint::namespace(&client.name);
                    if !self.flows.covers(&source, destination, ports) {
                        self.flows.allow(source, destination.clone(), ports.clone(), self.reason.clone());
                        result = Allowed::Added;
                    }
                }
            }
        }
        if refused && matches!(result, Allowed::Already) { Allowed::Refused } else { result }
    }

    fn admits(&self, client: &ManagedNamespace, destination: &Endpoint) -> Admission {
        let Endpoint::Pods { namespace, labels } = destination else { return Admission::Needed };
        let Some(managed) = self.config.managed(namespace) else { return Admission::Needed };
        match (managed.role.kind(), client.role.kind()) {
            (RoleKind::Jobs, _) if labels.is_empty() => Admission::Closed,
            (RoleKind::Platform | RoleKind::Domain, _) if managed.name == client.name => Admission::Open,
            (RoleKind::Domain, RoleKind::Domain) => Admission::Closed,
            _ => Admission::Needed,
        }
    }

    fn not_opened(&mut self, place: &ConfigPlace, why: &str) {
        let message = format!("{place}: nothing is opened for `{}`: {why}", self.name);
        let finding = Finding::new(Severity::Warning, PLUGIN_NOT_OPENED, message);
        self.flows.findings.push(finding.help(format!("add what it needs to {RULES}")));
    }
}

/// What became of a flow for all clients together.
enum Allowed {
    /// At least one client has a new flow.
    Added,
    /// Every client could connect before.
    Already,
    /// It must stay closed for all who lack it.
    Refused,
}

/// Whether a namespace of clients may have a flow to a destination.
enum Admission {
    /// It has it, because pods of one namespace talk among themselves (FR-020).
    Open,
    /// It must not.
    Closed,
    /// It gets one.
    Needed,
}
