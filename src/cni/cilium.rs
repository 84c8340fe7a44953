//! Cilium.

use super::{Enforcement, Profile, Reach, Support};

/// Cilium.
pub(super) const PROFILE: Profile = Profile {
    enforcement: Enforcement::Conditional("not with enable-policy=never or enable-k8s-networkpolicy=false"),
    end_port: Support::Conditional("from Cilium 1.17; older versions ignore it"),
    sctp: Support::Conditional("with sctp.enabled=true"),
    named_ports: Support::Conditional("not where one name means several numbers"),
    ip_block_reach: Reach::OutsideOnly,
    remediation: "upgrade to 1.17 for endPort; admit nodes and the API server by CiliumNetworkPolicy entities",
    source: "Cilium's documentation of CIDR policies; cilium issues 9209, 28684, 30003",
    ..Profile::conforming("cilium", "Cilium")
};
