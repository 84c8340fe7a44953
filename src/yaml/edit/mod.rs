//! Turns a parsed document into text with another value, changing no more bytes than that takes.
//!
//! The editor walks the tree beside the target value and records text edits where they differ. What it cannot do with
//! certainty it refuses; it never guesses.

mod flow;
mod lines;
mod mapping;
mod replace;
mod sequence;

use std::collections::HashMap;

use serde_json::Value;

use super::dialect;
use super::emit::Style;
use super::tree::{Kind, NodeId, Tree};
use super::value::ValueError;
use crate::text::TextEdit;

/// Why a document cannot be edited with certainty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Refusal {
    /// What stands in the way.
    pub reason: String,
    /// Byte offset in the parsed text.
    pub offset: usize,
}

impl Refusal {
    pub(super) fn new(reason: impl Into<String>, offset: usize) -> Self {
        Self { reason: reason.into(), offset }
    }
}

impl From<ValueError> for Refusal {
    fn from(error: ValueError) -> Self {
        Self { reason: error.message, offset: error.offset }
    }
}

/// A key that is written more than once in one mapping, and whose last value is edited: that is the one that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TwinKey {
    /// The key.
    pub name: String,
    /// Where it stands first; byte offset in the parsed text.
    pub first: usize,
    /// Where it stands last.
    pub last: usize,
}

/// Collects the edits of one document.
#[derive(Debug)]
pub struct Editor<'n, 't, 'v> {
    tree: &'n Tree<'t>,
    style: Style,
    edits: Vec<TextEdit>,
    /// New values of anchored nodes, for the aliases that follow them.
    anchored: HashMap<NodeId, &'v Value>,
    removed: Option<lines::Removed>,
    twins: Vec<TwinKey>,
}

/// The collection that holds a node decides how its replacement is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Context {
    /// Every collection above is in block style.
    Block,
    /// Some collection above is in flow style.
    Flow,
}

impl Context {
    const fn inside(self, kind: Kind) -> Self {
        if kind.is_flow_collection() { Self::Flow } else { self }
    }
}

impl<'n, 't, 'v> Editor<'n, 't, 'v> {
    /// Starts editing a document; refuses one that Kubernetes and this parser might read differently.
    pub fn new(tree: &'n Tree<'t>) -> Result<Self, Refusal> {
        dialect::check(tree)?;
        let style = lines::style_of(tree);
        Ok(Self { tree, style, edits: Vec::new(), anchored: HashMap::new(), removed: None, twins: Vec::new() })
    }

    /// Makes the value of `node` equal to `target`.
    pub fn reconcile(&mut self, node: NodeId, target: &'v Value) -> Result<(), Refusal> {
        let context = self.context_of(node);
        self.visit(node, target, context)
    }

    /// The keys written twice that were edited since the last call.
    pub fn take_twins(&mut self) -> Vec<TwinKey> {
        std::mem::take(&mut self.twins)
    }

    /// The edits; not sorted.
    pub fn finish(mut self) -> Vec<TextEdit> {
        self.drop_final_line_break();
        self.edits
    }

    fn context_of(&self, node: NodeId) -> Context {
        let ancestors = std::iter::successors(self.tree.parent(node), |at| self.tree.parent(*at));
        ancestors.fold(Context::Block, |context, at| context.inside(self.tree.kind(at)))
    }

    fn visit(&mut self, id: NodeId, target: &'v Value, context: Context) -> Result<(), Refusal> {
        let kind = self.tree.kind(id);
        match (kind, target) {
            (Kind::Mapping { .. }, Value::Object(map)) => self.mapping(id, map, target, context)?,
            (Kind::Sequence { .. }, Value::Array(items)) => self.sequence(id, items, target, context)?,
            (Kind::Alias, _) => {
                let anchor = self.tree.resolve(id);
                let same = match self.anchored.get(&anchor) {
                    Some(value) => *value == target,
                    None => self.anchor_is_unchanged(anchor) && self.tree.equals(anchor, target)?,
                };
                if !same {
                    self.replace(id, target, context)?;
                }
            }
            _ if self.tree.equals(id, target)? => {}
            _ => self.replace(id, target, context)?,
        }
        if self.tree.node(id).anchored {
            self.anchored.insert(id, target);
        }
        Ok(())
    }

    /// Whether no node inside `anchor` has been given another value; holds for anchors outside the edited part.
    fn anchor_is_unchanged(&self, anchor: NodeId) -> bool {
        let span = self.tree.span(anchor);
        !self.edits.iter().any(|edit| span.start <= edit.span.start && edit.span.end <= span.end)
    }

    /// Whether no alias below a node stands for something that has been given another value.
    fn aliases_are_unchanged(&self, id: NodeId) -> Result<bool, Refusal> {
        if self.tree.aliases == 0 {
            return Ok(true);
        }
        for node in self.tree.subtree(id).filter(|node| self.tree.kind(*node) == Kind::Alias) {
            let anchor = self.tree.resolve(node);
            if let Some(value) = self.anchored.get(&anchor)
                && !self.tree.equals(anchor, value)?
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn refuse<T>(&self, id: NodeId, reason: &str) -> Result<T, Refusal> {
        Err(Refusal::new(reason, self.tree.span(id).start))
    }
}

#[cfg(test)]
mod tests;
