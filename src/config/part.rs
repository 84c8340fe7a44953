//! Where configuration is written: paths to spans.

use serde::de::DeserializeOwned;

use super::embedded::Embedding;
use super::error::{ConfigError, ConfigErrorKind, Related};
use crate::text::Span;
use crate::yaml::{DeError, FieldPath, Kind, NodeId, Segment, Tree, from_node};

/// A fault that validation found, before it has a place in the text.
#[derive(Debug)]
pub(super) struct Invalid {
    message: String,
    path: FieldPath,
    at_key: bool,
    help: Option<String>,
    /// Boxed to keep results small.
    related: Option<Box<(String, FieldPath)>>,
}

impl Invalid {
    /// A fault of the value at `path`.
    pub(super) fn new(path: &FieldPath, message: impl Into<String>) -> Self {
        Self { message: message.into(), path: path.clone(), at_key: false, help: None, related: None }
    }

    /// Blames the key instead of the value.
    pub(super) fn at_key(mut self) -> Self {
        self.at_key = true;
        self
    }

    /// Says what to do.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Names the other place of a contradiction.
    pub(super) fn related(mut self, path: &FieldPath, message: impl Into<String>) -> Self {
        self.related = Some(Box::new((message.into(), path.clone())));
        self
    }

    /// Finds the places in the parts of the configuration.
    pub(super) fn locate(self, parts: &[Part<'_, '_>]) -> ConfigError {
        let (span, _) = locate(parts, &self.path, self.at_key);
        let related = self.related.and_then(|related| {
            let (message, path) = *related;
            let (span, exact) = locate(parts, &path, false);
            exact.then(|| Box::new(Related { message, path, span }))
        });
        ConfigError {
            kind: ConfigErrorKind::Invalid,
            message: self.message,
            path: self.path,
            span,
            help: self.help,
            related,
        }
    }
}

/// A piece of configuration in one tree.
pub(super) struct Part<'a, 't> {
    tree: &'a Tree<'t>,
    node: NodeId,
    path: FieldPath,
    embedding: Option<&'a Embedding>,
}

impl<'a, 't> Part<'a, 't> {
    /// The configuration object itself.
    pub(super) const fn object(tree: &'a Tree<'t>, node: NodeId) -> Self {
        Self { tree, node, path: FieldPath::root(), embedding: None }
    }

    /// A document inside a scalar of the object at `path`.
    pub(super) const fn embedded(tree: &'a Tree<'t>, node: NodeId, path: FieldPath, embedding: &'a Embedding) -> Self {
        Self { tree, node, path, embedding: Some(embedding) }
    }

    /// Reads the part as a `T`.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, ConfigError> {
        from_node(self.tree, self.node).map_err(|error| self.error(error))
    }

    fn error(&self, error: DeError) -> ConfigError {
        let path = self.path.join(&error.path);
        let related = error.first.map(|span| {
            let message = "first written here".to_owned();
            Box::new(Related { message, path: path.clone(), span: self.outer(span) })
        });
        ConfigError {
            kind: ConfigErrorKind::Invalid,
            message: error.message,
            path,
            span: self.outer(error.span),
            help: None,
            related,
        }
    }

    fn outer(&self, span: Span) -> Span {
        self.embedding.map_or(span, |embedding| embedding.outer(span))
    }
}

/// The span of a field, or of the nearest one around it that is written, and whether it is the field itself.
fn locate(parts: &[Part<'_, '_>], path: &FieldPath, at_key: bool) -> (Span, bool) {
    let holder = parts
        .iter()
        .filter_map(|part| path.segments().strip_prefix(part.path.segments()).map(|rest| (part, rest)))
        .min_by_key(|(_, rest)| rest.len());
    let Some((part, rest)) = holder else { return (Span::default(), false) };
    let (span, exact) = descend(part.tree, part.node, rest, at_key);
    (part.outer(span), exact)
}

fn descend(tree: &Tree<'_>, from: NodeId, segments: &[Segment], at_key: bool) -> (Span, bool) {
    let mut at = from;
    for (position, segment) in segments.iter().enumerate() {
        let child = match segment {
            Segment::Key(key) => match entry(tree, at, key) {
                Some((key, _)) if at_key && position + 1 == segments.len() => return (tree.span(key), true),
                found => found.map(|(_, value)| value),
            },
            Segment::Index(index) => tree.items(tree.resolve(at)).nth(*index),
        };
        match child {
            Some(child) => at = child,
            None => return (tree.span(at), false),
        }
    }
    (tree.span(at), true)
}

/// The key and the value of a written entry of a mapping, if the node is one.
pub(super) fn entry(tree: &Tree<'_>, mapping: NodeId, name: &str) -> Option<(NodeId, NodeId)> {
    let mapping = tree.resolve(mapping);
    if !matches!(tree.kind(mapping), Kind::Mapping { .. }) {
        return None;
    }
    tree.entries(mapping).filter(|(key, _)| tree.key(*key).is_ok_and(|key| key == name)).last()
}
