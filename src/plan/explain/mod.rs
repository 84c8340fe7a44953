//! The pages of what concerns a run of the filter, one Markdown file each.

use super::closed::DECLARED_FLOW_CLOSED;
use super::decide::LEVEL_RAISED;
use super::generate::{OTHER_POLICIES, POLICY_UNREADABLE, POLICY_WIDENS};
use super::notices::{FOREIGN_MARK, KEY_WRITTEN_TWICE, NAMESPACE_NOT_MANAGED, OBJECT_REMOVED, OBJECT_REPLACED};
use super::results::{CONFIGURATION, INPUT};
use crate::finding::{Page, Severity};

/// The pages of this module's rules.
pub const PAGES: &[Page] = &[
    Page::new(CONFIGURATION, Severity::Error, include_str!("configuration.md")),
    Page::new(DECLARED_FLOW_CLOSED, Severity::Warning, include_str!("declared-flow-closed.md")),
    Page::new(FOREIGN_MARK, Severity::Warning, include_str!("foreign-mark.md")),
    Page::new(INPUT, Severity::Error, include_str!("input.md")),
    Page::new(KEY_WRITTEN_TWICE, Severity::Warning, include_str!("key-written-twice.md")),
    Page::new(LEVEL_RAISED, Severity::Warning, include_str!("level-raised.md")),
    Page::new(NAMESPACE_NOT_MANAGED, Severity::Warning, include_str!("namespace-not-managed.md")),
    Page::new(OBJECT_REMOVED, Severity::Warning, include_str!("object-removed.md")),
    Page::new(OBJECT_REPLACED, Severity::Info, include_str!("object-replaced.md")),
    Page::new(OTHER_POLICIES, Severity::Warning, include_str!("other-policies.md")),
    Page::new(POLICY_UNREADABLE, Severity::Error, include_str!("policy-unreadable.md")),
    Page::new(POLICY_WIDENS, Severity::Warning, include_str!("policy-widens.md")),
];
