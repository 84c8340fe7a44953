use std::borrow::Cow;

use serde_json::{Value, json};

use super::problem::Error;
use super::problem::unreadable;
use crate::object::{COMPONENT, COMPONENT_LABEL, GroupVersionKind, Location, ResourceId, own};
use crate::stream::{Class, Document, Stream, classify};
use crate::text::Span;
use crate::yaml::{FieldPath, Kind, NodeId, ParseError, Segment, Tree};

/// One object in a parsed document.
#[derive(Debug, Clone)]
pub(crate) struct ObjectNode {
    pub(crate) node: NodeId,
    /// Where it stands in the document: the root, or `items[3]`.
    pub(crate) path: FieldPath,
    /// The sequence that holds it, and its position there.
    pub(crate) holder: Option<(NodeId, usize)>,
    /// The list that the sequence belongs to.
    list: Option<NodeId>,
}

/// A parsed document and the objects in it: the document itself, or the items of a list.
#[derive(Debug)]
pub(crate) struct ParsedDocument<'t> {
    /// The number of its stream.
    pub(crate) stream: usize,
    /// Position of the document in the stream.
    pub(crate) document: usize,
    /// Where the parsed text begins in the whole text.
    pub(crate) offset: usize,
    pub(crate) tree: Tree<'t>,
    pub(crate) objects: Vec<ObjectNode>,
    /// Whether this is a `ResourceList`, whose items count as documents.
    pub(crate) is_resource_list: bool,
}

impl<'t> ParsedDocument<'t> {
    pub(crate) fn parse(stream: &Stream<'t>, index: usize, document: Document) -> Result<Self, ParseError> {
        let content = stream.text.get(document.content.range()).unwrap_or_default();
        let tree = Tree::parse(content)?;
        tree.check_reading()?;
        let mut objects = Vec::new();
        let mut is_resource_list = false;
        if let Some(root) = tree.root() {
            is_resource_list = tree.string_at(root, &["kind"]).is_some_and(|kind| kind == "ResourceList");
            collect(&tree, root, &FieldPath::root(), None, &mut objects)?;
        }
        let offset = document.content.start;
        Ok(Self { stream: stream.number, document: index, offset, tree, objects, is_resource_list })
    }

    /// A document of a stream that has to be read.
    pub(crate) fn read(stream: &Stream<'t>, index: usize) -> Result<Self, Error> {
        let lost = || Error::Internal("a document was lost".to_owned());
        let document = *stream.documents.get(index).ok_or_else(lost)?;
        Self::parse(stream, index, document).map_err(|error| unreadable(stream, index, document, &error))
    }

    /// A document of a stream, unless it is blank or of a kind that does not matter, where that shows before it is
    /// parsed.
    pub(crate) fn of(stream: &Stream<'t>, index: usize, matters: impl Fn(&str) -> bool) -> Option<Result<Self, Error>> {
        let &document = stream.documents.get(index)?;
        let content = stream.text.get(document.content.range()).unwrap_or_default();
        match classify(content) {
            Class::Blank => return None,
            Class::Kind(kind) if !matters(kind) => return None,
            Class::Kind(_) | Class::Unknown => {}
        }
        Some(Self::read(stream, index))
    }

    /// Whether the document holds its objects in a list.
    pub(crate) fn is_list(&self) -> bool {
        self.tree.root().is_some_and(|root| is_list(&self.tree, root))
    }

    /// The sequence that new objects join.
    pub(crate) fn items(&self) -> Option<NodeId> {
        self.tree.entry(self.tree.root()?, "items")
    }

    /// The type of an object. An item that names none is what its list says, as apimachinery reads lists: a `Deployment`
    /// in a `DeploymentList`, and in any other object of kind `Deployment` that has items.
    pub(crate) fn gvk(&self, object: &ObjectNode) -> Option<GroupVersionKind> {
        if let Some(kind) = self.text(object, &["kind"]) {
            return Some(GroupVersionKind::new(&self.text(object, &["apiVersion"]).unwrap_or_default(), &kind));
        }
        let list = object.list?;
        let kind = self.tree.string_at(list, &["kind"])?;
        let kind = kind.strip_suffix("List").unwrap_or(&kind);
        let api_version = self.tree.string_at(list, &["apiVersion"]).unwrap_or_default();
        (!kind.is_empty() && kind != "Resource").then(|| GroupVersionKind::new(&api_version, kind))
    }

    /// The identity of an object whose value is known.
    pub(crate) fn id(&self, object: &ObjectNode, value: &Value) -> Option<ResourceId> {
        ResourceId::of(value).or_else(|| {
            let gvk = self.gvk(object)?;
            let typed = json!({"kind": gvk.kind, "metadata": value.get("metadata")});
            Some(ResourceId { gvk, ..ResourceId::of(&typed)? })
        })
    }

    /// The position that a report gives for an object.
    pub(crate) fn reported(&self, number: usize) -> usize {
        if self.is_resource_list { number } else { self.document }
    }

    /// The path that a report gives for a field of an object.
    pub(crate) fn reported_path(&self, object: &ObjectNode, path: &FieldPath) -> FieldPath {
        if self.is_resource_list { path.clone() } else { object.path.join(path) }
    }

    /// The bytes of a field in the whole text, or of the deepest part of its path that exists.
    pub(crate) fn span_of(&self, object: &ObjectNode, path: &FieldPath) -> Span {
        let (key, value) = self.tree.locate_from(object.node, path);
        // A collection is pointed at by its key.
        let node = if self.tree.kind(value).is_block_collection() { key.unwrap_or(value) } else { value };
        self.tree.span(node).shifted(self.offset)
    }

    /// Where a field of an object is, or what stands for it.
    pub(crate) fn location(&self, number: usize, object: &ObjectNode, path: &FieldPath) -> Location {
        Location {
            stream: self.stream,
            document: self.reported(number),
            span: Some(self.span_of(object, path)),
            path: self.reported_path(object, path),
        }
    }

    /// Where the name of an object is.
    pub(crate) fn location_of_name(&self, number: usize, object: &ObjectNode) -> Location {
        self.location(number, object, &FieldPath::of_keys(["metadata", "name"]))
    }

    /// A byte of an object, counted from the begin of the document, where no field is meant.
    pub(crate) fn location_of_byte(&self, number: usize, offset: usize) -> Location {
        Location {
            stream: self.stream,
            document: self.reported(number),
            span: Some(Span::at(self.offset + offset)),
            path: FieldPath::root(),
        }
    }

    /// The string in a field of an object, as Kubernetes reads it; absent if there is none, or an empty one.
    pub(crate) fn text(&self, object: &ObjectNode, path: &[&str]) -> Option<Cow<'_, str>> {
        self.tree.string_at(object.node, path)
    }

    /// Whether floe made the object.
    pub(crate) fn is_own(&self, object: &ObjectNode) -> bool {
        if !self.is_marked(object) {
            return false;
        }
        let Ok(value) = self.tree.value(object.node) else { return false };
        self.id(object, &value).is_some_and(|id| own::is_own(&id, &value))
    }

    /// Whether an object carries floe's label.
    pub(crate) fn is_marked(&self, object: &ObjectNode) -> bool {
        self.text(object, &["metadata", "labels", COMPONENT_LABEL]).is_some_and(|component| component == COMPONENT)
    }

    /// Whether the object is not for the API server: an annotation by which kpt and Kustomize drop it (KRM Functions
    /// Specification). In any other stream the annotation means nothing, and the object is applied.
    pub(crate) fn is_local(&self, object: &ObjectNode) -> bool {
        self.is_resource_list
            && self.text(object, &["metadata", "annotations", own::LOCAL_CONFIG]).is_some_and(|local| local == "true")
    }
}

/// Whether an object is a list: apimachinery takes any with `items` at its root for one, whatever its kind, and so do
/// kubectl, Helm and Argo CD. Without `items`, a `List` and a `ResourceList` are empty ones.
fn is_list(tree: &Tree<'_>, node: NodeId) -> bool {
    match tree.entry(node, "items").map(|items| tree.kind(items)) {
        Some(Kind::Sequence { .. }) => true,
        Some(Kind::Scalar(_)) | None => {
            tree.string_at(node, &["kind"]).is_some_and(|kind| matches!(&*kind, "List" | "ResourceList"))
        }
        _ => false,
    }
}

fn collect(
    tree: &Tree<'_>,
    node: NodeId,
    path: &FieldPath,
    holder: Option<(NodeId, usize, NodeId)>,
    objects: &mut Vec<ObjectNode>,
) -> Result<(), ParseError> {
    if tree.merges_in(node, "items") {
        let message = "the items of a list come from a merge (`<<`), where floe cannot change them";
        return Err(ParseError { message: message.to_owned(), offset: tree.span(node).start });
    }
    if let Some(second) = tree.second_entry(node, "items") {
        let message = "`items` is written twice, and readers differ on which of the two counts";
        return Err(ParseError { message: message.to_owned(), offset: tree.span(second).start });
    }
    if !is_list(tree, node) {
        let (holder, list) = holder.map(|(items, position, list)| ((items, position), list)).unzip();
        objects.push(ObjectNode { node, path: path.clone(), holder, list });
        return Ok(());
    }
    let Some(items) = tree.entry(node, "items") else { return Ok(()) };
    let path = path.child("items");
    for (position, item) in tree.items(items).enumerate() {
        let path = path.child(Segment::Index(position));
        collect(tree, tree.resolve(item), &path, Some((items, position, node)), objects)?;
    }
    Ok(())
}
