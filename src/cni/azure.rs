//! Azure: network policy manager and Azure CNI powered by Cilium.

use super::{Enforcement, Profile, Reach, Support};

/// Azure: network policy manager and Azure CNI powered by Cilium.
pub(super) const NPM: Profile = Profile {
    aliases: &["npm"],
    enforcement: Enforcement::Conditional("on Linux nodes; retired in September 2028, on Windows in 2026"),
    ipv6: Support::No,
    max_ip_blocks: Some(4),
    remediation: "az aks update --network-dataplane cilium",
    source: "the AKS documentation and its guide to migrate to Cilium",
    ..Profile::conforming("azure-npm", "Azure NPM")
};

/// AKS with Azure CNI powered by Cilium.
pub(super) const CILIUM: Profile = Profile {
    aliases: &["aks", "azure"],
    end_port: Support::Conditional("from Cilium 1.17; older versions ignore it"),
    sctp: Support::Conditional("with sctp.enabled=true"),
    named_ports: Support::Conditional("not where one name means several numbers"),
    ip_block_reach: Reach::OutsideOnly,
    remediation: "admit nodes and the API server by CiliumNetworkPolicy entities",
    source: "the AKS guide to migrate to Cilium",
    ..Profile::conforming("azure-cilium", "Azure CNI powered by Cilium")
};
