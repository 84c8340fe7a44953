//! Pod Security: the checks of Pod Security Admission, and hardening.
//!
//! [`Evaluator::evaluate`] is `k8s.io/pod-security-admission` on plain JSON values: the same verdict, order and text
//! for every level and policy version. [`Evaluator::judge`] is the verdict of the API server, which fills in
//! `admission_defaults` first.

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
mod unknown;
mod wording;

pub use check::{Check, Violation};
pub use draft::{Change, HardenError};
pub use explain::{NOTICE_PAGES, check_pages};
pub use harden::{Hardening, OPT_OUT_ANNOTATION, harden, harden_as};
pub(crate) use judge::{Judged, judge_pods};
pub use message::{message, warning};
pub use namespace_labels::{
    AUDIT_LEVEL_LABEL, AUDIT_VERSION_LABEL, ENFORCE_LEVEL_LABEL, ENFORCE_VERSION_LABEL, LabelError, LevelVersion,
    Policy, WARN_LEVEL_LABEL, WARN_VERSION_LABEL, policy_to_evaluate,
};
pub use namespaces::{enforced_after, namespace_object, patch_namespace, raised_labels};
use near_miss::near_miss;
pub use place::judge_place;
pub use pod::{Container, ContainerKind, Pod, Volume};
pub use registry::{Evaluator, checks};
pub use unknown::unknown_workload;
