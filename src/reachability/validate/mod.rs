//! What the API server would say of a `NetworkPolicy` that is created, in its own words.
//!
//! A port of Kubernetes v1.37.2: decoding, then `ValidateNetworkPolicy` of `pkg/apis/networking/validation` with what
//! it calls of `apimachinery`. As there, an object that cannot be decoded gets no further. Not covered: what admission
//! plugins and webhooks think of it, and `metadata.managedFields`, which no manifest holds.

mod cidr;
mod metadata;
mod names;
mod quote;
mod shape;
mod spec;

use std::fmt;

use serde_json::Value;

use crate::yaml::FieldPath;

pub use shape::{UnknownField, unknown_fields};

/// What is wrong with a field (`field.ErrorType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InvalidKind {
    /// It must be there.
    Required,
    /// Its value is malformed.
    Invalid,
    /// Its value is none of the known ones.
    NotSupported,
    /// It must not be there, or not like this.
    Forbidden,
    /// It is too large.
    TooLong,
    /// It is of another type; decoding fails before anything is validated.
    Type,
}

impl InvalidKind {
    /// The API server's words for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "Required value",
            Self::Invalid | Self::Type => "Invalid value",
            Self::NotSupported => "Unsupported value",
            Self::Forbidden => "Forbidden",
            Self::TooLong => "Too long",
        }
    }
}

/// One thing that the API server would refuse a policy for; shown as the server shows it:
/// `spec.ingress[0].from[0]: Required value: must specify a peer`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Invalid {
    /// The field that the server names.
    pub path: FieldPath,
    /// The field that is meant: of labels and annotations the server names only the whole.
    pub place: FieldPath,
    /// What is wrong.
    pub kind: InvalidKind,
    /// The value, as the server prints it; absent where it does not.
    pub value: Option<String>,
    /// Why, or what would be right; may be empty.
    pub message: String,
}

impl Invalid {
    fn new(path: &FieldPath, kind: InvalidKind, message: impl Into<String>) -> Self {
        Self { path: path.clone(), place: path.clone(), kind, value: None, message: message.into() }
    }

    fn required(path: &FieldPath, message: &str) -> Self {
        Self::new(path, InvalidKind::Required, message)
    }

    fn forbidden(path: &FieldPath, message: &str) -> Self {
        Self::new(path, InvalidKind::Forbidden, message)
    }

    fn text(path: &FieldPath, value: &str, message: impl Into<String>) -> Self {
        Self { value: Some(quote::go_string(value)), ..Self::new(path, InvalidKind::Invalid, message) }
    }

    fn number(path: &FieldPath, value: i64, message: impl Into<String>) -> Self {
        Self { value: Some(value.to_string()), ..Self::new(path, InvalidKind::Invalid, message) }
    }

    /// A value of a type of its own, which the server prints as JSON.
    fn typed(path: &FieldPath, value: &Value, kind: InvalidKind, message: impl Into<String>) -> Self {
        Self { value: Some(quote::go_json(value)), ..Self::new(path, kind, message) }
    }

    #[must_use]
    fn meant(mut self, place: FieldPath) -> Self {
        self.place = place;
        self
    }

    /// What the server says after the name of the field (`field.Error.ErrorBody`).
    pub fn body(&self) -> String {
        let mut body = self.kind.as_str().to_owned();
        for part in self.value.iter().chain(Some(&self.message).filter(|message| !message.is_empty())) {
            body.push_str(": ");
            body.push_str(part);
        }
        body
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.body())
    }
}

/// Everything that the API server would refuse a `networking.k8s.io/v1` `NetworkPolicy` for, in its order; nothing if
/// it would create it. A missing namespace is fine: the request names it.
pub fn validate(object: &Value) -> Vec<Invalid> {
    let wrong_types = shape::wrong_types(object);
    if !wrong_types.is_empty() {
        return wrong_types;
    }
    let mut found = metadata::validate(object);
    spec::validate(object, &mut found);
    found
}

/// The items of a list field; none where it is absent or null.
fn items<'v>(parent: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    parent.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// The text of a field; empty where it is absent or null, as a Go string is.
fn text<'v>(parent: &'v Value, key: &str) -> &'v str {
    parent.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A field that is there and not null.
fn present<'v>(parent: &'v Value, key: &str) -> Option<&'v Value> {
    parent.get(key).filter(|value| !value.is_null())
}

#[cfg(test)]
mod tests;
