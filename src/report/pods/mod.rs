//! Verdicts on pods: as text, as JSON and as SARIF.

mod json;
mod sarif;
mod text;

use crate::finding::Finding;
use crate::text::{LineColumn, LineIndex};
use crate::verdict::PodVerdict;

use super::text::NamedText;
pub use json::write_json;
pub use sarif::write_sarif;
pub use text::write_text;

/// One text that was checked, with an index of its lines: a report may point into it thousands of times.
#[derive(Debug, Clone)]
pub struct Input<'t> {
    named: NamedText<'t>,
    is_file: bool,
    lines: LineIndex<'t>,
}

impl<'t> Input<'t> {
    /// A file, by the path that the user gave.
    pub fn file(path: &'t str, text: &'t str) -> Self {
        Self { named: NamedText { name: path, text }, is_file: true, lines: LineIndex::new(text) }
    }

    /// A text that came through a stream, by what people call it.
    pub fn stream(name: &'t str, text: &'t str) -> Self {
        Self { is_file: false, ..Self::file(name, text) }
    }

    /// The one of the inputs that a finding points into.
    pub(in crate::report) fn of<'i>(inputs: &'i [Self], finding: &Finding) -> Option<&'i Self> {
        inputs.get(finding.location.as_ref()?.stream)
    }

    /// The text, and what people call it.
    pub(in crate::report) const fn named(&self) -> NamedText<'t> {
        self.named
    }

    /// The file that the user has named; absent for a stream.
    pub(in crate::report) fn path(&self) -> Option<&'t str> {
        self.is_file.then_some(self.named.name)
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
