//! kube-router.

use super::{Enforcement, Except, Profile, TwoDirections};

/// kube-router.
pub(super) const PROFILE: Profile = Profile {
    enforcement: Enforcement::Conditional("not with --run-firewall=false"),
    unresolved_name_opens_all: true,
    two_directions: TwoDirections::Mixed,
    except: Except::WholeRule,
    remediation: "one direction for each object, numeric ports, a block with except alone in its rule",
    source: "measured with packets on v2.9.0 and v2.11.1",
    ..Profile::conforming("kube-router", "kube-router")
};
