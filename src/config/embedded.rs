//! Positions of a text inside a scalar, as offsets of the text around it.

use crate::text::Span;
use crate::yaml::{Kind, NodeId, ScalarStyle, Tree};

/// Where the bytes of a scalar's text are written.
#[derive(Debug)]
pub(super) struct Embedding {
    /// The scalar, for positions that cannot be mapped.
    whole: Span,
    mapping: Mapping,
}

#[derive(Debug)]
enum Mapping {
    /// The text is written as it is, from this offset on.
    Verbatim(usize),
    /// A literal block: start of each line in the text, and in the source after the indentation.
    Lines(Vec<(usize, usize)>),
    /// Escapes or folding stand between text and source.
    Unknown,
}

impl Embedding {
    /// Maps the text of a scalar.
    pub(super) fn of(tree: &Tree<'_>, scalar: NodeId) -> Self {
        let whole = tree.span(scalar);
        let text = tree.text(scalar);
        let written = tree.source().get(whole.range()).unwrap_or_default();
        let quoted = written.get(1..written.len().saturating_sub(1));
        let mapping = match tree.kind(scalar) {
            Kind::Scalar(ScalarStyle::Literal) => {
                literal(text, written, whole.start).map_or(Mapping::Unknown, Mapping::Lines)
            }
            Kind::Scalar(_) if written == text => Mapping::Verbatim(whole.start),
            Kind::Scalar(_) if quoted == Some(text) => Mapping::Verbatim(whole.start + 1),
            _ => Mapping::Unknown,
        };
        Self { whole, mapping }
    }

    /// A text of unknown origin inside `whole`.
    pub(super) const fn unknown(whole: Span) -> Self {
        Self { whole, mapping: Mapping::Unknown }
    }

    /// The place in the source of a place in the text.
    pub(super) fn outer(&self, inner: Span) -> Span {
        match &self.mapping {
            Mapping::Verbatim(start) => inner.shifted(*start),
            Mapping::Lines(lines) => {
                let offset = |offset: usize| {
                    let after = lines.partition_point(|(start, _)| *start <= offset);
                    let (inner, outer) = after.checked_sub(1).and_then(|line| lines.get(line))?;
                    Some((outer + (offset - inner)).min(self.whole.end))
                };
                match (offset(inner.start), offset(inner.end)) {
                    (Some(start), Some(end)) => Span::new(start, end.max(start)),
                    _ => self.whole,
                }
            }
            Mapping::Unknown => self.whole,
        }
    }
}

/// Pairs the lines of a literal block with those of its source; absent if they do not correspond.
fn literal(text: &str, written: &str, start: usize) -> Option<Vec<(usize, usize)>> {
    let mut source = written.split_inclusive('\n');
    let mut outer = start + source.next()?.len();
    let mut inner = 0;
    let mut lines = Vec::new();
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches(['\r', '\n']);
        let around = source.next()?;
        let indentation = around.trim_end_matches(['\r', '\n']).strip_suffix(content)?;
        if !indentation.bytes().all(|byte| byte == b' ') {
            return None;
        }
        lines.push((inner, outer + indentation.len()));
        inner += line.len();
        outer += around.len();
    }
    Some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The source text at the place of `needle` in the scalar `a`.
    fn mapped<'s>(source: &'s str, needle: &str) -> &'s str {
        let tree = Tree::parse(source).unwrap();
        let scalar = tree.get(tree.root().unwrap(), "a").unwrap();
        let at = tree.text(scalar).find(needle).unwrap();
        source.get(Embedding::of(&tree, scalar).outer(Span::new(at, at + needle.len())).range()).unwrap()
    }

    #[test]
    fn maps_literal_blocks_and_verbatim_scalars() {
        for source in [
            "a: |\n  x: 1\n\n  y:\n    z: ü\n",
            "a: |2- # note\n    x: 1\n\n  z: ü",
            "a: |\r\n  x: 1\r\n  z: ü\r\n",
            "a: 'z: ü'",
            "a: \"z: ü\"",
            "a: z[ü]",
        ] {
            let needle = if source.contains("z: ü") { "z: ü" } else { "z[ü]" };
            assert_eq!(mapped(source, needle), needle, "{source:?}");
        }
    }

    #[test]
    fn gives_the_whole_scalar_where_text_and_source_differ() {
        assert_eq!(mapped("a: \"x\\ty\"", "y"), "\"x\\ty\"");
        assert_eq!(mapped("a: >-\n  x\n  y\n", "y"), ">-\n  x\n  y\n");
    }

    #[test]
    fn stays_inside_the_scalar() {
        let tree = Tree::parse("a: |\n  x\n").unwrap();
        let scalar = tree.get(tree.root().unwrap(), "a").unwrap();
        assert_eq!(Embedding::of(&tree, scalar).outer(Span::new(0, 99)), Span::new(7, 9));
    }
}
