//! The pages of what concerns a whole run, one Markdown file each.

use super::check::{NAMESPACE_LABEL, PARTLY_JUDGED};
use super::results::{CONFIGURATION, INPUT};
use crate::finding::Page;

/// The pages of the rules that no other module has.
pub const PAGES: [Page; 4] = [
    Page::new(CONFIGURATION, include_str!("configuration.md")),
    Page::new(INPUT, include_str!("input.md")),
    Page::new(NAMESPACE_LABEL, include_str!("namespace-label.md")),
    Page::new(PARTLY_JUDGED, include_str!("partly-judged.md")),
];
