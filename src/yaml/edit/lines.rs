//! Where a new line can stand.

use super::{Editor, Refusal};
use crate::text::{Span, TextEdit};
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

/// The entry or item that was removed last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Removed {
    /// Its last node.
    last: NodeId,
    /// The text that it leaves above is a block scalar.
    below_block_scalar: bool,
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
    Style { newline: if crlf { "\r\n" } else { "\n" }, indentless: balance >= 0, literals: bytes.ends_with(b"\n") }
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
            offset = scan::skip_blank_lines(bytes, offset);
        }
        Ok(LinePlace { offset, unterminated: false })
    }

    /// Whether a block scalar has the chomping indicator `+`.
    fn keeps_blank_lines(&self, leaf: NodeId) -> bool {
        let header = self.bytes().get(self.tree.span(leaf).start + 1..).unwrap_or_default();
        header.iter().take_while(|byte| !scan::is_space(**byte)).any(|byte| *byte == b'+')
    }

    /// The place below a node and the comments behind it that are indented by at least `indent`.
    pub(super) fn below_comments(&self, id: NodeId, indent: usize) -> Result<LinePlace, Refusal> {
        let place = self.below(id)?;
        let after_block_scalar = matches!(self.tree.kind(self.last_leaf(id)), Kind::Scalar(style) if style.is_block());
        Ok(if after_block_scalar { place } else { self.past_comments(place, indent) })
    }

    /// The style for lines of a collection in `column` that end where the line at `offset` begins.
    ///
    /// A literal block would take in what follows it: comments and blanks that are indented like its text. It also
    /// needs a line break of its own, which a document without a final one does not give.
    pub(super) fn style_before(&self, offset: usize, column: usize) -> Style {
        let bytes = self.bytes();
        let mut ends = self.style.literals;
        let mut at = offset;
        while ends {
            let rest = bytes.get(at..).unwrap_or_default();
            let indent = rest.iter().take_while(|byte| **byte == b' ').count();
            ends = indent < column + 2 && rest.get(indent) != Some(&b'\t');
            match (rest.get(indent), scan::next_line(bytes, at)) {
                (Some(b'\r' | b'\n'), Some(next)) => at = next,
                _ => break,
            }
        }
        Style { literals: ends, ..self.style }
    }

    /// The style for text of a collection in `column` that ends at `at`, before the rest of a line.
    pub(super) fn style_within_line(&self, at: usize, column: usize) -> Style {
        let bytes = self.bytes();
        match (bytes.get(at), scan::next_line(bytes, at)) {
            (Some(b'\r' | b'\n'), Some(next)) => self.style_before(next, column),
            _ => Style { literals: false, ..self.style },
        }
    }

    /// Removes the lines from `line` to the end of `last`; `first` is the first node on them.
    pub(super) fn remove_lines(&mut self, line: usize, first: NodeId, last: NodeId) -> Result<(), Refusal> {
        let bytes = self.tree.source().as_bytes();
        let LinePlace { offset: end, unterminated } = self.below(last)?;
        let end_of_blank = scan::skip_blank_lines(bytes, end);
        let indented_comment =
            bytes.get(end_of_blank) == Some(&b' ') && bytes.get(scan::skip_blanks(bytes, end_of_blank)) == Some(&b'#');
        // Nodes are numbered in the order of the text.
        let above = first.0.checked_sub(1).map(NodeId);
        let below_block_scalar = match (above, self.removed) {
            (Some(above), Some(removed)) if removed.last == above => removed.below_block_scalar,
            (Some(above), _) => matches!(self.tree.kind(above), Kind::Scalar(style) if style.is_block()),
            (None, _) => false,
        };
        self.edits.push(TextEdit::delete(Span::new(line, end)));
        if below_block_scalar {
            // The block scalar above would take in what is blank or indented.
            let only_blanks_follow = scan::skip_blanks(bytes, end_of_blank) == bytes.len();
            if unterminated || only_blanks_follow && end_of_blank < bytes.len() {
                return self.refuse(first, "the line break above this value belongs to the text before it");
            }
            if indented_comment {
                return self.refuse(first, "a comment behind this value would become part of the text above");
            }
            self.edits.push(TextEdit::delete(Span::new(end, end_of_blank)));
        }
        let last = self.tree.subtree(last).last().unwrap_or(last);
        self.removed = Some(Removed { last, below_block_scalar });
        Ok(())
    }

    /// Keeps a document without a final line break so, where its last lines were removed.
    pub(super) fn drop_final_line_break(&mut self) {
        let bytes = self.tree.source().as_bytes();
        if bytes.ends_with(b"\n") {
            return;
        }
        self.edits.sort_by_key(|edit| edit.span);
        let mut end = bytes.len();
        let mut dropped = Vec::new();
        for edit in self.edits.iter_mut().rev().map(Some).chain([None]) {
            let kept_from = edit.as_ref().map_or(0, |edit| edit.span.end);
            let kept = bytes.get(kept_from..end).unwrap_or_default();
            let breaks = kept.iter().rev().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            if breaks > 0 {
                dropped.push(TextEdit::delete(Span::new(end - breaks, end)));
            }
            let Some(edit) = edit.filter(|_| breaks == kept.len()) else { break };
            edit.text.truncate(edit.text.trim_end_matches(['\r', '\n']).len());
            if !edit.text.is_empty() {
                break;
            }
            end = edit.span.start;
        }
        self.edits.append(&mut dropped);
    }

    pub(super) fn insert_lines(&mut self, place: LinePlace, lines: &str) {
        let edit = if place.unterminated {
            TextEdit::insert(place.offset, format!("{}{}", self.style.newline, lines.trim_end_matches(['\r', '\n'])))
        } else {
            TextEdit::insert(place.offset, lines)
        };
        self.edits.push(edit);
    }

    /// Skips comment lines that are indented by at least `least`; one that is not indented belongs to what follows.
    fn past_comments(&self, mut place: LinePlace, least: usize) -> LinePlace {
        let bytes = self.bytes();
        while !place.unterminated {
            let indented = bytes.get(place.offset..).unwrap_or_default();
            let indent = indented.iter().take_while(|byte| **byte == b' ').count();
            if indented.get(indent) != Some(&b'#') || indent < least.max(1) {
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
