use std::io::{self, Write};
use std::ops::Range;

use crate::text::{Span, TextEdit};

/// Unchanged lines shown around a change.
const CONTEXT: usize = 3;

/// Writes edits of a text as a unified diff, in the form that `git apply` and `patch -p1` take.
///
/// The edits have to be sorted and disjoint. What they leave alone is never compared, so the time does not depend on
/// how the texts look.
pub fn unified_diff(name: &str, text: &str, edits: &[TextEdit], out: &mut impl Write) -> io::Result<()> {
    let lines = Lines::of(text);
    let changes = changes(&lines, edits);
    if !changes.is_empty() {
        writeln!(out, "--- a/{name}\n+++ b/{name}")?;
    }
    let (mut grown, mut shrunk) = (0, 0);
    for hunk in changes.chunk_by(|a, b| b.old.start - a.old.end <= 2 * CONTEXT) {
        let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else { continue };
        let shown = first.old.start.saturating_sub(CONTEXT)..(last.old.end + CONTEXT).min(lines.count());
        let new_start = shown.start + grown - shrunk;
        grown += hunk.iter().map(|change| change.new.len()).sum::<usize>();
        shrunk += hunk.iter().map(|change| change.old.len()).sum::<usize>();
        let new_end = shown.end + grown - shrunk;
        let header = (range(shown.start, shown.len()), range(new_start, new_end - new_start));
        writeln!(out, "@@ -{} +{} @@", header.0, header.1)?;
        let mut at = shown.start;
        for change in hunk {
            write_lines(out, ' ', lines.slice(at..change.old.start))?;
            write_lines(out, '-', lines.slice(change.old.clone()))?;
            write_lines(out, '+', change.new.iter().map(String::as_str))?;
            at = change.old.end;
        }
        write_lines(out, ' ', lines.slice(at..shown.end))?;
    }
    Ok(())
}

/// Position and number of lines; an empty range is said to stand behind the line before it.
fn range(start: usize, count: usize) -> String {
    if count == 0 { format!("{start},0") } else { format!("{},{count}", start + 1) }
}

fn write_lines<'l>(out: &mut impl Write, sign: char, lines: impl Iterator<Item = &'l str>) -> io::Result<()> {
    for line in lines {
        write!(out, "{sign}{line}")?;
        if !line.ends_with('\n') {
            writeln!(out, "\n\\ No newline at end of file")?;
        }
    }
    Ok(())
}

/// A text by lines, each with its line break.
struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Self {
        let after_breaks = memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1);
        let starts = std::iter::once(0).chain(after_breaks).filter(|start| *start < text.len()).collect();
        Self { text, starts }
    }

    fn count(&self) -> usize {
        self.starts.len()
    }

    /// Start of a line, or the end of the text.
    fn start(&self, line: usize) -> usize {
        self.starts.get(line).copied().unwrap_or(self.text.len())
    }

    /// Number of lines that begin at or before an offset.
    fn begun(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }

    /// The lines that a span touches; none for an insertion between two lines.
    fn touched(&self, span: Span) -> Range<usize> {
        let first = self.begun(span.start).saturating_sub(1);
        if span.start == self.text.len() && self.text.ends_with('\n') || self.text.is_empty() {
            return self.count()..self.count();
        }
        if self.start(first) == span.start && span.is_empty() {
            return first..first;
        }
        let last = if span.is_empty() { span.start } else { span.end - 1 };
        first..self.begun(last)
    }

    fn slice(&self, lines: Range<usize>) -> impl Iterator<Item = &'t str> {
        let end = self.start(lines.end);
        self.text.get(self.start(lines.start)..end).unwrap_or_default().split_inclusive('\n')
    }
}

/// Lines that go and lines that come in their place.
struct Change {
    old: Range<usize>,
    new: Vec<String>,
}

fn changes(lines: &Lines<'_>, edits: &[TextEdit]) -> Vec<Change> {
    let mut groups: Vec<(Range<usize>, Vec<&TextEdit>)> = Vec::new();
    for edit in edits {
        let mut touched = lines.touched(edit.span);
        // Text without a line break at its end becomes one with the line that follows.
        if !edit.text.is_empty() && !edit.text.ends_with('\n') || edit.text.is_empty() && !ends_line(lines, edit.span) {
            touched.end = touched.end.max(lines.begun(edit.span.end).min(lines.count()));
        }
        match groups.last_mut().filter(|(range, _)| touched.start < range.end || touched.start == range.start) {
            Some((range, group)) => {
                range.end = range.end.max(touched.end);
                group.push(edit);
            }
            None => groups.push((touched, vec![edit])),
        }
    }
    let changes = groups.into_iter().map(|(old, edits)| change(lines, old, &edits));
    changes.filter(|change| !change.old.is_empty() || !change.new.is_empty()).collect()
}

fn ends_line(lines: &Lines<'_>, span: Span) -> bool {
    lines.text.get(..span.end).is_some_and(|before| before.ends_with('\n'))
}

fn change(lines: &Lines<'_>, old: Range<usize>, edits: &[&TextEdit]) -> Change {
    let mut text = String::new();
    let mut at = lines.start(old.start);
    for edit in edits {
        text.push_str(lines.text.get(at..edit.span.start).unwrap_or_default());
        text.push_str(&edit.text);
        at = edit.span.end;
    }
    text.push_str(lines.text.get(at..lines.start(old.end)).unwrap_or_default());
    let mut new: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    // A line that stays is context, also where an edit begins behind it.
    let before: Vec<&str> = lines.slice(old.clone()).collect();
    let head = before.iter().zip(&new).take_while(|(before, new)| *before == *new).count();
    let rest = before.len().min(new.len()) - head;
    let tail = before.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(before, new)| *before == *new).count();
    new.truncate(new.len() - tail);
    new.drain(..head);
    Change { old: old.start + head..old.end - tail, new }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::splice;

    fn diff(text: &str, edits: &[TextEdit]) -> String {
        let mut out = Vec::new();
        unified_diff("x", text, edits, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn shows_lines_around_a_change() {
        let text = "a\nb\nc\nd\ne\nf\ng\n";
        let edits = [TextEdit::insert(8, "new\n"), TextEdit::replace(Span::new(10, 11), "F")];
        assert_eq!(diff(text, &edits), "--- a/x\n+++ b/x\n@@ -2,6 +2,7 @@\n b\n c\n d\n+new\n e\n-f\n+F\n g\n");
        assert_eq!(diff(text, &[]), "");
    }

    #[test]
    fn tells_of_a_missing_line_break() {
        let shown = diff("a", &[TextEdit::insert(1, "\nb\n")]);
        assert_eq!(shown, "--- a/x\n+++ b/x\n@@ -1,1 +1,2 @@\n-a\n\\ No newline at end of file\n+a\n+b\n");
        let shown = diff("a\nb", &[TextEdit::insert(0, "n\n")]);
        assert_eq!(shown, "--- a/x\n+++ b/x\n@@ -1,2 +1,3 @@\n+n\n a\n b\n\\ No newline at end of file\n");
    }

    /// Applies a diff as strictly as it is written: every line has to be where it says.
    fn apply(text: &str, diff: &str) -> String {
        let old: Vec<&str> = text.split_inclusive('\n').collect();
        let mut new: Vec<String> = Vec::new();
        let mut at = 0;
        let mut lines = diff.split_inclusive('\n').skip(2).peekable();
        while let Some(line) = lines.next() {
            if let Some(header) = line.strip_prefix("@@ -") {
                let (from, to) = header.trim_end_matches(" @@\n").split_once(" +").unwrap();
                let read = |range: &str| -> (usize, usize) {
                    let (start, count) = range.split_once(',').unwrap();
                    let (start, count): (usize, usize) = (start.parse().unwrap(), count.parse().unwrap());
                    (if count == 0 { start } else { start - 1 }, count)
                };
                let start = read(from).0;
                new.extend(old[at..start].iter().map(|line| (*line).to_owned()));
                at = start;
                assert_eq!(new.len(), read(to).0, "{diff}");
                continue;
            }
            let unended = lines.next_if(|next| next.starts_with('\\')).is_some();
            let content = if unended { line.trim_end_matches('\n') } else { line };
            let content = content.split_at(1).1;
            if !line.starts_with('+') {
                assert_eq!(old[at], content, "{diff}");
                at += 1;
            }
            if !line.starts_with('-') {
                new.push(content.to_owned());
            }
        }
        new.extend(old[at..].iter().map(|line| (*line).to_owned()));
        new.concat()
    }

    proptest! {
        #[test]
        fn gives_the_edited_text_when_applied(
            text in "([ab]?\n|[ab]{1,2}\n){0,12}[ab]?",
            places in prop::collection::btree_set(0_usize..40, 0..8),
            inserted in prop::collection::vec("([xy]?\n){0,3}[xy]?", 4),
        ) {
            let places: Vec<usize> = places.into_iter().filter(|place| *place <= text.len()).collect();
            let spans = places.chunks_exact(2).map(|pair| Span::new(pair[0], pair[1]));
            let edits: Vec<TextEdit> = spans.zip(inserted).map(|(span, text)| TextEdit::replace(span, text)).collect();
            let expected = splice(&text, &edits).unwrap();
            prop_assert_eq!(apply(&text, &diff(&text, &edits)), expected);
        }
    }
}
