use std::borrow::Cow;

use super::{NodePosition, Scanner};
use crate::yaml::tree::{ScalarStyle, VERBATIM, narrow};

/// What ends the part of a plain scalar that stands on one line.
#[derive(Clone, Copy)]
pub(super) enum Stop {
    /// The line break at this offset, or the end of the text.
    Line(usize),
    /// A comment at this offset.
    Comment(usize),
    /// The colon at this offset: it was a key.
    Colon(usize),
}

/// Bytes at which the scan of a plain scalar has to look closer.
static PLAIN_STOP: [bool; 256] = table(b":#\n\r\t");
/// Bytes that may begin a plain scalar; `-` and `:` only before other than blanks.
static PLAIN_START: [bool; 256] = plain_start();

const fn table(bytes: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut rest = bytes;
    while let [byte, tail @ ..] = rest {
        set(&mut table, *byte);
        rest = tail;
    }
    table
}

#[expect(clippy::indexing_slicing, reason = "every byte is below 256")]
const fn set(table: &mut [bool; 256], byte: u8) {
    table[byte as usize] = true;
}

const fn plain_start() -> [bool; 256] {
    let mut table = table(b"_./$()+~<=;^\\-:");
    let mut byte = u8::MAX;
    while byte > 0 {
        if byte.is_ascii_alphanumeric() || !byte.is_ascii() {
            set(&mut table, byte);
        }
        byte -= 1;
    }
    table
}

#[expect(clippy::indexing_slicing, reason = "every byte is below 256")]
fn is_in(table: &[bool; 256], byte: u8) -> bool {
    table[byte as usize]
}

impl Scanner<'_> {
    pub(super) fn is_plain_start(&self, at: usize) -> bool {
        let byte = self.byte(at);
        is_in(&PLAIN_START, byte) && !(matches!(byte, b'-' | b':') && self.is_separator(at + 1))
    }

    /// Reads a plain scalar to the end of its line; gives where it ends, without trailing blanks, and why.
    pub(super) fn plain_line(&self, start: usize) -> Option<(usize, Stop)> {
        let mut at = start;
        let stop = loop {
            let byte = self.byte(at);
            if is_in(&PLAIN_STOP, byte) {
                match byte {
                    b'\n' | b'\r' => break Stop::Line(at),
                    b'\t' => return None,
                    b':' if self.is_separator(at + 1) => break Stop::Colon(at),
                    b'#' if at > start && self.byte(at - 1) == b' ' => break Stop::Comment(at),
                    _ => {}
                }
            }
            at += 1;
        };
        let mut end = at;
        while end > start && self.byte(end - 1) == b' ' {
            end -= 1;
        }
        Some((end, stop))
    }

    /// Adds a plain scalar whose first line is given, with the lines that continue it.
    pub(super) fn plain_value(&mut self, place: NodePosition, stop: Stop) -> Option<usize> {
        let owner = self.open.last()?.column;
        let mut place = place;
        let mut stop = stop;
        let mut several = false;
        let line = loop {
            let at = match stop {
                Stop::Line(at) => at,
                Stop::Comment(at) => break self.next_line(at),
                Stop::Colon(_) => return None,
            };
            let (line, content, blank_lines) = self.next_content(at);
            if content - line <= owner || self.byte(content) == b'#' {
                break line;
            }
            if !several {
                several = true;
                self.scratch.clear();
                self.scratch.push_str(self.tree.source.get(place.start..place.end)?);
            }
            self.push_fold(blank_lines);
            let (end, next) = self.plain_line(content)?;
            self.scratch.push_str(self.tree.source.get(content..end)?);
            (place.end, stop) = (end, next);
        };
        let text = if several { self.keep_scratch() } else { VERBATIM };
        self.leaf(ScalarStyle::Plain, place, text)?;
        Some(line)
    }

    /// From the end of a line: the next line with content, where that begins, and the empty lines between.
    ///
    /// At the end of the text all are there, so that the content has no indentation.
    fn next_content(&self, end_of_line: usize) -> (usize, usize, usize) {
        let mut line = self.after_break(end_of_line);
        let mut blank_lines = 0;
        loop {
            let content = self.skip_spaces(line);
            if content >= self.bytes.len() {
                return (content, content, blank_lines);
            }
            if !matches!(self.byte(content), b'\n' | b'\r') {
                return (line, content, blank_lines);
            }
            line = self.after_break(content);
            blank_lines += 1;
        }
    }

    /// A line break is read as a blank, and each empty line after it as a line break.
    pub(super) fn push_fold(&mut self, blank_lines: usize) {
        if blank_lines == 0 {
            self.scratch.push(' ');
        } else {
            self.push_breaks(blank_lines);
        }
    }

    pub(super) fn push_breaks(&mut self, count: usize) {
        self.scratch.extend(std::iter::repeat_n('\n', count));
    }

    /// Makes the text that has grown a decoded text of the tree.
    pub(super) fn keep_scratch(&mut self) -> u32 {
        self.tree.texts.push(Cow::Owned(self.scratch.as_str().to_owned()));
        narrow(self.tree.texts.len() - 1)
    }
}
