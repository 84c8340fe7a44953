//! What go-yaml v2 and the parser used here read differently. The list was found by comparing both on mutated manifests.

use super::edit::Refusal;
use super::parse::ParseError;
use super::scan;
use super::tree::{Kind, NodeId, ScalarStyle, Tree, narrow};

/// Refuses to edit a document that go-yaml v2 may read differently.
pub(super) fn check(tree: &Tree<'_>) -> Result<(), Refusal> {
    check_bytes(tree.source())?;
    check_nodes(tree)
}

impl Tree<'_> {
    /// Refuses a document in which go-yaml v2 may see other keys or objects, so that nothing can be said of it. Line breaks
    /// of some readers only are harmless in quotes: they change a text there, and no structure.
    pub fn check_reading(&self) -> Result<(), ParseError> {
        // What the fast scanner takes is read alike by all, but for merges.
        if self.regular && memchr::memmem::find(self.source().as_bytes(), b"<<").is_none() {
            return Ok(());
        }
        let mappings = || (0..self.nodes.len()).map(|index| NodeId(narrow(index)));
        check_breaks(self)
            .and_then(|()| check_nodes(self))
            .and_then(|()| mappings().filter(|id| self.has_merge(*id)).try_for_each(|id| check_merges(self, id)))
            .map_err(|it| ParseError::new(it.reason, it.offset))
    }

    /// Whether a node is a mapping with a merge.
    fn has_merge(&self, id: NodeId) -> bool {
        matches!(self.kind(id), Kind::Mapping { .. }) && self.entries(id).any(|(key, _)| self.is_merge(key))
    }
}

/// Refuses characters outside of quotes that are a line break for some readers only.
fn check_breaks(tree: &Tree<'_>) -> Result<(), Refusal> {
    if tree.source().is_ascii() {
        return Ok(());
    }
    let quoted = tree
        .nodes
        .iter()
        .filter(|node| matches!(node.kind, Kind::Scalar(ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted)));
    let mut quoted = quoted.map(|node| node.start as usize..node.end as usize).peekable();
    for (at, character) in tree.source().char_indices() {
        let Some(reason) = odd_break(at, character) else { continue };
        while quoted.next_if(|range| range.end <= at).is_some() {}
        if !quoted.peek().is_some_and(|range| range.contains(&at)) {
            return Err(Refusal::new(reason, at));
        }
    }
    Ok(())
}

/// Refuses a merge that stands behind a key which it brings too: for go-yaml v2 the merge counts, for v3, by which
/// Kustomize and Helm 4 read, the key.
fn check_merges(tree: &Tree<'_>, mapping: NodeId) -> Result<(), Refusal> {
    let mut written: Vec<NodeId> = Vec::new();
    for (key, value) in tree.entries(mapping) {
        if !tree.is_merge(key) {
            written.push(key);
            continue;
        }
        let merged = tree.value(value)?;
        let maps: Vec<_> = merged.as_array().map_or_else(|| vec![&merged], |items| items.iter().collect());
        for &key in &written {
            let name = tree.key(key)?;
            if maps.iter().any(|map| map.get(&*name).is_some()) {
                let reason =
                    format!("a merge (`<<`) behind `{name}` brings it too: only some readers take that of the merge");
                return Err(Refusal::new(reason, tree.span(key).start));
            }
        }
    }
    Ok(())
}

fn check_nodes(tree: &Tree<'_>) -> Result<(), Refusal> {
    (0..tree.nodes.len()).try_for_each(|index| check_node(tree, NodeId(narrow(index))))
}

fn check_bytes(source: &str) -> Result<(), Refusal> {
    let bytes = source.as_bytes();
    if let Some(at) = memchr::memchr_iter(b'\r', bytes).find(|at| bytes.get(at + 1) != Some(&b'\n')) {
        return Err(Refusal::new("a carriage return without a line feed is a line break only for some readers", at));
    }
    if source.is_ascii() {
        return Ok(());
    }
    let odd = source.char_indices().find_map(|(at, character)| Some((at, odd_break(at, character)?)));
    odd.map_or(Ok(()), |(at, reason)| Err(Refusal::new(reason, at)))
}

/// What is odd about a character, if some readers take it for a line break, or for nothing.
fn odd_break(at: usize, character: char) -> Option<String> {
    match character {
        '\u{85}' | '\u{2028}' | '\u{2029}' => {
            Some(format!("U+{:04X} is a line break only for some readers", u32::from(character)))
        }
        '\u{feff}' if at > 0 => Some("a byte order mark inside a document is read differently by some".to_owned()),
        _ => None,
    }
}

fn check_node(tree: &Tree<'_>, id: NodeId) -> Result<(), Refusal> {
    let bytes = tree.source().as_bytes();
    let node = tree.node(id);
    let span = tree.span(id);
    let refuse = |reason: &str| Err(Refusal::new(reason, span.start));
    match node.kind {
        Kind::Mapping { flow: true } => {
            for (key, _) in tree.entries(id) {
                let plain = tree.kind(key) == Kind::Scalar(ScalarStyle::Plain);
                let separator = tree.node(key).separator as usize;
                if plain && matches!(bytes.get(separator), Some(b',' | b'[' | b']' | b'{' | b'}')) {
                    return refuse("a plain key in braces needs a blank after its colon");
                }
            }
        }
        Kind::Scalar(ScalarStyle::Plain) if bytes.get(span.start) == Some(&b'?') => {
            return refuse("a plain scalar that begins with `?` is a key only for some readers");
        }
        Kind::Alias if bytes.get(span.range()).is_some_and(|name| name.contains(&b':')) => {
            return refuse("an anchor name with a colon is read differently by some");
        }
        _ => {}
    }
    if node.anchored {
        let line = scan::line_start(bytes, span.start);
        let before = bytes.get(line..span.start).unwrap_or_default();
        let name = memchr::memrchr(b'&', before).and_then(|at| before.get(at..)).unwrap_or_default();
        if name.contains(&b':') {
            return refuse("an anchor name with a colon is read differently by some");
        }
    }
    Ok(())
}
