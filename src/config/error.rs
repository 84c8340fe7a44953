use crate::text::Span;
use crate::yaml::FieldPath;

/// What a [`ConfigError`] means for whoever looks for configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConfigErrorKind {
    /// The document is somebody else's: neither its `apiVersion` nor its `kind` is floe's. A file that was found
    /// without being asked for may be left alone.
    NotAManifest,
    /// The document is floe's and wrong.
    Invalid,
}

/// Why there is no configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConfigError {
    /// Whose document it is.
    pub kind: ConfigErrorKind,
    /// What is wrong, one line, without position.
    pub message: String,
    /// The offending field, from the root of the configuration object; inside the text of a `ConfigMap` the path goes
    /// on as if the text were part of the object.
    pub path: FieldPath,
    /// The offending key or value in the text of the tree that was read.
    pub span: Span,
    /// What to do about it.
    pub help: Option<String>,
    /// The other place of a contradiction, if it is written down.
    pub related: Option<Box<Related>>,
}

/// The other place of a contradiction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// What is there, one line.
    pub message: String,
    /// The field.
    pub path: FieldPath,
    /// The key or value.
    pub span: Span,
}
