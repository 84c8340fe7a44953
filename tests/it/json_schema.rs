//! A validator for the part of JSON Schema that floe's own schemas use. It panics on any other keyword, so that a schema
//! never says more than is checked. (The crates for the whole of it bring fifty others.)

use serde_json::Value;

/// Everything in `value` that a schema forbids, with the place.
pub(crate) fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    visit(schema, schema, value, "", &mut faults);
    faults
}

fn visit(root: &Value, schema: &Value, value: &Value, place: &str, faults: &mut Vec<String>) {
    for (keyword, rule) in schema.as_object().expect("a schema is an object") {
        let fault = match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" => None,
            "$ref" => {
                let target = root.pointer(rule.as_str().unwrap().strip_prefix('#').unwrap()).unwrap();
                visit(root, target, value, place, faults);
                None
            }
            "type" => (!is_type(rule.as_str().unwrap(), value)).then(|| format!("is no {rule}")),
            "enum" => (!rule.as_array().unwrap().contains(value)).then(|| format!("is none of {rule}")),
            "minimum" => {
                value.as_i64().filter(|number| *number < rule.as_i64().unwrap()).map(|_| format!("is below {rule}"))
            }
            "pattern" => {
                let text = value.as_str().unwrap_or_default();
                (!matches(rule.as_str().unwrap(), text)).then(|| format!("does not match {rule}"))
            }
            "required" => {
                let missing = rule.as_array().unwrap().iter().find(|key| value.get(key.as_str().unwrap()).is_none());
                missing.map(|key| format!("has no {key}"))
            }
            "additionalProperties" => {
                assert_eq!(rule, false);
                let known = schema["properties"].as_object().unwrap();
                let unknown = value.as_object().into_iter().flatten().find(|(key, _)| !known.contains_key(*key));
                unknown.map(|(key, _)| format!("has an unknown key {key}"))
            }
            "properties" => {
                for (key, rule) in rule.as_object().unwrap() {
                    if let Some(value) = value.get(key) {
                        visit(root, rule, value, &format!("{place}/{key}"), faults);
                    }
                }
                None
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    visit(root, rule, item, &format!("{place}/{index}"), faults);
                }
                None
            }
            other => panic!("the validator does not know {other}"),
        };
        faults.extend(fault.map(|fault| format!("{place}: {value} {fault}")));
    }
}

fn is_type(name: &str, value: &Value) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        other => panic!("the validator does not know the type {other}"),
    }
}

/// The patterns of the schemas: a literal prefix, or groups of words with digits at the end.
fn matches(pattern: &str, text: &str) -> bool {
    let body = pattern.strip_prefix('^').expect("patterns are anchored");
    let Some(body) = body.strip_suffix('$') else { return text.starts_with(body) };
    alternatives(body).iter().any(|alternative| match alternative.strip_suffix("[0-9]+") {
        Some(prefix) => text
            .strip_prefix(prefix)
            .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())),
        None => text == alternative,
    })
}

/// Every text that a pattern of groups stands for.
fn alternatives(pattern: &str) -> Vec<String> {
    let Some((before, rest)) = pattern.split_once('(') else { return vec![pattern.replace("\\.", ".")] };
    let (group, after) = rest.split_once(')').unwrap();
    let after = alternatives(after);
    group
        .split('|')
        .flat_map(|word| after.iter().map(move |after| format!("{before}{word}{after}").replace("\\.", ".")))
        .collect()
}

#[test]
fn finds_what_a_schema_forbids() {
    let schema = serde_json::json!({
        "type": "object", "additionalProperties": false, "required": ["a"],
        "properties": {
            "a": {"type": "integer", "minimum": 1},
            "b": {"type": "array", "items": {"$ref": "#/$defs/level"}},
            "c": {"enum": ["x"]},
        },
        "$defs": {"level": {"type": "string", "pattern": "^(low|high):(latest|v1\\.[0-9]+)$"}},
    });
    let good = serde_json::json!({"a": 1, "b": ["low:latest", "high:v1.34"], "c": "x"});
    assert_eq!(faults(&schema, &good), [""; 0]);
    for bad in [
        serde_json::json!({"b": []}),
        serde_json::json!({"a": 0}),
        serde_json::json!({"a": "1"}),
        serde_json::json!({"a": 1, "d": 1}),
        serde_json::json!({"a": 1, "c": "y"}),
        serde_json::json!({"a": 1, "b": ["low:v1."]}),
        serde_json::json!({"a": 1, "b": ["low:v1.3x"]}),
        serde_json::json!({"a": 1, "b": ["mid:latest"]}),
    ] {
        assert_eq!(faults(&schema, &bad).len(), 1, "{bad}");
    }
}
