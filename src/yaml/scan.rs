//! Byte-level steps between the tokens of a parsed document, where the parser reports no position.

/// Whether `byte` ends a token.
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Skips blanks on one line.
pub(super) fn skip_blanks(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\t')) {
        at += 1;
    }
    at
}

/// Skips blanks, line breaks and comments.
pub(super) fn skip_trivia(bytes: &[u8], mut at: usize) -> usize {
    loop {
        match bytes.get(at) {
            Some(byte) if is_space(*byte) => at += 1,
            Some(b'#') if at == 0 || bytes.get(at - 1).is_some_and(|byte| is_space(*byte)) => {
                while bytes.get(at).is_some_and(|byte| !matches!(byte, b'\n' | b'\r')) {
                    at += 1;
                }
            }
            _ => return at,
        }
    }
}

/// Skips trivia, anchors and tags.
pub(super) fn skip_properties(bytes: &[u8], mut at: usize) -> usize {
    loop {
        at = skip_trivia(bytes, at);
        if !matches!(bytes.get(at), Some(b'&' | b'!')) {
            return at;
        }
        at = skip_property(bytes, at);
    }
}

/// Where a key may begin: behind a comma, and behind the `?` that announces it.
pub(super) fn before_key(bytes: &[u8], at: usize) -> usize {
    let mut at = skip_trivia(bytes, at);
    if bytes.get(at) == Some(&b',') {
        at = skip_trivia(bytes, at + 1);
    }
    let announced = bytes.get(at) == Some(&b'?') && bytes.get(at + 1).is_none_or(|byte| is_space(*byte));
    if announced { at + 1 } else { at }
}

/// The end of the anchor or tag that begins at `at`.
pub(super) fn skip_property(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(|byte| !is_space(*byte)) {
        at += 1;
    }
    at
}

/// Skips whole lines of blanks, from a line start to a line start.
pub(super) fn skip_blank_lines(bytes: &[u8], mut line: usize) -> usize {
    loop {
        let at = skip_blanks(bytes, line);
        match (bytes.get(at), bytes.get(at + 1)) {
            (Some(b'\n'), _) => line = at + 1,
            (Some(b'\r'), Some(b'\n')) => line = at + 2,
            _ => return line,
        }
    }
}

/// Start of the line that holds `at`.
pub(super) fn line_start(bytes: &[u8], at: usize) -> usize {
    bytes.get(..at).and_then(|before| memchr::memrchr(b'\n', before)).map_or(0, |newline| newline + 1)
}

/// Just after the line break at or after `at`; absent on the last, unterminated line.
pub(super) fn next_line(bytes: &[u8], at: usize) -> Option<usize> {
    bytes.get(at..).and_then(|rest| memchr::memchr(b'\n', rest)).map(|newline| at + newline + 1)
}

/// Column of `at` in characters; a byte order mark takes none.
pub(super) fn column(source: &str, at: usize) -> usize {
    let before = source.get(line_start(source.as_bytes(), at)..at).unwrap_or_default();
    before.strip_prefix('\u{feff}').unwrap_or(before).chars().count()
}

/// Start of the line that ends at `at`, if that line is empty.
pub(super) fn empty_line_before(bytes: &[u8], at: usize) -> Option<usize> {
    let before = bytes.get(..at)?.strip_suffix(b"\n")?;
    let before = before.strip_suffix(b"\r").unwrap_or(before);
    before.ends_with(b"\n").then_some(before.len())
}
