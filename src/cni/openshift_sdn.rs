//! OpenShift SDN, gone with OpenShift 4.15.

use super::{Enforcement, Except, Profile, Reach, Support};

/// OpenShift SDN, gone with OpenShift 4.15.
pub(super) const PROFILE: Profile = Profile {
    enforcement: Enforcement::Conditional("in NetworkPolicy mode only"),
    end_port: Support::Unknown,
    sctp: Support::Unknown,
    ip_block_reach: Reach::Unknown,
    except: Except::Doubtful("its support was never complete"),
    remediation: "migrate to OVN-Kubernetes",
    source: "the OpenShift documentation",
    ..Profile::conforming("openshift-sdn", "OpenShift SDN")
};
