//! Turns decisions on one document into text edits, and proves that they say what was decided.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::document::{Error, ParsedDocument, Problem};
use crate::text::{TextEdit, sort_and_check, splice};
use crate::yaml::{Editor, NodeId, Refusal, Tree, TwinKey};

/// What happens to a generated object inside a list.
#[derive(Debug, Clone)]
pub(super) enum ItemChange {
    /// Another value takes its place.
    Replace(Value),
    /// It goes.
    Remove,
}

/// All that changes in one document.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// New values of objects, by number.
    pub(super) targets: Vec<(usize, Value)>,
    /// Changes of generated objects in a list, by number.
    pub(super) items: Vec<(usize, ItemChange)>,
    /// Objects that join the document's list.
    pub(super) new_items: Vec<Value>,
    /// The `results` of a `ResourceList`.
    pub(super) results: Option<Value>,
}

impl Changes {
    pub(super) fn is_empty(&self) -> bool {
        self.targets.is_empty() && self.items.is_empty() && self.new_items.is_empty() && self.results.is_none()
    }
}

/// The edits of one document, in offsets of the whole text, and the edited document.
#[derive(Debug)]
pub(super) struct Applied {
    pub(super) edits: Vec<TextEdit>,
    pub(super) text: String,
    /// Keys that are written twice and were edited, with the number of their object.
    pub(super) twins: Vec<(usize, TwinKey)>,
}

/// Edits a document and verifies the result: it is parsed again and must have the value that was decided.
pub(super) fn apply(parsed: &ParsedDocument<'_>, changes: &Changes) -> Result<Applied, Error> {
    let Some(root) = parsed.tree.root() else {
        return Err(Error::Internal("an empty document was changed".to_owned()));
    };
    let expected = expected(parsed, root, changes).map_err(|refusal| refused(parsed, 0, &refusal))?;
    let (mut edits, twins) =
        edit(parsed, root, changes, &expected).map_err(|(object, refusal)| refused(parsed, object, &refusal))?;
    let internal = |message: String| Error::Internal(format!("document {}: {message}", parsed.document));
    sort_and_check(parsed.tree.source(), &mut edits).map_err(|error| internal(error.to_string()))?;
    let text = splice(parsed.tree.source(), &edits).map_err(|error| internal(error.to_string()))?;
    let again = Tree::parse(&text).map_err(|error| internal(format!("the edited text is no YAML: {error}")))?;
    let whole = expected.whole(changes);
    let equal = again.root().map(|root| again.equals(root, whole));
    if !matches!(equal, Some(Ok(true))) {
        return Err(internal("the edited text has another value than was decided".to_owned()));
    }
    for edit in &mut edits {
        edit.span = edit.span.shifted(parsed.offset);
    }
    Ok(Applied { edits, text, twins })
}

/// The value that a document is to have.
enum Expected {
    /// The document is one object: its target is the value.
    Target,
    Document(Value),
}

impl Expected {
    fn whole<'v>(&'v self, changes: &'v Changes) -> &'v Value {
        match self {
            Self::Document(value) => value,
            Self::Target => changes.targets.first().map_or(&Value::Null, |(_, value)| value),
        }
    }
}

fn expected(parsed: &ParsedDocument<'_>, root: NodeId, changes: &Changes) -> Result<Expected, Refusal> {
    if !parsed.is_list() {
        return Ok(Expected::Target);
    }
    let mut document = parsed.tree.value(root)?;
    let pointer = |number: usize| parsed.objects.get(number).map(|object| object.path.to_pointer()).unwrap_or_default();
    for (number, value) in &changes.targets {
        if let Some(place) = document.pointer_mut(&pointer(*number)) {
            place.clone_from(value);
        }
    }
    // From the back, so that positions stay valid.
    for (number, change) in changes.items.iter().rev() {
        match change {
            ItemChange::Replace(value) => {
                if let Some(place) = document.pointer_mut(&pointer(*number)) {
                    place.clone_from(value);
                }
            }
            ItemChange::Remove => {
                let pointer = pointer(*number);
                let (list, position) = pointer.rsplit_once('/').unwrap_or_default();
                if let (Some(Value::Array(items)), Ok(position)) =
                    (document.pointer_mut(list), position.parse::<usize>())
                    && position < items.len()
                {
                    items.remove(position);
                }
            }
        }
    }
    if let Value::Object(map) = &mut document {
        if !changes.new_items.is_empty() {
            let items = map.entry("items").or_insert(Value::Null);
            if items.is_null() {
                *items = Value::Array(Vec::new());
            }
            if let Value::Array(items) = items {
                items.extend(changes.new_items.iter().cloned());
            }
        }
        if let Some(results) = &changes.results {
            map.insert("results".to_owned(), results.clone());
        }
    }
    Ok(Expected::Document(document))
}

type UnitRefusal = (usize, Refusal);

fn edit(
    parsed: &ParsedDocument<'_>,
    root: NodeId,
    changes: &Changes,
    expected: &Expected,
) -> Result<(Vec<TextEdit>, Vec<(usize, TwinKey)>), UnitRefusal> {
    let mut twins: Vec<(usize, TwinKey)> = Vec::new();
    let of_document = |refusal: Refusal| (0, refusal);
    let mut editor = Editor::new(&parsed.tree).map_err(of_document)?;
    let Expected::Document(document) = expected else {
        for (number, value) in &changes.targets {
            editor.reconcile(root, value).map_err(|refusal| (*number, refusal))?;
            twins.extend(editor.take_twins().into_iter().map(|twin| (*number, twin)));
        }
        return Ok((editor.finish(), twins));
    };
    let items = parsed.items().filter(|items| parsed.tree.items(*items).next().is_some());
    let remaining = document.get("items").and_then(Value::as_array).is_some_and(|items| !items.is_empty());
    let Some(items) = items.filter(|_| remaining) else {
        // No list to work in: the whole document says what is to be written.
        editor.reconcile(root, document).map_err(of_document)?;
        return Ok((editor.finish(), twins));
    };
    for (number, value) in &changes.targets {
        if let Some(object) = parsed.objects.get(*number) {
            editor.reconcile(object.node, value).map_err(|refusal| (*number, refusal))?;
            twins.extend(editor.take_twins().into_iter().map(|twin| (*number, twin)));
        }
    }
    let mut removed: BTreeMap<NodeId, (usize, Vec<usize>)> = BTreeMap::new();
    for (number, change) in &changes.items {
        let Some((list, position)) = parsed.objects.get(*number).and_then(|object| object.holder) else { continue };
        match change {
            ItemChange::Replace(value) => {
                editor.replace_item(list, position, value).map_err(|refusal| (*number, refusal))?;
            }
            ItemChange::Remove => removed.entry(list).or_insert_with(|| (*number, Vec::new())).1.push(position),
        }
    }
    for (list, (number, positions)) in &removed {
        editor.remove_items(*list, positions).map_err(|refusal| (*number, refusal))?;
    }
    let count = parsed.tree.items(items).count();
    editor.insert_items(items, count, &changes.new_items).map_err(of_document)?;
    if let Some(results) = &changes.results {
        editor.set_entry(root, "results", results).map_err(of_document)?;
    }
    Ok((editor.finish(), twins))
}

fn refused(parsed: &ParsedDocument<'_>, number: usize, refusal: &Refusal) -> Error {
    let object = parsed.objects.get(number);
    let value = object.and_then(|object| parsed.tree.value(object.node).ok());
    Error::input(Problem {
        message: format!("cannot edit this document with certainty: {}", refusal.reason),
        object: value.as_ref().and_then(crate::object::ResourceId::of),
        location: parsed.location_of_byte(number, refusal.offset),
        help:
            "write this place in a simpler way; or, for a pod, annotate its template with `floe.dev/harden: \"false\"`"
                .to_owned(),
    })
}
