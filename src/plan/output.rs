use std::io;

use crate::text::{EditError, TextEdit, sort_and_check};

/// The result as edits of the input: what is not edited is never copied.
#[derive(Debug)]
pub struct Output<'t> {
    text: &'t str,
    edits: Vec<TextEdit>,
}

impl<'t> Output<'t> {
    /// Sorts the edits and checks that they are disjoint and lie inside the text, so that no piece of it can be
    /// missing.
    pub fn new(text: &'t str, mut edits: Vec<TextEdit>) -> Result<Self, EditError> {
        sort_and_check(text, &mut edits)?;
        Ok(Self { text, edits })
    }

    /// Whether the result is the input.
    pub fn is_unchanged(&self) -> bool {
        self.edits.is_empty()
    }

    /// The edits, sorted.
    pub fn edits(&self) -> &[TextEdit] {
        &self.edits
    }

    /// The pieces of the result, in order.
    pub fn pieces(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.edits.iter().map(|edit| edit.span.end));
        let ends = self.edits.iter().map(|edit| edit.span.start).chain([self.text.len()]);
        let inserted = self.edits.iter().map(|edit| edit.text.as_str()).chain([""]);
        starts.zip(ends).zip(inserted).flat_map(|((start, end), inserted)| {
            [self.text.get(start..end).unwrap_or_default(), inserted].into_iter().filter(|piece| !piece.is_empty())
        })
    }

    /// Writes the result.
    pub fn write_to(&self, writer: &mut impl io::Write) -> io::Result<()> {
        self.pieces().try_for_each(|piece| writer.write_all(piece.as_bytes()))
    }
}

impl std::fmt::Display for Output<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.pieces().try_for_each(|piece| f.write_str(piece))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Span;

    #[test]
    fn an_edit_outside_the_text_is_an_error_and_never_a_missing_piece() {
        assert!(Output::new("ü", vec![TextEdit::insert(1, "x")]).is_err());
        assert!(Output::new("ü", vec![TextEdit::delete(Span::new(1, 9))]).is_err());
        assert_eq!(Output::new("ü", vec![TextEdit::insert(2, "x")]).unwrap().to_string(), "üx");
    }
}
