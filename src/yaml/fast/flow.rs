use super::{MAX_KEY, Place, Scanner};
use crate::yaml::parse::narrow;
use crate::yaml::tree::{Kind, NONE, ScalarStyle, VERBATIM};

impl Scanner<'_> {
    /// Adds a flow collection that ends on its line; gives just after its closing bracket.
    ///
    /// Only what JSON knows, and plain scalars where they cannot be anything else: no empty entries, no trailing
    /// comma, no pairs in sequences. The recursion is bounded by the depth that [`Scanner::begin`] allows.
    pub(super) fn flow_collection(&mut self, start: usize, separator: u32) -> Option<usize> {
        let mapping = self.byte(start) == b'{';
        let (kind, close) =
            if mapping { (Kind::Mapping { flow: true }, b'}') } else { (Kind::Sequence { flow: true }, b']') };
        self.begin(kind, Place { start, end: start, column: self.column(start) }, separator)?;
        let mut at = self.skip_spaces(start + 1);
        if self.byte(at) != close {
            loop {
                if mapping {
                    at = self.flow_key(at)?;
                }
                at = self.flow_value(at)?;
                at = self.skip_spaces(at);
                match self.byte(at) {
                    b',' => at = self.skip_spaces(at + 1),
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
    fn flow_key(&mut self, at: usize) -> Option<usize> {
        let column = self.column(at);
        let (style, end, text) = if matches!(self.byte(at), b'"' | b'\'') {
            let (end, text) = self.quoted(at)?;
            let style = self.quoted_style(at);
            (style, end, self.text_of(style, text))
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
        self.add(Kind::Scalar(style), Place { start: at, end, column }, narrow(end + 1), text)?;
        Some(self.skip_spaces(end + 1))
    }

    /// Adds a value; gives where it ends.
    fn flow_value(&mut self, at: usize) -> Option<usize> {
        let column = self.column(at);
        let (style, end, text) = match self.byte(at) {
            b'[' | b'{' => return self.flow_collection(at, NONE),
            b'"' | b'\'' => {
                let (end, text) = self.quoted(at)?;
                let style = self.quoted_style(at);
                (style, end, self.text_of(style, text))
            }
            _ => {
                let end = self.flow_plain(at)?;
                if self.byte(end) == b':' {
                    return None;
                }
                (ScalarStyle::Plain, end, VERBATIM)
            }
        };
        self.add(Kind::Scalar(style), Place { start: at, end, column }, NONE, text)?;
        Some(end)
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
                b',' | b']' | b'}' => break,
                b'[' | b'{' | b'#' | b'"' | b'\'' | b'\t' | b'\n' | b'\r' => return None,
                b':' if matches!(
                    self.byte(at + 1),
                    b' ' | b'\t' | b'\n' | b'\r' | b',' | b'[' | b']' | b'{' | b'}'
                ) =>
                {
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
