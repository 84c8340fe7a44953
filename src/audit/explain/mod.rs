//! The pages of the audit's rules, one Markdown file each.

use super::{
    DEFAULT_DENY_MISSING, EGRESS_TO_INTERNET, ENTRANCE_BLOCKED, ENTRANCE_OPEN, INGRESS_FROM_ALL_NAMESPACES,
    INGRESS_FROM_INTERNET, IP_BLOCK_DEPENDS_ON_PLUGIN, POD_NOT_ISOLATED, POD_REJECTED, POD_SECURITY_LABEL_MISSING,
    POD_SECURITY_LABEL_WEAKER, POLICIES_NOT_SEEN, POLICY_DUPLICATE, POLICY_MIXES_DIRECTIONS, RULE_SHADOWED,
};
use crate::finding::{Page, Severity};

/// The pages of every rule of the audit.
pub const PAGES: &[Page] = &[
    Page::new(DEFAULT_DENY_MISSING, Severity::Error, include_str!("default-deny-missing.md")),
    Page::new(EGRESS_TO_INTERNET, Severity::Warning, include_str!("egress-to-internet.md")),
    Page::new(ENTRANCE_BLOCKED, Severity::Warning, include_str!("entrance-blocked.md")),
    Page::new(ENTRANCE_OPEN, Severity::Warning, include_str!("entrance-open.md")),
    Page::new(INGRESS_FROM_ALL_NAMESPACES, Severity::Warning, include_str!("ingress-from-all-namespaces.md")),
    Page::new(INGRESS_FROM_INTERNET, Severity::Warning, include_str!("ingress-from-internet.md")),
    Page::new(IP_BLOCK_DEPENDS_ON_PLUGIN, Severity::Warning, include_str!("ip-block-depends-on-plugin.md")),
    Page::new(POD_NOT_ISOLATED, Severity::Warning, include_str!("pod-not-isolated.md")),
    Page::new(POD_REJECTED, Severity::Error, include_str!("pod-rejected.md")),
    Page::new(POD_SECURITY_LABEL_MISSING, Severity::Error, include_str!("pod-security-label-missing.md")),
    Page::new(POD_SECURITY_LABEL_WEAKER, Severity::Error, include_str!("pod-security-label-weaker.md")),
    Page::new(POLICIES_NOT_SEEN, Severity::Info, include_str!("policies-not-seen.md")),
    Page::new(POLICY_DUPLICATE, Severity::Info, include_str!("policy-duplicate.md")),
    Page::new(POLICY_MIXES_DIRECTIONS, Severity::Error, include_str!("policy-mixes-directions.md")),
    Page::new(RULE_SHADOWED, Severity::Info, include_str!("rule-shadowed.md")),
];
