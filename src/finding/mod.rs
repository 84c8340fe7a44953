//! Facts about the result that a user should know: one type, rendered as text, JSON, SARIF or KRM results.

mod page;

use std::fmt;

use crate::object::ResourceId;

pub use crate::object::Location;
pub use page::Page;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The API server would reject it, or it does not do what the configuration says.
    Error,
    /// It works, but somebody should look.
    Warning,
    /// Worth knowing.
    Info,
}

impl Severity {
    /// The word of the KRM Functions Specification: `error`, `warning` or `info`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The name of a rule, the same in code, output, documentation and `floe explain`. Pod Security checks have the ids of
/// `k8s.io/pod-security-admission`; floe's own are kebab-case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CheckId(pub &'static str);

impl fmt::Display for CheckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// One fact about one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// Which rule found it.
    pub check: CheckId,
    /// What is the matter, one line, without position.
    pub message: String,
    /// The object concerned; absent for facts about the whole run.
    pub object: Option<ResourceId>,
    /// Where; absent for facts about the whole run.
    pub location: Option<Location>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Finding {
    /// A finding about the whole run.
    pub fn new(severity: Severity, check: CheckId, message: impl Into<String>) -> Self {
        Self { severity, check, message: message.into(), object: None, location: None, help: None }
    }

    /// Names the object and the field.
    #[must_use]
    pub fn at(mut self, object: &ResourceId, location: Location) -> Self {
        self.object = Some(object.clone());
        self.location = Some(location);
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The total order of output: stream, document, span, field, check, message; facts about the whole run come first.
    pub fn sort_key(&self) -> impl Ord + '_ {
        (self.location.as_ref(), self.check, &self.message, &self.object)
    }
}
