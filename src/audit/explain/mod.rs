//! The pages of the audit's rules, one Markdown file each.

use super::{
    DEFAULT_DENY_MISSING, EGRESS_TO_INTERNET, ENTRANCE_BLOCKED, ENTRANCE_OPEN, INGRESS_FROM_ALL_NAMESPACES,
    INGRESS_FROM_INTERNET, IP_BLOCK_DEPENDS_ON_PLUGIN, POD_NOT_ISOLATED, POD_REJECTED, POD_SECURITY_LABEL_MISSING,
    POD_SECURITY_LABEL_WEAKER, POLICY_DUPLICATE, POLICY_MIXES_DIRECTIONS, RULE_SHADOWED,
};
use crate::finding::Page;

/// The pages of every rule of the audit.
pub const PAGES: &[Page] = &[
    Page::new(DEFAULT_DENY_MISSING, include_str!("default-deny-missing.md")),
    Page::new(EGRESS_TO_INTERNET, include_str!("egress-to-internet.md")),
    Page::new(ENTRANCE_BLOCKED, include_str!("entrance-blocked.md")),
    Page::new(ENTRANCE_OPEN, include_str!("entrance-open.md")),
    Page::new(INGRESS_FROM_ALL_NAMESPACES, include_str!("ingress-from-all-namespaces.md")),
    Page::new(INGRESS_FROM_INTERNET, include_str!("ingress-from-internet.md")),
    Page::new(IP_BLOCK_DEPENDS_ON_PLUGIN, include_str!("ip-block-depends-on-plugin.md")),
    Page::new(POD_NOT_ISOLATED, include_str!("pod-not-isolated.md")),
    Page::new(POD_REJECTED, include_str!("pod-rejected.md")),
    Page::new(POD_SECURITY_LABEL_MISSING, include_str!("pod-security-label-missing.md")),
    Page::new(POD_SECURITY_LABEL_WEAKER, include_str!("pod-security-label-weaker.md")),
    Page::new(POLICY_DUPLICATE, include_str!("policy-duplicate.md")),
    Page::new(POLICY_MIXES_DIRECTIONS, include_str!("policy-mixes-directions.md")),
    Page::new(RULE_SHADOWED, include_str!("rule-shadowed.md")),
];
