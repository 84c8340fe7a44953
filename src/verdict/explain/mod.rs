//! The pages of verdicts, one Markdown file each.

use super::as_configured::{POLICY_CHANGED, POLICY_EXTRA, POLICY_MISSING};
use super::in_cluster::{PLUGIN_DIFFERS, POLICY_NOT_JUDGED, POLICY_REFUSED};
use super::pods::{NAMESPACE_LABEL, PARTLY_JUDGED};
use super::policies::{POLICIES_UNENFORCED, POLICY_INVALID, POLICY_UNKNOWN_FIELD};
use crate::finding::Page;

/// The pages of this module's rules.
pub const PAGES: &[Page] = &[
    Page::new(NAMESPACE_LABEL, include_str!("namespace-label.md")),
    Page::new(PARTLY_JUDGED, include_str!("partly-judged.md")),
    Page::new(POLICY_INVALID, include_str!("policy-invalid.md")),
    Page::new(POLICY_UNKNOWN_FIELD, include_str!("policy-unknown-field.md")),
    Page::new(POLICY_MISSING, include_str!("policy-missing.md")),
    Page::new(POLICY_CHANGED, include_str!("policy-changed.md")),
    Page::new(POLICY_EXTRA, include_str!("policy-extra.md")),
    Page::new(POLICIES_UNENFORCED, include_str!("policies-unenforced.md")),
    Page::new(PLUGIN_DIFFERS, include_str!("plugin-differs.md")),
    Page::new(POLICY_REFUSED, include_str!("policy-refused.md")),
    Page::new(POLICY_NOT_JUDGED, include_str!("policy-not-judged.md")),
];
