use std::fmt::Write as _;
use std::io::{self, Write};

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::{Input, violates};
use crate::finding::{CheckId, Finding, Page, Severity};
use crate::plan::{Mode, PodVerdict, Report, ViolatingField, ViolationFound};
use crate::text::Span;

/// Writes the verdicts as a SARIF 2.1.0 log: one result for each field at fault.
///
/// `inputs` are the texts of the streams of the report, in their order; `pages` are the rules, each with its page.
pub fn write_sarif(report: &Report, inputs: &[Input<'_>], pages: &[Page], out: &mut dyn Write) -> io::Result<()> {
    let log = Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: json!({"driver": {
                "name": "floe",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": pages.iter().map(rule).collect::<Vec<_>>(),
            }}),
            column_kind: "unicodeCodePoints",
            results: Results { report, inputs, pages },
        }],
    };
    serde_json::to_writer_pretty(&mut *out, &log)?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct Log<'r> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'r>; 1],
}

#[derive(Serialize)]
struct Run<'r> {
    tool: Value,
    #[serde(rename = "columnKind")]
    column_kind: &'static str,
    results: Results<'r>,
}

/// Written one by one: a stream may hold a hundred thousand.
struct Results<'r> {
    report: &'r Report,
    inputs: &'r [Input<'r>],
    pages: &'r [Page],
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let notices = self.report.notices.iter().map(|(stream, finding)| self.of_notice(*stream, finding));
        let of_pod = |pod| self.of_pod(pod);
        serializer.collect_seq(notices.chain(self.report.pods.iter().flat_map(of_pod)))
    }
}

impl Results<'_> {
    fn of_pod<'r>(&'r self, pod: &'r PodVerdict) -> impl Iterator<Item = Value> + 'r {
        let fields = |violation: &'r ViolationFound| violation.fields.iter().map(move |field| (violation, field));
        pod.violations.iter().flat_map(fields).map(move |(violation, field)| self.of_field(pod, violation, field))
    }

    fn of_field(&self, pod: &PodVerdict, violation: &ViolationFound, field: &ViolatingField) -> Value {
        let level = if violation.mode == Mode::Enforce { "error" } else { "warning" };
        let text = format!(
            "{} PodSecurity \"{}\" ({}): {}; {}",
            violates(pod),
            violation.policy,
            violation.mode,
            violation.message,
            field.hint.as_deref().unwrap_or(field.fix.as_str()),
        );
        let mut result = self.result(violation.check, level, &text);
        let object = format!("{} {}/{}", pod.object.gvk.kind, pod.namespace, pod.object.name);
        self.locate(&mut result, pod.stream, Some(field.span), &format!("{object} {}", field.field));
        set(&mut result, "properties", json!({"mode": violation.mode.as_str(), "fix": field.fix.as_str()}));
        result
    }

    fn of_notice(&self, stream: usize, finding: &Finding) -> Value {
        let level = if finding.severity == Severity::Info { "note" } else { "warning" };
        let mut result = self.result(finding.check, level, &finding.message);
        let object = finding.object.as_ref().map(ToString::to_string).unwrap_or_default();
        let location = finding.location.as_ref();
        let path = location.map(|location| location.path.to_string()).unwrap_or_default();
        self.locate(&mut result, stream, location.and_then(|location| location.span), &format!("{object} {path}"));
        result
    }

    fn result(&self, check: CheckId, level: &str, text: &str) -> Value {
        let mut result = json!({"ruleId": check.0, "level": level, "message": {"text": text}});
        if let Some(index) = self.pages.iter().position(|page| page.id == check) {
            set(&mut result, "ruleIndex", json!(index));
        }
        result
    }

    fn locate(&self, result: &mut Value, stream: usize, span: Option<Span>, name: &str) {
        let (Some(input), Some(span)) = (self.inputs.get(stream), span) else { return };
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
}

fn set(object: &mut Value, key: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(key.to_owned(), value);
    }
}

fn rule(page: &Page) -> Value {
    json!({
        "id": page.id.0,
        "name": page.id.0,
        "shortDescription": {"text": page.summary()},
        "fullDescription": {"text": page.summary()},
        "help": {"text": page.body(), "markdown": page.body()},
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": ["security", "kubernetes", "pod-security"]},
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
