//! FR-021, FR-023: the platform talks to the Kubernetes API, because Dagster creates jobs through it.
//!
//! Policy sees the port after address translation: 443 alone fails wherever the API server listens on 6443. No pod
//! selector matches the API server; it is named by address, or not at all: then the ports are open to any address,
//! which is said loudly. Jobs and domains have no such flow.

use crate::config::Config;
use crate::finding::{CheckId, Finding, Severity};
use crate::network_policy::{Endpoint, Flows, IpBlock, PortSet, Reason};
use crate::object::{Inventory, Protocol};

/// The platform may reach any address on the ports of the Kubernetes API.
pub(in crate::network_policy) const KUBERNETES_API_ANY_ADDRESS: CheckId = CheckId("kubernetes-api-any-address");

pub(super) fn declare(config: &Config, _inventory: &Inventory, flows: &mut Flows) {
    let api = &config.network.kubernetes_api;
    let ports = PortSet::single_ports(Protocol::Tcp, &api.ports);
    if ports.is_empty() {
        return;
    }
    let servers = if api.cidrs.is_empty() {
        let message = format!(
            "`{}` may reach any address on {ports}, because the addresses of the Kubernetes API are not known",
            config.platform()
        );
        let finding = Finding::new(Severity::Warning, KUBERNETES_API_ANY_ADDRESS, message);
        flows.findings.push(finding.help(
            "set `security.network_policies.kubernetes_api.cidrs`; not on Cilium with the API server on a node, which no \
             ipBlock matches there",
        ));
        Endpoint::Any
    } else {
        Endpoint::Addresses(api.cidrs.iter().copied().map(IpBlock::of).collect())
    };
    flows.allow(Endpoint::namespace(config.platform()), servers, ports, Reason::KubernetesApi);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network_policy::tests::world::{config, declared, findings};

    #[test]
    fn unknown_addresses_are_any_and_reported() {
        assert_eq!(declared(declare, &config()), ["floe-platform -> anything: TCP 443, TCP 6443 (kubernetes-api)"]);
        assert_eq!(findings(declare, &config())[0].check, KUBERNETES_API_ANY_ADDRESS);
    }

    #[test]
    fn known_addresses_are_used() {
        let mut config = config();
        config.network.kubernetes_api.cidrs = vec!["10.0.0.1/32".parse().unwrap()];
        assert_eq!(declared(declare, &config), ["floe-platform -> 10.0.0.1/32: TCP 443, TCP 6443 (kubernetes-api)"]);
        assert!(findings(declare, &config).is_empty());
    }

    #[test]
    fn no_ports_is_no_flow_and_no_warning() {
        let mut config = config();
        config.network.kubernetes_api.ports.clear();
        assert!(declared(declare, &config).is_empty());
        assert!(findings(declare, &config).is_empty());
    }
}
