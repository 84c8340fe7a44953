use super::Span;

/// Replacement of one byte range of the original text; an insertion has an empty span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextEdit {
    /// The bytes of the original that go.
    pub span: Span,
    /// The text that takes their place.
    pub text: String,
}

impl TextEdit {
    /// Inserts `text` before the byte at `offset`.
    pub fn insert(offset: usize, text: impl Into<String>) -> Self {
        Self { span: Span::at(offset), text: text.into() }
    }

    /// Replaces `span` by `text`.
    pub fn replace(span: Span, text: impl Into<String>) -> Self {
        Self { span, text: text.into() }
    }

    /// Removes `span`.
    pub fn delete(span: Span) -> Self {
        Self { span, text: String::new() }
    }
}

/// Edits that cannot be applied together; always a fault of the caller, never of the input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// Two edits change the same bytes.
    #[error("two edits overlap at byte {0}")]
    Overlap(usize),
    /// An edit reaches past the end of the text or cuts a character in two.
    #[error("an edit at byte {0} does not fit the text")]
    OutOfBounds(usize),
}

/// Sorts the edits of a text by position and checks that they are disjoint and lie inside it. Insertions at one offset
/// keep their order and come before a replacement that starts there.
pub fn sort_and_check(text: &str, edits: &mut [TextEdit]) -> Result<(), EditError> {
    edits.sort_by_key(|edit| edit.span);
    let mut done = 0;
    for edit in edits {
        if text.get(edit.span.range()).is_none() {
            return Err(EditError::OutOfBounds(edit.span.start));
        }
        if edit.span.start < done {
            return Err(EditError::Overlap(edit.span.start));
        }
        done = edit.span.end;
    }
    Ok(())
}

/// Applies sorted, disjoint edits in one pass; every byte outside them is copied.
pub fn splice(text: &str, edits: &[TextEdit]) -> Result<String, EditError> {
    let grown = text.len() + edits.iter().map(|edit| edit.text.len()).sum::<usize>();
    let mut out = String::with_capacity(grown);
    let mut done = 0;
    for edit in edits {
        let kept = text.get(done..edit.span.start).ok_or(EditError::OutOfBounds(edit.span.start))?;
        out.push_str(kept);
        out.push_str(&edit.text);
        done = edit.span.end;
    }
    out.push_str(text.get(done..).ok_or(EditError::OutOfBounds(done))?);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_what_no_edit_covers() {
        let mut edits =
            vec![TextEdit::replace(Span::new(4, 5), "C"), TextEdit::insert(0, "<"), TextEdit::insert(0, "=")];
        sort_and_check("a b c d", &mut edits).unwrap();
        assert_eq!(splice("a b c d", &edits).unwrap(), "<=a b C d");
    }

    #[test]
    fn refuses_overlap() {
        let mut edits = vec![TextEdit::delete(Span::new(0, 3)), TextEdit::insert(2, "x")];
        assert_eq!(sort_and_check("a b c", &mut edits), Err(EditError::Overlap(2)));
    }

    #[test]
    fn refuses_to_cut_a_character() {
        assert_eq!(splice("ü", &[TextEdit::insert(1, "x")]), Err(EditError::OutOfBounds(1)));
    }

    #[test]
    fn refuses_what_lies_outside_the_text() {
        for (start, end) in [(1, 2), (0, 1), (3, 3), (2, 4)] {
            let mut edits = [TextEdit::delete(Span::new(start, end))];
            assert_eq!(sort_and_check("ü", &mut edits), Err(EditError::OutOfBounds(start)), "{start}..{end}");
        }
        assert_eq!(sort_and_check("ü", &mut [TextEdit::delete(Span::new(0, 2)), TextEdit::insert(2, "x")]), Ok(()));
    }
}
