//! The pages of what concerns a run of the filter, one Markdown file each.

use super::generate::{POLICY_UNREADABLE, POLICY_WIDENS};
use super::decide::LEVEL_RAISED;
use super::notices::{FOREIGN_MARK, NAMESPACE_NOT_MANAGED, OBJECT_REMOVED, OBJECT_REPLACED};
use super::results::{CONFIGURATION, INPUT};
use crate::finding::Page;

/// The pages of this module's rules.
pub const PAGES: &[Page] = &[
    Page::new(CONFIGURATION, include_str!("configuration.md")),
    Page::new(FOREIGN_MARK, include_str!("foreign-mark.md")),
    Page::new(INPUT, include_str!("input.md")),
    Page::new(LEVEL_RAISED, include_str!("level-raised.md")),
    Page::new(NAMESPACE_NOT_MANAGED, include_str!("namespace-not-managed.md")),
    Page::new(OBJECT_REMOVED, include_str!("object-removed.md")),
    Page::new(OBJECT_REPLACED, include_str!("object-replaced.md")),
    Page::new(POLICY_UNREADABLE, include_str!("policy-unreadable.md")),
    Page::new(POLICY_WIDENS, include_str!("policy-widens.md")),
];
