//! SARIF 2.1.0 logs.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Value, json};

use super::Input;
use crate::finding::{CheckId, Page};
use crate::text::Span;

/// Writes a log of results, which may be written one by one; `tag` says what the rules are about.
pub(super) fn write_log(pages: &[Page], tag: &str, results: impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let log = Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: json!({"driver": {
                "name": "floe",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": pages.iter().map(|page| rule(page, tag)).collect::<Vec<_>>(),
            }}),
            column_kind: "unicodeCodePoints",
            results,
        }],
    };
    serde_json::to_writer_pretty(&mut *out, &log)?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct Log<R> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<R>; 1],
}

#[derive(Serialize)]
struct Run<R> {
    tool: Value,
    #[serde(rename = "columnKind")]
    column_kind: &'static str,
    results: R,
}

/// A result without a place.
pub(super) fn result(pages: &[Page], check: CheckId, level: &str, text: &str) -> Value {
    let mut result = json!({"ruleId": check.0, "level": level, "message": {"text": text}});
    if let Some(index) = pages.iter().position(|page| page.id == check) {
        set(&mut result, "ruleIndex", json!(index));
    }
    result
}

/// Gives a result its place, if it has one: a stretch of an input, and the name of the field there.
pub(super) fn locate(input: Option<&Input<'_>>, result: &mut Value, span: Option<Span>, name: &str) {
    let (Some(input), Some(span)) = (input, span) else { return };
    let (start, end) = (input.line_column(span.start), input.line_column(span.end));
    let uri = input.path().map_or_else(|| "stdin".to_owned(), uri);
    let location = json!({
        "physicalLocation": {
            "artifactLocation": {"uri": uri},
            "region": {
                "startLine": start.line,
                "startColumn": start.column,
                "endLine": end.line,
                "endColumn": end.column,
            },
        },
        "logicalLocations": [{"fullyQualifiedName": name, "kind": "resource"}],
    });
    set(result, "locations", json!([location]));
}

/// Sets a key of an object.
pub(super) fn set(object: &mut Value, key: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(key.to_owned(), value);
    }
}

fn rule(page: &Page, tag: &str) -> Value {
    json!({
        "id": page.id.0,
        "name": page.id.0,
        "shortDescription": {"text": page.summary()},
        "fullDescription": {"text": page.summary()},
        "help": {"text": page.body(), "markdown": page.body()},
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": ["security", "kubernetes", tag]},
    })
}

/// A path as a URI reference (RFC 3986): absolute paths are `file` URIs.
fn uri(path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    let mut uri = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            // Writing to a String cannot fail.
            _ => _ = write!(uri, "%{byte:02X}"),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn paths_become_uri_references() {
        for (path, expected) in
            [("a/b.yaml", "a/b.yaml"), ("./a.yaml", "a.yaml"), ("/a b/ü:1.yaml", "file:///a%20b/%C3%BC%3A1.yaml")]
        {
            assert_eq!(uri(path), expected);
        }
    }
}
