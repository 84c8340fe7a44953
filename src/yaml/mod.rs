//! YAML as Kubernetes reads it, with the position of every node, and edits that touch nothing else.

mod path;

pub use path::{FieldPath, Segment};
