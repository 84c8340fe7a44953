//! The pages of what concerns a whole run, one Markdown file each.

use super::check::NAMESPACE_LABEL;
use super::results::{CONFIGURATION, INPUT};
use crate::finding::Page;

/// The pages of the rules that no other module has.
pub const PAGES: [Page; 3] = [
    Page::new(CONFIGURATION, include_str!("configuration.md")),
    Page::new(INPUT, include_str!("input.md")),
    Page::new(NAMESPACE_LABEL, include_str!("namespace-label.md")),
];
