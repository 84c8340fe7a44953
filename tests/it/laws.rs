//! Laws of the filter, over every manifest of the test data: nothing is lost, every value that was not planned to change
//! is as before, a second run changes nothing, the same input gives the same bytes, and another reader agrees.
//!
//! The other reader is `yamljudge` (sigs.k8s.io/yaml, what kubectl and Helm read with).

mod corpus;
mod mixed;
mod order;

use std::collections::BTreeMap;

use floe::config::{Config, Conflicts};
use floe::plan::{Error, Outcome, Parts, Request, plan};
use floe::stream::frame;
use serde_json::Value;

/// The built-in configuration, under which violations do not fail a run.
fn lenient() -> Config {
    let mut config = Config::default();
    config.pod_security.conflicts = Conflicts::Warn;
    config
}

fn request(namespace: &str) -> Request {
    Request { namespace: Some(namespace.to_owned()), parts: Parts::ALL }
}

/// What one run made of a text.
struct Secured {
    output: String,
    /// How often each line of the input was replaced, because it holds a token that had to change.
    replaced: BTreeMap<String, usize>,
}

fn secure(input: &str, namespace: &str) -> Result<Secured, Error> {
    let stream = frame(input);
    let outcome: Outcome<'_> = plan(&stream, &lenient(), &request(namespace))?;
    let mut replaced = BTreeMap::new();
    for edit in outcome.output.edits() {
        // An insertion at the start of a line leaves every line whole; any other edit touches the lines it lies in.
        let start = input[..edit.span.start].rfind('\n').map_or(0, |at| at + 1);
        let whole = edit.span.is_empty() && edit.span.start == start && edit.text.ends_with('\n');
        let end = input[edit.span.end..].find('\n').map_or(input.len(), |at| edit.span.end + at);
        let at_end = edit.span.is_empty() && edit.span.start == end && edit.text.starts_with(['\n', '\r']);
        if !whole && !at_end {
            for line in input[start..end].lines() {
                *replaced.entry(line.to_owned()).or_insert(0) += 1;
            }
        }
    }
    Ok(Secured { output: outcome.output.to_string(), replaced })
}

/// Checks the laws that need no other reader; gives the output.
fn assert_laws(name: &str, input: &str, namespace: &str) -> String {
    let secured = secure(input, namespace).unwrap_or_else(|error| panic!("{name} in {namespace}: {error:?}"));
    if let Some(line) = lost(input, &secured) {
        panic!("{name} in {namespace}: lost or moved: {line:?}");
    }
    let again = secure(&secured.output, namespace).unwrap_or_else(|error| panic!("{name}, twice: {error:?}"));
    if again.output != secured.output {
        let differs = secured.output.lines().zip(again.output.lines()).find(|(once, twice)| once != twice);
        panic!("{name} in {namespace}: a second run changes {differs:?}");
    }
    secured.output
}

/// A line of the input that is neither in the output, in order, nor one that had to be replaced.
fn lost<'t>(input: &'t str, secured: &Secured) -> Option<&'t str> {
    let mut budget = secured.replaced.clone();
    let after: Vec<&str> = secured.output.lines().collect();
    let mut at = 0;
    for line in input.lines() {
        match after[at..].iter().position(|other| *other == line) {
            Some(found) => at += found + 1,
            None => match budget.get_mut(line) {
                Some(left) if *left > 0 => *left -= 1,
                _ => return Some(line),
            },
        }
    }
    None
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
