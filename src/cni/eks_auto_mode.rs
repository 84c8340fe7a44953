//! EKS Auto Mode.

use super::{Enforcement, Except, Profile, Reach, Translation};

/// EKS Auto Mode.
pub(super) const PROFILE: Profile = Profile {
    aliases: &["eks-auto"],
    enforcement: Enforcement::Conditional(
        "only with the controller enabled in amazon-vpc-cni and networkPolicy in the NodeClass",
    ),
    ip_block_reach: Reach::Unknown,
    except: Except::Doubtful("addresses become prefixes of one map"),
    judged: Translation::Before,
    remediation: "set enable-network-policy-controller in the ConfigMap amazon-vpc-cni, and networkPolicy in the NodeClass",
    source: "the EKS documentation; its agent is that of the VPC CNI",
    ..Profile::conforming("eks-auto-mode", "EKS Auto Mode")
};
