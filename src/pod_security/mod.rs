//! Pod Security: the checks of Pod Security Admission, and hardening.
//!
//! [`evaluate`] is `k8s.io/pod-security-admission` on plain JSON values: the same verdict, order and text for every
//! level and policy version. [`Evaluator::judge`] is the verdict of the API server, which fills in
//! [`admission_defaults()`] first.

mod admission_defaults;
mod check;
mod checks;
mod draft;
mod explain;
mod harden;
mod judge;
mod message;
mod namespace_labels;
mod namespaces;
mod near_miss;
mod place;
mod pod;
mod registry;
mod wording;

pub use admission_defaults::admission_defaults;
pub use check::{Check, Violation};
pub use draft::{Change, HardenError};
pub use explain::{NOTICE_PAGES, check_pages};
pub use harden::{
    FILLED_RUN_AS_GROUP, FILLED_RUN_AS_USER, HARDEN_ANNOTATION, HARDEN_OPTED_OUT, Hardening, INJECTED_SIDECARS,
    JOB_TEMPLATE_IMMUTABLE, OPT_OUT_ANNOTATION, POD_SPEC_IMMUTABLE, WINDOWS_WITHOUT_OS, WORKLOAD_NOT_HARDENED,
    WRITABLE_PATHS_ANNOTATION, harden, harden_as,
};
pub(crate) use judge::{Judged, judge_pods};
pub use message::{message, warning};
pub use namespace_labels::{
    AUDIT_LEVEL_LABEL, AUDIT_VERSION_LABEL, ENFORCE_LEVEL_LABEL, ENFORCE_VERSION_LABEL, LabelError, LevelVersion,
    Policy, WARN_LEVEL_LABEL, WARN_VERSION_LABEL, policy_to_evaluate,
};
pub use namespaces::{namespace_object, patch_namespace};
pub use near_miss::near_miss;
pub use place::judge_place;
pub use pod::{Container, ContainerKind, Pod, Volume};
pub use registry::{Evaluator, checks, evaluate};
