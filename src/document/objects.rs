//! Every object of a stream as a value, as the API server would get it.

use serde_json::{Value, json};

use super::{Error, Problem};
use crate::document::{ObjectNode, ParsedDocument, map_chunks};
use crate::object::{GroupVersionKind, Location, ResourceId};
use crate::stream::Stream;
use crate::yaml::FieldPath;

/// Reads every object, those in lists too, in the order of the stream; what is meant for a host only is left out.
pub fn objects(stream: &Stream<'_>) -> Result<Vec<Value>, Error> {
    let mut found = Vec::new();
    for parsed in (0..stream.documents.len()).filter_map(|index| ParsedDocument::of(stream, index, |_| true)) {
        let parsed = parsed?;
        for (number, object) in parsed.objects.iter().enumerate().filter(|(_, object)| !parsed.is_local(object)) {
            if let Some(value) = object_value(&parsed, number, object)? {
                found.push(value);
            }
        }
    }
    Ok(found)
}

/// Reads the objects of some kinds, those in lists too, named or not; others are not looked into.
pub fn objects_of_kinds(
    stream: &Stream<'_>,
    is_wanted: impl Fn(&GroupVersionKind) -> bool + Sync,
) -> Result<Vec<Value>, Error> {
    of_kinds(stream, is_wanted, false)
}

/// The same without documents that cannot be read.
pub fn readable_objects_of_kinds(
    stream: &Stream<'_>,
    is_wanted: impl Fn(&GroupVersionKind) -> bool + Sync,
) -> Vec<Value> {
    of_kinds(stream, is_wanted, true).unwrap_or_default()
}

fn of_kinds(
    stream: &Stream<'_>,
    is_wanted: impl Fn(&GroupVersionKind) -> bool + Sync,
    is_lenient: bool,
) -> Result<Vec<Value>, Error> {
    let chunks = map_chunks(stream, |range| {
        let mut found = Vec::new();
        for parsed in range.filter_map(|index| ParsedDocument::of(stream, index, |_| true)) {
            if is_lenient && parsed.is_err() {
                continue;
            }
            let parsed = parsed?;
            for object in &parsed.objects {
                let Some(gvk) = parsed.gvk(object).filter(|gvk| is_wanted(gvk)) else { continue };
                let Ok(Value::Object(mut fields)) = parsed.tree.value(object.node) else { continue };
                fields.insert("apiVersion".to_owned(), json!(gvk.api_version()));
                fields.insert("kind".to_owned(), json!(gvk.kind));
                found.push(Value::Object(fields));
            }
        }
        Ok(found)
    })?;
    Ok(chunks.into_iter().flatten().collect())
}

/// One object; absent for a document that holds nothing.
fn object_value(parsed: &ParsedDocument<'_>, number: usize, object: &ObjectNode) -> Result<Option<Value>, Error> {
    let problem = |message: String, location: Location, object: Option<ResourceId>| {
        Error::input(Problem {
            message,
            object,
            location,
            help: "correct the manifest: the API server would not take it either".to_owned(),
        })
    };
    let value = parsed.tree.value(object.node);
    let mut value =
        value.map_err(|error| problem(error.message, parsed.location_of_byte(number, error.offset), None))?;
    if value.is_null() {
        return Ok(None);
    }
    let whole = || {
        let path = FieldPath::root();
        Location { path: path.clone(), ..parsed.location(number, object, &path) }
    };
    let Some(gvk) = parsed.gvk(object) else {
        return Err(problem("this is no object of Kubernetes: it has no `kind`".to_owned(), whole(), None));
    };
    if let Some(fields) = value.as_object_mut() {
        fields.entry("apiVersion").or_insert_with(|| json!(gvk.api_version()));
        fields.entry("kind").or_insert_with(|| json!(gvk.kind));
    }
    let named = value.pointer("/metadata/name").and_then(Value::as_str).is_some_and(|name| !name.is_empty());
    if !named {
        let id = ResourceId::of(&value);
        return Err(problem("an object without `metadata.name` cannot be applied".to_owned(), whole(), id));
    }
    Ok(Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::frame;

    fn read(text: &str) -> Result<Vec<String>, String> {
        let found = objects(&frame(text)).map_err(|error| error.to_string())?;
        Ok(found.iter().map(|object| ResourceId::of(object).unwrap().to_string()).collect())
    }

    #[test]
    fn lists_and_documents_are_objects() {
        let text = "# only a comment\n---\nkind: A\nmetadata: {name: a}\n---\n---\nkind: PodList\napiVersion: v1\n\
                    items:\n- metadata: {name: b, namespace: shop}\n";
        assert_eq!(read(text), Ok(vec!["A a".to_owned(), "Pod shop/b".to_owned()]));
    }

    #[test]
    fn what_is_no_object_is_an_error() {
        assert!(read("a: 1\n").unwrap_err().contains("no `kind`"));
        assert!(read("kind: A\nmetadata: {generateName: a-}\n").unwrap_err().contains("metadata.name"));
        assert!(read("kind: [\n").is_err());
    }
}
