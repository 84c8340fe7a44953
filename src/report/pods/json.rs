use std::io::{self, Write};

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::Input;
use crate::finding::Finding;
use crate::plan::INPUT;
use crate::verdict::{Mode, PodVerdict, Report, Verdict, ViolatingField, ViolationFound};

/// Writes the verdicts as one JSON document: the contract of `docs/schema/pods-check.schema.json`.
///
/// `inputs` are the texts of the streams of the report, in their order.
pub fn write_json(report: &Report, inputs: &[Input<'_>], out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(
        &mut *out,
        &Document { unreadable: unreadable(report, inputs), pods: Pods { report, inputs } },
    )?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct Document<'r> {
    unreadable: Vec<Value>,
    pods: Pods<'r>,
}

/// What cannot be read, each with its place.
fn unreadable(report: &Report, inputs: &[Input<'_>]) -> Vec<Value> {
    let found = report.notices.iter().filter(|it| it.check == INPUT);
    let problem = |finding: &Finding| {
        let mut value = Map::from_iter([("message".to_owned(), json!(finding.message))]);
        let input = finding.location.as_ref().and_then(|it| inputs.get(it.stream));
        if let Some(path) = input.and_then(Input::path) {
            value.insert("file".to_owned(), json!(path));
        }
        if let Some((input, span)) = input.zip(finding.location.as_ref().and_then(|it| it.span)) {
            let place = input.line_column(span.start);
            value.insert("line".to_owned(), json!(place.line));
            value.insert("column".to_owned(), json!(place.column));
        }
        Value::Object(value)
    };
    found.map(problem).collect()
}

/// Written one by one: a stream may hold a hundred thousand.
struct Pods<'r> {
    report: &'r Report,
    inputs: &'r [Input<'r>],
}

impl Serialize for Pods<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.report.pods.iter().map(|pod| of_pod(pod, self.inputs.get(pod.stream))))
    }
}

fn of_pod(pod: &PodVerdict, input: Option<&Input<'_>>) -> Value {
    let mut value = Map::new();
    let mut set = |key: &str, content: Value| value.insert(key.to_owned(), content);
    if let Some(path) = input.and_then(Input::path) {
        set("file", json!(path));
    }
    set("document", json!(pod.document));
    set("apiVersion", json!(pod.object.gvk.api_version()));
    set("kind", json!(pod.object.gvk.kind));
    set("namespace", json!(pod.namespace));
    set("name", json!(pod.object.name));
    set("enforce", json!(pod.enforce.policy.to_string()));
    set("allowed", json!(pod.enforce.is_allowed()));
    if let Some(message) = &pod.enforce.message {
        set("message", json!(message));
    }
    set("audit", of_verdict(&pod.audit));
    set("warn", of_verdict(&pod.warn));
    let enforced = pod.violations.iter().filter(|violation| violation.mode == Mode::Enforce);
    let findings = enforced.flat_map(|violation| violation.fields.iter().map(|field| finding(violation, field, input)));
    set("findings", findings.collect());
    Value::Object(value)
}

fn of_verdict(verdict: &Verdict) -> Value {
    let mut value = json!({"policy": verdict.policy.to_string(), "allowed": verdict.is_allowed()});
    if let (Some(message), Some(value)) = (&verdict.message, value.as_object_mut()) {
        value.insert("message".to_owned(), json!(message));
    }
    value
}

fn finding(violation: &ViolationFound, field: &ViolatingField, input: Option<&Input<'_>>) -> Value {
    let mut value = Map::new();
    let mut set = |key: &str, content: Value| value.insert(key.to_owned(), content);
    set("check", json!(violation.check.0));
    if let Some(container) = &field.container {
        set("container", json!(container));
    }
    set("field", json!(field.field));
    if let Some(input) = input {
        let place = input.line_column(field.span.start);
        set("line", json!(place.line));
        set("column", json!(place.column));
    }
    set("fix", json!(field.fix.as_str()));
    Value::Object(value)
}
