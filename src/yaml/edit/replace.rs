use std::collections::BTreeSet;

use serde_json::Value;

use super::{Context, Editor, Refusal};
use crate::text::{Span, TextEdit};
use crate::yaml::emit::{self, Style};
use crate::yaml::scan;
use crate::yaml::tree::{Kind, NONE, NodeId};

impl Editor<'_, '_, '_> {
    /// Replaces a node as a whole; its anchor stays, its tag goes.
    pub(super) fn replace(&mut self, id: NodeId, target: &Value, context: Context) -> Result<(), Refusal> {
        self.check_no_anchor_inside(id)?;
        let kind = self.tree.kind(id);
        let Some(parent) = self.tree.parent(id) else { return self.replace_root(id, target) };
        if self.tree.kind(parent) == (Kind::Mapping { flow: false }) && self.separator_of(id, parent) == NONE {
            return self.refuse(id, "a `?` key without a colon cannot be given a value");
        }
        if kind.is_block_collection() {
            if self.tree.node(id).anchored {
                return self.refuse(id, "a block collection with an anchor cannot be replaced");
            }
        } else if self.tree.node(id).tagged {
            let by_lines = context == Context::Block && emit::is_filled(target);
            if !(by_lines && self.is_replaced_behind_dash(id, parent)) {
                self.remove_tag(id, parent)?;
            }
        }
        if context == Context::Flow {
            self.replace_in_flow(id, parent, target);
            return Ok(());
        }
        match (emit::is_filled(target), kind) {
            (true, _) => self.replace_by_lines(id, parent, target),
            (false, Kind::Mapping { flow: false } | Kind::Sequence { flow: false }) => {
                let from = self.value_start(id, parent);
                let text = self.terminated(id, format!(" {}", inline_text(target)));
                self.edits.push(TextEdit::replace(Span::new(from, self.tree.span(id).end), text));
                Ok(())
            }
            (false, _) => {
                let mut text = self.terminated(id, inline_text(target));
                if self.tree.is_zero_width(id) && self.needs_blank(self.tree.span(id).start) {
                    text.insert(0, ' ');
                }
                self.edits.push(TextEdit::replace(self.tree.span(id), text));
                Ok(())
            }
        }
    }

    /// Flow style stays flow style; what begins a line can become lines.
    fn replace_root(&mut self, id: NodeId, target: &Value) -> Result<(), Refusal> {
        let node = *self.tree.node(id);
        let span = self.tree.span(id);
        let mut text = String::new();
        if node.kind.is_flow_collection() && !node.tagged {
            emit::flow(target, &mut text);
        } else if node.anchored || node.tagged || !node.kind.is_block_collection() {
            return self.refuse(id, "the document as a whole cannot be replaced");
        } else {
            let column = node.column as usize;
            emit::block(target, column, self.style_behind(id, column), &mut text);
            text.drain(..column);
            text.truncate(text.trim_end_matches(['\r', '\n']).len());
            text = self.terminated(id, text);
        }
        self.edits.push(TextEdit::replace(span, text));
        Ok(())
    }

    /// Removes the tag of a node, which must not be a block collection, with the blanks before it.
    fn remove_tag(&mut self, id: NodeId, parent: NodeId) -> Result<(), Refusal> {
        let bytes = self.bytes();
        let before = if self.tree.kind(parent).is_flow_collection() && self.separator_of(id, parent) == NONE {
            let above = self.tree.children(parent).take_while(|child| *child != id).last();
            self.flow_child_start(parent, above)
        } else {
            self.value_start(id, parent)
        };
        let start = self.tree.span(id).start;
        let mut at = scan::skip_trivia(bytes, before);
        while at < start {
            let end = scan::skip_property(bytes, at);
            if bytes.get(at) == Some(&b'!') {
                let above = bytes.get(..at).unwrap_or_default();
                let text = above.len() - above.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
                let begins_line = text == 0 || bytes.get(text - 1) == Some(&b'\n');
                self.edits.push(TextEdit::delete(Span::new(if begins_line { at } else { text }, end)));
                return Ok(());
            }
            at = scan::skip_trivia(bytes, end);
        }
        self.refuse(id, "cannot find the tag of this value")
    }

    /// Refuses to drop an anchor that an alias may need; the node's own stays where the node is replaced.
    fn check_no_anchor_inside(&self, id: NodeId) -> Result<(), Refusal> {
        self.check_no_anchor(self.tree.subtree(id).skip(1))
    }

    /// Refuses to drop an anchor that an alias elsewhere needs.
    pub(super) fn check_no_anchor(&self, nodes: impl Iterator<Item = NodeId>) -> Result<(), Refusal> {
        if self.tree.aliases == 0 {
            return Ok(());
        }
        let nodes: BTreeSet<NodeId> = nodes.collect();
        let Some(root) = self.tree.root() else { return Ok(()) };
        for node in self.tree.subtree(root).filter(|node| self.tree.kind(*node) == Kind::Alias) {
            let anchor = self.tree.resolve(node);
            if nodes.contains(&anchor) && !nodes.contains(&node) {
                return self.refuse(anchor, "an anchor inside a value that goes cannot be kept");
            }
        }
        Ok(())
    }

    fn replace_in_flow(&mut self, id: NodeId, parent: NodeId, target: &Value) {
        let mut text = String::new();
        if self.tree.is_zero_width(id) && matches!(self.tree.kind(parent), Kind::Mapping { .. }) {
            text.push_str(if self.separator_of(id, parent) == NONE { ": " } else { " " });
        }
        emit::flow(target, &mut text);
        self.edits.push(TextEdit::replace(self.tree.span(id), text));
    }

    /// A non-empty collection in block style takes the place of the node.
    fn replace_by_lines(&mut self, id: NodeId, parent: NodeId, target: &Value) -> Result<(), Refusal> {
        let kind = self.tree.kind(id);
        let node = *self.tree.node(id);
        let span = self.tree.span(id);
        let column = self.tree.node(parent).column as usize;
        let in_sequence = self.tree.kind(parent) == (Kind::Sequence { flow: false });
        let owns_lines = kind.is_block_collection() || matches!(kind, Kind::Scalar(style) if style.is_block());
        // Behind an anchor no entry or item can begin on the same line: an entry would take the anchor for its key.
        if in_sequence && !node.anchored {
            let mut text = String::new();
            let from = if self.is_replaced_behind_dash(id, parent) {
                emit::item(target, column, self.style_behind(id, column), &mut text);
                text.drain(..1);
                self.value_start(id, parent)
            } else {
                emit::block(target, node.column as usize, self.style_behind(id, column), &mut text);
                text.drain(..node.column as usize);
                span.start
            };
            text.truncate(text.trim_end_matches(['\r', '\n']).len());
            let text = self.terminated(id, text);
            self.edits.push(TextEdit::replace(Span::new(from, span.end), text));
            return Ok(());
        }
        let indent = if self.style.indentless && target.is_array() && !in_sequence { column } else { column + 2 };
        let mut lines = String::new();
        if owns_lines {
            emit::block(target, indent, self.style_behind(id, column), &mut lines);
            let body = lines.trim_end_matches(['\r', '\n']);
            let from = if kind.is_block_collection() { self.value_start(id, parent) } else { span.start };
            let text = self.terminated(id, format!("{}{body}", self.style.newline));
            self.edits.push(TextEdit::replace(Span::new(from, span.end), text));
            return Ok(());
        }
        // The token goes, with one blank before it; a comment behind it stays on the key's line.
        let place = self.below(id)?;
        if !self.tree.is_zero_width(id) {
            let bytes = self.bytes();
            let blank = bytes.get(span.start.wrapping_sub(1)) == Some(&b' ')
                && bytes.get(span.end).is_none_or(|byte| scan::is_space(*byte));
            let start = if blank { span.start - 1 } else { span.start };
            self.edits.push(TextEdit::delete(Span::new(start, span.end)));
        }
        emit::block(target, indent, self.style_before(place.offset, column), &mut lines);
        self.insert_lines(place, &lines);
        Ok(())
    }

    /// Whether lines that replace an item begin behind its dash and not where the item itself begins.
    fn is_replaced_behind_dash(&self, id: NodeId, parent: NodeId) -> bool {
        let kind = self.tree.kind(id);
        self.tree.kind(parent) == (Kind::Sequence { flow: false })
            && !self.tree.node(id).anchored
            && (kind.is_block_collection()
                || matches!(kind, Kind::Scalar(style) if style.is_block())
                || self.tree.is_zero_width(id)
                || self.tree.node(id).tagged)
    }

    /// The style for lines that take the place of a node of a collection in `column`.
    fn style_behind(&self, id: NodeId, column: usize) -> Style {
        let end = self.tree.span(id).end;
        if self.ends_line(id) { self.style_before(end, column) } else { self.style_within_line(end, column) }
    }

    /// Whether a node owns the line break behind it.
    fn ends_line(&self, id: NodeId) -> bool {
        let span = self.tree.span(id);
        !span.is_empty() && self.bytes().get(span.end - 1) == Some(&b'\n')
    }

    /// Ends the text with a line break where the replaced node owned one.
    fn terminated(&self, id: NodeId, mut text: String) -> String {
        if self.ends_line(id) {
            text.push_str(self.style.newline);
        }
        text
    }

    /// Where a value may begin: behind the colon or the dash.
    fn value_start(&self, id: NodeId, parent: NodeId) -> usize {
        let separator = self.separator_of(id, parent) as usize;
        if matches!(self.tree.kind(parent), Kind::Mapping { .. }) { separator } else { separator + 1 }
    }

    fn separator_of(&self, id: NodeId, parent: NodeId) -> u32 {
        match self.tree.kind(parent) {
            // A key that can be read is a single node, so it is the one before.
            Kind::Mapping { .. } => id.0.checked_sub(1).map_or(NONE, |key| self.tree.node(NodeId(key)).separator),
            _ => self.tree.node(id).separator,
        }
    }

    fn needs_blank(&self, at: usize) -> bool {
        !matches!(self.bytes().get(at.wrapping_sub(1)), Some(b' ' | b'\t'))
    }
}

fn inline_text(value: &Value) -> String {
    let mut text = String::new();
    emit::inline(value, &mut text);
    text
}
