//! The pages of verdicts, one Markdown file each.

use super::as_configured::{POLICY_CHANGED, POLICY_EXTRA, POLICY_MISSING};
use super::in_cluster::{PLUGIN_DIFFERS, POLICY_NOT_JUDGED, POLICY_REFUSED};
use super::pods::{NAMESPACE_LABEL, PARTLY_JUDGED};
use super::policies::{POLICY_INVALID, POLICY_REPEATED_KEY, POLICY_UNKNOWN_FIELD};
use super::policy_documents::POLICIES_UNENFORCED;
use crate::finding::{Page, Severity};

/// The pages of this module's rules.
pub const PAGES: &[Page] = &[
    Page::new(NAMESPACE_LABEL, Severity::Warning, include_str!("namespace-label.md")),
    Page::new(PARTLY_JUDGED, Severity::Info, include_str!("partly-judged.md")),
    Page::new(POLICY_INVALID, Severity::Error, include_str!("policy-invalid.md")),
    Page::new(POLICY_UNKNOWN_FIELD, Severity::Error, include_str!("policy-unknown-field.md")),
    Page::new(POLICY_REPEATED_KEY, Severity::Warning, include_str!("policy-repeated-key.md")),
    Page::new(POLICY_MISSING, Severity::Error, include_str!("policy-missing.md")),
    Page::new(POLICY_CHANGED, Severity::Error, include_str!("policy-changed.md")),
    Page::new(POLICY_EXTRA, Severity::Error, include_str!("policy-extra.md")),
    Page::new(POLICIES_UNENFORCED, Severity::Error, include_str!("policies-unenforced.md")),
    Page::new(PLUGIN_DIFFERS, Severity::Error, include_str!("plugin-differs.md")),
    Page::new(POLICY_REFUSED, Severity::Error, include_str!("policy-refused.md")),
    Page::new(POLICY_NOT_JUDGED, Severity::Info, include_str!("policy-not-judged.md")),
];
