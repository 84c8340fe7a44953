//! One document of a stream, parsed: the objects in it, where each of their fields stands, and what prevents reading
//! it.

mod chunks;
mod objects;
mod parsed;
mod problem;

pub(crate) use chunks::map_chunks;
pub use objects::{objects, objects_of_kinds, readable_objects_of_kinds};
pub(crate) use parsed::{ObjectNode, ParsedDocument};
pub use problem::{Error, Problem};
pub(crate) use problem::{check_framing, unreadable};
