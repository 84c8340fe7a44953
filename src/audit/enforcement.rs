//! Whether the network plugin enforces policies at all: a report without this shows a protected cluster where none is.

use super::AuditRequest;
use super::draft::{Draft, Place};
use crate::verdict::{unenforced, unenforced_by};

/// `any_policy`: whether there is something that can go unenforced.
pub(super) fn check(request: &AuditRequest, any_policy: bool) -> Vec<Draft> {
    let found = match (&request.enforcers, request.plugin) {
        (Some(enforcers), _) => unenforced(enforcers, any_policy),
        (None, Some(plugin)) if any_policy => unenforced_by(plugin).into_iter().collect(),
        (None, _) => Vec::new(),
    };
    let draft = |finding: crate::finding::Finding| Draft {
        namespace: None,
        severity: finding.severity,
        check: finding.check,
        message: finding.message,
        help: finding.help.unwrap_or_default(),
        place: Place::Nowhere,
    };
    found.into_iter().map(draft).collect()
}
