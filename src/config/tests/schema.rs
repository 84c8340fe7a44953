//! The JSON Schema against the parser, on every configuration that the other tests read: what the parser takes the
//! schema takes, and what the parser refuses the schema refuses, but for what no schema can say.

#[path = "../../../tests/it/json_schema.rs"]
mod json_schema;

use serde_json::Value;

use crate::config::{Config, ConfigError, schema};
use crate::yaml::{Kind, ScalarStyle, Tree};

/// What floe says of values that are right each for itself, and of texts whose form only an algorithm knows.
const BEYOND: [&str; 18] = [
    // Two values, or two places.
    "is meant for",
    "is listed twice",
    "two rules are named",
    "could mean the role",
    "is below the first",
    "but pods of",
    "which `ip_families` leaves out",
    "where HTTPS may go",
    "is written twice",
    // Levels of namespaces that the configuration does not name.
    "unknown key `job_level`",
    "unknown key `floe_platfrom_level`",
    "unknown key `kube_system_level`",
    // Arithmetic of addresses.
    "bits set after its prefix",
    "no address range in CIDR form",
    "IPv4-mapped",
    "leading zeros",
    // Texts that hold YAML.
    "data.security",
    "data.domains",
];

/// Fails unless the schema says of a document what the parser said.
#[track_caller]
pub(super) fn assert_agrees(tree: &Tree<'_>, result: Result<&Config, &ConfigError>) {
    let Some(root) = tree.root() else { return };
    // Null stands for no configuration, of which a schema says nothing.
    let is_null = matches!(tree.kind(root), Kind::Scalar(ScalarStyle::Plain)) && tree.text(root) == "~";
    if is_null {
        return;
    }
    // Sections of others may hold what JSON has no word for.
    let Ok(value) = tree.value(root) else { return };
    let faults = json_schema::faults(&schema(), &value);
    match result {
        Ok(_) => assert!(faults.is_empty(), "the schema refuses what floe takes: {faults:?}"),
        Err(error) => {
            let said = format!("{}: {}", error.path, error.message);
            let beyond = BEYOND.iter().any(|words| said.contains(words));
            assert!(!faults.is_empty() || beyond, "the schema takes what floe refuses: {said}");
        }
    }
}

#[test]
fn every_key_is_known() {
    super::read(&super::FULL.replace(".nan", "1")).unwrap();
}

/// What the schema says of each key is written once, in one table; a key that is missing there has no description.
#[test]
fn every_key_is_described() {
    fn walk(place: &str, schema: &Value, bare: &mut Vec<String>) {
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            let place = format!("{place}.{key}");
            if property.get("description").is_none() && key != "metadata" && key != "immutable" {
                bare.push(place.clone());
            }
        }
    }
    let schema = schema();
    let mut bare = Vec::new();
    let types = schema["$defs"].as_object().unwrap();
    types.iter().for_each(|(name, schema)| walk(name, schema, &mut bare));
    assert!(types.len() > 12 && bare.is_empty(), "{bare:?}");
}
