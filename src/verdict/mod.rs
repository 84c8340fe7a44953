//! Judgements: of admission on pods, of the API and of plugins on policies, and of a configuration on what is there.

mod drift;
mod explain;
mod in_cluster;
mod pods;
mod policies;

pub use drift::{Drift, First, OWNER, drift, drift_from, owner};
pub use explain::PAGES;
pub use in_cluster::{
    Candidate, PLUGIN_DIFFERS, POLICY_NOT_JUDGED, POLICY_REFUSED, Refusal, ServerAnswer, candidates, of_server,
};
pub use pods::{
    CheckRequest, Fix, Mode, NAMESPACE_LABEL, PARTLY_JUDGED, PodVerdict, Report, Verdict, ViolatingField,
    ViolationFound, check,
};
pub use policies::{
    POLICIES_UNENFORCED, POLICY_CHANGED, POLICY_EXTRA, POLICY_INVALID, POLICY_MISSING, POLICY_UNKNOWN_FIELD,
    Validation, ValidationCounts, ValidationRequest, validate,
};
