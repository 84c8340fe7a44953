use crate::object::{Location, ResourceId};
use crate::stream::{Document, Stream};
use crate::text::Span;
use crate::yaml::{FieldPath, ParseError};

/// Something about the input that prevents a correct result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, one line.
    pub message: String,
    /// The object, where it could be read.
    pub object: Option<ResourceId>,
    /// Where; the path is that of the document where no field is meant.
    pub location: Location,
    /// The way out.
    pub help: String,
}

/// Why there is no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The input cannot be processed with certainty.
    #[error("{}", .0.message)]
    Input(Box<Problem>),
    /// A promise did not hold; a fault of floe, never of the input.
    #[error("internal error: {0}")]
    Internal(String),
}

impl Error {
    pub(crate) fn input(problem: Problem) -> Self {
        Self::Input(Box::new(problem))
    }
}

/// The error of a document that has to be read and cannot be.
pub(crate) fn unreadable(stream: &Stream<'_>, index: usize, document: Document, error: &ParseError) -> Error {
    Error::input(Problem {
        message: format!("this document cannot be read as YAML: {}", error.message),
        object: None,
        location: Location {
            stream: stream.number,
            document: index,
            span: Some(Span::at(document.content.start + error.offset)),
            path: FieldPath::root(),
        },
        help:
            "floe has to read every document that may hold a pod template; correct it, or check whether the input was \
               cut off"
                .to_owned(),
    })
}

/// Refuses a stream that readers take apart at different places.
pub(crate) fn check_framing(stream: &Stream<'_>) -> Result<(), Error> {
    let Some(at) = stream.doubtful_separator else { return Ok(()) };
    let document = stream.documents.iter().position(|document| document.span.end > at).unwrap_or_default();
    Err(Error::input(Problem {
        message: "kubectl takes this line for a separator of documents, and YAML takes it for text".to_owned(),
        object: None,
        location: Location {
            stream: stream.number,
            document,
            span: Some(Span::new(at, at + 3)),
            path: FieldPath::root(),
        },
        help: "write `---` with nothing but blanks and a comment behind it".to_owned(),
    }))
}
