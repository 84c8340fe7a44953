//! kube-router.

use super::detection::Detection;
use super::evidence::is_false;
use super::{Enforcement, Except, Observed, Profile, TwoDirections};

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

/// `kube-router`, also as the firewall beside another plugin.
pub(super) fn detect(observed: &Observed) -> Option<Detection> {
    let images = ["cloudnativelabs/kube-router", "k0sproject/kube-router"];
    let agent = observed.agent(&["kube-router"], &images)?;
    let found = Detection::running(&PROFILE, &agent);
    Some(match agent.flag("run-firewall") {
        Some((value, evidence)) if is_false(&value) => found.off(evidence, "start it with --run-firewall=true"),
        Some((_, evidence)) => found.because(evidence),
        None => found,
    })
}
