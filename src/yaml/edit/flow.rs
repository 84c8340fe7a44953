//! Entries and items of collections in flow style.

use super::{Editor, Refusal};
use crate::text::{Span, TextEdit};
use crate::yaml::emit;
use crate::yaml::scan;
use crate::yaml::tree::{Kind, NONE, NodeId, link};

/// An entry or item of a flow collection: its first and last node, which for an item are the same.
#[derive(Debug, Clone, Copy)]
pub(super) struct FlowChild {
    pub(super) first: NodeId,
    pub(super) last: NodeId,
}

impl Editor<'_, '_, '_> {
    /// Adds entries or items, already written, behind the last one of a flow collection.
    pub(super) fn add_to_flow(&mut self, id: NodeId, texts: &[String]) -> Result<(), Refusal> {
        let span = self.tree.span(id);
        let bytes = self.tree.source().as_bytes();
        if !matches!(bytes.get(span.end - 1), Some(b'}' | b']')) {
            return Err(Refusal::new("cannot find the end of this collection", span.end));
        }
        let Some(last) = link(self.tree.node(id).last) else {
            self.edits.push(TextEdit::insert(span.start + 1, texts.join(", ")));
            return Ok(());
        };
        let end = self.tree.span(last).end;
        let last_is_gone = self
            .edits_since(span.start)
            .any(|edit| edit.text.is_empty() && edit.span.end == end && !edit.span.is_empty());
        if !last_is_gone {
            self.complete_last_flow_entry(id, last)?;
        }
        let after = scan::skip_trivia(bytes, end);
        let has_comma = bytes.get(after) == Some(&b',');
        let from = if has_comma { after + 1 } else { end };
        let first_start = self.last_entry_start(id);
        let opening_line = scan::line_start(bytes, span.start);
        let line = scan::line_start(bytes, first_start);
        if !has_comma {
            self.edits.push(TextEdit::insert(end, ","));
        }
        // One entry per line stays one entry per line; a comment behind the last one stays where it is.
        let line_end = memchr::memchr(b'\n', bytes.get(from..span.end).unwrap_or_default()).map(|at| from + at);
        let rest_is_comment = line_end.is_some_and(|line_end| scan::skip_trivia(bytes, from) > line_end);
        match line_end {
            Some(line_end) if rest_is_comment && line != opening_line => {
                let line_end = if bytes.get(line_end - 1) == Some(&b'\r') { line_end - 1 } else { line_end };
                let indent = bytes.get(line..).unwrap_or_default().iter().take_while(|byte| **byte == b' ').count();
                let mut separator = self.style.newline.to_owned();
                emit::pad(&mut separator, indent);
                let text = format!("{separator}{}", texts.join(&format!(",{separator}")));
                self.edits.push(TextEdit::insert(line_end.max(end), text));
            }
            _ => self.edits.push(TextEdit::insert(from, format!(" {}", texts.join(", ")))),
        }
        Ok(())
    }

    /// The edits of a node that is being visited, and begins at `start`.
    fn edits_since(&self, start: usize) -> impl Iterator<Item = &TextEdit> {
        self.edits.iter().rev().take_while(move |edit| edit.span.start >= start)
    }

    /// Start of the last entry or item of a flow collection.
    fn last_entry_start(&self, id: NodeId) -> usize {
        let last = match self.tree.kind(id) {
            Kind::Mapping { .. } => self.tree.entries(id).last().map(|(key, _)| key),
            _ => self.tree.items(id).last(),
        };
        last.map_or(self.tree.span(id).start, |node| self.tree.span(node).start)
    }

    /// Writes out the null of `{a: 1, b}` or `{a: 1, b: }` so that something can follow it.
    fn complete_last_flow_entry(&mut self, id: NodeId, last: NodeId) -> Result<(), Refusal> {
        if !self.tree.is_zero_width(last) {
            return Ok(());
        }
        if self.tree.node(last).anchored || self.tree.node(last).tagged {
            return self.refuse(last, "an empty value with an anchor or tag cannot be followed by another entry");
        }
        let at = self.tree.span(last).end;
        let replaced = self.edits_since(self.tree.span(id).start).any(|edit| edit.span == Span::at(at));
        if matches!(self.tree.kind(id), Kind::Mapping { .. }) && !replaced {
            let key = self.tree.entries(id).last().map_or(NONE, |(key, _)| self.tree.node(key).separator);
            self.edits.push(TextEdit::insert(at, if key == NONE { ": null" } else { " null" }));
        }
        Ok(())
    }

    /// Removes some of the entries or items of a flow collection, with the commas between. At least one must stay.
    pub(super) fn remove_flow_children(
        &mut self,
        id: NodeId,
        children: &[FlowChild],
        removed: &[usize],
    ) -> Result<(), Refusal> {
        if !removed.is_empty() && removed.len() == children.len() {
            return self.refuse(id, "the last entry of a collection in flow style cannot be removed");
        }
        let mut from = 0;
        while let Some(first) = removed.get(from).copied() {
            let mut next = from + 1;
            while removed.get(next) == Some(&(first + next - from)) {
                next += 1;
            }
            let run = first..first + next - from;
            for child in children.get(run.clone()).unwrap_or_default() {
                self.check_no_anchor(self.tree.subtree(child.first).chain(self.tree.subtree(child.last)))?;
            }
            let last_of = |position: usize| children.get(position).map(|child| child.last);
            let end_of = |position: usize| last_of(position).map(|last| self.tree.span(last).end);
            let above = run.start.checked_sub(1).and_then(last_of);
            let span = if run.end < children.len() {
                Span::new(self.flow_child_start(id, above), self.flow_child_start(id, last_of(run.end - 1)))
            } else {
                let end = end_of(run.end - 1).unwrap_or_default();
                Span::new(above.map_or(end, |above| self.tree.span(above).end), end)
            };
            self.edits.push(TextEdit::delete(span));
            from = next;
        }
        Ok(())
    }

    /// Where the entry or item behind `above` begins, its anchor, tag or `?` included.
    pub(super) fn flow_child_start(&self, id: NodeId, above: Option<NodeId>) -> usize {
        let bytes = self.bytes();
        let Some(above) = above else { return scan::skip_trivia(bytes, self.tree.span(id).start + 1) };
        let comma = scan::skip_trivia(bytes, self.tree.span(above).end);
        if bytes.get(comma) == Some(&b',') { scan::skip_trivia(bytes, comma + 1) } else { comma }
    }
}
