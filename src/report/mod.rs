//! Renderers: findings, problems and verdicts, for people and for programs. Pure; the edge decides where the text goes.

mod diff;
mod pods;
mod text;

pub use diff::unified_diff;
pub use pods::{Input, write_json, write_sarif, write_text};
pub use text::{Excerpt, Origin, Painter, WithSource};
