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
