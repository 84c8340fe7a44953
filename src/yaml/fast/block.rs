use super::{NodePosition, Scanner};
use crate::yaml::tree::ScalarStyle;

#[derive(Clone, Copy, PartialEq)]
enum Chomping {
    Strip,
    Clip,
    Keep,
}

/// What follows a line of text in a block scalar.
struct After {
    /// The next line that is not empty, or the end of the text.
    line: usize,
    /// The empty lines before it.
    breaks: usize,
    /// Just after the last of them that has blanks: without `+` only such lines, and what is before them, count as
    /// part of the scalar when no text follows.
    end: usize,
    /// Whether text follows.
    more: bool,
}

impl Scanner<'_> {
    /// Adds the block scalar whose `|` or `>` stands at `header`; gives the line after it.
    pub(super) fn block_scalar(&mut self, header: usize) -> Option<usize> {
        let literal = self.byte(header) == b'|';
        let (chomping, header_end) = match self.byte(header + 1) {
            b'-' => (Chomping::Strip, header + 2),
            b'+' => (Chomping::Keep, header + 2),
            _ => (Chomping::Clip, header + 1),
        };
        let (mut line, mut breaks, indentation) = self.first_content_line(self.rest_of_line(header_end)?)?;
        if indentation <= self.margin() {
            return None;
        }
        self.scratch.clear();
        let (mut is_first, mut was_indented) = (true, false);
        let (after, terminated) = loop {
            let start = line + indentation;
            let next = self.next_line(start);
            let content_end = self.trim_break(next);
            let is_indented = matches!(self.byte(start), b' ' | b'\t');
            if literal || is_first || was_indented || is_indented {
                self.push_breaks(breaks + usize::from(!is_first));
            } else {
                self.push_fold(breaks);
            }
            self.scratch.push_str(self.tree.source.get(start..content_end)?);
            let after = self.after_text(next, indentation)?;
            if !after.more {
                // As go-yaml reads it, a last line without a line break gets none.
                break (after, content_end < next);
            }
            (line, breaks, is_first, was_indented) = (after.line, after.breaks, false, is_indented);
        };
        if chomping != Chomping::Strip && terminated {
            self.scratch.push('\n');
        }
        let mut end = after.end;
        if chomping == Chomping::Keep {
            self.push_breaks(after.breaks);
            end = after.line;
        }
        let text = self.keep_scratch();
        let style = if literal { ScalarStyle::Literal } else { ScalarStyle::Folded };
        self.leaf(style, NodePosition { start: header, end, column: indentation }, text)?;
        Some(after.line)
    }

    /// Looks what comes after a line of text; nothing where blanks end the whole text.
    fn after_text(&self, next: usize, indentation: usize) -> Option<After> {
        let mut after = After { line: next, breaks: 0, end: next, more: false };
        loop {
            let content = self.skip_spaces(after.line);
            let width = content - after.line;
            if content >= self.bytes.len() {
                return (width == 0).then_some(after);
            }
            let is_break = matches!(self.byte(content), b'\n' | b'\r');
            // Blanks beyond the indentation are text.
            after.more = width > indentation || (width == indentation && !is_break);
            if after.more || !is_break {
                return Some(after);
            }
            after.breaks += 1;
            after.line = self.after_break(content);
            if width > 0 {
                after.end = after.line;
            }
        }
    }

    /// From the first line of a block scalar: its first line with content, the empty lines before and the
    /// indentation.
    fn first_content_line(&self, first: usize) -> Option<(usize, usize, usize)> {
        let (mut line, mut breaks, mut widest) = (first, 0, 0);
        loop {
            let content = self.skip_spaces(line);
            match self.bytes.get(content)? {
                b'\n' | b'\r' => {
                    widest = widest.max(content - line);
                    breaks += 1;
                    line = self.after_break(content);
                }
                b'\t' => return None,
                _ if widest > content - line => return None,
                _ => return Some((line, breaks, content - line)),
            }
        }
    }
}
