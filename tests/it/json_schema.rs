//! A validator for the part of JSON Schema that floe's own schemas use. It panics on any other keyword, so that a
//! schema never says more than is checked. (The crates for the whole of it bring fifty others.)

use regex::Regex;
use serde_json::Value;

/// Everything in `value` that a schema forbids, with the place.
pub(crate) fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    visit(schema, schema, value, "", &mut faults);
    faults
}

fn visit(root: &Value, schema: &Value, value: &Value, place: &str, faults: &mut Vec<String>) {
    if schema == true {
        return;
    }
    for (keyword, rule) in schema.as_object().expect("a schema is an object") {
        let fault = match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" => None,
            // An annotation; floe's types are the only source of it.
            "format" => {
                assert_eq!(rule, "int64");
                None
            }
            "$ref" => {
                let target = root.pointer(rule.as_str().unwrap().strip_prefix('#').unwrap()).unwrap();
                visit(root, target, value, place, faults);
                None
            }
            "type" => {
                let names = rule.as_array().map_or_else(|| vec![rule], |names| names.iter().collect());
                (!names.iter().any(|name| is_type(name.as_str().unwrap(), value))).then(|| format!("is no {rule}"))
            }
            "const" => (rule != value).then(|| format!("is not {rule}")),
            "oneOf" | "anyOf" => {
                let fits: Vec<_> = rule.as_array().unwrap().iter().filter(|it| fits(root, it, value)).collect();
                let good = if keyword == "oneOf" { fits.len() == 1 } else { !fits.is_empty() };
                (!good).then(|| format!("fits {} of {keyword}", fits.len()))
            }
            "not" => fits(root, rule, value).then(|| format!("fits {rule}")),
            "enum" => (!rule.as_array().unwrap().contains(value)).then(|| format!("is none of {rule}")),
            "minimum" => {
                value.as_i64().filter(|number| *number < rule.as_i64().unwrap()).map(|_| format!("is below {rule}"))
            }
            "maximum" => {
                value.as_i64().filter(|number| *number > rule.as_i64().unwrap()).map(|_| format!("is above {rule}"))
            }
            "pattern" => {
                let pattern = Regex::new(rule.as_str().unwrap()).unwrap();
                value.as_str().filter(|text| !pattern.is_match(text)).map(|_| format!("does not match {rule}"))
            }
            "maxLength" => {
                let most = usize::try_from(rule.as_u64().unwrap()).unwrap();
                value.as_str().filter(|text| text.chars().count() > most).map(|_| format!("is longer than {rule}"))
            }
            "minItems" => {
                let least = usize::try_from(rule.as_u64().unwrap()).unwrap();
                value.as_array().filter(|items| items.len() < least).map(|_| format!("has fewer items than {rule}"))
            }
            "uniqueItems" => {
                let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
                let twice = items.iter().enumerate().find(|(index, item)| items[..*index].contains(item));
                twice.map(|(_, item)| format!("has {item} twice"))
            }
            "required" => {
                let missing = rule.as_array().unwrap().iter().find(|key| value.get(key.as_str().unwrap()).is_none());
                missing.filter(|_| value.is_object()).map(|key| format!("has no {key}"))
            }
            "additionalProperties" => {
                let others = entries(value).filter(|(key, _)| !is_named(schema, key));
                if rule == false {
                    others.map(|(key, _)| format!("has an unknown key {key}")).next()
                } else {
                    others.for_each(|(key, value)| visit(root, rule, value, &format!("{place}/{key}"), faults));
                    None
                }
            }
            "patternProperties" => {
                for (pattern, rule) in rule.as_object().unwrap() {
                    let pattern = Regex::new(pattern).unwrap();
                    for (key, value) in entries(value).filter(|(key, _)| pattern.is_match(key)) {
                        visit(root, rule, value, &format!("{place}/{key}"), faults);
                    }
                }
                None
            }
            "propertyNames" => {
                for (key, _) in entries(value) {
                    visit(root, rule, &Value::from(key), place, faults);
                }
                None
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
        "null" => value.is_null(),
        other => panic!("the validator does not know the type {other}"),
    }
}

/// The entries of an object; none of anything else.
fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

/// Whether a schema speaks of this key.
fn is_named(schema: &Value, key: &str) -> bool {
    let patterns = entries(&schema["patternProperties"]).any(|(pattern, _)| Regex::new(pattern).unwrap().is_match(key));
    patterns || schema["properties"].get(key).is_some()
}

fn fits(root: &Value, schema: &Value, value: &Value) -> bool {
    let mut faults = Vec::new();
    visit(root, schema, value, "", &mut faults);
    faults.is_empty()
}

#[test]
fn finds_what_a_schema_forbids() {
    let schema = serde_json::json!({
        "type": "object", "additionalProperties": false, "required": ["a"],
        "properties": {
            "a": {"type": "integer", "minimum": 1},
            "b": {"type": "array", "items": {"$ref": "#/$defs/level"}},
            "c": {"enum": ["x"]},
            "d": {"type": ["object", "null"], "additionalProperties": {"type": "string", "maxLength": 2},
                  "propertyNames": {"pattern": "^[a-z]$"}},
            "e": {"oneOf": [{"const": 1}, {"type": "integer", "maximum": 2}], "not": {"const": 0}},
            "f": {"type": "array", "items": true, "minItems": 1, "uniqueItems": true},
        },
        "patternProperties": {"_x$": {"anyOf": [{"type": "boolean"}, {"type": "null"}]}},
        "$defs": {"level": {"type": "string", "pattern": "^(low|high):(latest|v1\\.[0-9]+)$"}},
    });
    for good in [
        serde_json::json!({"a": 1, "b": ["low:latest", "high:v1.34"], "c": "x"}),
        serde_json::json!({"a": 1, "d": {"k": "vv"}, "e": 2, "f": [1, 2], "g_x": null}),
        serde_json::json!({"a": 1, "d": null}),
    ] {
        assert_eq!(faults(&schema, &good), [""; 0]);
    }
    for bad in [
        serde_json::json!({"b": []}),
        serde_json::json!({"a": 0}),
        serde_json::json!({"a": "1"}),
        serde_json::json!({"a": 1, "h": 1}),
        serde_json::json!({"a": 1, "d": 1}),
        serde_json::json!({"a": 1, "d": {"k": "vvv"}}),
        serde_json::json!({"a": 1, "d": {"kk": "v"}}),
        serde_json::json!({"a": 1, "e": 1}),
        serde_json::json!({"a": 1, "e": 3}),
        serde_json::json!({"a": 1, "e": 0}),
        serde_json::json!({"a": 1, "f": []}),
        serde_json::json!({"a": 1, "f": [1, 1]}),
        serde_json::json!({"a": 1, "g_x": 1}),
        serde_json::json!({"a": 1, "c": "y"}),
        serde_json::json!({"a": 1, "b": ["low:v1."]}),
        serde_json::json!({"a": 1, "b": ["low:v1.3x"]}),
        serde_json::json!({"a": 1, "b": ["mid:latest"]}),
    ] {
        assert_eq!(faults(&schema, &bad).len(), 1, "{bad}");
    }
}
