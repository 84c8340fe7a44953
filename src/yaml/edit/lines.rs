//! Where a new line can stand.

use super::{Editor, Refusal};
use crate::text::TextEdit;
use crate::yaml::emit::Style;
use crate::yaml::scan;
use crate::yaml::tree::{Kind, NodeId, Tree, link};

/// A place for whole lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LinePlace {
    pub(super) offset: usize,
    /// The text before does not end with a line break: it is the end of the document.
    pub(super) unterminated: bool,
}

/// What to do with comment lines that follow a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comments {
    /// They belong to what follows.
    LeaveBelow,
    /// They belong to the collection in this column, so stay behind its last entry.
    KeepAbove(usize),
}

/// Newline and sequence layout of a document, by majority.
pub(super) fn style_of(tree: &Tree<'_>) -> Style {
    let bytes = tree.source().as_bytes();
    let crlf = memchr::memchr(b'\n', bytes).is_some_and(|at| at > 0 && bytes.get(at - 1) == Some(&b'\r'));
    let mut balance = 0_i64;
    for node in &tree.nodes {
        if node.kind == (Kind::Sequence { flow: false })
            && let Some(parent) = link(node.parent)
            && tree.kind(parent) == (Kind::Mapping { flow: false })
        {
            balance += if node.column == tree.node(parent).column { 1 } else { -1 };
        }
    }
    Style { newline: if crlf { "\r\n" } else { "\n" }, indentless: balance >= 0 }
}

impl Editor<'_, '_, '_> {
    pub(super) fn bytes(&self) -> &[u8] {
        self.tree.source().as_bytes()
    }

    /// The last leaf or flow collection below a block node.
    pub(super) fn last_leaf(&self, mut id: NodeId) -> NodeId {
        while self.tree.kind(id).is_block_collection() {
            match link(self.tree.node(id).last) {
                Some(last) => id = last,
                None => break,
            }
        }
        id
    }

    /// The place just below a node.
    pub(super) fn below(&self, id: NodeId) -> Result<LinePlace, Refusal> {
        let bytes = self.bytes();
        let end = self.tree.span(id).end;
        let leaf = self.last_leaf(id);
        if matches!(self.tree.kind(leaf), Kind::Scalar(style) if style.is_block()) {
            return self.below_block_scalar(leaf, end);
        }
        let at = scan::skip_blanks(bytes, end);
        match bytes.get(at) {
            None => Ok(LinePlace { offset: bytes.len(), unterminated: true }),
            Some(b'\n' | b'\r') => Ok(self.line_after(at)),
            Some(b'#') if at > end => Ok(self.line_after(at)),
            Some(_) => Err(Refusal::new("something else stands on the last line of this value", at)),
        }
    }

    fn line_after(&self, at: usize) -> LinePlace {
        match scan::next_line(self.bytes(), at) {
            Some(offset) => LinePlace { offset, unterminated: false },
            None => LinePlace { offset: self.bytes().len(), unterminated: true },
        }
    }

    fn below_block_scalar(&self, leaf: NodeId, end: usize) -> Result<LinePlace, Refusal> {
        let bytes = self.bytes();
        let mut offset = end;
        if end > 0 && bytes.get(end - 1) != Some(&b'\n') {
            // The text ends inside the scalar; a line break would become part of its value.
            offset = scan::next_line(bytes, end)
                .ok_or_else(|| Refusal::new("this block scalar ends with the document, without a line break", end))?;
        }
        if self.keeps_blank_lines(leaf) {
            loop {
                let at = scan::skip_blanks(bytes, offset);
                match (bytes.get(at), bytes.get(at + 1)) {
                    (Some(b'\n'), _) => offset = at + 1,
                    (Some(b'\r'), Some(b'\n')) => offset = at + 2,
                    _ => break,
                }
            }
        }
        Ok(LinePlace { offset, unterminated: false })
    }

    /// Whether a block scalar has the chomping indicator `+`.
    fn keeps_blank_lines(&self, leaf: NodeId) -> bool {
        let header = self.bytes().get(self.tree.span(leaf).start + 1..).unwrap_or_default();
        header.iter().take_while(|byte| !scan::is_space(**byte)).any(|byte| *byte == b'+')
    }

    /// Inserts whole lines below a node.
    pub(super) fn insert_below(&mut self, id: NodeId, comments: Comments, lines: &str) -> Result<(), Refusal> {
        let mut place = self.below(id)?;
        let after_block_scalar = matches!(self.tree.kind(self.last_leaf(id)), Kind::Scalar(style) if style.is_block());
        if let (Comments::KeepAbove(column), false, false) = (comments, place.unterminated, after_block_scalar) {
            place = self.past_comments(place, column);
        }
        self.insert_lines(place, lines);
        Ok(())
    }

    pub(super) fn insert_lines(&mut self, place: LinePlace, lines: &str) {
        let edit = if place.unterminated {
            TextEdit::insert(place.offset, format!("{}{}", self.style.newline, lines.trim_end_matches(['\r', '\n'])))
        } else {
            TextEdit::insert(place.offset, lines)
        };
        self.edits.push(edit);
    }

    /// Skips comment lines that are indented at least like the collection; at the root none is.
    fn past_comments(&self, mut place: LinePlace, column: usize) -> LinePlace {
        let bytes = self.bytes();
        while !place.unterminated {
            let indented = bytes.get(place.offset..).unwrap_or_default();
            let indent = indented.iter().take_while(|byte| **byte == b' ').count();
            if indented.get(indent) != Some(&b'#') || indent < column.max(1) {
                break;
            }
            place = self.line_after(place.offset);
        }
        place
    }

    /// Where an entry begins: before its key's anchor, tag or `?`.
    pub(super) fn entry_start(&self, mapping: NodeId, key: NodeId) -> usize {
        let start = self.tree.span(key).start;
        let holder = self.tree.node(mapping);
        if holder.first == key.0 {
            return start.min(holder.start as usize);
        }
        let line = scan::line_start(self.bytes(), start);
        let first = line + holder.column as usize;
        let indented = self.bytes().get(line..first).is_some_and(|part| part.iter().all(|byte| *byte == b' '));
        if indented && first <= start { first } else { start }
    }
}
