//! Who may talk to whom, in the forms that people and programs read.

mod csv;
mod dot;
mod explanation_json;
mod explanation_text;
mod json;
mod markdown;
mod svg;
mod text;

pub use csv::write_csv;
pub use dot::write_dot;
pub use explanation_json::write_explanation_json;
pub use explanation_text::write_explanation_text;
pub use json::write_connections_json;
pub use markdown::write_markdown;
pub use svg::write_svg;
pub use text::write_connections_text;

/// The column of what passes where `ipBlock` matches pods.
const WITH_PODS_COLUMN: &str = "conn_where_ipblock_matches_pods";

#[cfg(test)]
mod tests;
