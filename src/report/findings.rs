//! What validation has found: as text, as JSON and as SARIF.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::sarif::{locate, result, write_log};
use super::{Input, Painter};
use crate::finding::{Finding, Page, Severity};
use crate::verdict::Validation;

/// Writes findings for people: a line that says it all, then each finding in its source.
///
/// `inputs` are the texts of the streams, in their order.
pub fn write_findings_text(
    validation: &Validation,
    inputs: &[Input<'_>],
    painter: &Painter,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out, "{}", summary(validation))?;
    for finding in &validation.findings {
        let origin =
            finding.location.as_ref().and_then(|it| inputs.get(it.stream)).map(Input::origin).unwrap_or_default();
        writeln!(out, "\n{}", painter.paint_finding(finding, origin))?;
    }
    if !validation.findings.is_empty() {
        writeln!(out, "\n`floe explain CHECK` says what a check is about and how to satisfy it.")?;
    }
    Ok(())
}

fn summary(validation: &Validation) -> String {
    let count = |severity, one: &str, many: &str| match validation.count(severity) {
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    };
    let policies = match validation.counts.policies {
        1 => "1 policy".to_owned(),
        count => format!("{count} policies"),
    };
    let compared = match validation.counts.wanted {
        Some(wanted) => format!(", compared with the {wanted} that the configuration wants"),
        None => String::new(),
    };
    format!(
        "floe: {policies}{compared}: {}, {}, {}",
        count(Severity::Error, "error", "errors"),
        count(Severity::Warning, "warning", "warnings"),
        count(Severity::Info, "note", "notes"),
    )
}

/// Writes findings as one JSON document: the contract of `docs/schema/network-validate.schema.json`.
///
/// `inputs` are the texts of the streams, in their order.
pub fn write_findings_json(validation: &Validation, inputs: &[Input<'_>], out: &mut dyn Write) -> io::Result<()> {
    let mut value = Map::new();
    value.insert("policies".to_owned(), json!(validation.counts.policies));
    value.insert("invalid".to_owned(), json!(validation.counts.invalid));
    if let Some(wanted) = validation.counts.wanted {
        value.insert("wanted".to_owned(), json!(wanted));
    }
    let findings = validation.findings.iter().map(|it| json_finding(it, inputs)).collect();
    value.insert("findings".to_owned(), findings);
    serde_json::to_writer_pretty(&mut *out, &value)?;
    out.write_all(b"\n")
}

fn json_finding(finding: &Finding, inputs: &[Input<'_>]) -> Value {
    let mut value = Map::new();
    let mut set = |key: &str, content: Value| value.insert(key.to_owned(), content);
    set("check", json!(finding.check.0));
    set("severity", json!(finding.severity.as_str()));
    set("message", json!(finding.message));
    if let Some(object) = &finding.object {
        set("apiVersion", json!(object.gvk.api_version()));
        set("kind", json!(object.gvk.kind));
        if let Some(namespace) = &object.namespace {
            set("namespace", json!(namespace));
        }
        set("name", json!(object.name));
    }
    set_place(&mut value, finding, inputs);
    Value::Object(value)
}

/// Sets where a finding is and what to do about it.
pub(super) fn set_place(value: &mut Map<String, Value>, finding: &Finding, inputs: &[Input<'_>]) {
    let mut set = |key: &str, content: Value| value.insert(key.to_owned(), content);
    let place = finding.location.as_ref().and_then(|it| Some((it, inputs.get(it.stream)?)));
    if let Some((location, input)) = place {
        if let Some(path) = input.path() {
            set("file", json!(path));
        }
        set("document", json!(location.document));
        set("field", json!(location.path.to_string()));
        if let Some(span) = location.span {
            let place = input.line_column(span.start);
            set("line", json!(place.line));
            set("column", json!(place.column));
        }
    }
    if let Some(help) = &finding.help {
        set("help", json!(help));
    }
}

/// Writes findings as a SARIF 2.1.0 log. `pages` are the rules, each with its page.
///
/// `inputs` are the texts of the streams, in their order.
pub fn write_findings_sarif(
    validation: &Validation,
    inputs: &[Input<'_>],
    pages: &[Page],
    out: &mut dyn Write,
) -> io::Result<()> {
    let results: Vec<Value> = validation.findings.iter().map(|it| sarif_finding(it, inputs, pages)).collect();
    write_log(pages, "network-policy", results, out)
}

fn sarif_finding(finding: &Finding, inputs: &[Input<'_>], pages: &[Page]) -> Value {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    };
    let text = match &finding.help {
        Some(help) => format!("{}; {help}", finding.message),
        None => finding.message.clone(),
    };
    let mut value = result(pages, finding.check, level, &text);
    let object = finding.object.as_ref().map(ToString::to_string).unwrap_or_default();
    let location = finding.location.as_ref();
    let path = location.map(|location| location.path.to_string()).unwrap_or_default();
    let input = location.and_then(|it| inputs.get(it.stream));
    locate(input, &mut value, location.and_then(|location| location.span), &format!("{object} {path}"));
    value
}
