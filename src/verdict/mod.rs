//! Judgements: of admission on pods, of the API and of plugins on policies, and of a configuration on what is there.

mod as_configured;
mod drift;
mod explain;
mod in_cluster;
mod pods;
mod policies;
mod policy_documents;

pub(crate) use as_configured::{Difference, Expected, is_ours, is_retired};
pub use as_configured::{OWNER, POLICY_CHANGED, POLICY_EXTRA, POLICY_MISSING, as_configured, is_default_deny, owner};
pub use drift::{Drift, First, drift, drift_from};
pub use explain::PAGES;
pub(crate) use in_cluster::unenforced;
pub use in_cluster::{Candidate, PLUGIN_DIFFERS, Refusal, ServerAnswer, candidates, of_server};
pub use pods::{
    CheckRequest, Fix, Mode, NAMESPACE_LABEL, PARTLY_JUDGED, PodVerdict, Report, Verdict, ViolatingField,
    ViolationFound, check,
};
pub(crate) use policies::of_profile as unenforced_by;
pub use policies::{POLICY_INVALID, POLICY_UNKNOWN_FIELD, Validation, ValidationCounts, ValidationRequest, validate};
pub(crate) use policy_documents::POLICIES_UNENFORCED;
