use std::borrow::Cow;

use super::{Place, Scanner};
use crate::yaml::parse::narrow;
use crate::yaml::tree::{ScalarStyle, VERBATIM};

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

/// A quoted scalar.
pub(super) struct Quoted {
    /// Just after the closing quote.
    pub(super) end: usize,
    /// The text where it is not what stands between the quotes.
    pub(super) text: Option<String>,
    /// Whether it goes over several lines, and so cannot be a key.
    pub(super) lines: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Chomping {
    Strip,
    Clip,
    Keep,
}

/// Bytes at which the scan of a plain scalar has to look closer.
static PLAIN_STOP: [bool; 256] = table(b":#\n\r\t");
/// Bytes other than letters and digits that may begin a plain scalar; `-` and `:` only before other than blanks.
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

impl<'t> Scanner<'t> {
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
    pub(super) fn plain_value(&mut self, place: Place, stop: Stop) -> Option<usize> {
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

    /// Just after the line break at `at`, or the end of the text.
    pub(super) fn after_break(&self, at: usize) -> usize {
        let length = if self.byte(at) == b'\r' { 2 } else { 1 };
        (at + length).min(self.bytes.len())
    }

    /// A line break is read as a blank, and each empty line after it as a line break.
    fn push_fold(&mut self, blank_lines: usize) {
        if blank_lines == 0 {
            self.scratch.push(' ');
        } else {
            self.push_breaks(blank_lines);
        }
    }

    fn push_breaks(&mut self, count: usize) {
        self.scratch.extend(std::iter::repeat_n('\n', count));
    }

    fn keep_scratch(&mut self) -> u32 {
        self.tree.texts.push(Cow::Owned(self.scratch.as_str().to_owned()));
        narrow(self.tree.texts.len() - 1)
    }

    pub(super) fn quoted_style(&self, start: usize) -> ScalarStyle {
        if self.byte(start) == b'"' { ScalarStyle::DoubleQuoted } else { ScalarStyle::SingleQuoted }
    }

    /// Reads a quoted scalar.
    ///
    /// Lines after the first must be indented beyond `margin`: the full parser asks for less, but then has to look
    /// for document markers inside the quotes.
    pub(super) fn quoted(&self, start: usize, margin: usize) -> Option<Quoted> {
        let double = self.byte(start) == b'"';
        let (mut escapes, mut lines) = (false, false);
        let mut at = start + 1;
        loop {
            let rest = self.bytes.get(at..)?;
            at +=
                if double { memchr::memchr3(b'"', b'\\', b'\n', rest)? } else { memchr::memchr2(b'\'', b'\n', rest)? };
            match self.byte(at) {
                b'\n' => {
                    lines = true;
                    at += 1;
                    continue;
                }
                // What is escaped is looked at below. Before a line break, that must still be seen here.
                b'\\' if matches!(self.byte(at + 1), b'\n' | b'\r') => {
                    escapes = true;
                    at += 1;
                    continue;
                }
                b'\\' => {}
                b'\'' if self.byte(at + 1) == b'\'' => {}
                _ => break,
            }
            escapes = true;
            at += 2;
        }
        let text = if escapes || lines {
            let written = self.tree.source.get(start + 1..at)?;
            Some(read_quoted(written, margin, double)?)
        } else {
            None
        };
        Some(Quoted { end: at + 1, text, lines })
    }

    /// Adds the block scalar whose `|` or `>` stands at `header`.
    pub(super) fn block_scalar(&mut self, header: usize) -> Option<usize> {
        let owner = self.open.last()?.column;
        let literal = self.byte(header) == b'|';
        let (chomping, after) = match self.byte(header + 1) {
            b'-' => (Chomping::Strip, header + 2),
            b'+' => (Chomping::Keep, header + 2),
            _ => (Chomping::Clip, header + 1),
        };
        // The end of the line that `rest_of_line` accepts; a header that ends the text has no content.
        let (mut line, mut breaks, indentation) = self.first_content_line(self.rest_of_line(after)?)?;
        if indentation <= owner {
            return None;
        }
        self.scratch.clear();
        let mut end;
        let mut follows = false;
        let mut follows_indented = false;
        let terminated = loop {
            let start = line + indentation;
            let stop = memchr::memchr(b'\n', self.bytes.get(start..)?).map(|length| start + length);
            line = stop.map_or(self.bytes.len(), |stop| stop + 1);
            end = line;
            let written = self.tree.source.get(start..self.trim_break(line))?;
            let indented = written.starts_with([' ', '\t']);
            if !literal && follows && !follows_indented && !indented {
                self.push_fold(breaks);
            } else {
                self.push_breaks(breaks + usize::from(follows));
            }
            self.scratch.push_str(written);
            (follows, follows_indented, breaks) = (true, indented, 0);
            if stop.is_none() {
                break false;
            }
            // Empty lines, of which those without a blank count as behind the text unless text follows.
            let next = loop {
                let content = self.skip_spaces(line);
                let width = content - line;
                if content >= self.bytes.len() {
                    break if width == 0 { None } else { return None };
                }
                let is_break = matches!(self.byte(content), b'\n' | b'\r');
                if width > indentation || (width == indentation && !is_break) {
                    break Some(line);
                }
                if !is_break {
                    break None;
                }
                breaks += 1;
                line = self.after_break(content);
                if width > 0 {
                    end = line;
                }
            };
            if next.is_none() {
                break true;
            }
        };
        if chomping != Chomping::Strip && terminated {
            self.scratch.push('\n');
        }
        if chomping == Chomping::Keep {
            self.push_breaks(breaks);
            end = line;
        }
        let text = self.keep_scratch();
        let style = if literal { ScalarStyle::Literal } else { ScalarStyle::Folded };
        self.leaf(style, Place { start: header, end, column: indentation }, text)?;
        Some(line)
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

/// Decodes what stands between quotes: escapes, and lines that fold.
fn read_quoted(written: &str, margin: usize, double: bool) -> Option<String> {
    let mut text = String::with_capacity(written.len());
    let mut lines = written.split('\n').peekable();
    let mut is_first = true;
    let (mut escaped_break, mut blank_lines) = (false, 0);
    while let Some(line) = lines.next() {
        let is_last = lines.peek().is_none();
        let line = if is_last { line } else { line.strip_suffix('\r').unwrap_or(line) };
        let content = if is_first { line } else { line.trim_start_matches(' ') };
        if !is_first {
            if content.is_empty() && !is_last {
                blank_lines += 1;
                continue;
            }
            if line.len() - content.len() <= margin || content.starts_with('\t') {
                return None;
            }
            if blank_lines > 0 {
                text.extend(std::iter::repeat_n('\n', blank_lines));
            } else if !escaped_break {
                text.push(' ');
            }
        }
        let (content, escapes_break) = if is_last { (content, false) } else { end_of_quoted_line(content, double)? };
        if double {
            unescape(content, &mut text)?;
        } else {
            text.push_str(&content.replace("''", "'"));
        }
        (is_first, escaped_break, blank_lines) = (false, escapes_break, 0);
    }
    Some(text)
}

/// Cuts what is no content off the end of a line inside quotes; tells whether its line break is escaped.
fn end_of_quoted_line(line: &str, double: bool) -> Option<(&str, bool)> {
    let is_escaped = |part: &str| double && part.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1;
    if is_escaped(line) {
        return Some((line.strip_suffix('\\')?, true));
    }
    let content = line.trim_end_matches(' ');
    // A blank may be escaped, and a tab is cut off too.
    (!is_escaped(content) && !content.ends_with('\t')).then_some((content, false))
}

/// Decodes the escapes of a double-quoted scalar; nothing where one is rare or wrong.
fn unescape(written: &str, text: &mut String) -> Option<()> {
    let mut rest = written;
    while let Some((before, after)) = rest.split_once('\\') {
        text.push_str(before);
        let mut characters = after.chars();
        text.push(match characters.next()? {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            same @ (' ' | '"' | '\\' | '/') => same,
            'x' => hexadecimal(&mut characters, 2)?,
            'u' => hexadecimal(&mut characters, 4)?,
            _ => return None,
        });
        rest = characters.as_str();
    }
    text.push_str(rest);
    Some(())
}

fn hexadecimal(characters: &mut std::str::Chars<'_>, digits: usize) -> Option<char> {
    let mut code = 0;
    for _ in 0..digits {
        code = code * 16 + characters.next()?.to_digit(16)?;
    }
    char::from_u32(code)
}
