//! The pages of what concerns a run of the filter, one Markdown file each.

use super::generate::{POLICY_UNREADABLE, POLICY_WIDENS};
use super::results::{CONFIGURATION, INPUT};
use crate::finding::{Page, Severity};

/// The pages of this module's rules.
pub const PAGES: &[Page] = &[
    Page::new(CONFIGURATION, Severity::Error, include_str!("configuration.md")),
    Page::new(INPUT, Severity::Error, include_str!("input.md")),
    Page::new(POLICY_UNREADABLE, Severity::Warning, include_str!("policy-unreadable.md")),
    Page::new(POLICY_WIDENS, Severity::Warning, include_str!("policy-widens.md")),
];
