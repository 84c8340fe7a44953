use std::borrow::Cow;

use serde_json::{Value, json};

use super::problem::Error;
use super::problem::unreadable;
use crate::object::{COMPONENT, COMPONENT_LABEL, GroupVersionKind, Location, ResourceId};
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
        let mut objects = Vec::new();
        let mut is_resource_list = false;
        if let Some(root) = tree.root() {
            is_resource_list = kind(&tree, root) == Some("ResourceList");
            collect(&tree, root, &FieldPath::root(), None, &mut objects);
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
        self.tree.get(self.tree.root()?, "items")
    }

    /// The type of an object. An item that names none is what its list says, as kubectl reads the lists of the API
    /// server: a `Deployment` in a `DeploymentList`.
    pub(crate) fn gvk(&self, object: &ObjectNode) -> Option<GroupVersionKind> {
        if let Some(kind) = self.text(object, &["kind"]) {
            return Some(GroupVersionKind::new(&self.text(object, &["apiVersion"]).unwrap_or_default(), &kind));
        }
        let list = self.tree.parent(object.holder?.0)?;
        let kind = kind(&self.tree, list)?.strip_suffix("List").filter(|kind| !kind.is_empty())?;
        let api_version = self.tree.get(list, "apiVersion").map_or("", |version| self.tree.text(version));
        (kind != "Resource").then(|| GroupVersionKind::new(api_version, kind))
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

    /// The text of a scalar field of an object; absent if it is missing or empty.
    pub(crate) fn text(&self, object: &ObjectNode, path: &[&str]) -> Option<Cow<'_, str>> {
        let mut node = object.node;
        let mut rest = path.iter();
        while let Some(key) = rest.next() {
            if merges(&self.tree, node) {
                // The key may come from elsewhere, or be overridden from there.
                let value = self.tree.value(node).ok()?;
                let found = rest.try_fold(value.get(key)?, |value, key| value.get(key))?;
                return found.as_str().filter(|text| !text.is_empty()).map(|text| Cow::Owned(text.to_owned()));
            }
            node = self.tree.get(node, key)?;
        }
        Some(self.tree.text(node)).filter(|text| !text.is_empty()).map(Cow::Borrowed)
    }

    /// Whether floe made the object.
    pub(crate) fn is_own(&self, object: &ObjectNode) -> bool {
        self.text(object, &["metadata", "labels", COMPONENT_LABEL]).is_some_and(|component| component == COMPONENT)
    }

    /// Whether the object is not for the API server (KRM Functions Specification).
    pub(crate) fn is_local(&self, object: &ObjectNode) -> bool {
        self.text(object, &["metadata", "annotations", "config.kubernetes.io/local-config"])
            .is_some_and(|local| local == "true")
    }
}

/// Whether a mapping takes entries of others by `<<`.
fn merges(tree: &Tree<'_>, node: NodeId) -> bool {
    let node = tree.resolve(node);
    matches!(tree.kind(node), Kind::Mapping { .. }) && tree.entries(node).any(|(key, _)| tree.text(key) == "<<")
}

fn kind<'n>(tree: &'n Tree<'_>, node: NodeId) -> Option<&'n str> {
    tree.get(node, "kind").map(|kind| tree.text(kind))
}

/// `List`, typed lists such as `DeploymentList`, and `ResourceList`; the API's convention is the suffix.
fn is_list(tree: &Tree<'_>, node: NodeId) -> bool {
    let named = kind(tree, node).is_some_and(|kind| kind.ends_with("List"));
    let items = tree.get(node, "items");
    let shaped = match items.map(|items| tree.kind(items)) {
        Some(Kind::Sequence { .. }) => true,
        Some(Kind::Scalar(_)) | None => kind(tree, node).is_some_and(|kind| matches!(kind, "List" | "ResourceList")),
        _ => false,
    };
    named && shaped
}

fn collect(
    tree: &Tree<'_>,
    node: NodeId,
    path: &FieldPath,
    holder: Option<(NodeId, usize)>,
    objects: &mut Vec<ObjectNode>,
) {
    if !is_list(tree, node) {
        objects.push(ObjectNode { node, path: path.clone(), holder });
        return;
    }
    let Some(items) = tree.get(node, "items") else { return };
    let path = path.child("items");
    for (position, item) in tree.items(items).enumerate() {
        let path = path.child(Segment::Index(position));
        collect(tree, tree.resolve(item), &path, Some((items, position)), objects);
    }
}
