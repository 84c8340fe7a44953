//! A finding whose place is not known in bytes yet.

use crate::finding::{CheckId, Finding, Location, Severity};
use crate::object::ResourceId;
use crate::snapshot::Origin;
use crate::yaml::FieldPath;

use super::AuditFinding;

/// Where a finding is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// In no object of the input.
    Nowhere,
    /// At a field of an object.
    Field(Origin, FieldPath),
    /// Where somebody else has found it: the object, and the place of its field.
    Known(Option<ResourceId>, Location),
}

/// What a rule has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Draft {
    /// The namespace that it is about.
    pub(super) namespace: Option<String>,
    pub(super) severity: Severity,
    pub(super) check: CheckId,
    pub(super) message: String,
    pub(super) help: String,
    pub(super) place: Place,
}

impl Draft {
    /// What somebody else has found.
    pub(super) fn known(finding: Finding, namespace: Option<String>) -> Self {
        let Finding { severity, check, message, object, location, help } = finding;
        let place = location.map_or(Place::Nowhere, |location| Place::Known(object, location));
        Self { namespace, severity, check, message, help: help.unwrap_or_default(), place }
    }

    pub(super) fn finish(self, location: Option<Location>) -> AuditFinding {
        let Self { namespace, severity, check, message, help, place } = self;
        let finding = Finding::new(severity, check, message).help(help);
        let finding = match (place, location) {
            (Place::Field(origin, _), Some(location)) => finding.at(&origin.id, location),
            (Place::Known(object, location), _) => Finding { object, location: Some(location), ..finding },
            _ => finding,
        };
        AuditFinding { namespace, finding }
    }
}

/// Some names, and how many more there are: `a, b, c and 2 more`.
pub(super) fn some_of(names: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
