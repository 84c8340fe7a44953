//! Offsets, lines and edits of source text. Knows nothing of YAML.

mod edit;
mod excerpt;
mod line_index;
mod nearest;
mod span;

pub use edit::{EditError, TextEdit, sort_and_check, splice};
pub use excerpt::excerpt;
pub use line_index::{LineColumn, LineIndex};
pub use nearest::nearest;
pub use span::Span;
