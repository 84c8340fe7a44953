//! Random JSON Patches against a value.

use json_patch::Patch;
use serde_json::{Map, Value, json};

use super::choices::Choices;

/// What a patch may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operations {
    /// New entries and items in collections that are not empty.
    AddOnly,
    /// Additions, replacements and some removals.
    All,
}

/// A patch of a few operations and the value that it leads to.
pub(super) fn patched(choices: &mut Choices<'_>, operations: Operations, value: &Value) -> (Patch, Value) {
    let mut target = value.clone();
    let mut patch = Vec::new();
    for position in 0..=choices.below(4) {
        let Some(operation) = operation(choices, operations, position, &target) else { continue };
        let single: Patch = serde_json::from_value(json!([operation])).unwrap();
        json_patch::patch(&mut target, &single).unwrap();
        patch.extend(single.0);
    }
    (Patch(patch), target)
}

fn operation(choices: &mut Choices<'_>, operations: Operations, position: usize, value: &Value) -> Option<Value> {
    let mut pointer = String::new();
    let mut at = value;
    // Walks down; more often than not to the bottom.
    loop {
        let children: Vec<(String, &Value)> = match at {
            Value::Object(map) => {
                map.iter().map(|(key, value)| (key.replace('~', "~0").replace('/', "~1"), value)).collect()
            }
            Value::Array(items) => items.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
            _ => Vec::new(),
        };
        if children.is_empty() || choices.one_in(4) {
            break;
        }
        let (step, child) = children[choices.below(children.len())].clone();
        if operations == Operations::AddOnly && !is_filled(child) {
            break;
        }
        pointer = format!("{pointer}/{step}");
        at = child;
    }
    let act = choices.below(12);
    if operations == Operations::All && !pointer.is_empty() {
        if act == 11 {
            return Some(json!({"op": "remove", "path": pointer}));
        }
        if act == 10 || !(at.is_object() || at.is_array()) {
            return Some(json!({"op": "replace", "path": pointer, "value": addition(choices)}));
        }
    }
    match at {
        Value::Object(_) => {
            let key = choices.pick(&["new", "on", "0644", "a b", "~1é", "securityContext"]);
            let path = format!("{pointer}/{key}{position}");
            Some(json!({"op": "add", "path": path, "value": addition(choices)}))
        }
        Value::Array(items) => {
            let index = choices.below(items.len() + 1);
            let mut value = addition(choices);
            if operations == Operations::AddOnly && value.is_array() {
                // Beside another change it could be taken for one of the lists that are already there.
                value = json!("item");
            }
            Some(json!({"op": "add", "path": format!("{pointer}/{index}"), "value": value}))
        }
        _ => None,
    }
}

fn is_filled(value: &Value) -> bool {
    match value {
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
        _ => false,
    }
}

fn addition(choices: &mut Choices<'_>) -> Value {
    match choices.below(16) {
        0 => json!(true),
        1 => json!(1000),
        2 => json!("plain"),
        3 => json!({"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}}),
        4 => json!([{"name": "tmp", "emptyDir": {}}]),
        5 => json!({"capabilities": {"drop": ["ALL"]}}),
        6 => json!("yes"),
        7 => json!("a: b # c"),
        8 => json!("line\nline\n"),
        9 => json!("line\n\n  line"),
        10 => Value::Null,
        11 => Value::Object(Map::new()),
        12 => json!([]),
        13 => json!([[1, [2]], {"a": []}]),
        14 => json!(-1.5),
        _ => json!("\u{85}é\t\u{feff}"),
    }
}
