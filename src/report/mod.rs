//! Renderers: findings and problems for people. Pure; the edge decides where the text goes.

mod diff;
mod text;

pub use diff::unified_diff;
pub use text::{Excerpt, Origin, Painter, WithSource};
