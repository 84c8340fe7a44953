//! kindnet, of kind clusters.

use super::detection::Detection;
use super::evidence::{Confidence, Enforced, is_false};
use super::{Enforcement, Observed, Profile};

/// kindnet, of kind clusters.
pub(super) const PROFILE: Profile = Profile {
    aliases: &["kind"],
    enforcement: Enforcement::Conditional("from kind v0.24.0 (image v20240813) on"),
    remediation: "upgrade kind, or disableDefaultCNI and install Calico",
    source: "kind's releases; older images were measured",
    ..Profile::conforming("kindnet", "kindnet")
};

/// The first image that enforces, by its date (kind v0.24.0).
const FIRST: &str = "20240813";

/// `kindnet`: a flag says whether it enforces, else the date of its image.
pub(super) fn detect(observed: &Observed) -> Option<Detection> {
    let agent = observed.agent(&["kindnet"], &["kindest/kindnetd", "aojea/kindnetd", "google/kindnet"])?;
    let found = Detection::running(&PROFILE, &agent);
    if let Some((value, evidence)) = agent.flag("network-policy") {
        return Some(if is_false(&value) {
            found.off(evidence, "start it with --network-policy=true")
        } else {
            found.because(evidence)
        });
    }
    // Dates of equal length have the order of their letters.
    let dated = agent.tags().find_map(|(tag, evidence)| {
        let date = tag.strip_prefix('v')?.split('-').next()?;
        (date.len() == FIRST.len() && date.bytes().all(|byte| byte.is_ascii_digit())).then(|| (date >= FIRST, evidence))
    });
    Some(match dated {
        Some((true, _)) => found,
        Some((false, evidence)) => found.off(evidence, PROFILE.remediation),
        None => {
            let found = found.at_most(Confidence::Medium);
            Detection { enforced: Enforced::Unknown, remediation: Some(PROFILE.remediation), ..found }
        }
    })
}
