//! FR-013, FR-021, FR-031: managed namespaces may reach cloud services by HTTPS.
//!
//! "The outside" is every address less the cluster's own ranges, link-local and loopback: with most plugins a plain
//! `0.0.0.0/0` also matches pods, nodes and metadata services, which FR-032 and FR-042 forbid. Ranges that the user
//! lists are taken as written, since private endpoints lie inside the cluster's ranges.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::custom::report_any_address;
use crate::config::{Config, IpFamily};
use crate::network_policy::{Endpoint, Flows, IpBlock, PortSet, Reason};
use crate::object::{Inventory, Protocol};

/// Never outside: link-local, where metadata services answer, and loopback.
const LOCAL: [IpNet; 4] = [
    IpNet::new_assert(IpAddr::V4(Ipv4Addr::new(169, 254, 0, 0)), 16),
    IpNet::new_assert(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8),
    IpNet::new_assert(IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0)), 10),
    IpNet::new_assert(IpAddr::V6(Ipv6Addr::LOCALHOST), 128),
];

pub(super) fn declare(config: &Config, _inventory: &Inventory, flows: &mut Flows) {
    let network = &config.network;
    if !network.allow_external_https {
        return;
    }
    for cidr in &network.external_https_cidrs {
        report_any_address("external_https_cidrs", *cidr, flows);
    }
    let outside = Endpoint::Addresses(outside(config));
    for namespace in &config.namespaces {
        flows.allow(
            Endpoint::namespace(&namespace.name),
            outside.clone(),
            PortSet::single_ports(Protocol::Tcp, &[443]),
            Reason::ExternalHttps,
        );
    }
}

/// What counts as outside: the ranges that the user lists, else every address less those of the cluster.
pub(super) fn outside(config: &Config) -> Vec<IpBlock> {
    let network = &config.network;
    if !network.external_https_cidrs.is_empty() {
        return network.external_https_cidrs.iter().copied().map(IpBlock::of).collect();
    }
    let inside = || network.cluster_cidrs.iter().chain(&LOCAL).copied();
    let everywhere = |family: &IpFamily| match family {
        IpFamily::V4 => IpNet::new(Ipv4Addr::UNSPECIFIED.into(), 0),
        IpFamily::V6 => IpNet::new(Ipv6Addr::UNSPECIFIED.into(), 0),
    };
    network.ip_families.iter().filter_map(|family| IpBlock::except(everywhere(family).ok()?, inside())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network_policy::tests::world::{config, declared, findings};

    #[test]
    fn the_cluster_is_not_outside() {
        let blocks = outside(&config());
        assert_eq!(
            blocks.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [
                "0.0.0.0/0 except 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, \
                 192.168.0.0/16",
                "::/0 except ::1/128, fc00::/7, fe80::/10"
            ]
        );
    }

    #[test]
    fn families_that_are_not_used_are_not_written() {
        let mut config = config();
        config.network.ip_families = vec![IpFamily::V4];
        assert!(outside(&config).iter().all(|block| block.cidr().addr().is_ipv4()));
    }

    #[test]
    fn a_cluster_of_all_addresses_leaves_nothing_outside() {
        let mut config = config();
        config.network.cluster_cidrs = vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()];
        assert!(declared(declare, &config).is_empty());
    }

    #[test]
    fn listed_ranges_replace_the_internet() {
        let mut config = config();
        config.network.external_https_cidrs = vec!["10.9.0.0/16".parse().unwrap()];
        assert_eq!(declared(declare, &config)[0], "floe-platform -> 10.9.0.0/16: TCP 443 (external-https)");
        assert!(findings(declare, &config).is_empty());
    }

    #[test]
    fn a_listed_internet_is_taken_as_written_and_reported() {
        let mut config = config();
        config.network.external_https_cidrs = vec!["0.0.0.0/0".parse().unwrap()];
        assert_eq!(declared(declare, &config)[0], "floe-platform -> 0.0.0.0/0: TCP 443 (external-https)");
        assert_eq!(findings(declare, &config).len(), 1);
    }

    #[test]
    fn can_be_switched_off() {
        let mut config = config();
        config.network.allow_external_https = false;
        assert!(declared(declare, &config).is_empty());
    }
}
