/// What a look at the lines of a document tells about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class<'t> {
    /// Comments and blank lines only.
    Blank,
    /// Certainly a mapping with this `kind`.
    Kind(&'t str),
    /// Only a parser can tell.
    Unknown,
}

/// Classifies a document without parsing it.
///
/// Looks at the lines that begin in column 0. The answer is certain only if the first line that is neither blank nor a
/// comment is one of them, if each of them is blank, a comment, an item, a closing bracket or a plain key, none is the
/// `items` of a list, and exactly one is a simple `kind: Word`. A quoted or flow scalar of several lines
/// can put text in column 0 that looks like a key, but then the real `kind` is a second or an odd line.
pub fn classify(content: &str) -> Class<'_> {
    let bytes = content.as_bytes();
    let mut kind = None;
    let mut blank = true;
    let mut starts = std::iter::once(0).chain(memchr::memchr_iter(b'\n', bytes).map(|newline| newline + 1));
    let mut next = starts.next();
    while let Some(at) = next {
        next = starts.next();
        let Some(first) = bytes.get(at) else { break };
        // Almost every line of a manifest is indented. A tab indents nothing: the line goes on with what stands before it.
        if matches!(first, b' ' | b'\t') && !blank {
            continue;
        }
        let end = next.map_or(bytes.len(), |next| next - 1);
        match first {
            b'\n' | b'#' => {}
            b' ' if is_comment(bytes.get(at..end).unwrap_or_default()) => {}
            b'\r' if at + 1 == end => {}
            b'-' if at == 0 && bytes.starts_with(b"---") => {
                if !is_comment(bytes.get(3..end).unwrap_or_default()) {
                    return Class::Unknown;
                }
            }
            b'-' if matches!(bytes.get(at + 1), None | Some(b' ' | b'\n' | b'\r')) => blank = false,
            b']' | b'}' => blank = false,
            b'a'..=b'z' | b'A'..=b'Z' => {
                blank = false;
                let line = content.get(at..end).unwrap_or_default();
                match key_line(line) {
                    KeyLine::Kind(word) if kind.is_none() => kind = Some(word),
                    KeyLine::Other => {}
                    KeyLine::Kind(_) | KeyLine::Odd => return Class::Unknown,
                }
            }
            // Also an indented root: its keys stand in no line that begins in column 0.
            _ => return Class::Unknown,
        }
    }
    if hides_line_breaks(content) {
        return Class::Unknown;
    }
    match kind {
        Some(kind) => Class::Kind(kind),
        None if blank => Class::Blank,
        None => Class::Unknown,
    }
}

enum KeyLine<'t> {
    Kind(&'t str),
    Other,
    Odd,
}

fn key_line(line: &str) -> KeyLine<'_> {
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'/');
    let length = line.bytes().take_while(|byte| word(byte)).count();
    let (key, rest) = line.split_at_checked(length).unwrap_or((line, ""));
    let Some(value) = rest.strip_prefix(':').filter(|value| value.is_empty() || value.starts_with([' ', '\r'])) else {
        return KeyLine::Odd;
    };
    match key {
        "kind" => {}
        // A list, whatever its kind says.
        "items" => return KeyLine::Odd,
        _ => return KeyLine::Other,
    }
    let value = value.trim_matches([' ', '\r']);
    let name = value.split_once(" #").map_or(value, |(name, _)| name).trim_end_matches(' ');
    let simple = name.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && name.bytes().next().is_some_and(|first| first.is_ascii_uppercase());
    if simple { KeyLine::Kind(name) } else { KeyLine::Odd }
}

fn is_comment(line: &[u8]) -> bool {
    let text = line.trim_ascii();
    text.is_empty() || text.starts_with(b"#")
}

/// Whether the text holds a character that only some readers take for a line break: it could hide a key.
fn hides_line_breaks(content: &str) -> bool {
    let bytes = content.as_bytes();
    if memchr::memchr_iter(b'\r', bytes).any(|at| bytes.get(at + 1) != Some(&b'\n')) {
        return true;
    }
    !content.is_ascii() && content.chars().any(|it| matches!(it, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_certain_about_plain_documents() {
        let text = "---\n# c\napiVersion: v1\nkind: Pod # a pod\nspec:\n- a\n- b:\n    kind: X\n\n";
        assert_eq!(classify(text), Class::Kind("Pod"));
        assert_eq!(classify("kind: Pod\r\napiVersion: v1\r\n"), Class::Kind("Pod"));
        assert_eq!(classify("--- # x\n  # y\n\n"), Class::Blank);
        assert_eq!(classify(""), Class::Blank);
    }

    #[test]
    fn leaves_the_rest_to_the_parser() {
        for text in [
            "kind: Pod\nkind: Pod\n",
            "kind: \"Pod\"\n",
            "\"kind\": Pod\nkind: X\n",
            "{kind: Pod}",
            "kind:\n  Pod\n",
            "? kind\n: Pod\nkind: X\n",
            "  kind: Pod\n",
            "kind: &a Pod\n",
            "<<: *x\nkind: Pod\n",
            "a: \"x\nkind: Pod\n\"\n",
            "kind: ConfigMap # \u{2028}kind: Pod\n",
            "a: 1\rkind: Pod\nkind: X\n",
            "\tkind: Pod\n",
            "%YAML 1.2\n---\nkind: Pod\n",
            "--- {kind: Pod}\n",
            "kind: pod\n",
            "a: 1\n",
            "kind:Pod\n",
            "  a: \"\nkind: ConfigMap\n\"\n  kind: Pod\n",
            " {x: [\nkind: ConfigMap\n], kind: Pod}\n",
            "# c\n\n apiVersion: v1\n kind: Pod\n",
            "kind: ConfigMap\nitems:\n- kind: Pod\n",
        ] {
            assert_eq!(classify(text), Class::Unknown, "{text:?}");
        }
    }
}
