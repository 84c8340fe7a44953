//! The pages of the findings on flows, one Markdown file each.

use super::flows::{
    ANY_ADDRESS_RULE, KUBERNETES_API_ANY_ADDRESS, PLUGIN_ANY_EXTERNAL_ADDRESS, PLUGIN_NOT_OPENED, PORT_RANGE_TOO_LONG,
    ROUTE_NOT_REACHABLE, SERVICE_NOT_NARROWED, SERVICE_STEERS_OPENING, UNKNOWN_PLUGIN,
};
use crate::finding::{Page, Severity};

/// The pages of every finding on flows.
pub const PAGES: &[Page] = &[
    Page::new(ANY_ADDRESS_RULE, Severity::Warning, include_str!("any-address-rule.md")),
    Page::new(KUBERNETES_API_ANY_ADDRESS, Severity::Warning, include_str!("kubernetes-api-any-address.md")),
    Page::new(PLUGIN_ANY_EXTERNAL_ADDRESS, Severity::Warning, include_str!("plugin-any-external-address.md")),
    Page::new(PLUGIN_NOT_OPENED, Severity::Warning, include_str!("plugin-not-opened.md")),
    Page::new(PORT_RANGE_TOO_LONG, Severity::Error, include_str!("port-range-too-long.md")),
    Page::new(ROUTE_NOT_REACHABLE, Severity::Warning, include_str!("route-not-reachable.md")),
    Page::new(SERVICE_NOT_NARROWED, Severity::Info, include_str!("service-not-narrowed.md")),
    Page::new(SERVICE_STEERS_OPENING, Severity::Info, include_str!("service-steers-opening.md")),
    Page::new(UNKNOWN_PLUGIN, Severity::Warning, include_str!("unknown-plugin.md")),
];
