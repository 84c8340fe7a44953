use super::Scanner;
use crate::yaml::tree::ScalarStyle;

/// A quoted scalar.
pub(super) struct Quoted {
    /// Just after the closing quote.
    pub(super) end: usize,
    /// The text where it is not what stands between the quotes.
    pub(super) text: Option<String>,
    /// Whether it goes over several lines, and so cannot be a key.
    pub(super) lines: bool,
}

impl Scanner<'_> {
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
}

/// Decodes what stands between quotes: escapes, and lines that fold.
fn read_quoted(written: &str, margin: usize, double: bool) -> Option<String> {
    let mut text = String::with_capacity(written.len());
    let mut lines = written.split('\n').peekable();
    let mut is_first = true;
    let (mut joined, mut blank_lines) = (false, 0);
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
            } else if !joined {
                text.push(' ');
            }
        }
        let (content, continues) = if is_last { (content, false) } else { end_of_quoted_line(content, double)? };
        if double {
            unescape(content, &mut text)?;
        } else {
            text.push_str(&content.replace("''", "'"));
        }
        (is_first, joined, blank_lines) = (false, continues, 0);
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
