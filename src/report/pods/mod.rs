//! Verdicts on pods: as text, as JSON and as SARIF.

mod json;
mod sarif;
mod text;

use crate::text::{LineColumn, LineIndex};
use crate::verdict::PodVerdict;

use super::text::Origin;
pub use json::write_json;
pub use sarif::write_sarif;
pub use text::write_text;

/// One text that was checked, with an index of its lines: a report may point into it thousands of times.
#[derive(Debug, Clone)]
pub struct Input<'t> {
    origin: Origin<'t>,
    is_file: bool,
    lines: LineIndex<'t>,
}

impl<'t> Input<'t> {
    /// A file, by the path that the user gave.
    pub fn file(path: &'t str, text: &'t str) -> Self {
        Self { origin: Origin { name: path, text }, is_file: true, lines: LineIndex::new(text) }
    }

    /// A text that came through a stream, by what people call it.
    pub fn stream(name: &'t str, text: &'t str) -> Self {
        Self { is_file: false, ..Self::file(name, text) }
    }

    /// The text, and what people call it.
    pub(in crate::report) const fn origin(&self) -> Origin<'t> {
        self.origin
    }

    /// The file that the user has named; absent for a stream.
    pub(in crate::report) fn path(&self) -> Option<&'t str> {
        self.is_file.then_some(self.origin.name)
    }

    pub(in crate::report) fn line_column(&self, offset: usize) -> LineColumn {
        self.lines.line_column(offset)
    }
}

/// `Pod a/b violates`, or `pods of Deployment a/b violate`.
fn violates(pod: &PodVerdict) -> String {
    let kind = &pod.object.gvk.kind;
    let name = format!("{kind} {}/{}", pod.namespace, pod.object.name);
    if kind == "Pod" { format!("{name} violates") } else { format!("pods of {name} violate") }
}

#[cfg(test)]
mod tests;
