use super::pod::Pod;
use crate::finding::{CheckId, Page, Severity};
use crate::object::{Level, Version};
use crate::yaml::FieldPath;

/// One check of the Pod Security Standards, with its revisions.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// The upstream id.
    pub id: CheckId,
    /// The page that explains it, in Markdown.
    pub(super) page: &'static str,
    /// The level it belongs to; a baseline check also runs at restricted unless a restricted one overrides it.
    pub level: Level,
    /// Its rules, oldest first.
    pub(super) revisions: &'static [Revision],
}

/// The rule of a check from one policy version on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Revision {
    /// The first minor version it holds for.
    pub(super) since: u32,
    /// The rule.
    pub(super) judge: fn(Pod<'_>) -> Option<Forbidden>,
    /// The baseline checks that do not run where this one does.
    pub(super) overrides: &'static [CheckId],
}

/// What a check says of a pod that it forbids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Forbidden {
    pub(super) reason: &'static str,
    pub(super) detail: String,
    pub(super) paths: Vec<FieldPath>,
}

/// A check that forbids a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The check.
    pub check: CheckId,
    /// Upstream's `ForbiddenReason`, such as `runAsNonRoot != true`.
    pub reason: String,
    /// Upstream's `ForbiddenDetail`: who, and which values.
    pub detail: String,
    /// Every field at fault, relative to the template. Where a field is missing: the closest parent that exists.
    pub paths: Vec<FieldPath>,
}

impl Check {
    /// The page that explains it.
    pub const fn page(&self) -> Page {
        Page::new(self.id, Severity::Error, self.page)
    }

    /// The policy versions at which its rule changes; the first is the one that introduced it.
    pub fn versions(&self) -> impl Iterator<Item = Version> {
        self.revisions.iter().map(|revision| Version::Minor(revision.since))
    }

    /// The rule at a minor version; absent before the check was introduced.
    pub(super) fn revision_at(&self, minor: u32) -> Option<&'static Revision> {
        self.revisions.iter().rev().find(|revision| revision.since <= minor)
    }
}

impl Revision {
    /// A rule that overrides nothing.
    pub(super) const fn new(since: u32, judge: fn(Pod<'_>) -> Option<Forbidden>) -> Self {
        Self { since, judge, overrides: &[] }
    }

    /// The same rule, in place of baseline checks.
    pub(super) const fn overriding(self, overrides: &'static [CheckId]) -> Self {
        Self { overrides, ..self }
    }
}
