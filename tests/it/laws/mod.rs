//! Laws of the filter, over every manifest of the test data: nothing is lost, every value that was not planned to
//! change is as before, a second run changes nothing, the same input gives the same bytes, and another reader agrees.
//!
//! The other reader is `yamljudge` (sigs.k8s.io/yaml, what kubectl and Helm read with).

mod corpus;
mod mixed;
mod order;

use std::collections::BTreeSet;

use floe::config::{Config, Conflicts};
use floe::document::Error;
use floe::plan::{Detail, Outcome, Parts, Request, plan};
use floe::stream::frame;
use serde_json::Value;

/// The built-in configuration, under which violations do not fail a run.
fn lenient() -> Config {
    let mut config = Config::default();
    config.pod_security.conflicts = Conflicts::Warn;
    config
}

fn request(namespace: &str) -> Request {
    Request { namespace: Some(namespace.to_owned()), parts: Parts::ALL, detail: Detail::Warnings }
}

/// Secures a text and checks that nothing is lost: lines of the input survive in order, and a line that does not only
/// has a token replaced or gets text of floe's.
pub(crate) fn lossless(input: &str, namespace: &str) -> Result<String, Error> {
    let stream = frame(input);
    let Outcome { output, .. } = plan(&stream, &lenient(), &request(namespace))?;
    let text = output.to_string();
    let ends: Vec<usize> = input.match_indices('\n').map(|(at, _)| at + 1).collect();
    let line_of = |offset: usize| ends.partition_point(|end| *end <= offset);
    let mut touched = BTreeSet::new();
    for edit in output.edits() {
        let (start, end) = (edit.span.start, edit.span.end);
        let removed = &input[start..end];
        assert!(is_replaceable(removed), "{removed:?} was removed");
        // Whole lines that come between two lines touch neither.
        let above = start == 0 || input[..start].ends_with('\n');
        let below = matches!(input[start..].trim_start_matches('\r').chars().next(), None | Some('\n'));
        let whole =
            start == end && (above && edit.text.ends_with('\n') || below && edit.text.starts_with(['\n', '\r']));
        if !whole {
            touched.extend(line_of(start)..=line_of(end));
        }
    }
    let mut after = text.lines();
    let kept = input.lines().enumerate().filter(|(number, _)| !touched.contains(number));
    for (number, line) in kept {
        assert!(after.any(|other| other == line), "line {} is lost or moved: {line:?}", number + 1);
    }
    Ok(text)
}

/// Tokens that floe may replace: empty values, and values of the fields that it raises.
fn is_replaceable(removed: &str) -> bool {
    matches!(removed.trim(), "" | "{}" | "[]" | "null" | "~" | "{ }" | "[ ]")
}

/// Checks the laws that need no other reader; gives the output.
fn assert_laws(name: &str, input: &str, namespace: &str) -> String {
    let once = lossless(input, namespace).unwrap_or_else(|error| panic!("{name} in {namespace}: {error:?}"));
    let stream = frame(&once);
    let twice = plan(&stream, &lenient(), &request(namespace))
        .unwrap_or_else(|error| panic!("{name} in {namespace}, the second time: {error:?}"));
    assert!(twice.output.is_unchanged(), "{name} in {namespace}: a second run changes {:?}", twice.output.edits());
    once
}

/// A value without what floe may add to it: its own fields in pods, and labels of Namespaces.
fn without_hardening(object: &Value) -> Value {
    let mut object = object.clone();
    strip(&mut object);
    object
}

/// Keys that only floe's plan writes into the objects of the input.
const PLANNED: [&str; 3] = ["securityContext", "volumes", "volumeMounts"];

fn strip(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|key, _| !PLANNED.contains(&key.as_str()) && !key.starts_with("pod-security.kubernetes.io/"));
            map.values_mut().for_each(strip);
            map.retain(|key, value| key != "labels" || value.as_object().is_none_or(|labels| !labels.is_empty()));
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

/// Whether every value that was written is still there: floe fills in what is missing and overwrites nothing.
fn is_kept(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Null, _) => true,
        (Value::Object(before), Value::Object(after)) => before.iter().all(|(key, value)| {
            key.starts_with("pod-security.kubernetes.io/") || after.get(key).is_some_and(|after| is_kept(value, after))
        }),
        (Value::Array(before), Value::Array(after)) => {
            let mut after = after.iter();
            before.iter().all(|value| after.any(|other| is_kept(value, other)))
        }
        _ => before == after,
    }
}

fn is_own(object: &Value) -> bool {
    object["metadata"]["labels"]["floe.dev/component"] == "network-security"
}
