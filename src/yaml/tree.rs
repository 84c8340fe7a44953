use std::borrow::Cow;
use std::collections::BTreeMap;

use super::path::{FieldPath, Segment};
use crate::text::Span;

/// A node of one [`Tree`]; meaningless in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(super) u32);

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScalarStyle {
    /// Without quotes.
    Plain,
    /// In `'`.
    SingleQuoted,
    /// In `"`.
    DoubleQuoted,
    /// A `|` block.
    Literal,
    /// A `>` block.
    Folded,
}

impl ScalarStyle {
    /// Whether this is a block scalar, whose text ends at a line start.
    pub(super) const fn is_block(self) -> bool {
        matches!(self, Self::Literal | Self::Folded)
    }
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A scalar.
    Scalar(ScalarStyle),
    /// A mapping in block or flow style.
    Mapping {
        /// Written with braces.
        flow: bool,
    },
    /// A sequence in block or flow style.
    Sequence {
        /// Written with brackets.
        flow: bool,
    },
    /// A `*name`.
    Alias,
}

impl Kind {
    /// Whether this is a mapping or sequence in block style.
    pub const fn is_block_collection(self) -> bool {
        matches!(self, Self::Mapping { flow: false } | Self::Sequence { flow: false })
    }

    /// Whether this is a mapping or sequence in flow style.
    pub(super) const fn is_flow_collection(self) -> bool {
        matches!(self, Self::Mapping { flow: true } | Self::Sequence { flow: true })
    }
}

/// Nesting beyond which a document is refused; the deepest of 11,000 public manifests has 38 levels.
pub(super) const MAX_DEPTH: usize = 128;
/// Nodes beyond which a document is refused.
pub(super) const MAX_NODES: usize = 16 << 20;
/// Bytes beyond which a document is not parsed.
pub(super) const MAX_BYTES: usize = 256 << 20;

/// Absent link or text.
pub(super) const NONE: u32 = u32::MAX;
/// The decoded text is the source text of the node.
pub(super) const VERBATIM: u32 = u32::MAX - 1;
/// The decoded text is the source text between the quotes.
pub(super) const QUOTED_VERBATIM: u32 = u32::MAX - 2;

/// Offsets and indices fit because [`MAX_BYTES`] and [`MAX_NODES`] do.
pub(super) fn narrow(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(NONE)
}

/// One node; offsets are bytes of the parsed text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) anchored: bool,
    pub(super) tagged: bool,
    /// First byte of the content, after anchor and tag; for a block scalar its `|` or `>`.
    pub(super) start: u32,
    /// Just after the content. Block scalars end at a line start or the end of the text, block collections where
    /// their last leaf ends.
    pub(super) end: u32,
    /// Column of `start`, in characters, from 0.
    pub(super) column: u32,
    /// For the key of a mapping: just after its `:`, or [`NONE`]. For an item of a block sequence: its dash.
    pub(super) separator: u32,
    /// Index of the decoded text, [`VERBATIM`], [`QUOTED_VERBATIM`]; for an alias the node it stands for.
    pub(super) text: u32,
    pub(super) parent: u32,
    pub(super) first: u32,
    pub(super) last: u32,
    pub(super) next: u32,
}

/// One parsed YAML document: an arena of nodes with the position of each.
#[derive(Debug)]
pub struct Tree<'t> {
    pub(super) source: &'t str,
    pub(super) nodes: Vec<Node>,
    pub(super) texts: Vec<Cow<'t, str>>,
    pub(super) tags: BTreeMap<u32, String>,
    pub(super) root: u32,
    pub(super) aliases: usize,
    /// Built by the fast scanner, which takes only what every reader reads alike.
    pub(super) regular: bool,
}

impl<'t> Tree<'t> {
    #[expect(clippy::indexing_slicing, reason = "a NodeId is only made by the tree that owns the node")]
    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// The text that was parsed.
    pub fn source(&self) -> &'t str {
        self.source
    }

    /// The root node; absent in a document without content.
    pub fn root(&self) -> Option<NodeId> {
        link(self.root)
    }

    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether the document has no content.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// What the node is.
    pub fn kind(&self, id: NodeId) -> Kind {
        self.node(id).kind
    }

    /// The bytes of the node's content, without anchor, tag and separator.
    pub fn span(&self, id: NodeId) -> Span {
        let node = self.node(id);
        Span::new(node.start as usize, node.end as usize)
    }

    /// The line of the document in which a node begins, from 1.
    pub(super) fn line(&self, id: NodeId) -> usize {
        let before = self.source.as_bytes().get(..self.span(id).start).unwrap_or_default();
        memchr::memchr_iter(b'\n', before).count() + 1
    }

    /// The node that an alias stands for; any other node itself.
    pub fn resolve(&self, id: NodeId) -> NodeId {
        let node = self.node(id);
        if node.kind == Kind::Alias { NodeId(node.text) } else { id }
    }

    /// The decoded text of a scalar; empty for other nodes.
    pub fn text(&self, id: NodeId) -> &str {
        let node = self.node(id);
        let (start, end) = (node.start as usize, node.end as usize);
        if !matches!(node.kind, Kind::Scalar(_)) {
            return "";
        }
        match node.text {
            VERBATIM => self.source.get(start..end).unwrap_or_default(),
            QUOTED_VERBATIM => self.source.get(start + 1..end.saturating_sub(1)).unwrap_or_default(),
            index => self.texts.get(index as usize).map_or("", Cow::as_ref),
        }
    }

    /// The resolved tag of a node, such as `tag:yaml.org,2002:str`.
    pub fn tag(&self, id: NodeId) -> Option<&str> {
        if self.node(id).tagged { self.tags.get(&id.0).map(String::as_str) } else { None }
    }

    /// Direct children: keys and values in turn for a mapping, items for a sequence.
    pub fn children(&self, id: NodeId) -> Children<'_, 't> {
        Children { tree: self, next: self.node(id).first }
    }

    /// Keys and values of a mapping, in the order of the text.
    pub fn entries(&self, id: NodeId) -> Entries<'_, 't> {
        Entries { children: self.children(id) }
    }

    /// Items of a sequence; nothing for other nodes.
    pub fn items(&self, id: NodeId) -> Children<'_, 't> {
        let next = if matches!(self.kind(id), Kind::Sequence { .. }) { self.node(id).first } else { NONE };
        Children { tree: self, next }
    }

    /// The node that holds this one.
    pub fn parent(&self, id: NodeId) -> Option<NodeId> {
        link(self.node(id).parent)
    }

    /// The value of the last entry of a mapping whose key is the string `key`; aliases are followed.
    ///
    /// Looks at written entries only, not at what `<<` merges in.
    pub fn get(&self, mapping: NodeId, key: &str) -> Option<NodeId> {
        let mapping = self.resolve(mapping);
        if !matches!(self.kind(mapping), Kind::Mapping { .. }) {
            return None;
        }
        self.entries(mapping).filter(|(name, _)| self.text(*name) == key).last().map(|(_, value)| self.resolve(value))
    }

    /// Follows `path` from `node` as far as it exists: the deepest node, and the key that leads to it if there is one.
    pub fn locate_from(&self, node: NodeId, path: &FieldPath) -> (Option<NodeId>, NodeId) {
        let mut found = (None, self.resolve(node));
        for segment in path.segments() {
            let next = match segment {
                Segment::Key(name) => self
                    .entries(found.1)
                    .filter(|(key, _)| matches!(self.kind(found.1), Kind::Mapping { .. }) && self.text(*key) == name)
                    .last()
                    .map(|(key, value)| (Some(key), self.resolve(value))),
                Segment::Index(index) => self.items(found.1).nth(*index).map(|item| (None, self.resolve(item))),
            };
            match next {
                Some(next) => found = next,
                None => break,
            }
        }
        found
    }

    /// The keys in a node, and below it, that come again later in the same mapping, in the order of the text: the last
    /// one counts. Aliases are not followed.
    pub fn repeated_keys(&self, id: NodeId) -> Vec<NodeId> {
        let mut found = Vec::new();
        for mapping in self.subtree(id).filter(|it| matches!(self.kind(*it), Kind::Mapping { .. })) {
            let mut last: BTreeMap<&str, NodeId> = BTreeMap::new();
            for (key, _) in self.entries(mapping).filter(|(key, _)| matches!(self.kind(*key), Kind::Scalar(_))) {
                found.extend(last.insert(self.text(key), key));
            }
        }
        found.sort_by_key(|key| self.span(*key).start);
        found
    }

    /// A node and everything below it, in the order of the text; aliases are not followed.
    pub(super) fn subtree(&self, id: NodeId) -> impl Iterator<Item = NodeId> {
        let mut last = id;
        while let Some(below) = link(self.node(last).last) {
            last = below;
        }
        (id.0..=last.0).map(NodeId)
    }

    pub(super) fn is_zero_width(&self, id: NodeId) -> bool {
        let node = self.node(id);
        node.start == node.end
    }
}

/// Turns a raw link into a node.
pub(super) fn link(raw: u32) -> Option<NodeId> {
    (raw != NONE).then_some(NodeId(raw))
}

/// Iterator over the children of a node.
#[derive(Debug, Clone)]
pub struct Children<'n, 't> {
    tree: &'n Tree<'t>,
    next: u32,
}

impl Iterator for Children<'_, '_> {
    type Item = NodeId;

    fn next(&mut self) -> Option<NodeId> {
        let id = link(self.next)?;
        self.next = self.tree.node(id).next;
        Some(id)
    }
}

/// Iterator over the entries of a mapping.
#[derive(Debug, Clone)]
pub struct Entries<'n, 't> {
    children: Children<'n, 't>,
}

impl Iterator for Entries<'_, '_> {
    type Item = (NodeId, NodeId);

    fn next(&mut self) -> Option<(NodeId, NodeId)> {
        Some((self.children.next()?, self.children.next()?))
    }
}
