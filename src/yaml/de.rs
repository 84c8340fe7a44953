//! Typed reading with positions: a serde `Deserializer` over the nodes of a tree.
//!
//! Types are strict as in Go's JSON decoder: a boolean is no string, a number is no string, a string is no number.
//! Unlike there a key that is written twice is an error, and keys are case-sensitive.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::vec;

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IntoDeserializer};
use serde::de::{MapAccess, SeqAccess, Unexpected, Visitor};
use serde_json::Value;

use super::fault::{DeError, Fault};
use super::tree::{Children, Kind, NodeId, ScalarStyle, Tree};
use super::value::ValueError;

/// Nesting through aliases and merges beyond which a value is refused: the parser's limits for block and flow style.
const DEPTH: usize = 2 * super::tree::MAX_DEPTH;
/// Nodes that may be read beyond those of the tree.
const EXPANDED_NODES: usize = 1_000_000;
/// Bytes of scalars that may be read beyond those of the text.
const EXPANDED_BYTES: usize = 16 << 20;

/// Reads a node as a `T`.
///
/// Aliases are followed and `<<` is applied where it stands, as go-yaml v2 does.
pub fn from_node<T: DeserializeOwned>(tree: &Tree<'_>, id: NodeId) -> Result<T, DeError> {
    let mut reader = Reader { tree, depth: 0, nodes: 0, bytes: 0 };
    T::deserialize(Node { reader: &mut reader, id }).map_err(|fault| fault.into_error(tree.span(id)))
}

/// What is shared by all steps of one reading: the tree, and the limits that keep aliases from multiplying.
struct Reader<'a, 't> {
    tree: &'a Tree<'t>,
    depth: usize,
    nodes: usize,
    bytes: usize,
}

/// An entry of a mapping after merging.
struct Entry<'a> {
    name: Cow<'a, str>,
    key: NodeId,
    value: NodeId,
}

impl<'a> Reader<'a, '_> {
    /// Counts a node and its text, and goes one level down for `read`.
    fn enter<T>(&mut self, id: NodeId, read: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        self.nodes += 1;
        self.bytes += self.tree.text(self.tree.resolve(id)).len();
        let (nodes, bytes) = (self.tree.len() + EXPANDED_NODES, self.tree.source().len() + EXPANDED_BYTES);
        if self.nodes > nodes || self.bytes > bytes {
            return Err(self.fault(id, "aliases make this document too large"));
        }
        if self.depth >= DEPTH {
            return Err(self.fault(id, "this value is nested too deeply, or an alias leads back to itself"));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn fault(&self, id: NodeId, message: &str) -> Fault {
        Fault::custom(message).at(self.tree.span(id))
    }

    fn scalar(&self, id: NodeId) -> Result<Value, Fault> {
        self.tree.value(id).map_err(|error| self.value_fault(id, &error))
    }

    fn value_fault(&self, id: NodeId, error: &ValueError) -> Fault {
        self.fault(id, &error.message)
    }

    fn is_null(&self, id: NodeId) -> Result<bool, Fault> {
        // Only plain and tagged scalars can be null.
        match self.tree.kind(id) {
            Kind::Scalar(style) if style == ScalarStyle::Plain || self.tree.tag(id).is_some() => {
                Ok(self.scalar(id)?.is_null())
            }
            _ => Ok(false),
        }
    }

    /// The entries of a mapping with merges applied; a written key is a duplicate only of another written one.
    fn entries(&mut self, id: NodeId) -> Result<Vec<Entry<'a>>, Fault> {
        let mut merged = Merged::default();
        self.collect(id, &mut merged)?;
        Ok(merged.entries)
    }

    fn collect(&mut self, id: NodeId, merged: &mut Merged<'a>) -> Result<(), Fault> {
        let tree = self.tree;
        let mut written: BTreeMap<Cow<'a, str>, NodeId> = BTreeMap::new();
        for (key, value) in tree.entries(id) {
            if tree.is_merge(key) {
                self.merge(value, merged).map_err(|fault| fault.under("<<"))?;
                continue;
            }
            let name = tree.key(key).map_err(|error| self.value_fault(key, &error))?;
            if let Some(first) = written.insert(name.clone(), key) {
                let message = format!("the key `{}` is written twice", name.escape_debug());
                return Err(self.fault(key, &message).first(tree.span(first)).under(&*name));
            }
            merged.insert(Entry { name, key, value });
        }
        Ok(())
    }

    fn merge(&mut self, from: NodeId, merged: &mut Merged<'a>) -> Result<(), Fault> {
        let tree = self.tree;
        if matches!(tree.kind(from), Kind::Sequence { .. }) {
            // Earlier items take precedence.
            let items: Vec<NodeId> = tree.items(from).collect();
            return items.into_iter().rev().try_for_each(|item| self.merge_one(item, merged));
        }
        self.merge_one(from, merged)
    }

    fn merge_one(&mut self, from: NodeId, merged: &mut Merged<'a>) -> Result<(), Fault> {
        let target = self.tree.resolve(from);
        if !matches!(self.tree.kind(target), Kind::Mapping { .. }) {
            return Err(self.fault(from, "`<<` takes a mapping or a list of mappings"));
        }
        self.enter(from, |reader| reader.collect(target, merged))
    }
}

/// Entries in the order of their first appearance.
#[derive(Default)]
struct Merged<'a> {
    entries: Vec<Entry<'a>>,
    positions: BTreeMap<Cow<'a, str>, usize>,
}

impl<'a> Merged<'a> {
    fn insert(&mut self, entry: Entry<'a>) {
        let position = *self.positions.entry(entry.name.clone()).or_insert(self.entries.len());
        match self.entries.get_mut(position) {
            Some(earlier) => *earlier = entry,
            None => self.entries.push(entry),
        }
    }
}

/// A node about to be read.
struct Node<'r, 'a, 't> {
    reader: &'r mut Reader<'a, 't>,
    id: NodeId,
}

impl Node<'_, '_, '_> {
    fn target(&self) -> NodeId {
        self.reader.tree.resolve(self.id)
    }

    fn is_mapping(&self) -> bool {
        matches!(self.reader.tree.kind(self.target()), Kind::Mapping { .. })
    }

    fn read<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let target = self.target();
        self.reader.enter(self.id, |reader| match reader.tree.kind(target) {
            Kind::Mapping { .. } => {
                let mut fields = Fields::new(reader, target)?;
                let result = visitor.visit_map(&mut fields);
                result.map_err(|fault| fields.blame_key(fault))
            }
            Kind::Sequence { .. } => {
                let nodes = reader.tree.items(target);
                let mut items = Items { reader, nodes, index: 0 };
                let value = visitor.visit_seq(&mut items)?;
                match items.nodes.count() {
                    0 => Ok(value),
                    rest => Err(Fault::custom(format!("expected {} items, found {}", items.index, items.index + rest))),
                }
            }
            Kind::Scalar(_) | Kind::Alias => match reader.scalar(target)? {
                Value::Null => visitor.visit_unit(),
                Value::Bool(value) => {
                    let result = visitor.visit_bool(value);
                    result.map_err(|fault: Fault| fault.written(reader.tree.text(target), &value.to_string()))
                }
                Value::Number(number) => {
                    let result = match (number.as_u64(), number.as_i64()) {
                        (Some(value), _) => visitor.visit_u64(value),
                        (_, Some(value)) => visitor.visit_i64(value),
                        _ => visitor.visit_f64(number.as_f64().unwrap_or_default()),
                    };
                    result.map_err(|fault: Fault| fault.written(reader.tree.text(target), &number.to_string()))
                }
                Value::String(text) => visitor.visit_string(text),
                Value::Array(_) | Value::Object(_) => Err(Fault::custom("a scalar is a collection")),
            },
        })
    }

    /// The error of a scalar or sequence where only something else makes sense.
    fn mismatch<'de, V: Visitor<'de>>(self, visitor: &V) -> Fault {
        let target = self.target();
        let value = match self.reader.tree.kind(target) {
            Kind::Mapping { .. } => return Fault::invalid_type(Unexpected::Map, visitor),
            Kind::Sequence { .. } => return Fault::invalid_type(Unexpected::Seq, visitor),
            Kind::Scalar(_) | Kind::Alias => self.reader.scalar(target),
        };
        match value {
            Err(fault) => fault,
            Ok(Value::Bool(value)) => Fault::invalid_type(Unexpected::Bool(value), visitor),
            Ok(Value::Number(number)) => {
                Fault::invalid_type(Unexpected::Other(&format!("the number `{number}`")), visitor)
            }
            Ok(Value::String(text)) => Fault::invalid_type(Unexpected::Str(&text), visitor),
            Ok(_) => Fault::invalid_type(Unexpected::Unit, visitor),
        }
    }
}

impl<'de> Deserializer<'de> for Node<'_, '_, '_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let span = self.reader.tree.span(self.id);
        self.read(visitor).map_err(|fault| fault.at(span))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.reader.is_null(self.target())? { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    /// Derived visitors would also take a sequence for a struct.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let span = self.reader.tree.span(self.id);
        if self.is_mapping() { self.deserialize_any(visitor) } else { Err(self.mismatch(&visitor).at(span)) }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let (span, target) = (self.reader.tree.span(self.id), self.target());
        let result = match self.reader.tree.kind(target) {
            Kind::Mapping { .. } => self.reader.enter(self.id, |reader| {
                let mut fields = Fields::new(reader, target)?;
                if fields.entries.len() != 1 {
                    return Err(Fault::custom("expected a mapping with one key"));
                }
                let result = visitor.visit_enum(MapAccessDeserializer::new(&mut fields));
                result.map_err(|fault| fields.blame_key(fault))
            }),
            Kind::Scalar(_) => match self.reader.scalar(target) {
                Ok(Value::String(text)) => visitor.visit_enum(StrDeserializer::<Fault>::new(&text)),
                _ => Err(self.mismatch(&visitor)),
            },
            _ => Err(self.mismatch(&visitor)),
        };
        result.map_err(|fault| fault.at(span))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string
        bytes byte_buf unit unit_struct seq tuple tuple_struct map identifier
    }
}

/// The items of a sequence.
struct Items<'r, 'a, 't> {
    reader: &'r mut Reader<'a, 't>,
    nodes: Children<'a, 't>,
    index: usize,
}

impl<'de> SeqAccess<'de> for Items<'_, '_, '_> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        let Some(id) = self.nodes.next() else { return Ok(None) };
        let index = self.index;
        self.index += 1;
        seed.deserialize(Node { reader: self.reader, id }).map(Some).map_err(|fault| fault.under(index))
    }
}

/// The entries of a mapping.
struct Fields<'r, 'a, 't> {
    reader: &'r mut Reader<'a, 't>,
    entries: vec::IntoIter<Entry<'a>>,
    current: Option<Entry<'a>>,
}

impl<'r, 'a, 't> Fields<'r, 'a, 't> {
    fn new(reader: &'r mut Reader<'a, 't>, id: NodeId) -> Result<Self, Fault> {
        let entries = reader.entries(id)?.into_iter();
        Ok(Self { reader, entries, current: None })
    }

    /// Gives an error about a key, which serde raises without a position, the place of the key that was read last.
    fn blame_key(&self, fault: Fault) -> Fault {
        match &self.current {
            Some(entry) if fault.is_about_unplaced_key() => {
                fault.at(self.reader.tree.span(entry.key)).under(&*entry.name)
            }
            _ => fault,
        }
    }
}

impl<'de> MapAccess<'de> for Fields<'_, '_, '_> {
    type Error = Fault;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        let Some(entry) = self.entries.next() else { return Ok(None) };
        let name = entry.name.clone();
        let entry = self.current.insert(entry);
        let span = self.reader.tree.span(entry.key);
        let key: Result<S::Value, Fault> = seed.deserialize((&*name).into_deserializer());
        key.map(Some).map_err(|fault| fault.at(span).under(&*name))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        let Some(entry) = &self.current else { return Err(Fault::custom("a value was asked for before its key")) };
        let value = seed.deserialize(Node { reader: self.reader, id: entry.value });
        value.map_err(|fault| fault.under(&*entry.name))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;
    use crate::text::{LineIndex, Span};

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "a mapping")]
    struct Pod {
        host_network: Option<bool>,
        replicas: Option<i32>,
        #[serde(default)]
        labels: BTreeMap<String, String>,
        #[serde(default)]
        containers: Vec<Container>,
        policy: Option<Policy>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields, expecting = "a mapping")]
    struct Container {
        name: String,
        weight: Option<f64>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    enum Policy {
        Always,
        Never,
        After(u8),
    }

    fn read<T: DeserializeOwned>(text: &str) -> Result<T, DeError> {
        let tree = Tree::parse(text).unwrap();
        from_node(&tree, tree.root().unwrap())
    }

    fn container(name: &str) -> Container {
        Container { name: name.to_owned(), weight: None }
    }

    #[test]
    fn reads_block_flow_and_json() {
        let texts = [
            "hostNetwork: yes\nreplicas: 010\nlabels: {a: b}\ncontainers:\n- name: x\n  weight: 1\npolicy: Never\n",
            r#"{"hostNetwork": true, "replicas": 8, "labels": {"a": "b"}, "containers": [{"name": "x", "weight": 1}], "policy": "Never"}"#,
        ];
        for text in texts {
            let pod: Pod = read(text).unwrap();
            assert_eq!(pod.host_network, Some(true));
            assert_eq!(pod.replicas, Some(8));
            assert_eq!(pod.labels, BTreeMap::from([("a".to_owned(), "b".to_owned())]));
            assert_eq!(pod.containers, [Container { name: "x".to_owned(), weight: Some(1.0) }]);
            assert_eq!(pod.policy, Some(Policy::Never));
        }
        assert_eq!(read::<Policy>("After: 3").unwrap(), Policy::After(3));
        assert_eq!(read::<Pod>("replicas: ~\npolicy:\n").unwrap().replicas, None);
    }

    #[test]
    fn agrees_with_the_value_of_the_tree() {
        let text = "a: &a [1, -2, 1.5, x, ~, {y: on}]\nb: *a\nc: {<<: {q: 1, r: 2}, r: 3}\nd: 18446744073709551615\n";
        let tree = Tree::parse(text).unwrap();
        let root = tree.root().unwrap();
        assert_eq!(from_node::<Value>(&tree, root).unwrap(), tree.value(root).unwrap());
    }

    #[test]
    fn follows_aliases_and_merges() {
        let text =
            "labels: &l {a: b}\ncontainers: [&c {name: x, weight: 1}, {<<: *c, name: w}, {name: z, <<: [*c]}, *c]\n";
        let names: Vec<String> = read::<Pod>(text).unwrap().containers.into_iter().map(|it| it.name).collect();
        assert_eq!(names, ["x", "w", "x", "x"]);
        assert_eq!(read::<Vec<Container>>("[&c {name: x}, {<<: [{name: p}, *c]}]").unwrap()[1], container("p"));
    }

    #[test]
    fn errors_have_path_and_place() {
        let cases = [
            (
                "replicas: '3'",
                "replicas",
                "1:11",
                "expected an integer, found the string `3` (write it without quotes)",
            ),
            ("replicas: 1.5", "replicas", "1:11", "expected an integer, found the number `1.5`"),
            ("replicas: 3000000000", "replicas", "1:11", "expected an integer in range, found the number `3000000000`"),
            ("hostNetwork: 1", "hostNetwork", "1:14", "expected a boolean, found the number `1`"),
            (
                "labels:\n  a: yes",
                "labels.a",
                "2:6",
                "expected a string, found the boolean `true` (write it in quotes): YAML reads `yes` as `true`",
            ),
            ("labels: []", "labels", "1:9", "expected a mapping, found a list"),
            (
                "containers:\n- name: x\n- name: 1",
                "containers[1].name",
                "3:9",
                "expected a string, found the number `1` (write it in quotes)",
            ),
            ("containers:\n- weight: 1", "containers[0]", "2:3", "the key `name` is missing"),
            ("containers: [[a, 1]]", "containers[0]", "1:14", "expected a mapping, found a list"),
            ("containers: [~]", "containers[0]", "1:14", "expected a mapping, found null"),
            ("containers: x", "containers", "1:13", "expected a list, found the string `x`"),
            ("host_network: true", "host_network", "1:1", "unknown key `host_network`, did you mean `hostNetwork`?"),
            (
                "containers:\n- name: x\n  zzz: 1",
                "containers[0].zzz",
                "3:3",
                "unknown key `zzz`, expected one of `name`, `weight`",
            ),
            ("policy: never", "policy", "1:9", "unknown value `never`, did you mean `Never`?"),
            ("policy: {Always: ~, Never: ~}", "policy", "1:9", "expected a mapping with one key"),
            ("policy: [Never]", "policy", "1:9", "expected enum Policy, found a list"),
            ("replicas: 1\nlabels: {}\nreplicas: 2", "replicas", "3:1", "the key `replicas` is written twice"),
            ("labels: {a: b, <<: 1}", "labels.<<", "1:20", "`<<` takes a mapping or a list of mappings"),
            ("labels: {~: b}", "labels", "1:10", "a mapping key must not be null"),
            ("replicas: .nan", "replicas", "1:11", "`.nan` has no place in JSON"),
            ("- x", "", "1:1", "expected a mapping, found a list"),
        ];
        for (text, path, place, message) in cases {
            let error = read::<Pod>(text).unwrap_err();
            let at = LineIndex::new(text).line_column(error.span.start).to_string();
            assert_eq!((error.message.as_str(), error.path.to_string().as_str(), at.as_str()), (message, path, place));
        }
    }

    #[test]
    fn suggests_and_shows_the_first_of_two() {
        let text = "labels: {a: x, a: y}";
        assert_eq!(read::<Pod>(text).unwrap_err().first, Some(Span::new(9, 10)));
        assert_eq!(read::<Pod>("replica: 1").unwrap_err().suggestion.as_deref(), Some("replicas"));
        assert_eq!(read::<Pod>("zzz: 1").unwrap_err().suggestion, None);
    }

    #[test]
    fn tuples_have_a_length() {
        assert_eq!(read::<(u8, String)>("[1, a]").unwrap(), (1, "a".to_owned()));
        assert_eq!(read::<(u8, String)>("[1, a, b, c]").unwrap_err().message, "expected 2 items, found 4");
    }

    #[test]
    fn ignored_parts_are_not_read() {
        #[derive(Debug, Deserialize)]
        struct Part {
            a: u8,
        }
        assert_eq!(read::<Part>("x: &x {y: .nan, y: [*x], ~: 1}\na: 1").unwrap().a, 1);
    }

    #[test]
    fn bounds_loops_and_bombs() {
        for text in ["a: &a [*a]\n", "a: &a {<<: *a}\n", "a: &a {b: {<<: [*a]}}\n"] {
            assert!(read::<Value>(text).unwrap_err().message.contains("leads back to itself"), "{text}");
        }
        let (open, close) = ("[".repeat(120), "]".repeat(120));
        let chain: Vec<String> = (1..120).map(|at| format!("a{at}: &a{at} {open}*a{}{close}", at - 1)).collect();
        let chain = format!("a0: &a0 x\n{}\n", chain.join("\n"));
        assert!(read::<Value>(&chain).unwrap_err().message.contains("nested too deeply"));
        let mut nodes = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        let mut merges = String::from("a0: &a0 {x: 1}\n");
        for level in 1..9 {
            let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
            nodes = format!("{nodes}a{level}: &a{level} [{aliases}]\n");
            merges = format!("{merges}a{level}: &a{level} {{<<: [{aliases}]}}\n");
        }
        let bytes = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), vec!["*a"; 20_000].join(", "));
        for text in [nodes, merges, bytes] {
            assert!(read::<Value>(&text).unwrap_err().message.contains("too large"));
        }
        assert_eq!(read::<Value>("a: &a 1\nb: [*a, *a]\n").unwrap(), json!({"a": 1, "b": [1, 1]}));
    }
}
