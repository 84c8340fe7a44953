//! FR-012: every pod of a managed namespace may ask cluster DNS.
//!
//! UDP *and* TCP, because truncated answers are asked for again over TCP; to the DNS pods only, not to all of their
//! namespace. A node-local cache runs on the host network, where no pod selector matches it, so it is named by address.

use crate::config::Config;
use crate::network_policy::{Endpoint, Flows, IpBlock, PortSet, Reason};
use crate::object::{Inventory, Protocol};

pub(super) fn declare(config: &Config, _inventory: &Inventory, flows: &mut Flows) {
    let dns = &config.network.dns;
    let tcp = PortSet::single_ports(Protocol::Tcp, &dns.ports);
    let ports = tcp.union(&PortSet::single_ports(Protocol::Udp, &dns.ports));
    let pods = Endpoint::Pods { namespace: dns.namespace.clone(), labels: dns.pod_labels.clone() };
    let caches = Endpoint::Addresses(dns.node_local_cidrs.iter().copied().map(IpBlock::of).collect());
    for namespace in &config.namespaces {
        for destination in [&pods, &caches] {
            flows.allow(Endpoint::namespace(&namespace.name), destination.clone(), ports.clone(), Reason::Dns);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network_policy::tests::world::{config, declared};

    #[test]
    fn is_udp_and_tcp_to_the_dns_pods_only() {
        let flows = declared(declare, &config());
        assert_eq!(flows[0], "floe-platform -> kube-system (k8s-app=kube-dns): TCP 53, UDP 53 (dns)");
        assert_eq!(flows.len(), config().namespaces.len());
    }

    #[test]
    fn node_local_caches_are_addresses() {
        let mut config = config();
        config.network.dns.node_local_cidrs = vec!["169.254.20.10/32".parse().unwrap()];
        let flows = declared(declare, &config);
        assert!(flows.contains(&"floe-jobs -> 169.254.20.10/32: TCP 53, UDP 53 (dns)".to_owned()));
    }

    #[test]
    fn no_ports_is_no_flow() {
        let mut config = config();
        config.network.dns.ports.clear();
        assert!(declared(declare, &config).is_empty());
    }
}
