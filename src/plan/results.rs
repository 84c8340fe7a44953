//! Findings as `results` of a `ResourceList` (KRM Functions Specification).

use serde_json::{Map, Value, json};

use super::notices;
use crate::document::Problem;
use crate::finding::{CheckId, Finding, Severity};
use crate::object::ResourceId;
use crate::yaml::FieldPath;

/// A configuration that cannot be used is reported under this id.
pub(super) const CONFIGURATION: CheckId = CheckId("configuration");
/// What prevented a result is reported under this id.
pub const INPUT: CheckId = CheckId("input");

/// The tag by which floe finds the results of an earlier run.
const CHECK_TAG: &str = "floe.dev/check";

/// The results that a list is to have: those of others, then floe's. Absent if nothing changes. A run that changes no object
/// keeps what the one before has told of that.
pub(super) fn merged(present: Option<&Value>, own: Vec<Value>, keeps_told: bool) -> Option<Value> {
    let of_others = |result: &&Value| check_of(result).is_none();
    let told_before = |result: &&Value| keeps_told && check_of(result).is_some_and(notices::is_told);
    let all = || present.and_then(Value::as_array).into_iter().flatten();
    let mut results: Vec<Value> = all().filter(of_others).chain(all().filter(told_before)).cloned().collect();
    results.extend(own);
    match present {
        None | Some(Value::Null) if results.is_empty() => None,
        Some(Value::Array(present)) if *present == results => None,
        _ => Some(Value::Array(results)),
    }
}

/// The check of a result of floe's.
fn check_of(result: &Value) -> Option<&str> {
    result.get("tags")?.get(CHECK_TAG)?.as_str()
}

/// One finding as a result.
pub(super) fn of_finding(finding: &Finding) -> Value {
    let path = finding.location.as_ref().map(|location| &location.path);
    let message = match &finding.help {
        Some(help) => format!("{}; {help}", finding.message),
        None => finding.message.clone(),
    };
    result(&message, finding.severity.as_str(), finding.check.0, finding.object.as_ref(), path)
}

/// What prevents that a part of the input is read, as a finding.
pub(crate) fn finding_of(problem: Problem, check: CheckId) -> Finding {
    let Problem { message, object, location, help } = problem;
    let finding = Finding::new(Severity::Error, check, message).help(help);
    Finding { object, location: Some(location), ..finding }
}

/// What prevented a result, as a result.
pub(super) fn of_problem(problem: &Problem) -> Value {
    let message = format!("{}; {}", problem.message, problem.help);
    result(&message, "error", INPUT.0, problem.object.as_ref(), Some(&problem.location.path))
}

fn result(message: &str, severity: &str, check: &str, object: Option<&ResourceId>, path: Option<&FieldPath>) -> Value {
    let mut result = Map::new();
    result.insert("message".to_owned(), json!(message));
    result.insert("severity".to_owned(), json!(severity));
    if let Some(id) = object {
        let mut reference = Map::new();
        reference.insert("apiVersion".to_owned(), json!(id.gvk.api_version()));
        reference.insert("kind".to_owned(), json!(id.gvk.kind));
        if let Some(namespace) = &id.namespace {
            reference.insert("namespace".to_owned(), json!(namespace));
        }
        reference.insert("name".to_owned(), json!(id.name));
        result.insert("resourceRef".to_owned(), Value::Object(reference));
        if let Some(path) = path.filter(|path| !path.is_root()) {
            result.insert("field".to_owned(), json!({"path": path.to_string()}));
        }
    }
    result.insert("tags".to_owned(), json!({CHECK_TAG: check}));
    Value::Object(result)
}
