use super::{MAX_KEY, NodePosition, Scanner};
use crate::yaml::tree::{Kind, NONE, ScalarStyle, VERBATIM, narrow};

impl Scanner<'_> {
    /// Adds a flow collection; gives just after its closing bracket.
    ///
    /// Only what JSON knows, and plain scalars where they cannot be anything else: no empty entries, no trailing
    /// comma, no pairs in sequences, no comments. Lines after the first are indented beyond `margin`, but for closing
    /// brackets, so that none is a document marker. The recursion is bounded by the depth that [`Scanner::begin`]
    /// allows.
    pub(super) fn flow_collection(&mut self, start: usize, separator: u32, margin: usize) -> Option<usize> {
        let mapping = self.byte(start) == b'{';
        let (kind, close) =
            if mapping { (Kind::Mapping { flow: true }, b'}') } else { (Kind::Sequence { flow: true }, b']') };
        self.begin(kind, NodePosition { start, end: start, column: self.column(start) }, separator)?;
        let mut at = self.skip_lines(start + 1, margin)?;
        if self.byte(at) != close {
            loop {
                if mapping {
                    at = self.flow_key(at, margin)?;
                }
                at = self.flow_value(at, margin)?;
                at = self.skip_lines(at, margin)?;
                match self.byte(at) {
                    b',' => at = self.skip_lines(at + 1, margin)?,
                    byte if byte == close => break,
                    _ => return None,
                }
            }
        }
        self.done = at + 1;
        self.leave();
        Some(at + 1)
    }

    /// Adds a key; gives the start of its value.
    fn flow_key(&mut self, at: usize, margin: usize) -> Option<usize> {
        let column = self.column(at);
        let (style, end, text) = if matches!(self.byte(at), b'"' | b'\'') {
            self.flow_quoted(at, margin)?
        } else {
            let end = self.flow_plain(at)?;
            // A plain key needs a blank after its colon; without one the colon is part of it.
            if self.byte(end + 1) != b' ' {
                return None;
            }
            (ScalarStyle::Plain, end, VERBATIM)
        };
        if self.byte(end) != b':' || end - at > MAX_KEY {
            return None;
        }
        self.add(Kind::Scalar(style), NodePosition { start: at, end, column }, narrow(end + 1), text)?;
        self.skip_lines(end + 1, margin)
    }

    /// Adds a value; gives where it ends.
    fn flow_value(&mut self, at: usize, margin: usize) -> Option<usize> {
        let column = self.column(at);
        let (style, end, text) = match self.byte(at) {
            b'[' | b'{' => return self.flow_collection(at, NONE, margin),
            b'"' | b'\'' => self.flow_quoted(at, margin)?,
            _ => {
                let end = self.flow_plain(at)?;
                if self.byte(end) == b':' {
                    return None;
                }
                (ScalarStyle::Plain, end, VERBATIM)
            }
        };
        self.add(Kind::Scalar(style), NodePosition { start: at, end, column }, NONE, text)?;
        Some(end)
    }

    fn flow_quoted(&mut self, at: usize, margin: usize) -> Option<(ScalarStyle, usize, u32)> {
        let quoted = self.quoted(at, margin)?;
        if quoted.lines {
            return None;
        }
        let style = self.quoted_style(at);
        Some((style, quoted.end, self.text_of(style, quoted.text)))
    }

    /// Skips blanks and line breaks.
    fn skip_lines(&mut self, at: usize, margin: usize) -> Option<usize> {
        let mut at = self.skip_spaces(at);
        if !matches!(self.byte(at), b'\n' | b'\r') {
            return Some(at);
        }
        while at < self.bytes.len() && matches!(self.byte(at), b'\n' | b'\r') {
            self.line = self.after_break(at);
            at = self.skip_spaces(self.line);
        }
        (at - self.line > margin || matches!(self.byte(at), b']' | b'}')).then_some(at)
    }

    /// Where a plain scalar ends: before trailing blanks, or at a colon that ends a key.
    fn flow_plain(&self, start: usize) -> Option<usize> {
        let begins = match self.byte(start) {
            b'-' => self.byte(start + 1).is_ascii_alphanumeric(),
            byte => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'/' | b'$') || !byte.is_ascii(),
        };
        if !begins {
            return None;
        }
        let mut at = start;
        loop {
            match self.byte(at) {
                // On the next line only a comma or bracket may follow, which the caller sees to.
                b',' | b']' | b'}' | b'\n' | b'\r' => break,
                b'[' | b'{' | b'#' | b'"' | b'\'' | b'\t' => return None,
                // A key for some readers only.
                b':' if matches!(self.byte(at + 1), b',' | b'[' | b']' | b'{' | b'}') => return None,
                b':' if matches!(self.byte(at + 1), b' ' | b'\t' | b'\n' | b'\r') => {
                    // A blank before the colon of a key is not worth the trouble.
                    return (self.byte(at - 1) != b' ').then_some(at);
                }
                _ => at += 1,
            }
        }
        while self.byte(at - 1) == b' ' {
            at -= 1;
        }
        Some(at)
    }
}
