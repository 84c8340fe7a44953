//! What a verdict on a plugin is made of: whether it enforces, how sure that is, and the fields that say so.

use std::fmt;

use serde_json::Value;

/// Whether policies are enforced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Enforced {
    /// They are.
    Yes,
    /// What is there does not tell.
    Unknown,
    /// They are accepted and do nothing.
    No,
}

impl Enforced {
    /// `yes`, `no` or `unknown`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Unknown => "unknown",
            Self::No => "no",
        }
    }
}

/// How sure a verdict is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// It rests on traces that other setups leave as well.
    Low,
    /// One sign is there and another, or a setting that matters, was not seen.
    Medium,
    /// Name, image and settings all say so.
    High,
}

impl Confidence {
    /// `low`, `medium` or `high`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// A field that a verdict rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The object: `DaemonSet kube-system/calico-node`.
    pub object: String,
    /// The field in words of `kubectl`: `spec.template.spec.containers[0].image`.
    pub field: String,
    /// What it says; empty if it is not there.
    pub value: String,
}

impl Evidence {
    /// A field of an object.
    pub(super) fn of(object: &Value, kind: &str, field: impl Into<String>, value: impl Into<String>) -> Self {
        Self { object: name_of(object, kind), field: field.into(), value: value.into() }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value.as_str() {
            "" => write!(f, "{}: {} is not set", self.object, self.field),
            value => write!(f, "{}: {} is {value}", self.object, self.field),
        }
    }
}

/// `DaemonSet kube-system/calico-node`; `Node worker` without a namespace.
fn name_of(object: &Value, kind: &str) -> String {
    let (namespace, name) = (text(object, "/metadata/namespace"), text(object, "/metadata/name"));
    if namespace.is_empty() { format!("{kind} {name}") } else { format!("{kind} {namespace}/{name}") }
}

/// The text at a JSON pointer; empty if there is none.
pub(super) fn text<'v>(object: &'v Value, path: &str) -> &'v str {
    object.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// Whether a text is false as Go reads switches.
pub(super) fn is_false(value: &str) -> bool {
    matches!(value, "0" | "f" | "F" | "false" | "False" | "FALSE")
}

/// Whether a text is true as Go reads switches.
pub(super) fn is_true(value: &str) -> bool {
    matches!(value, "1" | "t" | "T" | "true" | "True" | "TRUE")
}
