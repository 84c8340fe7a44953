//! Renderers: findings, problems and verdicts, for people and for programs. Pure; the edge decides where the text goes.

mod diff;
mod findings;
mod pods;
mod sarif;
mod text;

pub use diff::unified_diff;
pub use findings::{write_findings_json, write_findings_sarif, write_findings_text};
pub use pods::{Input, write_json, write_sarif, write_text};
pub use text::{Excerpt, Origin, Painter, WithSource};
