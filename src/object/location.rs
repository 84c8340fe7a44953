use crate::text::Span;
use crate::yaml::FieldPath;

/// Where something of the input is: symbolic, with a span once the document has been mapped to text. The order is that
/// of the input.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Location {
    /// The number of the stream among those of the input, from 0; the filter has one.
    pub stream: usize,
    /// Position of the document in the stream, or of the item in a `ResourceList`, from 0.
    pub document: usize,
    /// The byte range in the stream, where known.
    pub span: Option<Span>,
    /// The field, from the root of the document or the item.
    pub path: FieldPath,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_the_input() {
        let at = |stream, document, start| Location {
            stream,
            document,
            span: Some(Span::at(start)),
            path: FieldPath::root(),
        };
        let mut places = [at(1, 0, 0), at(0, 2, 1), at(0, 1, 9), at(0, 1, 3)];
        places.sort();
        assert_eq!(places, [at(0, 1, 3), at(0, 1, 9), at(0, 2, 1), at(1, 0, 0)]);
    }
}
