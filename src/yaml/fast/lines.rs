use super::Scanner;

/// Refuses control characters, lone carriage returns and every character that some YAML reader treats as a line
/// break or as not printable; tells whether all is ASCII.
pub(super) fn has_plain_characters(source: &str) -> Option<bool> {
    let bytes = source.as_bytes();
    // Without branches, so that it runs on vectors.
    let (mut high, mut control) = (0_u8, 0_u8);
    for byte in bytes {
        high |= byte & 0x80;
        control |= u8::from(*byte < b' ') & u8::from(*byte != b'\n') | u8::from(*byte == 0x7f);
    }
    if control != 0 {
        let mut rest = bytes.iter();
        while let Some(byte) = rest.next() {
            match byte {
                b'\r' if rest.as_slice().first() != Some(&b'\n') => return None,
                b'\n' | b'\t' | b'\r' => {}
                byte if *byte < b' ' || *byte == 0x7f => return None,
                _ => {}
            }
        }
    }
    if high == 0 {
        return Some(true);
    }
    // U+0080 to U+009F, U+2028 and U+2029, U+FEFF, U+FFFE and U+FFFF.
    let refused = memchr::memchr3_iter(0xc2, 0xe2, 0xef, bytes).any(|at| match bytes.get(at..) {
        Some([0xc2, second, ..]) => *second < 0xa0,
        Some([0xe2, second, third, ..]) => *second == 0x80 && matches!(third, 0xa8 | 0xa9),
        Some([0xef, second, third, ..]) => matches!((second, third), (0xbb, 0xbf) | (0xbf, 0xbe | 0xbf)),
        _ => true,
    });
    (!refused).then_some(false)
}

impl Scanner<'_> {
    /// The byte at an offset; a line break at the end of the text.
    pub(super) fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(b'\n')
    }

    /// Whether what stands at `at` separates a dash or colon from what follows.
    pub(super) fn is_separator(&self, at: usize) -> bool {
        matches!(self.byte(at), b' ' | b'\n' | b'\r')
    }

    pub(super) fn skip_spaces(&self, mut at: usize) -> usize {
        while self.bytes.get(at) == Some(&b' ') {
            at += 1;
        }
        at
    }

    /// Just after the line break at `at`, or the end of the text.
    pub(super) fn after_break(&self, at: usize) -> usize {
        let length = if self.byte(at) == b'\r' { 2 } else { 1 };
        (at + length).min(self.bytes.len())
    }

    /// Start of the next line, or the end of the text.
    pub(super) fn next_line(&self, at: usize) -> usize {
        let rest = self.bytes.get(at..).unwrap_or_default();
        memchr::memchr(b'\n', rest).map_or(self.bytes.len(), |length| at + length + 1)
    }

    /// Start of the next line if only blanks and a comment follow on this one.
    pub(super) fn rest_of_line(&self, at: usize) -> Option<usize> {
        let next = self.skip_spaces(at);
        match self.byte(next) {
            b'\n' => Some((next + 1).min(self.bytes.len())),
            b'\r' => Some(next + 2),
            b'#' if next > at => Some(self.next_line(next)),
            _ => None,
        }
    }

    /// End of the line before the line start `at`, without its line break; `at` may be the end of the text.
    pub(super) fn trim_break(&self, at: usize) -> usize {
        let line = self.bytes.get(..at).unwrap_or_default();
        let Some(line) = line.strip_suffix(b"\n") else { return at };
        line.strip_suffix(b"\r").unwrap_or(line).len()
    }

    /// Column of a place on the scanned line, in characters.
    pub(super) fn column(&self, at: usize) -> usize {
        let part = if self.ascii { &[] } else { self.bytes.get(self.line..at).unwrap_or_default() };
        let continuations = part.iter().filter(|byte| **byte & 0xc0 == 0x80).count();
        at - self.line - continuations
    }
}
