//! Framing: a text becomes documents, each a byte range with its separator. Joining them gives back the text.
//!
//! Knows nothing of pods. A `ResourceList` is a stream of one document; what it holds is found by parsing it.

mod classify;
mod frame;

pub use classify::{Class, classify};
pub use frame::{Document, Format, Stream, frame, frame_all};

/// The annotation by which Helm 4 names the file of each document (`postrenderer/v1`).
pub const HELM_FILENAME_ANNOTATION: &str = "postrenderer.helm.sh/postrender-filename";
