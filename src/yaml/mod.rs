//! YAML as Kubernetes reads it, with the position of every node, and edits that touch nothing else.

mod binary;
mod de;
mod dialect;
mod edit;
mod emit;
mod fast;
mod fault;
mod parse;
mod path;
mod scalar;
mod scan;
mod tree;
mod value;

pub use de::from_node;
pub use edit::{Editor, Refusal, TwinKey};
pub use emit::{Style, block, flow};
pub use fault::DeError;
pub use parse::ParseError;
pub use path::{FieldPath, Segment};
pub use tree::{Children, Entries, Kind, NodeId, ScalarStyle, Tree};
pub use value::ValueError;
