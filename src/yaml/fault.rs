//! The error of typed reading, also while it climbs from the node it is about to the node that was asked for.

use std::fmt;

use serde::de::{Error, Expected, Unexpected};

use super::path::{FieldPath, Segment};
use super::scalar::{self, Resolved};
use crate::text::{Span, excerpt, nearest};

/// Why a node is not of the type that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DeError {
    /// What is wrong, one line, without position.
    pub message: String,
    /// The offending field, from the node that was read.
    pub path: FieldPath,
    /// The offending key or value.
    pub span: Span,
    /// For an unknown key or word: the nearest valid one.
    pub suggestion: Option<String>,
    /// For a key that is written twice: the first of the two.
    pub first: Option<Span>,
}

/// A [`DeError`] whose place is not yet known, or not yet complete.
#[derive(Debug)]
pub(super) struct Fault {
    message: String,
    /// Not a `String`, to keep results small.
    suggestion: Option<Box<str>>,
    about_key: bool,
    span: Option<Span>,
    first: Option<Span>,
    /// Innermost step first.
    steps: Vec<Segment>,
}

impl Fault {
    fn new(message: String) -> Self {
        Self { message, suggestion: None, about_key: false, span: None, first: None, steps: Vec::new() }
    }

    /// Sets the place, unless a deeper one is known.
    pub(super) fn at(mut self, span: Span) -> Self {
        self.span.get_or_insert(span);
        self
    }

    /// Sets the place of the first of two equal keys.
    pub(super) fn first(mut self, span: Span) -> Self {
        self.first = Some(span);
        self
    }

    /// Adds the step that leads here from one level up.
    pub(super) fn under(mut self, step: impl Into<Segment>) -> Self {
        self.steps.push(step.into());
        self
    }

    /// Shows what a scalar says where its meaning is written differently, as in `no` and `false`.
    pub(super) fn written(mut self, text: &str, meaning: &str) -> Self {
        if self.span.is_none() && text != meaning {
            self.message = format!("{}: YAML reads `{}` as `{meaning}`", self.message, excerpt(text));
        }
        self
    }

    pub(super) const fn is_about_unplaced_key(&self) -> bool {
        self.about_key && self.span.is_none()
    }

    pub(super) fn into_error(self, whole: Span) -> DeError {
        DeError {
            message: self.message,
            path: self.steps.into_iter().rev().collect(),
            span: self.span.unwrap_or(whole),
            suggestion: self.suggestion.map(Into::into),
            first: self.first,
        }
    }

    /// An unknown word, with the nearest of `expected`, or all of them if none is near.
    fn unknown(what: &str, word: &str, expected: &[&str]) -> Self {
        let suggestion: Option<Box<str>> = nearest(word, expected.iter().copied()).map(Into::into);
        let rest = match (&suggestion, expected) {
            (Some(near), _) => format!(", did you mean `{near}`?"),
            (None, []) => String::new(),
            (None, all) => format!(", expected one of `{}`", all.join("`, `")),
        };
        Self { suggestion, ..Self::new(format!("unknown {what} `{}`{rest}", excerpt(word))) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

impl Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let wanted = wanted(expected);
        let hint = match found {
            Unexpected::Bool(_) | Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_)
                if wanted == "a string" =>
            {
                " (write it in quotes)"
            }
            Unexpected::Str(text) if would_fit_unquoted(text, &wanted) => " (write it without quotes)",
            _ => "",
        };
        Self::new(format!("expected {wanted}, found {}{hint}", described(found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let wanted = wanted(expected);
        let range = if wanted == "an integer" { "an integer in range" } else { &wanted };
        Self::new(format!("expected {range}, found {}", described(found)))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self { about_key: true, ..Self::unknown("key", field, expected) }
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::unknown("value", variant, expected)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(format!("the key `{field}` is missing"))
    }
}

/// serde's names of types in the words of YAML.
fn wanted(expected: &dyn Expected) -> String {
    let wanted = expected.to_string();
    match wanted.as_str() {
        "a map" => "a mapping".to_owned(),
        "a sequence" => "a list".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "isize" | "usize" => "an integer".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        _ => wanted,
    }
}

fn described(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(value) => format!("the boolean `{value}`"),
        Unexpected::Unsigned(value) => format!("the number `{value}`"),
        Unexpected::Signed(value) => format!("the number `{value}`"),
        Unexpected::Float(value) => format!("the number `{value}`"),
        Unexpected::Str(text) => format!("the string `{}`", excerpt(text)),
        Unexpected::Unit => "null".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a mapping".to_owned(),
        other => other.to_string(),
    }
}

fn would_fit_unquoted(text: &str, wanted: &str) -> bool {
    matches!(
        (wanted, scalar::resolve(text)),
        ("a boolean", Resolved::Bool(_)) | ("an integer" | "a number", Resolved::Integer(_) | Resolved::Float(_))
    )
}
