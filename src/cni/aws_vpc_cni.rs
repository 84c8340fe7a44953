//! The Amazon VPC CNI with its network policy agent.

use super::{Enforcement, Except, Profile, Reach, Translation};

/// The Amazon VPC CNI with its network policy agent.
pub(super) const PROFILE: Profile = Profile {
    aliases: &["aws", "eks", "vpc-cni"],
    enforcement: Enforcement::Conditional(
        "only with enableNetworkPolicy, from v1.14; not on Fargate, Windows and for pods of the host network",
    ),
    ip_block_reach: Reach::Unknown,
    except: Except::Doubtful("addresses become prefixes of one map"),
    judged: Translation::Before,
    remediation: "set the add-on's {\"enableNetworkPolicy\": \"true\"}; let Services and containers have the same port",
    source: "amazon-network-policy-controller-k8s, endpoints.go, and the agent's README",
    ..Profile::conforming("aws-vpc-cni", "Amazon VPC CNI")
};
