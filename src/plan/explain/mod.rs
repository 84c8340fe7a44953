//! The pages of what concerns a run of the filter, one Markdown file each.

use super::generate::{POLICY_UNREADABLE, POLICY_WIDENS};
use super::planner::FOREIGN_MARK;
use super::results::{CONFIGURATION, INPUT};
use crate::finding::Page;

/// The pages of this module's rules.
pub const PAGES: &[Page] = &[
    Page::new(CONFIGURATION, include_str!("configuration.md")),
    Page::new(FOREIGN_MARK, include_str!("foreign-mark.md")),
    Page::new(INPUT, include_str!("input.md")),
    Page::new(POLICY_UNREADABLE, include_str!("policy-unreadable.md")),
    Page::new(POLICY_WIDENS, include_str!("policy-widens.md")),
];
