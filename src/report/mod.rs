//! Renderers: findings and problems for people. Pure; the edge decides where the text goes.

mod text;

pub use text::{Excerpt, Origin, Painter, WithSource};
