use std::collections::BTreeMap;

use json_patch::jsonptr::{PointerBuf, Token};
use json_patch::{AddOperation, PatchOperation, ReplaceOperation};
use serde_json::{Map, Value};

use crate::yaml::{FieldPath, Segment};

/// Why an object cannot be patched with certainty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HardenError {
    /// A field that has to be edited, or that decides what is edited, does not have the shape that the API requires.
    /// An explicit `null` is no such case: it counts as absent.
    #[error("{path} must be a {expected}, but is a {found}")]
    WrongShape {
        /// The field.
        path: FieldPath,
        /// What the API requires: `mapping` or `list`.
        expected: &'static str,
        /// What is there.
        found: &'static str,
    },
}

impl HardenError {
    fn wrong_shape(path: FieldPath, expected: &'static str, found: &Value) -> Self {
        let found = match found {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "list",
            Value::Object(_) => "mapping",
        };
        Self::WrongShape { path, expected, found }
    }
}

/// One change of an object, for people: a plan shows it, nothing computes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The field that is filled, or the list that grows.
    pub path: FieldPath,
    /// What happens to it: `set to true`, `mount the emptyDir floe-tmp at /tmp`.
    pub what: String,
}

/// The mapping under `key`; absent if the key is missing or null.
pub(super) fn mapping<'v>(
    parent: &'v Map<String, Value>,
    key: &str,
    parent_path: &FieldPath,
) -> Result<Option<&'v Map<String, Value>>, HardenError> {
    match parent.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(map)) => Ok(Some(map)),
        Some(other) => Err(HardenError::wrong_shape(parent_path.child(key), "mapping", other)),
    }
}

/// Mappings with their paths.
pub(super) type Mappings<'v> = Vec<(FieldPath, &'v Map<String, Value>)>;

/// The mappings in the list under `key`, each with its path; none if the key is missing or null.
pub(super) fn list_of_mappings<'v>(
    parent: &'v Map<String, Value>,
    key: &str,
    parent_path: &FieldPath,
) -> Result<Mappings<'v>, HardenError> {
    let path = parent_path.child(key);
    let items = match parent.get(key) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(items)) => items,
        Some(other) => return Err(HardenError::wrong_shape(path, "list", other)),
    };
    let paired = items.iter().enumerate().map(|(index, item)| match item {
        Value::Object(map) => Ok((path.child(index), map)),
        other => Err(HardenError::wrong_shape(path.child(index), "mapping", other)),
    });
    paired.collect()
}

/// The value under `key`, unless it is null.
pub(super) fn present<'v>(parent: &'v Map<String, Value>, key: &str) -> Option<&'v Value> {
    parent.get(key).filter(|value| !value.is_null())
}

/// What an edit puts at its path.
enum Content {
    /// A value for a key.
    Value(Value),
    /// A new item at the end of a list.
    Item(Value),
}

struct Edit {
    path: FieldPath,
    content: Content,
    /// Whether something stands at the path already: null, or an empty collection.
    replaces: bool,
}

/// What stands at a path of the original.
enum Lookup<'v> {
    Found(&'v Value),
    /// The first `depth` segments lead to the outermost place that has to be written.
    Missing {
        depth: usize,
        replaces: bool,
    },
}

/// A patch in the making: fields are added one by one, and those with a missing parent in common become one operation.
///
/// A null is replaced, and so is an empty collection that something goes into: it holds nothing that could be lost, and
/// the result need not be squeezed into `{}`.
pub(super) struct Draft<'v> {
    object: &'v Value,
    edits: Vec<Edit>,
    /// Where in `edits` the value for a path is.
    values: BTreeMap<FieldPath, usize>,
    changes: Vec<Change>,
}

impl<'v> Draft<'v> {
    pub(super) const fn new(object: &'v Value) -> Self {
        Self { object, edits: Vec::new(), values: BTreeMap::new(), changes: Vec::new() }
    }

    /// Writes a value at a path where nothing, or null, stands. Missing parents are made; list items on the way exist.
    pub(super) fn set(&mut self, path: FieldPath, value: Value) -> Result<(), HardenError> {
        let what = format!("set to {value}");
        self.write(&path, value)?;
        self.changes.push(Change { path, what });
        Ok(())
    }

    /// Writes another value over the one that stands at a path.
    pub(super) fn replace(&mut self, path: FieldPath, value: Value) {
        self.changes.push(Change { path: path.clone(), what: format!("set to {value}") });
        self.edits.push(Edit { path, content: Content::Value(value), replaces: true });
    }

    /// Appends an item to a list, which is made if it is missing or null. `what` tells people what that is for.
    pub(super) fn append(&mut self, path: FieldPath, item: Value, what: String) -> Result<(), HardenError> {
        match self.locate(&path)? {
            Lookup::Found(Value::Array(items)) if !items.is_empty() => {
                self.edits.push(Edit { path: path.clone(), content: Content::Item(item), replaces: false });
            }
            Lookup::Found(Value::Array(_)) | Lookup::Missing { .. } => match self.drafted(&path) {
                Some(Value::Array(items)) => items.push(item),
                _ => self.write(&path, Value::Array(vec![item]))?,
            },
            Lookup::Found(other) => return Err(HardenError::wrong_shape(path, "list", other)),
        }
        self.changes.push(Change { path, what });
        Ok(())
    }

    /// The patch and its description, both in the order of the document; additions stand after what is there.
    pub(super) fn finish(self) -> (Vec<PatchOperation>, Vec<Change>) {
        let Self { object, mut edits, mut changes, .. } = self;
        edits.sort_by_cached_key(|edit| position(object, &edit.path, matches!(edit.content, Content::Item(_))));
        changes.sort_by_cached_key(|change| position(object, &change.path, false));
        (edits.into_iter().map(operation).collect(), changes)
    }

    fn write(&mut self, path: &FieldPath, value: Value) -> Result<(), HardenError> {
        let (depth, replaces) = match self.locate(path)? {
            Lookup::Missing { depth, replaces } => (depth, replaces),
            Lookup::Found(_) => (path.segments().len(), true),
        };
        let outermost: FieldPath = path.segments().iter().take(depth).cloned().collect();
        let inner = path.segments().get(depth..).unwrap_or_default();
        if let Some(drafted) = self.drafted(&outermost) {
            insert(drafted, inner, value);
        } else {
            let mut content = Value::Null;
            insert(&mut content, inner, value);
            self.values.insert(outermost.clone(), self.edits.len());
            self.edits.push(Edit { path: outermost, content: Content::Value(content), replaces });
        }
        Ok(())
    }

    fn locate(&self, path: &FieldPath) -> Result<Lookup<'v>, HardenError> {
        let mut here = self.object;
        let segments = path.segments();
        for (index, segment) in segments.iter().enumerate() {
            let depth = index + 1;
            let (next, expected) = match (segment, here) {
                (Segment::Key(key), Value::Object(map)) => (map.get(key.as_str()), "mapping"),
                (Segment::Index(index), Value::Array(items)) => (items.get(*index), "list"),
                (Segment::Key(_), _) => (None, "mapping"),
                (Segment::Index(_), _) => (None, "list"),
            };
            let fits = if expected == "mapping" { here.is_object() } else { here.is_array() };
            if !fits {
                let here_path = segments.iter().take(index).cloned().collect();
                return Err(HardenError::wrong_shape(here_path, expected, here));
            }
            match next {
                None => return Ok(Lookup::Missing { depth, replaces: false }),
                Some(Value::Null) => return Ok(Lookup::Missing { depth, replaces: true }),
                Some(Value::Object(map)) if map.is_empty() && depth < segments.len() => {
                    return Ok(Lookup::Missing { depth, replaces: true });
                }
                Some(value) => here = value,
            }
        }
        Ok(Lookup::Found(here))
    }

    /// The value that earlier edits put at a path.
    fn drafted(&mut self, path: &FieldPath) -> Option<&mut Value> {
        let segments = path.segments();
        // No path in `values` leads into the value of another. A pod may have thousands of containers, so that each of
        // the few paths above is looked up.
        let mut outer = FieldPath::root();
        let (depth, index) = (0..=segments.len()).find_map(|depth| {
            if let Some(segment) = depth.checked_sub(1).and_then(|last| segments.get(last)) {
                outer = outer.child(segment.clone());
            }
            self.values.get(&outer).map(|index| (depth, *index))
        })?;
        let Content::Value(value) = &mut self.edits.get_mut(index)?.content else { return None };
        segments.iter().skip(depth).try_fold(value, |value, segment| match segment {
            Segment::Key(key) => value.get_mut(key.as_str()),
            Segment::Index(index) => value.get_mut(index),
        })
    }
}

fn insert(target: &mut Value, inner: &[Segment], value: Value) {
    match inner {
        [Segment::Key(key), rest @ ..] => {
            if !target.is_object() {
                *target = Value::Object(Map::new());
            }
            if let Value::Object(map) = target {
                insert(map.entry(key.as_str()).or_insert(Value::Null), rest, value);
            }
        }
        _ => *target = value,
    }
}

/// Where a path stands in the document: the position of each step in its parent, up to the first that is not there,
/// which comes after all that is.
fn position(object: &Value, path: &FieldPath, appended: bool) -> Vec<usize> {
    let mut steps = Vec::new();
    let mut here = object;
    for segment in path.segments() {
        let next = match (segment, here) {
            (Segment::Key(key), Value::Object(map)) => {
                map.keys().position(|it| it == key.as_str()).zip(map.get(key.as_str()))
            }
            (Segment::Index(index), Value::Array(items)) => Some(*index).zip(items.get(*index)),
            _ => None,
        };
        let Some((step, value)) = next else {
            steps.push(usize::MAX);
            return steps;
        };
        steps.push(step);
        here = value;
    }
    if appended {
        steps.push(usize::MAX);
    }
    steps
}

fn operation(edit: Edit) -> PatchOperation {
    let path = pointer(&edit.path);
    match edit.content {
        Content::Item(value) => {
            let mut path = path;
            path.push_back("-");
            PatchOperation::Add(AddOperation { path, value })
        }
        Content::Value(value) if edit.replaces => PatchOperation::Replace(ReplaceOperation { path, value }),
        Content::Value(value) => PatchOperation::Add(AddOperation { path, value }),
    }
}

fn pointer(path: &FieldPath) -> PointerBuf {
    PointerBuf::from_tokens(path.segments().iter().map(|segment| match segment {
        Segment::Key(key) => Token::new(key),
        Segment::Index(index) => Token::from(*index),
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn path(keys: &[&str]) -> FieldPath {
        FieldPath::of_keys(keys)
    }

    fn operations(draft: Draft<'_>) -> Value {
        serde_json::to_value(draft.finish().0).unwrap()
    }

    #[test]
    fn fields_with_a_missing_parent_become_one_operation() {
        let object = json!({"spec": {}});
        let mut draft = Draft::new(&object);
        draft.set(path(&["spec", "a", "b"]), json!(1)).unwrap();
        draft.set(path(&["spec", "a", "c", "d"]), json!(2)).unwrap();
        draft.append(path(&["spec", "a", "list"]), json!(3), "grow".into()).unwrap();
        draft.append(path(&["spec", "a", "list"]), json!(4), "grow".into()).unwrap();
        assert_eq!(
            operations(draft),
            json!([{"op": "replace", "path": "/spec", "value": {"a": {"b": 1, "c": {"d": 2}, "list": [3, 4]}}}])
        );
    }

    #[test]
    fn what_is_there_stays_and_what_is_null_or_empty_is_replaced() {
        let object = json!({"full": {"x": 0}, "null": null, "empty": {}, "list": [0], "none": []});
        let mut draft = Draft::new(&object);
        draft.append(path(&["none"]), json!(1), String::new()).unwrap();
        draft.append(path(&["none"]), json!(2), String::new()).unwrap();
        draft.append(path(&["list"]), json!(3), String::new()).unwrap();
        draft.append(path(&["list"]), json!(4), String::new()).unwrap();
        draft.set(path(&["new"]), json!(5)).unwrap();
        draft.set(path(&["empty", "a"]), json!(6)).unwrap();
        draft.set(path(&["empty", "b"]), json!(7)).unwrap();
        draft.set(path(&["null", "a"]), json!(8)).unwrap();
        draft.set(path(&["full", "a"]), json!(9)).unwrap();
        assert_eq!(
            operations(draft),
            json!([
                {"op": "add", "path": "/full/a", "value": 9},
                {"op": "replace", "path": "/null", "value": {"a": 8}},
                {"op": "replace", "path": "/empty", "value": {"a": 6, "b": 7}},
                {"op": "add", "path": "/list/-", "value": 3},
                {"op": "add", "path": "/list/-", "value": 4},
                {"op": "replace", "path": "/none", "value": [1, 2]},
                {"op": "add", "path": "/new", "value": 5},
            ])
        );
    }

    #[test]
    fn a_wrong_shape_is_named_with_its_path() {
        let object = json!({"spec": {"a": ["x"], "b": "text"}});
        let mut draft = Draft::new(&object);
        let error = draft.set(path(&["spec", "a", "b"]), json!(1)).unwrap_err();
        assert_eq!(error.to_string(), "spec.a must be a mapping, but is a list");
        let error = draft.append(path(&["spec", "b"]), json!(1), String::new()).unwrap_err();
        assert_eq!(error.to_string(), "spec.b must be a list, but is a string");
        let error = draft.append(path(&["spec"]), json!(1), String::new()).unwrap_err();
        assert_eq!(error.to_string(), "spec must be a list, but is a mapping");
        assert_eq!(operations(draft), json!([]));
    }

    #[test]
    fn keys_are_escaped() {
        let object = json!({"metadata": {"labels": {"x": "y"}}});
        let mut draft = Draft::new(&object);
        draft.set(path(&["metadata", "labels", "a.b/c~d"]), json!("e")).unwrap();
        assert_eq!(operations(draft)[0]["path"], json!("/metadata/labels/a.b~1c~0d"));
    }
}
