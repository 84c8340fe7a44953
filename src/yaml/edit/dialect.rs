use super::Refusal;
use crate::yaml::scan;
use crate::yaml::tree::{Kind, NodeId, ScalarStyle, Tree};

/// Refuses a document that go-yaml v2 may read differently from the parser used here. The list was found by comparing
/// both on mutated manifests.
pub(super) fn check(tree: &Tree<'_>) -> Result<(), Refusal> {
    check_bytes(tree.source())?;
    (0..tree.nodes.len()).try_for_each(|index| check_node(tree, NodeId(u32::try_from(index).unwrap_or_default())))
}

fn check_bytes(source: &str) -> Result<(), Refusal> {
    let bytes = source.as_bytes();
    if let Some(at) = memchr::memchr_iter(b'\r', bytes).find(|at| bytes.get(at + 1) != Some(&b'\n')) {
        return Err(Refusal::new("a carriage return without a line feed is a line break only for some readers", at));
    }
    if source.is_ascii() {
        return Ok(());
    }
    for (at, character) in source.char_indices() {
        match character {
            '\u{85}' | '\u{2028}' | '\u{2029}' => {
                let reason = format!("U+{:04X} is a line break only for some readers", u32::from(character));
                return Err(Refusal::new(reason, at));
            }
            '\u{feff}' if at > 0 => {
                return Err(Refusal::new("a byte order mark inside a document is read differently by some", at));
            }
            _ => {}
        }
    }
    Ok(())
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
