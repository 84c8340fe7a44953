//! Judgements: of admission on pods, of the API and of plugins on policies, and of a configuration on what is there.

mod drift;
mod explain;
mod in_cluster;
mod pods;
mod policies;
mod policy_documents;

pub use drift::{Drift, First, OWNER, drift, drift_from, owner};
pub use explain::PAGES;
pub use in_cluster::{Candidate, PLUGIN_DIFFERS, Refusal, ServerAnswer, candidates, of_server};
pub use pods::{
    CheckRequest, Fix, Mode, NAMESPACE_LABEL, PARTLY_JUDGED, PodVerdict, Report, Verdict, ViolatingField,
    ViolationFound, check,
};
pub use policies::{
    POLICY_CHANGED, POLICY_EXTRA, POLICY_INVALID, POLICY_MISSING, POLICY_UNKNOWN_FIELD, Validation, ValidationCounts,
    ValidationRequest, validate,
};
