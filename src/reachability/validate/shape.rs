//! The types of the fields, as the API server decodes them, and the fields that it does not know.

use serde_json::{Map, Value};

use super::{Invalid, InvalidKind};
use crate::reachability::read::integer;
use crate::text::nearest;
use crate::yaml::FieldPath;

/// What a field may hold; null is the same as leaving it out.
#[derive(Debug, Clone, Copy)]
enum Shape {
    Text,
    /// `int32`.
    Integer,
    /// `int64`.
    Long,
    Boolean,
    /// `intstr.IntOrString`.
    IntegerOrText,
    /// `map[string]string`.
    TextMap,
    /// Not looked at.
    Anything,
    List(&'static Self),
    Fields(&'static [(&'static str, Self)]),
}

use Shape::{Anything, Boolean, Fields, Integer, IntegerOrText, List, Long, Text, TextMap};

/// `NetworkPolicy` (`k8s.io/api/networking/v1/types.go`).
const POLICY: Shape =
    Fields(&[("apiVersion", Text), ("kind", Text), ("metadata", METADATA), ("spec", SPEC), ("status", Anything)]);

const SPEC: Shape = Fields(&[
    ("podSelector", SELECTOR),
    ("ingress", List(&Fields(&[("ports", List(&PORT)), ("from", List(&PEER))]))),
    ("egress", List(&Fields(&[("ports", List(&PORT)), ("to", List(&PEER))]))),
    ("policyTypes", List(&Text)),
]);

const PORT: Shape = Fields(&[("protocol", Text), ("port", IntegerOrText), ("endPort", Integer)]);

const PEER: Shape = Fields(&[
    ("podSelector", SELECTOR),
    ("namespaceSelector", SELECTOR),
    ("ipBlock", Fields(&[("cidr", Text), ("except", List(&Text))])),
]);

/// `LabelSelector` (`k8s.io/apimachinery/pkg/apis/meta/v1/types.go`).
const SELECTOR: Shape = Fields(&[
    ("matchLabels", TextMap),
    ("matchExpressions", List(&Fields(&[("key", Text), ("operator", Text), ("values", List(&Text))]))),
]);

/// `ObjectMeta`.
const METADATA: Shape = Fields(&[
    ("name", Text),
    ("generateName", Text),
    ("namespace", Text),
    ("selfLink", Text),
    ("uid", Text),
    ("resourceVersion", Text),
    ("generation", Long),
    ("creationTimestamp", Text),
    ("deletionTimestamp", Text),
    ("deletionGracePeriodSeconds", Long),
    ("labels", TextMap),
    ("annotations", TextMap),
    (
        "ownerReferences",
        List(&Fields(&[
            ("apiVersion", Text),
            ("kind", Text),
            ("name", Text),
            ("uid", Text),
            ("controller", Boolean),
            ("blockOwnerDeletion", Boolean),
        ])),
    ),
    ("finalizers", List(&Text)),
    ("managedFields", Anything),
]);

/// A field that `NetworkPolicy` does not have: kubectl refuses it, the API server drops it, and a rule without its
/// misspelt `from` is open to everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownField {
    /// The field.
    pub path: FieldPath,
    /// The field that was probably meant.
    pub nearest: Option<&'static str>,
}

/// What decoding would refuse.
pub(super) fn wrong_types(object: &Value) -> Vec<Invalid> {
    let mut found = Found::default();
    found.visit(POLICY, object, &FieldPath::root());
    found.wrong
}

/// The fields of an object that `NetworkPolicy` does not have, in the order of the object.
pub fn unknown_fields(object: &Value) -> Vec<UnknownField> {
    let mut found = Found::default();
    found.visit(POLICY, object, &FieldPath::root());
    found.unknown
}

#[derive(Debug, Default)]
struct Found {
    wrong: Vec<Invalid>,
    unknown: Vec<UnknownField>,
}

impl Found {
    fn visit(&mut self, shape: Shape, value: &Value, path: &FieldPath) {
        let fits = |least: i64, most: i64| integer(value).is_some_and(|number| (least..=most).contains(&number));
        match (shape, value) {
            (Anything, _) | (_, Value::Null) | (Text | IntegerOrText, Value::String(_)) | (Boolean, Value::Bool(_)) => {
            }
            (Integer | IntegerOrText, Value::Number(_)) if fits(i32::MIN.into(), i32::MAX.into()) => {}
            (Long, Value::Number(_)) if fits(i64::MIN, i64::MAX) => {}
            (List(item), Value::Array(items)) => {
                for (index, value) in items.iter().enumerate() {
                    self.visit(*item, value, &path.child(index));
                }
            }
            (TextMap, Value::Object(entries)) => {
                for (key, value) in entries {
                    self.visit(Text, value, &path.child(key.as_str()));
                }
            }
            (Fields(fields), Value::Object(entries)) => self.fields(fields, entries, path),
            _ => self.wrong.push(wrong_type(shape, value, path)),
        }
    }

    fn fields(&mut self, fields: &'static [(&'static str, Shape)], entries: &Map<String, Value>, path: &FieldPath) {
        for (key, value) in entries {
            let path = path.child(key.as_str());
            if let Some((_, shape)) = fields.iter().find(|(name, _)| name == key) {
                self.visit(*shape, value, &path);
            } else {
                let nearest = nearest(key, fields.iter().map(|(name, _)| *name));
                self.unknown.push(UnknownField { path, nearest });
            }
        }
    }
}

fn wrong_type(shape: Shape, value: &Value, path: &FieldPath) -> Invalid {
    let wanted = match shape {
        Text => "must be a string",
        Integer | Long => "must be a whole number",
        Boolean => "must be true or false",
        IntegerOrText => "must be a whole number or a string",
        List(_) => "must be a list",
        TextMap | Fields(_) | Anything => "must be a mapping",
    };
    let shown = match value {
        Value::Array(_) => Value::from("list"),
        Value::Object(_) => Value::from("mapping"),
        other => other.clone(),
    };
    Invalid::typed(path, &shown, InvalidKind::Type, wanted)
}
