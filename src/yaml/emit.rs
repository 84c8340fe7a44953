//! Writes values as YAML that every reader takes the same way: go-yaml v2, YAML 1.1 and YAML 1.2.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::scalar;

/// Layout of block collections, taken from the document that is edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// `\n` or `\r\n`.
    pub newline: &'static str,
    /// Whether the dashes of a sequence stand in the column of its key.
    pub indentless: bool,
    /// Whether strings of several lines become literal blocks; such a block must be followed by a line break.
    pub literals: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self { newline: "\n", indentless: true, literals: true }
    }
}

/// Longest plain scalar that is written.
const PLAIN_LENGTH: usize = 200;

/// Writes a value as block lines, each ended by a line break.
pub fn block(value: &Value, indent: usize, style: Style, out: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                pad(out, indent);
                entry(key, value, indent, style, out);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for value in items {
                pad(out, indent);
                item(value, indent, style, out);
            }
        }
        _ => {
            pad(out, indent);
            inline(value, out);
            out.push_str(style.newline);
        }
    }
}

/// Writes `key: value` and its line break; the indentation before the key is already there.
fn entry(key: &str, value: &Value, indent: usize, style: Style, out: &mut String) {
    out.push_str(&text(key));
    out.push(':');
    match value {
        Value::String(string) if style.literals && is_literal(string) => {
            out.push(' ');
            literal(string, indent + 2, style, out);
        }
        _ if is_filled(value) => {
            out.push_str(style.newline);
            let indentless = style.indentless && value.is_array();
            block(value, if indentless { indent } else { indent + 2 }, style, out);
        }
        _ => {
            out.push(' ');
            inline(value, out);
            out.push_str(style.newline);
        }
    }
}

/// Writes `- value` and its line break; the indentation before the dash is already there.
pub(super) fn item(value: &Value, indent: usize, style: Style, out: &mut String) {
    out.push_str("- ");
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (position, (key, value)) in map.iter().enumerate() {
                if position > 0 {
                    pad(out, indent + 2);
                }
                entry(key, value, indent + 2, style, out);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (position, value) in items.iter().enumerate() {
                if position > 0 {
                    pad(out, indent + 2);
                }
                item(value, indent + 2, style, out);
            }
        }
        _ => {
            inline(value, out);
            out.push_str(style.newline);
        }
    }
}

/// Writes a value in flow style, which is JSON where no string needs more: keys and strings are always quoted.
pub fn flow(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    out.push_str(", ");
                }
                flow(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => flow_mapping(map, out),
        Value::String(string) => quote(string, out),
        scalar => inline(scalar, out),
    }
}

fn flow_mapping(map: &Map<String, Value>, out: &mut String) {
    out.push('{');
    for (position, (key, value)) in map.iter().enumerate() {
        if position > 0 {
            out.push_str(", ");
        }
        flow_entry(key, value, out);
    }
    out.push('}');
}

/// Writes `"key": value`.
pub(super) fn flow_entry(key: &str, value: &Value, out: &mut String) {
    quote(key, out);
    out.push_str(": ");
    flow(value, out);
}

/// Writes a scalar or an empty collection, or any other value in flow style.
pub(super) fn inline(value: &Value, out: &mut String) {
    match value {
        Value::String(string) => out.push_str(&text(string)),
        Value::Array(_) | Value::Object(_) => flow(value, out),
        // JSON's null, booleans and numbers are YAML's.
        scalar => {
            let _ = write!(out, "{scalar}");
        }
    }
}

/// Whether a value takes lines of its own.
pub(super) fn is_filled(value: &Value) -> bool {
    match value {
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
        _ => false,
    }
}

/// A string as a scalar for block style: plain where nobody can misread it, else in double quotes.
fn text(string: &str) -> String {
    if is_plain(string) {
        return string.to_owned();
    }
    let mut quoted = String::with_capacity(string.len() + 2);
    quote(string, &mut quoted);
    quoted
}

fn is_plain(string: &str) -> bool {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'/' | b'-');
    string.len() <= PLAIN_LENGTH
        && string.bytes().next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'/')
        && string.bytes().all(safe)
        && scalar::is_text(string)
        // Words that only other readers take for something else.
        && !["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"]
            .iter()
            .any(|word| string.eq_ignore_ascii_case(word))
}

fn quote(string: &str, out: &mut String) {
    out.push('"');
    for character in string.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            // `\u` rather than `\x`, so that flow style stays JSON.
            '\0'..='\u{1f}' | '\u{7f}'..='\u{a0}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    out.push('"');
}

/// Whether a string of whole lines can be a literal block that everybody reads alike.
fn is_literal(string: &str) -> bool {
    let body = string.strip_suffix('\n').unwrap_or(string);
    string.contains('\n')
        && !body.is_empty()
        && !body.ends_with('\n')
        && !body.starts_with([' ', '\n'])
        && body.bytes().all(|byte| byte == b'\n' || (b' '..0x7f).contains(&byte))
        && body.split('\n').all(|line| !line.ends_with(' '))
}

fn literal(string: &str, indent: usize, style: Style, out: &mut String) {
    out.push_str(if string.ends_with('\n') { "|" } else { "|-" });
    for line in string.strip_suffix('\n').unwrap_or(string).split('\n') {
        out.push_str(style.newline);
        if !line.is_empty() {
            pad(out, indent);
            out.push_str(line);
        }
    }
    out.push_str(style.newline);
}

pub(super) fn pad(out: &mut String, width: usize) {
    out.extend(std::iter::repeat_n(' ', width));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Tree;
    use super::*;

    fn round_trip(value: &Value) {
        for style in [Style::default(), Style { newline: "\r\n", indentless: false, literals: true }] {
            let mut written = String::new();
            block(value, 0, style, &mut written);
            let tree = Tree::parse(&written).unwrap();
            assert_eq!(tree.value(tree.root().unwrap()).unwrap(), *value, "{written}");
        }
        let mut written = String::new();
        flow(value, &mut written);
        let tree = Tree::parse(&written).unwrap();
        assert_eq!(tree.value(tree.root().unwrap()).unwrap(), *value, "{written}");
        assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), *value, "{written}");
    }

    #[test]
    fn writes_what_it_reads() {
        round_trip(&json!({
            "a": {"b": [1, [2, [3]], {"c": "x", "d": {}}, {}, []], "e": null},
            "on": "y", "0644": "0644", "": "", " x": "x ", "k:": "a: b", "#": "# x", "lines": "a\n  b\n\nc\n",
            "chomped": "a\nb", "kept": "a\n\n", "tab": "\ta\nb", "u": "\u{85}\u{2028}\u{feff}\u{7}é", "n": -1.5e300,
            "<<": "<<", "=": "=", "time": "12:30", "date": "2024-01-01", "path": "/tmp", "neg": "-1",
            "cidr": "10.0.0.0/8",
        }));
    }

    #[test]
    fn keeps_plain_what_is_plain() {
        let mut written = String::new();
        let value = json!({"app.kubernetes.io/managed-by": "floe", "drop": ["ALL"], "mode": "NO", "cidr": "::/0"});
        block(&value, 2, Style::default(), &mut written);
        assert_eq!(
            written,
            "  app.kubernetes.io/managed-by: floe\n  drop:\n  - ALL\n  mode: \"NO\"\n  cidr: \"::/0\"\n"
        );
    }
}
