//! The pages of the findings on flows, one Markdown file each.

use super::flows::{ANY_ADDRESS_RULE, KUBERNETES_API_ANY_ADDRESS, PORT_RANGE_TOO_LONG, SERVICE_NOT_NARROWED};
use crate::finding::Page;

/// The pages of every finding on flows.
pub const PAGES: [Page; 4] = [
    Page::new(ANY_ADDRESS_RULE, include_str!("any-address-rule.md")),
    Page::new(KUBERNETES_API_ANY_ADDRESS, include_str!("kubernetes-api-any-address.md")),
    Page::new(PORT_RANGE_TOO_LONG, include_str!("port-range-too-long.md")),
    Page::new(SERVICE_NOT_NARROWED, include_str!("service-not-narrowed.md")),
];
