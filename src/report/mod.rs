//! Renderers: findings, problems and verdicts, for people and for programs. Pure; the edge decides where the text goes.

mod audit;
mod comparison;
mod diff;
mod escape;
mod findings;
mod network;
mod network_summary;
mod plugins;
mod pods;
mod sarif;
mod text;

pub use audit::{write_audit_html, write_audit_json, write_audit_markdown, write_audit_sarif, write_audit_text};
pub use comparison::{write_comparison_json, write_comparison_markdown, write_comparison_text};
pub use diff::unified_diff;
pub use escape::one_line;
pub use findings::{write_findings_json, write_findings_sarif, write_findings_text};
pub use network::{
    write_connections_json, write_connections_text, write_csv, write_dot, write_explanation_json,
    write_explanation_text, write_markdown, write_svg,
};
pub use network_summary::write_network_summary;
pub use plugins::{write_enforcers_json, write_enforcers_text};
pub use pods::{Input, write_json, write_sarif, write_text};
pub use text::{Excerpt, NamedText, Painter, WithSource};
