use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use granit_parser::{Event, Options, Parser, ScalarStyle as GranitStyle, StructureStyle, Tag};

use super::tree::{
    Kind, MAX_BYTES, MAX_DEPTH, MAX_NODES, NONE, Node, NodeId, QUOTED_VERBATIM, ScalarStyle, Tree, VERBATIM, narrow,
};
use super::{fast, scan};

/// Why a text is no YAML document that floe can work with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseError {
    /// What is wrong.
    pub message: String,
    /// Byte offset in the parsed text.
    pub offset: usize,
}

impl ParseError {
    pub(super) fn new(message: impl Into<String>, offset: usize) -> Self {
        Self { message: message.into(), offset }
    }
}

impl<'t> Tree<'t> {
    /// Parses one YAML document.
    ///
    /// Reads as go-yaml v2 does, which is what Kubernetes reads with: a block scalar that ends with the text has no
    /// final line break, keys may be up to 1,024 characters away from their colon.
    pub fn parse(source: &'t str) -> Result<Self, ParseError> {
        if source.len() > MAX_BYTES {
            return Err(ParseError::new(format!("the document is larger than {} MiB", MAX_BYTES >> 20), 0));
        }
        fast::scan(source).map_or_else(|| Self::parse_full(source), Ok)
    }

    /// Parses with the complete YAML grammar; decides what a document is and how its errors read.
    pub(super) fn parse_full(source: &'t str) -> Result<Self, ParseError> {
        let mut options = Options::default();
        options.block_scalar_eof_without_line_feed = true;
        options.simple_key_max_lookahead = 1024;
        options.flow_nesting_limit = MAX_DEPTH;
        options.block_nesting_limit = MAX_DEPTH;
        options.set_emit_comments(false);
        let mut builder = Builder::new(source);
        for event in Parser::new_from_str_with_options(source, options) {
            let (event, span) = event.map_err(|error| {
                ParseError::new(error.info(), error.marker().byte_offset().unwrap_or(0).min(source.len()))
            })?;
            let start = span.start.byte_offset().unwrap_or(0);
            let end = span.end.byte_offset().unwrap_or(start);
            builder.event(event, start, end, span.start.col())?;
        }
        Ok(builder.tree)
    }
}

/// Builds the arena from parser events and repairs the positions that the parser does not report.
struct Builder<'t> {
    tree: Tree<'t>,
    open: Vec<Open>,
    anchors: HashMap<usize, NodeId>,
    /// Where the last leaf, or bracket of a flow collection, ended.
    done: usize,
    documents: usize,
}

/// A collection whose end has not been seen.
#[derive(Clone, Copy)]
struct Open {
    id: NodeId,
    kind: Kind,
    children: usize,
}

/// Position of a node, before and after repair.
#[derive(Clone, Copy)]
struct NodePosition {
    start: usize,
    end: usize,
    column: usize,
}

impl<'t> Builder<'t> {
    fn new(source: &'t str) -> Self {
        let nodes = Vec::with_capacity(source.len() / 16);
        let tree =
            Tree { source, nodes, texts: Vec::new(), tags: BTreeMap::new(), root: NONE, aliases: 0, regular: false };
        Self { tree, open: Vec::new(), anchors: HashMap::new(), done: 0, documents: 0 }
    }

    fn event(&mut self, event: Event<'t>, start: usize, end: usize, column: usize) -> Result<(), ParseError> {
        let place = NodePosition { start, end, column };
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let id = self.add(Kind::Scalar(style_of(style)), place, anchor, tag)?;
                self.set_text(id, text);
                self.done = self.tree.span(id).end;
            }
            Event::SequenceStart(style, anchor, tag) => {
                let flow = matches!(style, StructureStyle::Flow);
                let id = self.add(Kind::Sequence { flow }, place, anchor, tag)?;
                self.enter(id);
            }
            Event::MappingStart(style, anchor, tag) => {
                let flow = matches!(style, StructureStyle::Flow);
                let id = self.add(Kind::Mapping { flow }, place, anchor, tag)?;
                self.enter(id);
            }
            Event::SequenceEnd | Event::MappingEnd => self.leave(end),
            Event::Alias(anchor) => {
                let Some(target) = self.anchors.get(&anchor).copied() else {
                    return Err(ParseError::new("unknown anchor", start));
                };
                let id = self.add(Kind::Alias, place, 0, None)?;
                self.node_mut(id).text = target.0;
                self.tree.aliases += 1;
                self.done = end;
            }
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(ParseError::new("a second document begins here", start));
                }
            }
            _ => {}
        }
        Ok(())
    }

    #[expect(clippy::indexing_slicing, reason = "a NodeId is only made by the tree that owns the node")]
    fn node_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.tree.nodes[id.0 as usize]
    }

    fn add(
        &mut self,
        kind: Kind,
        place: NodePosition,
        anchor: usize,
        tag: Option<Cow<'t, Tag>>,
    ) -> Result<NodeId, ParseError> {
        if self.tree.nodes.len() >= MAX_NODES {
            return Err(ParseError::new(format!("the document has more than {MAX_NODES} nodes"), place.start));
        }
        let id = NodeId(narrow(self.tree.nodes.len()));
        let holder = self.open.last().copied();
        let (separator, place) = match holder {
            Some(holder) => self.repair(kind, holder, place, usize::from(anchor != 0) + usize::from(tag.is_some()))?,
            None => (NONE, place),
        };
        self.tree.nodes.push(Node {
            kind,
            anchored: anchor != 0,
            tagged: tag.is_some(),
            start: narrow(place.start),
            end: narrow(place.end),
            column: narrow(place.column),
            separator,
            text: NONE,
            parent: holder.map_or(NONE, |holder| holder.id.0),
            first: NONE,
            last: NONE,
            next: NONE,
        });
        match holder {
            None => self.tree.root = id.0,
            Some(holder) => self.append(holder.id, id),
        }
        if anchor != 0 {
            self.anchors.insert(anchor, id);
        }
        if let Some(tag) = tag {
            self.tree.tags.insert(id.0, format!("{}{}", tag.handle(), tag.suffix()));
        }
        Ok(id)
    }

    fn append(&mut self, parent: NodeId, id: NodeId) {
        if let Some(open) = self.open.last_mut() {
            open.children += 1;
        }
        let parent = self.node_mut(parent);
        let last = parent.last;
        parent.last = id.0;
        if last == NONE {
            parent.first = id.0;
        } else {
            self.node_mut(NodeId(last)).next = id.0;
        }
    }

    /// Finds the separator before the node and corrects its place.
    ///
    /// The parser reports: an empty value before its colon; a block scalar at its content, with an end that may lie
    /// inside the next line's indentation; a sequence that is not indented below its key after its first dash.
    fn repair(
        &mut self,
        kind: Kind,
        holder: Open,
        place: NodePosition,
        properties: usize,
    ) -> Result<(u32, NodePosition), ParseError> {
        let bytes = self.tree.source.as_bytes();
        let mut own_separator = NONE;
        let mut from = self.done;
        match holder.kind {
            Kind::Mapping { flow } if holder.children % 2 == 1 => {
                let colon = scan::skip_trivia(bytes, self.done);
                if bytes.get(colon) == Some(&b':') {
                    from = colon + 1;
                    let key = self.tree.node(holder.id).last;
                    self.node_mut(NodeId(key)).separator = narrow(from);
                } else if !flow && place.start != place.end {
                    return Err(ParseError::new("cannot find the colon of this key", self.done));
                }
            }
            Kind::Mapping { flow } => {
                let first = holder.children == 0 && !flow;
                from = scan::before_key(bytes, if first { self.tree.span(holder.id).start } else { self.done });
            }
            Kind::Sequence { flow: false } => {
                let begin = if holder.children == 0 { self.tree.span(holder.id).start } else { self.done };
                let dash = scan::skip_trivia(bytes, begin);
                if bytes.get(dash) != Some(&b'-') {
                    return Err(ParseError::new("cannot find the dash of this item", begin));
                }
                own_separator = narrow(dash);
                from = dash + 1;
            }
            _ => {}
        }
        let place = match kind {
            Kind::Scalar(style) if style.is_block() => self.block_scalar(from, place)?,
            Kind::Scalar(_) if place.start == place.end => {
                let at = (0..properties).fold(from, |at, _| scan::skip_property(bytes, scan::skip_trivia(bytes, at)));
                NodePosition { start: at, end: at, ..place }
            }
            Kind::Sequence { flow: false } => {
                let start = scan::skip_properties(bytes, from);
                if bytes.get(start) != Some(&b'-') {
                    return Err(ParseError::new("cannot find the start of this sequence", from));
                }
                NodePosition { start, column: scan::column(self.tree.source, start), ..place }
            }
            _ => place,
        };
        Ok((own_separator, place))
    }

    fn block_scalar(&self, from: usize, place: NodePosition) -> Result<NodePosition, ParseError> {
        let bytes = self.tree.source.as_bytes();
        let header = scan::skip_properties(bytes, from);
        if !matches!(bytes.get(header), Some(b'|' | b'>')) {
            return Err(ParseError::new("cannot find the start of this block scalar", from));
        }
        let line = scan::line_start(bytes, place.end);
        // Blanks at the end of the text, without a line break, may be part of the scalar; this cannot be told from
        // here.
        let inside_indentation = place.end < bytes.len()
            && line > header
            && bytes.get(line..place.end).is_some_and(|part| part.iter().all(|byte| *byte == b' '));
        let mut end = if inside_indentation { line } else { place.end };
        // Empty lines behind the text belong to it only under the chomping indicator `+`.
        let indicators = bytes.get(header..).unwrap_or_default().iter().take_while(|byte| !scan::is_space(**byte));
        if !indicators.into_iter().any(|byte| *byte == b'+') {
            let first_line = scan::next_line(bytes, header).unwrap_or(bytes.len());
            while let Some(above) = scan::empty_line_before(bytes, end).filter(|above| *above >= first_line) {
                end = above;
            }
        }
        Ok(NodePosition { start: header, end: end.max(header + 1), ..place })
    }

    fn enter(&mut self, id: NodeId) {
        let kind = self.tree.kind(id);
        if kind.is_flow_collection() {
            self.done = self.tree.span(id).start + 1;
        }
        self.open.push(Open { id, kind, children: 0 });
    }

    fn leave(&mut self, end: usize) {
        let Some(open) = self.open.pop() else { return };
        if open.kind.is_flow_collection() {
            self.done = end;
        }
        let done = narrow(self.done);
        let node = self.node_mut(open.id);
        node.end = done.max(node.start);
    }

    fn set_text(&mut self, id: NodeId, text: Cow<'t, str>) {
        let span = self.tree.span(id);
        let written = self.tree.source.get(span.range()).unwrap_or_default();
        let index = if written == text {
            VERBATIM
        } else if written.len() == text.len() + 2 && written.get(1..=text.len()) == Some(&*text) {
            QUOTED_VERBATIM
        } else {
            self.tree.texts.push(text);
            narrow(self.tree.texts.len() - 1)
        };
        self.node_mut(id).text = index;
    }
}

const fn style_of(style: GranitStyle) -> ScalarStyle {
    match style {
        GranitStyle::Plain => ScalarStyle::Plain,
        GranitStyle::SingleQuoted => ScalarStyle::SingleQuoted,
        GranitStyle::DoubleQuoted => ScalarStyle::DoubleQuoted,
        GranitStyle::Literal => ScalarStyle::Literal,
        GranitStyle::Folded => ScalarStyle::Folded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Span;

    fn value_text<'t>(tree: &'t Tree<'_>, key: &str) -> &'t str {
        let value = tree.get(tree.root().unwrap(), key).unwrap();
        tree.source().get(tree.span(value).range()).unwrap()
    }

    #[test]
    fn repairs_what_the_parser_does_not_report() {
        let text =
            "empty:   # none\nblock: |-  # note\n  a\n\n  b\nlist:\n# c\n- 1\n-\n- - x\nanchored: &a\nlast: >\n   x";
        let tree = Tree::parse(text).unwrap();
        let root = tree.root().unwrap();
        let at = |key| tree.span(tree.get(root, key).unwrap());
        assert_eq!(at("empty"), Span::at(6));
        assert_eq!(value_text(&tree, "block"), "|-  # note\n  a\n\n  b\n");
        assert_eq!(value_text(&tree, "list"), "- 1\n-\n- - x");
        assert_eq!(at("anchored").start, text.find("&a").unwrap() + 2);
        assert_eq!(value_text(&tree, "last"), ">\n   x");
        let list = tree.get(root, "list").unwrap();
        let dashes: Vec<u32> = tree.items(list).map(|item| tree.node(item).separator).collect();
        let first = u32::try_from(text.find("- 1").unwrap()).unwrap();
        assert_eq!(dashes, [first, first + 4, first + 6]);
    }

    #[test]
    fn decodes_scalars() {
        let tree = Tree::parse("{a: 'it''s', \"b\": \"x\\ty\", c: plain, d: 'q'}").unwrap();
        let root = tree.root().unwrap();
        let texts: Vec<&str> = tree.entries(root).map(|(_, value)| tree.text(value)).collect();
        assert_eq!(texts, ["it's", "x\ty", "plain", "q"]);
    }

    #[test]
    fn bounds_depth() {
        for text in ["[".repeat(10_000), "- ".repeat(10_000)] {
            assert!(Tree::parse(&text).is_err());
        }
    }

    #[test]
    fn refuses_a_second_document() {
        assert!(Tree::parse("a: 1\n---\nb: 2\n").is_err());
    }
}
