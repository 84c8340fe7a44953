use serde_json::{Map, Value};

use crate::object::Shape;
use crate::pod_security::HardenError;
use crate::pod_security::draft::{list_of_mappings, mapping, present};
use crate::yaml::{FieldPath, Segment};

/// The three lists of containers, in the order of upstream's visitor. Native sidecars are init containers.
const CONTAINER_LISTS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// A pod template whose shape has been checked as far as it is edited.
pub(super) struct Template<'v> {
    /// Its path in the object.
    pub(super) path: FieldPath,
    /// Which fields it may have.
    pub(super) shape: Shape,
    /// Path of the pod spec.
    pub(super) spec_path: FieldPath,
    /// The pod spec.
    pub(super) spec: &'v Map<String, Value>,
    /// The pod's security context.
    pub(super) context: Context<'v>,
    /// The containers of all three lists.
    pub(super) containers: Vec<Container<'v>>,
    /// Labels and annotations of the pods, where the template has any.
    metadata: Option<&'v Value>,
}

/// One container of a template.
pub(super) struct Container<'v> {
    /// Its path in the object.
    pub(super) path: FieldPath,
    /// Its fields.
    pub(super) fields: &'v Map<String, Value>,
    /// Its security context.
    pub(super) context: Context<'v>,
}

/// A security context that may not be there.
pub(super) struct Context<'v> {
    path: FieldPath,
    fields: Option<&'v Map<String, Value>>,
}

impl<'v> Context<'v> {
    fn of(parent: &'v Map<String, Value>, parent_path: &FieldPath) -> Result<Self, HardenError> {
        let key = "securityContext";
        Ok(Self { path: parent_path.child(key), fields: mapping(parent, key, parent_path)? })
    }

    /// The value of a field, unless it is missing or null.
    pub(super) fn get(&self, key: &str) -> Option<&'v Value> {
        present(self.fields?, key)
    }

    /// Whether a field says `true`.
    pub(super) fn is_true(&self, key: &str) -> bool {
        self.get(key) == Some(&Value::Bool(true))
    }

    /// The path of a field.
    pub(super) fn path_of(&self, key: &str) -> FieldPath {
        self.path.child(key)
    }
}

impl<'v> Template<'v> {
    /// Whether there are containers, and the security context of each has a field.
    pub(super) fn all_have(&self, key: &str) -> bool {
        !self.containers.is_empty() && self.containers.iter().all(|it| it.context.get(key).is_some())
    }

    /// Finds the template; absent where the object has none, or one without a pod spec (a Rollout that refers to a
    /// Deployment).
    pub(super) fn of(object: &'v Value, path: &FieldPath, shape: Shape) -> Result<Option<Self>, HardenError> {
        let Some(fields) = descend(object, path)? else { return Ok(None) };
        let (spec, spec_path, metadata) = if shape.is_template() {
            let Some(spec) = mapping(fields, "spec", path)? else { return Ok(None) };
            (spec, path.child("spec"), fields.get("metadata"))
        } else {
            (fields, path.clone(), None)
        };
        let mut containers = Vec::new();
        for list in CONTAINER_LISTS {
            for (path, fields) in list_of_mappings(spec, list, &spec_path)? {
                containers.push(Container { context: Context::of(fields, &path)?, path, fields });
            }
        }
        let context = Context::of(spec, &spec_path)?;
        Ok(Some(Self { path: path.clone(), shape, spec_path, spec, context, containers, metadata }))
    }

    /// The value of an annotation or label of the pods, whatever its type, unless it is null.
    pub(super) fn metadata(&self, map: &str, key: &str) -> Option<&'v Value> {
        self.metadata?.get(map)?.get(key).filter(|value| !value.is_null())
    }

    /// The path of an annotation or label of the pods.
    pub(super) fn metadata_path(&self, map: &str, key: &str) -> FieldPath {
        self.path.child("metadata").child(map).child(key)
    }
}

/// The mapping at a path.
fn descend<'v>(object: &'v Value, path: &FieldPath) -> Result<Option<&'v Map<String, Value>>, HardenError> {
    let Some(mut here) = object.as_object() else { return Ok(None) };
    let mut here_path = FieldPath::root();
    let mut segments = path.segments().iter().peekable();
    while let Some(segment) = segments.next() {
        let Segment::Key(key) = segment else { return Ok(None) };
        let next = if let Some(Segment::Index(index)) = segments.next_if(|it| matches!(it, Segment::Index(_))) {
            list_of_mappings(here, key, &here_path)?.into_iter().nth(*index)
        } else {
            mapping(here, key, &here_path)?.map(|next| (here_path.child(key.as_str()), next))
        };
        let Some((next_path, next)) = next else { return Ok(None) };
        (here_path, here) = (next_path, next);
    }
    Ok(Some(here))
}
