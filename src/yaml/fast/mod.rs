//! A scanner for the regular block YAML that Kubernetes manifests consist of.
//!
//! It builds exactly the tree that the full parser builds, about ten times as fast, or gives up: on anchors, aliases,
//! tags, directives, complex keys, root scalars and root flow collections, tabs that are not content, and whatever
//! else looks irregular. Giving up costs time, never correctness; accepting what the full parser refuses, or reading
//! it differently, is a bug.

mod block;
mod flow;
mod lines;
mod plain;
mod quoted;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::tree::{Kind, MAX_DEPTH, MAX_NODES, NONE, Node, QUOTED_VERBATIM, ScalarStyle, Tree, VERBATIM, narrow};
use lines::has_plain_characters;
use plain::Stop;

/// Bytes between the start of a key and its colon beyond which the full parser counts characters.
const MAX_KEY: usize = 1000;

/// Scans one document; nothing if it is not regular.
pub(super) fn scan(source: &str) -> Option<Tree<'_>> {
    let tree = Tree {
        source,
        nodes: Vec::with_capacity(source.len() / 16),
        texts: Vec::new(),
        tags: BTreeMap::new(),
        root: NONE,
        aliases: 0,
        regular: true,
    };
    let mut scanner = Scanner {
        tree,
        bytes: source.as_bytes(),
        ascii: has_plain_characters(source)?,
        open: Vec::with_capacity(32),
        pending: None,
        line: 0,
        done: 0,
        scratch: String::new(),
    };
    scanner.document()?;
    Some(scanner.tree)
}

/// A collection whose end has not been seen.
struct Frame {
    node: u32,
    column: usize,
    sequence: bool,
    /// The last child so far.
    last: u32,
}

/// The place of the value that the innermost open collection waits for.
struct Pending {
    /// Just after the colon or dash: where an empty value stands.
    at: usize,
    /// The column that the full parser reports for an empty value.
    column: usize,
    /// The dash of an item, or [`NONE`].
    dash: u32,
}

/// Where a node stands.
#[derive(Clone, Copy)]
struct NodePosition {
    start: usize,
    end: usize,
    column: usize,
}

struct Scanner<'t> {
    tree: Tree<'t>,
    bytes: &'t [u8],
    ascii: bool,
    open: Vec<Frame>,
    pending: Option<Pending>,
    /// Start of the line that is scanned.
    line: usize,
    /// Where the last leaf, or bracket of a flow collection, ended.
    done: usize,
    /// Where decoded text grows before it is copied.
    scratch: String,
}

impl Scanner<'_> {
    fn document(&mut self) -> Option<()> {
        let mut marked = false;
        let mut at = 0;
        while at < self.bytes.len() {
            self.line = at;
            let start = self.skip_spaces(at);
            let column = start - at;
            at = match self.byte(start) {
                b'\n' | b'\r' | b'#' => self.next_line(start),
                byte @ (b'-' | b'.') if column == 0 && self.is_marker(start) => {
                    if marked || byte == b'.' || !self.tree.nodes.is_empty() {
                        return None;
                    }
                    marked = true;
                    self.rest_of_line(start + 3)?
                }
                byte => {
                    self.close(column, byte == b'-' && self.is_separator(start + 1))?;
                    self.node(start, column)?
                }
            };
        }
        self.empty_value()?;
        while !self.open.is_empty() {
            self.leave();
        }
        // After a document marker there is a document, and its empty root has no place in the text.
        (!marked || !self.tree.nodes.is_empty()).then_some(())
    }

    fn is_marker(&self, at: usize) -> bool {
        matches!(self.bytes.get(at..at + 3), Some(b"---" | b"..."))
    }

    /// Ends the collections that a line at this column does not belong to.
    fn close(&mut self, column: usize, dash: bool) -> Option<()> {
        while let Some(top) = self.open.last() {
            if top.column < column || (top.column == column && (dash || !top.sequence)) {
                break;
            }
            self.empty_value()?;
            self.leave();
        }
        Some(())
    }

    /// Reads what a line consists of after its indentation: dashes, then a key or a value.
    ///
    /// Gives the start of the next line.
    fn node(&mut self, start: usize, column: usize) -> Option<usize> {
        let (mut at, mut column) = (start, column);
        while self.byte(at) == b'-' && self.is_separator(at + 1) {
            self.item(at, column)?;
            let next = self.skip_spaces(at + 1);
            if matches!(self.byte(next), b'\n' | b'\r' | b'#') {
                // The full parser looks for the item's value before it says where the dash was.
                let line = self.next_line(next);
                let end = self.trim_break(line);
                self.pending.as_mut()?.column = self.column(end);
                return Some(line);
            }
            column += next - at;
            at = next;
        }
        match self.byte(at) {
            b'"' | b'\'' => {
                let quoted = self.quoted(at, self.margin())?;
                let place = NodePosition { start: at, end: quoted.end, column };
                if !quoted.lines && self.byte(quoted.end) == b':' && self.is_separator(quoted.end + 1) {
                    self.key(self.quoted_style(at), place, quoted.end, quoted.text)
                } else {
                    self.admits(column)?;
                    self.quoted_value(place, quoted.text)
                }
            }
            b'[' | b'{' => {
                self.admits(column)?;
                self.value(at)
            }
            // On a line of its own a block scalar has its indentation counted from elsewhere.
            b'|' | b'>' if at > start => self.value(at),
            _ if self.is_plain_start(at) => {
                let (end, stop) = self.plain_line(at)?;
                let place = NodePosition { start: at, end, column };
                if let Stop::Colon(colon) = stop {
                    self.key(ScalarStyle::Plain, place, colon, None)
                } else {
                    self.admits(column)?;
                    self.plain_value(place, stop)
                }
            }
            _ => None,
        }
    }

    /// Refuses a value where none is awaited, or that is not indented below what awaits it.
    fn admits(&self, column: usize) -> Option<()> {
        (self.pending.is_some() && column > self.open.last()?.column).then_some(())
    }

    /// The column beyond which the lines of a value must begin.
    fn margin(&self) -> usize {
        self.open.last().map_or(0, |top| top.column)
    }

    fn item(&mut self, dash: usize, column: usize) -> Option<()> {
        match self.open.last() {
            Some(top) if top.sequence && top.column == column => self.empty_value()?,
            _ => self.enter(Kind::Sequence { flow: false }, dash, column)?,
        }
        self.pending = Some(Pending { at: dash + 1, column: 0, dash: narrow(dash) });
        Some(())
    }

    fn key(&mut self, style: ScalarStyle, place: NodePosition, colon: usize, text: Option<String>) -> Option<usize> {
        if colon - place.start > MAX_KEY {
            return None;
        }
        match self.open.last() {
            Some(top) if !top.sequence && top.column == place.column => self.empty_value()?,
            _ => self.enter(Kind::Mapping { flow: false }, place.start, place.column)?,
        }
        let text = self.text_of(style, text);
        self.add(Kind::Scalar(style), place, narrow(colon + 1), text)?;
        self.pending = Some(Pending { at: colon + 1, column: self.column(colon), dash: NONE });
        let value = self.skip_spaces(colon + 1);
        match self.byte(value) {
            b'\n' | b'\r' | b'#' => Some(self.next_line(value)),
            _ => self.value(value),
        }
    }

    /// Reads a value that is not the first thing on its line.
    fn value(&mut self, at: usize) -> Option<usize> {
        match self.byte(at) {
            b'|' | b'>' => self.block_scalar(at),
            b'"' | b'\'' => {
                let quoted = self.quoted(at, self.margin())?;
                self.quoted_value(NodePosition { start: at, end: quoted.end, column: self.column(at) }, quoted.text)
            }
            b'[' | b'{' => {
                let dash = self.pending.take()?.dash;
                let end = self.flow_collection(at, dash, self.margin())?;
                self.rest_of_line(end)
            }
            _ if self.is_plain_start(at) => match self.plain_line(at)? {
                (_, Stop::Colon(_)) => None,
                (end, stop) => self.plain_value(NodePosition { start: at, end, column: self.column(at) }, stop),
            },
            _ => None,
        }
    }

    fn quoted_value(&mut self, place: NodePosition, text: Option<String>) -> Option<usize> {
        let line = self.rest_of_line(place.end)?;
        let style = self.quoted_style(place.start);
        let text = self.text_of(style, text);
        self.leaf(style, place, text)?;
        Some(line)
    }

    /// Adds the scalar that is awaited.
    fn leaf(&mut self, style: ScalarStyle, place: NodePosition, text: u32) -> Option<()> {
        let dash = self.pending.take()?.dash;
        self.add(Kind::Scalar(style), place, dash, text)
    }

    /// Where a value is awaited and none came, it is empty.
    fn empty_value(&mut self) -> Option<()> {
        if let Some(pending) = self.pending.take() {
            let place = NodePosition { start: pending.at, end: pending.at, column: pending.column };
            self.tree.texts.push(Cow::Borrowed("~"));
            let text = narrow(self.tree.texts.len() - 1);
            self.add(Kind::Scalar(ScalarStyle::Plain), place, pending.dash, text)?;
        }
        Some(())
    }

    /// Begins a block collection where a value is awaited.
    fn enter(&mut self, kind: Kind, start: usize, column: usize) -> Option<()> {
        let sequence = matches!(kind, Kind::Sequence { .. });
        let dash = match (self.open.last(), self.pending.take()) {
            (None, None) if self.tree.nodes.is_empty() => NONE,
            (Some(top), Some(pending))
                if column > top.column || (sequence && column == top.column && !top.sequence) =>
            {
                pending.dash
            }
            _ => return None,
        };
        self.begin(kind, NodePosition { start, end: start, column }, dash)
    }

    fn begin(&mut self, kind: Kind, place: NodePosition, separator: u32) -> Option<()> {
        if self.open.len() >= MAX_DEPTH {
            return None;
        }
        self.add(kind, place, separator, NONE)?;
        let node = narrow(self.tree.nodes.len() - 1);
        let sequence = matches!(kind, Kind::Sequence { .. });
        self.open.push(Frame { node, column: place.column, sequence, last: NONE });
        Some(())
    }

    /// Ends the innermost collection.
    fn leave(&mut self) {
        let Some(frame) = self.open.pop() else { return };
        if let Some(node) = self.tree.nodes.get_mut(frame.node as usize) {
            node.end = narrow(self.done);
            node.last = frame.last;
        }
    }

    fn add(&mut self, kind: Kind, place: NodePosition, separator: u32, text: u32) -> Option<()> {
        if self.tree.nodes.len() >= MAX_NODES {
            return None;
        }
        let id = narrow(self.tree.nodes.len());
        let mut parent = NONE;
        if let Some(top) = self.open.last_mut() {
            parent = top.node;
            let previous = std::mem::replace(&mut top.last, id);
            if previous == NONE {
                self.tree.nodes.get_mut(parent as usize)?.first = id;
            } else {
                self.tree.nodes.get_mut(previous as usize)?.next = id;
            }
        } else {
            self.tree.root = id;
        }
        self.tree.nodes.push(Node {
            kind,
            anchored: false,
            tagged: false,
            start: narrow(place.start),
            end: narrow(place.end),
            column: narrow(place.column),
            separator,
            text,
            parent,
            first: NONE,
            last: NONE,
            next: NONE,
        });
        self.done = place.end;
        Some(())
    }

    fn text_of(&mut self, style: ScalarStyle, text: Option<String>) -> u32 {
        match text {
            Some(text) => {
                self.tree.texts.push(Cow::Owned(text));
                narrow(self.tree.texts.len() - 1)
            }
            None if style == ScalarStyle::Plain => VERBATIM,
            None => QUOTED_VERBATIM,
        }
    }
}
