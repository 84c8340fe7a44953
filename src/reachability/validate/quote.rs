//! Values as the API server prints them: Go's `%q` and Go's JSON.

use std::fmt::Write as _;

use serde_json::Value;

/// A string as `strconv.Quote` writes it.
pub(super) fn go_string(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\'' => quoted.push('\''),
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{b}' => quoted.push_str("\\v"),
            // Writing to a String cannot fail.
            '\0'..='\x1f' | '\x7f' => _ = write!(quoted, "\\x{:02x}", u32::from(character)),
            _ if character.escape_debug().count() == 1 => quoted.push(character),
            '\0'..='\u{ffff}' => _ = write!(quoted, "\\u{:04x}", u32::from(character)),
            _ => _ = write!(quoted, "\\U{:08x}", u32::from(character)),
        }
    }
    quoted.push('"');
    quoted
}

/// A value as `encoding/json` writes it, which escapes what means something in HTML.
pub(super) fn go_json(value: &Value) -> String {
    let mut text = value.to_string();
    for (character, escaped) in
        [('<', "\\u003c"), ('>', "\\u003e"), ('&', "\\u0026"), ('\u{2028}', "\\u2028"), ('\u{2029}', "\\u2029")]
    {
        if text.contains(character) {
            text = text.replace(character, escaped);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn quotes_as_go_does() {
        for (text, quoted) in [
            ("a'b", r#""a'b""#),
            ("a\"\\b", r#""a\"\\b""#),
            ("\n\t\r\u{7}\u{b}", r#""\n\t\r\a\v""#),
            ("\u{1}\u{7f}", r#""\x01\x7f""#),
            ("ü😀", "\"ü😀\""),
            ("\u{200b}", r#""\u200b""#),
        ] {
            assert_eq!(go_string(text), quoted);
        }
        assert_eq!(go_json(&json!("<a>&")), r#""\u003ca\u003e\u0026""#);
    }
}
