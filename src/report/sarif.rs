//! SARIF 2.1.0 logs.

use std::collections::BTreeMap;
use std::io::{self, Write};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::{Value, json};

use super::Input;
use crate::finding::{CheckId, Finding, Page, Severity};
use crate::text::Span;

/// What every result of a log needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sarif<'l> {
    /// The texts of the streams, in their order.
    pub(super) inputs: &'l [Input<'l>],
    /// The rules, each with its page.
    pub(super) pages: &'l [Page],
    /// What the rules are about.
    pub(super) tag: &'static str,
}

impl Sarif<'_> {
    /// Writes a log of results, which may be written one by one; `found` are their rules and severities.
    pub(super) fn write(
        &self,
        found: impl IntoIterator<Item = (CheckId, Severity)>,
        results: impl Serialize,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let mut severest: BTreeMap<CheckId, Severity> = BTreeMap::new();
        for (check, severity) in found {
            severest.entry(check).and_modify(|it| *it = severity.min(*it)).or_insert(severity);
        }
        let rule = |page: &Page| rule(page, *severest.get(&page.id).unwrap_or(&page.severity), self.tag);
        let log = Log {
            schema: "https://json.schemastore.org/sarif-2.1.0.json",
            version: "2.1.0",
            runs: [Run {
                tool: json!({"driver": {
                    "name": "floe",
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "rules": self.pages.iter().map(rule).collect::<Vec<_>>(),
                }}),
                column_kind: "unicodeCodePoints",
                results,
            }],
        };
        serde_json::to_writer_pretty(&mut *out, &log)?;
        out.write_all(b"\n")
    }

    /// Writes a log of findings.
    pub(super) fn write_findings<'f>(
        &self,
        findings: impl Iterator<Item = &'f Finding> + Clone,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let results: Vec<Value> = findings.clone().map(|it| self.finding(it)).collect();
        self.write(findings.map(|it| (it.check, it.severity)), results, out)
    }

    /// A finding as a result.
    pub(super) fn finding(&self, finding: &Finding) -> Value {
        let text = match &finding.help {
            Some(help) => format!("{}; {help}", finding.message),
            None => finding.message.clone(),
        };
        let location = finding.location.as_ref();
        let object = finding.object.as_ref().map(ToString::to_string).unwrap_or_default();
        let path = location.map(|location| location.path.to_string()).unwrap_or_default();
        let place = location.and_then(|it| Some((it.stream, it.span?)));
        self.result(finding.check, finding.severity, &text, place, format!("{object} {path}").trim_end())
    }

    /// A result. Its place, if it has one, is a stretch of an input, and the name of the field there.
    pub(super) fn result(
        &self,
        check: CheckId,
        severity: Severity,
        text: &str,
        place: Option<(usize, Span)>,
        name: &str,
    ) -> Value {
        let mut result = json!({"ruleId": check.0, "level": level(severity), "message": {"text": text}});
        if let Some(index) = self.pages.iter().position(|page| page.id == check) {
            set(&mut result, "ruleIndex", json!(index));
        }
        if let Some((input, span)) = place.and_then(|(stream, span)| Some((self.inputs.get(stream)?, span))) {
            set(&mut result, "locations", json!([location(input, span, name)]));
        }
        result
    }
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

fn location(input: &Input<'_>, span: Span, name: &str) -> Value {
    let (start, end) = (input.line_column(span.start), input.line_column(span.end));
    let uri = input.path().map_or_else(|| "stdin".to_owned(), uri);
    json!({
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
    })
}

/// Sets a key of an object.
pub(super) fn set(object: &mut Value, key: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(key.to_owned(), value);
    }
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn rule(page: &Page, severity: Severity, tag: &str) -> Value {
    json!({
        "id": page.id.0,
        "name": page.id.0,
        "shortDescription": {"text": page.summary()},
        "fullDescription": {"text": page.summary()},
        "help": {"text": page.body(), "markdown": page.body()},
        "defaultConfiguration": {"level": level(severity)},
        "properties": {"tags": ["security", "kubernetes", tag]},
    })
}

/// What stays as it is in the path of a URI reference (RFC 3986). A colon does not: it may look like a scheme.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// A path as a URI reference: absolute paths are `file` URIs.
fn uri(path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    let scheme = if path.starts_with('/') { "file://" } else { "" };
    format!("{scheme}{}", utf8_percent_encode(path, KEPT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_uri_references() {
        for (path, expected) in
            [("a/b.yaml", "a/b.yaml"), ("./a.yaml", "a.yaml"), ("/a b/ü:1.yaml", "file:///a%20b/%C3%BC%3A1.yaml")]
        {
            assert_eq!(uri(path), expected);
        }
    }

    #[test]
    fn rules_have_the_level_of_their_severest_result_or_the_documented_one() {
        let (mixed, note, silent, mild) = (CheckId("mixed"), CheckId("note"), CheckId("silent"), CheckId("mild"));
        let pages = [
            Page::new(mixed, Severity::Error, ""),
            Page::new(note, Severity::Info, ""),
            Page::new(silent, Severity::Warning, ""),
            Page::new(mild, Severity::Error, ""),
        ];
        let found = [(mixed, Severity::Info), (mixed, Severity::Error), (mixed, Severity::Warning)];
        let found = found.into_iter().chain([(note, Severity::Info), (mild, Severity::Warning)]);
        let findings: Vec<Finding> = found.map(|(check, severity)| Finding::new(severity, check, "")).collect();
        let mut out = Vec::new();
        Sarif { inputs: &[], pages: &pages, tag: "x" }.write_findings(findings.iter(), &mut out).unwrap();
        let log: Value = serde_json::from_slice(&out).unwrap();
        let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
        let levels: Vec<_> = rules.iter().map(|rule| rule["defaultConfiguration"]["level"].as_str().unwrap()).collect();
        assert_eq!(levels, ["error", "note", "warning", "warning"]);
    }
}
