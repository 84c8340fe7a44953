//! What a tree means to Kubernetes: sigs.k8s.io/yaml turns YAML into JSON, and the JSON is the object.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::binary;
use super::scalar::{self, Resolved};
use super::tree::{Kind, NodeId, ScalarStyle, Tree};

/// What the tags of YAML's own types begin with; `!!` stands for it.
const CORE_TAG: &str = "tag:yaml.org,2002:";
/// Nodes that aliases may add to a document before it counts as a bomb.
const EXPANDED_NODES: usize = 2_000_000;
/// Bytes of text that aliases may add to a document before it counts as a bomb.
const EXPANDED_BYTES: usize = 64 << 20;

/// Levels that a value may have once aliases are expanded.
const EXPANDED_DEPTH: usize = 2 * super::tree::MAX_DEPTH;

/// Why a document has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ValueError {
    /// What is wrong.
    pub message: String,
    /// Byte offset in the parsed text.
    pub offset: usize,
}

impl Tree<'_> {
    /// The JSON value of a node as Kubernetes reads it.
    pub fn value(&self, id: NodeId) -> Result<Value, ValueError> {
        Reader::new(self).value(id)
    }

    /// The name of a mapping key as Kubernetes reads it: `yes` becomes `true`, `010` becomes `8`.
    pub fn key(&self, id: NodeId) -> Result<Cow<'_, str>, ValueError> {
        Reader::new(self).key(id)
    }

    /// The string at a path of keys, as Kubernetes reads it: what a merge brings counts, `!!binary` is decoded, the last of
    /// equal keys counts, and what is null, a number or a mapping is no string. Absent where there is none, or an empty
    /// one.
    pub fn string_at(&self, node: NodeId, path: &[&str]) -> Option<Cow<'_, str>> {
        let found = |value: &Value, rest: &[&str]| {
            let found = rest.iter().try_fold(value, |value, key| value.get(key))?;
            found.as_str().filter(|text| !text.is_empty()).map(|text| Cow::Owned(text.to_owned()))
        };
        let mut node = self.resolve(node);
        for (depth, key) in path.iter().enumerate() {
            if !matches!(self.kind(node), Kind::Mapping { .. }) {
                return None;
            }
            if !self.has_plain_keys(node) {
                return found(&self.value(node).ok()?, path.get(depth..).unwrap_or_default());
            }
            node = self.get(node, key)?;
        }
        let Kind::Scalar(style) = self.kind(node) else { return None };
        if self.node(node).tagged {
            return found(&self.value(node).ok()?, &[]);
        }
        let text = self.text(node);
        let is_string = style != ScalarStyle::Plain || scalar::resolve(text) == Resolved::Text;
        (is_string && !text.is_empty()).then_some(Cow::Borrowed(text))
    }

    /// The value of the last entry of a mapping whose key Kubernetes reads as `key`: by a tag or an alias too, but not what
    /// a merge brings, which stands elsewhere.
    pub fn entry(&self, mapping: NodeId, key: &str) -> Option<NodeId> {
        let mapping = self.resolve(mapping);
        if !matches!(self.kind(mapping), Kind::Mapping { .. }) {
            return None;
        }
        if self.has_plain_keys(mapping) {
            return self.get(mapping, key);
        }
        let entries = self.entries(mapping).filter(|(name, _)| self.key(*name).is_ok_and(|name| name == key));
        entries.last().map(|(_, value)| self.resolve(value))
    }

    /// The key of a mapping's entry that Kubernetes reads as `key` and that is not the first of them.
    pub fn second_entry(&self, mapping: NodeId, key: &str) -> Option<NodeId> {
        let mapping = self.resolve(mapping);
        if !matches!(self.kind(mapping), Kind::Mapping { .. }) {
            return None;
        }
        let is_it = |name: &NodeId| self.key(*name).is_ok_and(|name| name == key);
        self.entries(mapping).map(|(name, _)| name).filter(is_it).nth(1)
    }

    /// Whether the last word on a key of a mapping is that of a merge.
    pub fn merges_in(&self, mapping: NodeId, key: &str) -> bool {
        let mapping = self.resolve(mapping);
        let is_mapping = matches!(self.kind(mapping), Kind::Mapping { .. });
        if !is_mapping || !self.entries(mapping).any(|(name, _)| self.is_merge(name)) {
            return false;
        }
        let Ok(value) = self.value(mapping) else { return false };
        match (value.get(key), self.entry(mapping, key)) {
            (Some(_), None) => true,
            (Some(value), Some(node)) => !self.equals(node, value).unwrap_or(false),
            (None, _) => false,
        }
    }

    /// Whether the keys of a mapping are what is written: no merge, tag, alias or collection.
    fn has_plain_keys(&self, mapping: NodeId) -> bool {
        self.entries(mapping).all(|(key, _)| {
            matches!(self.kind(key), Kind::Scalar(_)) && !self.node(key).tagged && self.text(key) != "<<"
        })
    }

    /// Whether a key is the merge key `<<`; a tag can make even a quoted one so.
    pub(super) fn is_merge(&self, key: NodeId) -> bool {
        let Kind::Scalar(style) = self.kind(key) else { return false };
        self.text(key) == "<<"
            && match self.tag(key) {
                None => style == ScalarStyle::Plain,
                Some(tag) => matches!(tag, "!" | "tag:yaml.org,2002:merge"),
            }
    }

    /// Whether the value of a node equals `value`, without building it where no alias or merge is involved.
    pub fn equals(&self, id: NodeId, value: &Value) -> Result<bool, ValueError> {
        Ok(match (self.kind(id), value) {
            (Kind::Scalar(style), _) => self.scalar_equals(id, style, value)?,
            (Kind::Sequence { .. }, Value::Array(items)) => {
                let mut nodes = self.items(id);
                for item in items {
                    match nodes.next() {
                        Some(node) if self.equals(node, item)? => {}
                        _ => return Ok(false),
                    }
                }
                nodes.next().is_none()
            }
            (Kind::Mapping { .. }, Value::Object(map)) => match self.mapping_equals(id, map)? {
                Some(equal) => equal,
                None => self.value(id)? == *value,
            },
            (Kind::Alias, _) => self.value(id)? == *value,
            _ => false,
        })
    }

    fn scalar_equals(&self, id: NodeId, style: ScalarStyle, value: &Value) -> Result<bool, ValueError> {
        if !self.node(id).tagged {
            let text = self.text(id);
            if style != ScalarStyle::Plain {
                return Ok(value.as_str() == Some(text));
            }
            if let Value::String(string) = value {
                return Ok(string == text && scalar::resolve(text) == Resolved::Text);
            }
        }
        Ok(self.value(id)? == *value)
    }

    /// Compares entry by entry; absent where a merge or a duplicate key asks for the whole value.
    fn mapping_equals(&self, id: NodeId, map: &Map<String, Value>) -> Result<Option<bool>, ValueError> {
        let mut count = 0;
        for (key, node) in self.entries(id) {
            if self.is_merge(key) {
                return Ok(None);
            }
            match map.get(&*self.key(key)?) {
                Some(value) if self.equals(node, value)? => count += 1,
                // A later entry with the same key may still be equal.
                _ => return Ok(None),
            }
        }
        // With duplicates the count is too high.
        Ok(if count == map.len() { Some(true) } else { None })
    }
}

struct Reader<'n, 't> {
    tree: &'n Tree<'t>,
    /// Targets of the aliases that are being expanded.
    expanding: Vec<NodeId>,
    nodes: usize,
    bytes: usize,
    /// Open nodes, those inside aliases included.
    depth: usize,
}

impl<'n, 't> Reader<'n, 't> {
    fn new(tree: &'n Tree<'t>) -> Self {
        Self { tree, expanding: Vec::new(), nodes: 0, bytes: 0, depth: 0 }
    }

    fn error<T>(&self, id: NodeId, message: impl Into<String>) -> Result<T, ValueError> {
        Err(ValueError { message: message.into(), offset: self.tree.span(id).start })
    }

    fn value(&mut self, id: NodeId) -> Result<Value, ValueError> {
        // Aliases in aliases could nest far beyond what the parser allows, and the stack.
        if self.depth >= EXPANDED_DEPTH {
            return self.error(id, format!("aliases nest this document more than {EXPANDED_DEPTH} levels deep"));
        }
        self.depth += 1;
        let value = self.node_value(id);
        self.depth -= 1;
        value
    }

    fn node_value(&mut self, id: NodeId) -> Result<Value, ValueError> {
        match self.tree.kind(id) {
            Kind::Alias => {
                let target = self.tree.resolve(id);
                self.expand(id, target, |reader| reader.value(target))
            }
            Kind::Scalar(style) => {
                let text = self.tree.text(id);
                self.charge(id, text.len())?;
                self.scalar(id, style, text)
            }
            Kind::Sequence { .. } => {
                self.charge(id, 0)?;
                self.tree.items(id).map(|item| self.value(item)).collect::<Result<_, _>>().map(Value::Array)
            }
            Kind::Mapping { .. } => {
                self.charge(id, 0)?;
                let mut map = Map::new();
                self.mapping(id, &mut map)?;
                Ok(Value::Object(map))
            }
        }
    }

    /// Counts what aliases add.
    fn charge(&mut self, id: NodeId, bytes: usize) -> Result<(), ValueError> {
        if self.expanding.is_empty() {
            return Ok(());
        }
        self.nodes += 1;
        self.bytes += bytes;
        if self.nodes > EXPANDED_NODES || self.bytes > EXPANDED_BYTES {
            return self.error(id, "aliases make this document too large");
        }
        Ok(())
    }

    fn expand<T>(
        &mut self,
        id: NodeId,
        target: NodeId,
        read: impl FnOnce(&mut Self) -> Result<T, ValueError>,
    ) -> Result<T, ValueError> {
        let mut ancestor = self.tree.parent(id);
        while let Some(at) = ancestor {
            if at == target {
                return self.error(id, "this alias stands inside its own anchor");
            }
            ancestor = self.tree.parent(at);
        }
        if self.expanding.contains(&target) || self.expanding.len() >= super::tree::MAX_DEPTH {
            return self.error(id, "this alias leads back to itself");
        }
        self.expanding.push(target);
        let result = read(self);
        self.expanding.pop();
        result
    }

    /// go-yaml v2 applies `<<` where it stands: it overrides what came before and is overridden by what follows.
    fn mapping(&mut self, id: NodeId, map: &mut Map<String, Value>) -> Result<(), ValueError> {
        for (key, value) in self.tree.entries(id) {
            if self.tree.is_merge(key) {
                self.merge(value, map)?;
            } else {
                let name = self.key(key)?.into_owned();
                let value = self.value(value)?;
                map.insert(name, value);
            }
        }
        Ok(())
    }

    fn merge(&mut self, from: NodeId, map: &mut Map<String, Value>) -> Result<(), ValueError> {
        match self.tree.kind(from) {
            Kind::Sequence { .. } => {
                // Earlier items take precedence.
                let items: Vec<NodeId> = self.tree.items(from).collect();
                items.into_iter().rev().try_for_each(|item| self.merge_one(item, map))
            }
            _ => self.merge_one(from, map),
        }
    }

    fn merge_one(&mut self, from: NodeId, map: &mut Map<String, Value>) -> Result<(), ValueError> {
        let target = self.tree.resolve(from);
        if !matches!(self.tree.kind(target), Kind::Mapping { .. }) {
            return self.error(from, "map merge requires map or sequence of maps as the value");
        }
        if target == from {
            self.mapping(from, map)
        } else {
            self.expand(from, target, |reader| reader.mapping(target, map))
        }
    }

    fn key(&mut self, id: NodeId) -> Result<Cow<'n, str>, ValueError> {
        let node = self.tree.resolve(id);
        let Kind::Scalar(style) = self.tree.kind(node) else {
            return self.error(id, "a mapping key must be a scalar");
        };
        let text = self.tree.text(node);
        if style != ScalarStyle::Plain && !self.tree.node(node).tagged {
            return Ok(Cow::Borrowed(text));
        }
        match self.resolve(node, style, text)? {
            (Resolved::Text, text) => Ok(text),
            (Resolved::Bool(value), _) => Ok(Cow::Owned(value.to_string())),
            (Resolved::Integer(number), _) if number.is_i64() => Ok(Cow::Owned(number.to_string())),
            (Resolved::Integer(_), _) => self.error(id, "a numeric mapping key must be below 2^63"),
            (Resolved::Float(value), _) => Ok(Cow::Owned(scalar::float_key(value))),
            (Resolved::Null, _) => self.error(id, "a mapping key must not be null"),
        }
    }

    fn scalar(&self, id: NodeId, style: ScalarStyle, text: &str) -> Result<Value, ValueError> {
        Ok(match self.resolve(id, style, text)? {
            (Resolved::Null, _) => Value::Null,
            (Resolved::Bool(value), _) => Value::Bool(value),
            (Resolved::Integer(number), _) => Value::Number(number),
            (Resolved::Float(value), _) => match scalar::json_number(value) {
                Some(number) => Value::Number(number),
                None => return self.error(id, format!("`{text}` has no place in JSON")),
            },
            (Resolved::Text, text) => Value::String(text.into_owned()),
        })
    }

    /// What a scalar means by its style, tag and text, and the text where it means that.
    fn resolve<'s>(
        &self,
        id: NodeId,
        style: ScalarStyle,
        text: &'s str,
    ) -> Result<(Resolved, Cow<'s, str>), ValueError> {
        let Some(tag) = self.tree.tag(id) else {
            let resolved = if style == ScalarStyle::Plain { scalar::resolve(text) } else { Resolved::Text };
            return Ok((resolved, Cow::Borrowed(text)));
        };
        let known = tag.strip_prefix(CORE_TAG).unwrap_or_default();
        let resolved = match (known, scalar::resolve(text)) {
            ("null", Resolved::Null) => Resolved::Null,
            ("bool", Resolved::Bool(value)) => Resolved::Bool(value),
            ("int", Resolved::Integer(number)) => Resolved::Integer(number),
            ("float", Resolved::Float(value)) => Resolved::Float(value),
            // go-yaml converts no integer beyond `i64`.
            ("float", Resolved::Integer(number)) if number.is_i64() => {
                Resolved::Float(number.as_f64().unwrap_or_default())
            }
            ("null" | "bool" | "int" | "float", _) => {
                return self.error(id, format!("cannot decode `{text}` as a !!{known}"));
            }
            ("binary", _) => {
                return match binary::decode(text) {
                    Some(decoded) => Ok((Resolved::Text, Cow::Owned(decoded))),
                    None => self.error(id, "a !!binary value must be base64"),
                };
            }
            ("timestamp", _) => return self.error(id, "the tag !!timestamp is not supported"),
            _ => Resolved::Text,
        };
        Ok((resolved, Cow::Borrowed(text)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Result<Value, ValueError> {
        let tree = Tree::parse(text).unwrap();
        let value = tree.value(tree.root().unwrap());
        if let Ok(value) = &value {
            assert!(tree.equals(tree.root().unwrap(), value).unwrap(), "{text}");
            assert!(!tree.equals(tree.root().unwrap(), &json!([value])).unwrap(), "{text}");
        }
        value
    }

    #[test]
    fn reads_as_kubernetes() {
        let cases = [
            ("mode: 0644\nyes: on\n", json!({"mode": 420, "true": true})),
            ("a: 1\na: 2\n", json!({"a": 2})),
            (
                "b: &b {x: 1, y: 2}\nm: {x: 3, <<: *b, z: 4}\n",
                json!({"b": {"x": 1, "true": 2}, "m": {"x": 1, "true": 2, "z": 4}}),
            ),
            ("m: {<<: [{x: 1}, {x: 2, w: 3}]}", json!({"m": {"x": 1, "w": 3}})),
            ("a: &x [1]\nb: *x\n", json!({"a": [1], "b": [1]})),
            ("t: !!str 12\nq: ! \"12\"\nf: !!float 1\nl: !x y\n", json!({"t": "12", "q": "12", "f": 1, "l": "y"})),
            ("1: a\n010: b\n1.50: c\n", json!({"1": "a", "8": "b", "1.5": "c"})),
            ("s: |\n  x", json!({"s": "x"})),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn refuses_what_kubernetes_refuses() {
        for text in ["~: 1\n", "[a]: 1\n", "a: .nan\n", "a: !!int x\n", "a: &a [*a]\n", "b: &b [1]\nm: {<<: *b}\n"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn bounds_bombs_of_nodes_and_of_bytes() {
        let mut nodes = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..9 {
            let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
            nodes = format!("{nodes}a{level}: &a{level} [{aliases}]\n");
        }
        assert!(read(&nodes).is_err());
        let mut depth = format!("a0: &a0 {}{}\n", "[".repeat(110), "]".repeat(110));
        for level in 1..127 {
            let (open, close) = ("[".repeat(110), "]".repeat(110));
            depth = format!("{depth}a{level}: &a{level} {open}*a{}{close}\n", level - 1);
        }
        assert!(read(&depth).is_err());
        let bytes = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), vec!["*a"; 20_000].join(", "));
        assert!(read(&bytes).is_err());
    }
}
