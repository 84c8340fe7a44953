//! `ValidateObjectMeta`, of `apimachinery` and of `pkg/apis/core/validation`.

use serde_json::Value;

use super::{Invalid, InvalidKind, items, names, text};
use crate::yaml::FieldPath;

/// `TotalAnnotationSizeLimitB`.
const MAX_ANNOTATIONS: usize = 256 << 10;
/// Longest prefix that a generated name keeps of `generateName`, in bytes (`maxGeneratedNameLength`).
const MAX_PREFIX: usize = 58;
/// Finalizers without a domain that Kubernetes has itself (`standardFinalizers`).
const FINALIZERS: [&str; 3] = ["kubernetes", "orphan", "foregroundDeletion"];

/// What is wrong with `metadata`.
pub(super) fn validate(object: &Value) -> Vec<Invalid> {
    let mut found = Vec::new();
    let path = FieldPath::of_keys(["metadata"]);
    let metadata = object.get("metadata").unwrap_or(&Value::Null);
    name(metadata, &path, &mut found);
    let namespace = text(metadata, "namespace");
    if !namespace.is_empty() {
        let path = path.child("namespace");
        found.extend(names::dns_label(namespace).into_iter().map(|fault| Invalid::text(&path, namespace, fault)));
    }
    labels(pairs(metadata, "labels"), &path.child("labels"), &mut found);
    annotations(metadata, &path.child("annotations"), &mut found);
    owner_references(metadata, &path.child("ownerReferences"), &mut found);
    finalizers(metadata, &path.child("finalizers"), &mut found);
    found
}

fn name(metadata: &Value, path: &FieldPath, found: &mut Vec<Invalid>) {
    let (name, prefix, name_path) = (text(metadata, "name"), text(metadata, "generateName"), path.child("name"));
    if !prefix.is_empty() {
        let path = path.child("generateName");
        let faults = names::dns_subdomain(&without_trailing_dash(prefix));
        found.extend(faults.into_iter().map(|fault| Invalid::text(&path, prefix, fault)));
    }
    // The server fills in the name before it validates; its random characters are letters and digits.
    let generated = || {
        // A name is ASCII, and what is not will be refused whole as well as cut.
        format!("{}xxxxx", prefix.get(..MAX_PREFIX).unwrap_or(prefix))
    };
    let name = match (name, prefix) {
        ("", "") => return found.push(Invalid::required(&name_path, "name or generateName is required")),
        ("", _) => generated(),
        _ => name.to_owned(),
    };
    found.extend(names::dns_subdomain(&name).into_iter().map(|fault| Invalid::text(&name_path, &name, fault)));
}

/// `maskTrailingDash`: what follows a dash at the end will make it a name.
fn without_trailing_dash(prefix: &str) -> String {
    match prefix.strip_suffix('-').filter(|rest| !rest.is_empty()) {
        Some(rest) => format!("{}a", rest.get(..rest.len() - 1).unwrap_or_default()),
        None => prefix.to_owned(),
    }
}

fn pairs<'v>(metadata: &'v Value, key: &str) -> impl Iterator<Item = (&'v str, &'v str)> {
    let entries = metadata.get(key).and_then(Value::as_object).into_iter().flatten();
    entries.map(|(key, value)| (key.as_str(), value.as_str().unwrap_or_default()))
}

/// `ValidateLabels`.
pub(super) fn labels<'v>(labels: impl Iterator<Item = (&'v str, &'v str)>, path: &FieldPath, found: &mut Vec<Invalid>) {
    for (key, value) in labels {
        let place = path.child(key);
        let faults = names::label_key(key).into_iter().map(|fault| (key, fault));
        let faults = faults.chain(names::label_value(value).into_iter().map(|fault| (value, fault)));
        found.extend(faults.map(|(text, fault)| Invalid::text(path, text, fault).meant(place.clone())));
    }
}

/// `ValidateAnnotations`.
fn annotations(metadata: &Value, path: &FieldPath, found: &mut Vec<Invalid>) {
    let mut size = 0;
    for (key, value) in pairs(metadata, "annotations") {
        size += key.len() + value.len();
        let faults = names::label_key(&key.to_lowercase());
        found.extend(faults.into_iter().map(|fault| Invalid::text(path, key, fault).meant(path.child(key))));
    }
    if size > MAX_ANNOTATIONS {
        let message = format!("may not be more than {MAX_ANNOTATIONS} bytes");
        found.push(Invalid::new(path, InvalidKind::TooLong, message));
    }
}

/// `ValidateOwnerReferences`.
fn owner_references(metadata: &Value, path: &FieldPath, found: &mut Vec<Invalid>) {
    let mut controller: Option<String> = None;
    for (index, owner) in items(metadata, "ownerReferences").enumerate() {
        let item = path.child(index);
        for field in ["apiVersion", "kind", "name", "uid"] {
            if text(owner, field).is_empty() {
                found.push(Invalid::required(&item.child(field), "must not be empty"));
            }
        }
        let api_version = text(owner, "apiVersion");
        let version = api_version.split_once('/').map_or(api_version, |(_, version)| version);
        if !api_version.is_empty() && (version.is_empty() || version.contains('/')) {
            let message = "must be <group>/<version> or <version>";
            found.push(Invalid::text(&item.child("apiVersion"), api_version, message));
        }
        if api_version == "v1" && text(owner, "kind") == "Event" {
            let message = "/v1, Kind=Event is disallowed from being an owner";
            found.push(Invalid::typed(&item, owner, InvalidKind::Invalid, message));
        }
        if owner.get("controller").and_then(Value::as_bool) == Some(true) {
            let this = format!("{}/{}", text(owner, "kind"), text(owner, "name"));
            match &controller {
                None => controller = Some(this),
                Some(first) => {
                    let message = format!(
                        "Only one reference can have Controller set to true. Found \"true\" in references for {first} \
                         and {this}"
                    );
                    let all = metadata.get("ownerReferences").unwrap_or(&Value::Null);
                    found.push(Invalid::typed(path, all, InvalidKind::Invalid, message));
                }
            }
        }
    }
}

/// `ValidateFinalizers`, and `validateKubeFinalizerName`.
fn finalizers(metadata: &Value, path: &FieldPath, found: &mut Vec<Invalid>) {
    let all: Vec<&str> = items(metadata, "finalizers").map(|it| it.as_str().unwrap_or_default()).collect();
    for name in &all {
        found.extend(names::label_key(name).into_iter().map(|fault| Invalid::text(path, name, fault)));
    }
    if all.contains(&"orphan") && all.contains(&"foregroundDeletion") {
        let message = "finalizer orphan and foregroundDeletion cannot be both set";
        let value = metadata.get("finalizers").unwrap_or(&Value::Null);
        found.push(Invalid::typed(path, value, InvalidKind::Invalid, message));
    }
    for (index, name) in all.iter().enumerate().filter(|(_, name)| !name.contains('/') && !FINALIZERS.contains(name)) {
        let message = "name is neither a standard finalizer name nor is it fully qualified";
        found.push(Invalid::text(&path.child(index), name, message));
    }
}
