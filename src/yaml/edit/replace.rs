use serde_json::Value;

use super::{Context, Editor, Refusal};
use crate::text::{Span, TextEdit};
use crate::yaml::emit;
use crate::yaml::scan;
use crate::yaml::tree::{Kind, NONE, NodeId};

impl Editor<'_, '_, '_> {
    /// Replaces a node as a whole.
    pub(super) fn replace(&mut self, id: NodeId, target: &Value, context: Context) -> Result<(), Refusal> {
        if self.tree.node(id).tagged {
            return self.refuse(id, "a value with a tag cannot be replaced");
        }
        let Some(parent) = self.tree.parent(id) else {
            return self.refuse(id, "the document as a whole cannot be replaced");
        };
        self.check_no_anchor_inside(id)?;
        if context == Context::Flow {
            self.replace_in_flow(id, parent, target);
            return Ok(());
        }
        let kind = self.tree.kind(id);
        if kind.is_block_collection() && self.tree.node(id).anchored {
            return self.refuse(id, "a block collection with an anchor cannot be replaced");
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

    /// Refuses to drop an anchor that an alias may need.
    pub(super) fn check_no_anchor_inside(&self, id: NodeId) -> Result<(), Refusal> {
        if self.tree.aliases == 0 {
            return Ok(());
        }
        let below =
            |node: NodeId| std::iter::successors(self.tree.parent(node), |at| self.tree.parent(*at)).any(|at| at == id);
        let nodes = (id.0..).map(NodeId).take(self.tree.len() - id.0 as usize).skip(1).take_while(|node| below(*node));
        for node in nodes {
            if self.tree.node(node).anchored {
                return self.refuse(node, "an anchor inside a value that goes cannot be kept");
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
        let span = self.tree.span(id);
        let column = self.tree.node(parent).column as usize;
        let newline = self.style.newline;
        if self.tree.kind(parent) == (Kind::Sequence { flow: false }) {
            let mut text = String::new();
            emit::item(target, column, self.style, &mut text);
            let body = text.trim_start_matches('-').trim_end_matches(['\r', '\n']);
            let (from, body) = if kind.is_block_collection() {
                (self.value_start(id, parent), body)
            } else {
                (span.start, if self.tree.is_zero_width(id) { body } else { body.trim_start_matches(' ') })
            };
            let text = self.terminated(id, body.to_owned());
            self.edits.push(TextEdit::replace(Span::new(from, span.end), text));
            return Ok(());
        }
        let indentless = self.style.indentless && target.is_array();
        let mut lines = String::new();
        emit::block(target, if indentless { column } else { column + 2 }, self.style, &mut lines);
        let body = lines.trim_end_matches(['\r', '\n']);
        if kind.is_block_collection() || matches!(kind, Kind::Scalar(style) if style.is_block()) {
            let from = if kind.is_block_collection() { self.value_start(id, parent) } else { span.start };
            let text = self.terminated(id, format!("{newline}{body}"));
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
        self.insert_lines(place, &lines);
        Ok(())
    }

    /// Ends the text with a line break where the replaced node owned one.
    fn terminated(&self, id: NodeId, mut text: String) -> String {
        let span = self.tree.span(id);
        if !span.is_empty() && self.bytes().get(span.end - 1) == Some(&b'\n') {
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
            Kind::Mapping { .. } => self
                .tree
                .entries(parent)
                .find(|(_, value)| *value == id)
                .map_or(NONE, |(key, _)| self.tree.node(key).separator),
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
