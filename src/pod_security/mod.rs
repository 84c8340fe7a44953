//! Pod Security: the checks of Pod Security Admission, and hardening.

mod draft;
mod harden;
mod namespaces;

pub use draft::{Change, HardenError};
pub use harden::{
    FILLED_RUN_AS_GROUP, FILLED_RUN_AS_USER, HARDEN_ANNOTATION, HARDEN_OPTED_OUT, Hardening, INJECTED_SIDECARS,
    JOB_TEMPLATE_IMMUTABLE, NOTICES, OPT_OUT_ANNOTATION, POD_SPEC_IMMUTABLE, WINDOWS_WITHOUT_OS,
    WRITABLE_PATHS_ANNOTATION, harden,
};
pub use namespaces::{namespace_object, patch_namespace};
