//! Namespaces whose policies the user may not list: nothing is said of them that rests on a policy not being there.

use std::collections::BTreeSet;

use super::draft::{Draft, Place};
use super::labels::{POD_SECURITY_LABEL_MISSING, POD_SECURITY_LABEL_WEAKER};
use super::model::Model;
use super::rejected::POD_REJECTED;
use crate::finding::{CheckId, Severity};
use crate::verdict::NAMESPACE_LABEL;

/// The policies of a namespace may not be listed.
pub(in crate::audit) const POLICIES_NOT_SEEN: CheckId = CheckId("policies-not-seen");

/// What is known without policies.
const WITHOUT_POLICIES: [CheckId; 4] =
    [NAMESPACE_LABEL, POD_REJECTED, POD_SECURITY_LABEL_MISSING, POD_SECURITY_LABEL_WEAKER];

/// The namespaces of a snapshot whose policies were not seen.
pub(super) struct Unseen<'s>(BTreeSet<&'s str>);

impl<'s> Unseen<'s> {
    /// All but those whose policies could be listed; none if all could.
    pub(super) fn of(model: &'s Model<'_>, policies_of: Option<&BTreeSet<String>>) -> Self {
        let Some(seen) = policies_of else { return Self(BTreeSet::new()) };
        let names = model.namespaces.keys().map(String::as_str);
        Self(names.filter(|name| !seen.contains(*name)).collect())
    }

    /// Whether the policies of a namespace were not seen.
    pub(super) fn contains(&self, namespace: &str) -> bool {
        self.0.contains(namespace)
    }

    /// Whether a finding rests on what was seen.
    pub(super) fn can_say(&self, draft: &Draft) -> bool {
        WITHOUT_POLICIES.contains(&draft.check) || draft.namespace.as_deref().is_none_or(|it| !self.contains(it))
    }

    pub(super) fn check(&self, model: &Model<'_>) -> Vec<Draft> {
        let draft = |name: &&str| {
            let managed = model.namespaces.get(*name).is_some_and(|it| it.is_managed);
            let kind = if managed { "managed namespace" } else { "namespace" };
            Draft {
                namespace: Some((*name).to_owned()),
                severity: Severity::Info,
                check: POLICIES_NOT_SEEN,
                message: format!(
                    "the policies of the {kind} {name} may not be listed, so nothing is said of what they allow"
                ),
                help: "ask for the right to list networkpolicies there; `floe network audit --print-rbac` is the role"
                    .to_owned(),
                place: Place::Nowhere,
            }
        };
        self.0.iter().map(draft).collect()
    }
}
