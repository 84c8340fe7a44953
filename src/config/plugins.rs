//! What a manifest and a data product say of the systems that the platform uses: `plugins`, `observability` and
//! `compute`.
//!
//! Read leniently, because these sections are not floe's: unknown keys and odd values are passed over, and what bears
//! on traffic is taken wherever it stands: types, and the addresses under keys such as `uri`, `endpoint` and `host`.

use std::fmt;

use serde_json::{Map, Value};

use super::endpoint::{EndpointHost, Form, read};
use crate::object::Protocol;
use crate::text::{LineColumn, LineIndex};
use crate::yaml::{FieldPath, NodeId, Tree};

/// The file that a plugin is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PluginSource {
    /// `plugins` of the manifest: each names a system by its type.
    Manifest,
    /// `observability` of the manifest: only addresses count, a type is the name of a protocol.
    Observability,
    /// `compute` of a data product.
    Product,
}

/// Where something is written, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigPlace {
    /// The file.
    pub source: PluginSource,
    /// The field.
    pub path: FieldPath,
    /// Line and column in the file; absent in a `functionConfig`, which is part of the input.
    pub position: Option<LineColumn>,
}

impl fmt::Display for ConfigPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.path)?;
        let file = match self.source {
            PluginSource::Manifest | PluginSource::Observability => "manifest",
            PluginSource::Product => "data product",
        };
        self.position.map_or(Ok(()), |position| write!(f, " ({position} of the {file})"))
    }
}

/// An address in the configuration of a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginEndpoint {
    /// Who answers there.
    pub host: EndpointHost,
    /// The port that clients use; absent where neither the text nor its scheme nor a `port` beside it says.
    pub port: Option<u16>,
    /// The protocol; TCP unless the scheme is `udp`.
    pub protocol: Protocol,
    /// Where it is written.
    pub place: ConfigPlace,
}

/// A system that the platform, jobs or domains use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginConfig {
    /// What it is used for: the key under `plugins` or `observability`, such as `catalog`; `compute` in a data product.
    pub category: String,
    /// Its `type`, as written; absent where there is none.
    pub kind: Option<String>,
    /// The addresses in its configuration.
    pub endpoints: Vec<PluginEndpoint>,
    /// Where it is written.
    pub place: ConfigPlace,
}

/// Keys that name the type of a plugin, the first that is there wins.
const TYPE_KEYS: [&str; 7] = ["type", "target", "provider", "exporter", "transport", "name", "default"];

/// Keys that list several plugins of a category.
const LIST_KEYS: [&str; 2] = ["approved", "targets"];

/// The last words of keys that hold an address, and how it has to be written there.
const ADDRESS_KEYS: [(&str, Form); 10] = [
    ("host", Form::Host),
    ("hostname", Form::Host),
    ("server", Form::Host),
    ("servers", Form::Host),
    ("address", Form::Host),
    ("endpoint", Form::Host),
    ("endpoint_url", Form::Host),
    ("brokers", Form::Host),
    ("uri", Form::Url),
    ("url", Form::Url),
];

/// First words of keys whose address is not for the plugin, but for browsers.
const BROWSER_KEYS: [&str; 3] = ["redirect", "callback", "documentation"];

/// Reads sections of one document.
pub(super) struct PluginReader<'a, 't> {
    tree: &'a Tree<'t>,
    root: NodeId,
    lines: Option<LineIndex<'t>>,
}

impl<'a, 't> PluginReader<'a, 't> {
    /// Reads from a file of its own.
    pub(super) fn of_file(tree: &'a Tree<'t>, root: NodeId) -> Self {
        Self { tree, root, lines: Some(LineIndex::new(tree.source())) }
    }

    /// Reads from an object inside another file.
    pub(super) const fn of_part(tree: &'a Tree<'t>, root: NodeId) -> Self {
        Self { tree, root, lines: None }
    }

    /// Everything that a manifest says.
    pub(super) fn manifest(&self) -> Vec<PluginConfig> {
        let mut found = Vec::new();
        for (category, value) in self.section("plugins") {
            let path = FieldPath::of_keys(["plugins", category.as_str()]);
            self.plugin(PluginSource::Manifest, &category, &value, path, &mut found);
        }
        for (category, value) in self.section("observability") {
            let path = FieldPath::of_keys(["observability", category.as_str()]);
            self.plugin(PluginSource::Observability, &category, &value, path, &mut found);
        }
        found
    }

    /// Everything that a data product says: the compute target of the whole and of single transforms.
    pub(super) fn product(&self) -> Vec<PluginConfig> {
        let mut found = Vec::new();
        let source = PluginSource::Product;
        if let Some(compute) = self.value("compute") {
            self.plugin(source, "compute", &compute, FieldPath::of_keys(["compute"]), &mut found);
        }
        for (category, value) in self.section("plugins") {
            let path = FieldPath::of_keys(["plugins", category.as_str()]);
            self.plugin(source, &category, &value, path, &mut found);
        }
        let transforms = self.value("transforms");
        for (index, transform) in transforms.iter().filter_map(Value::as_array).flatten().enumerate() {
            if let Some(compute) = transform.get("compute") {
                let path = FieldPath::of_keys(["transforms"]).child(index).child("compute");
                self.plugin(source, "compute", compute, path, &mut found);
            }
        }
        found
    }

    fn value(&self, key: &str) -> Option<Value> {
        self.tree.get(self.root, key).and_then(|node| self.tree.value(node).ok())
    }

    /// The entries of a section. One that cannot be read as a value (`.nan`) is null, the others stand.
    fn section(&self, key: &str) -> Vec<(String, Value)> {
        let Some(node) = self.tree.get(self.root, key) else { return Vec::new() };
        match self.tree.value(node) {
            Ok(Value::Object(entries)) => entries.into_iter().collect(),
            Ok(_) => Vec::new(),
            Err(_) => {
                let entries = self.tree.entries(self.tree.resolve(node));
                let read = |(key, value)| (self.tree.text(key).to_owned(), self.tree.value(value).unwrap_or_default());
                entries.map(read).collect()
            }
        }
    }

    fn plugin(
        &self,
        source: PluginSource,
        category: &str,
        value: &Value,
        path: FieldPath,
        found: &mut Vec<PluginConfig>,
    ) {
        let one = |kind: Option<&str>, endpoints, place| PluginConfig {
            category: category.to_owned(),
            kind: kind.map(str::trim).filter(|kind| !kind.is_empty()).map(str::to_owned),
            endpoints,
            place,
        };
        match value {
            Value::String(text) if source == PluginSource::Observability => {
                let entries = Map::from_iter([(category.to_owned(), Value::String(text.clone()))]);
                let mut endpoints = Vec::new();
                self.entries(source, &entries, &FieldPath::of_keys(["observability"]), &mut endpoints);
                if !endpoints.is_empty() {
                    found.push(one(None, endpoints, self.place(source, path)));
                }
            }
            Value::String(kind) => found.push(one(Some(kind), Vec::new(), self.place(source, path))),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.plugin(source, category, item, path.child(index), found);
                }
            }
            Value::Object(entries) if is_off(entries) => {}
            Value::Object(entries) => {
                let lists: Vec<_> =
                    LIST_KEYS.into_iter().filter_map(|key| Some((key, entries.get_key_value(key)?.1))).collect();
                for (key, list) in &lists {
                    self.plugin(source, category, list, path.child(*key), found);
                }
                if !lists.is_empty() {
                    return;
                }
                let typed = TYPE_KEYS.into_iter().find_map(|key| Some((key, entries.get(key)?.as_str()?)));
                let mut endpoints = Vec::new();
                self.entries(source, entries, &path, &mut endpoints);
                let place = self.place(source, typed.map_or_else(|| path.clone(), |(key, _)| path.child(key)));
                found.push(one(typed.map(|(_, kind)| kind), endpoints, place));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// The addresses in a mapping and below.
    fn entries(
        &self,
        source: PluginSource,
        entries: &Map<String, Value>,
        path: &FieldPath,
        found: &mut Vec<PluginEndpoint>,
    ) {
        for (key, value) in entries {
            let path = path.child(key.as_str());
            let form = form_of(key);
            let texts: Vec<&str> = match (value, form) {
                (Value::String(text), Some(_)) => vec![text],
                (Value::Array(items), Some(_)) => items.iter().filter_map(Value::as_str).collect(),
                _ => Vec::new(),
            };
            for written in texts.iter().flat_map(|text| read(text, form.unwrap_or(Form::Url))) {
                found.push(PluginEndpoint {
                    host: written.host,
                    port: written.port.or_else(|| port_beside(entries, key)),
                    protocol: written.protocol,
                    place: self.place(source, path.clone()),
                });
            }
            match value {
                Value::Object(inner) if !is_off(inner) => self.entries(source, inner, &path, found),
                Value::Array(items) => {
                    for (index, inner) in items.iter().enumerate() {
                        let Value::Object(inner) = inner else { continue };
                        self.entries(source, inner, &path.child(index), found);
                    }
                }
                _ => {}
            }
        }
    }

    fn place(&self, source: PluginSource, path: FieldPath) -> ConfigPlace {
        let (_, node) = self.tree.locate_from(self.root, &path);
        let position = self.lines.as_ref().map(|lines| lines.line_column(self.tree.span(node).start));
        ConfigPlace { source, path, position }
    }
}

/// Whether a mapping says that it is switched off.
fn is_off(entries: &Map<String, Value>) -> bool {
    entries.get("enabled") == Some(&Value::Bool(false))
}

/// Whether a key holds an address: one of [`ADDRESS_KEYS`], alone or after `_`.
fn form_of(key: &str) -> Option<Form> {
    let key = key.to_ascii_lowercase().replace('-', "_");
    if BROWSER_KEYS.iter().any(|word| key.starts_with(word)) {
        return None;
    }
    let ends = |word: &str| key.strip_suffix(word).is_some_and(|rest| rest.is_empty() || rest.ends_with('_'));
    ADDRESS_KEYS.iter().find(|(word, _)| ends(word)).map(|(_, form)| *form)
}

/// The port in an entry of its own: `metastore_port` beside `metastore_host`, `port` beside `host`; else that of HTTPS
/// where an entry says so.
fn port_beside(entries: &Map<String, Value>, key: &str) -> Option<u16> {
    let own = key.rsplit_once('_').map(|(prefix, _)| format!("{prefix}_port"));
    let written = own.as_deref().into_iter().chain(["port"]).find_map(|key| entries.get(key));
    let number = match written {
        Some(Value::Number(number)) => number.as_u64().and_then(|number| u16::try_from(number).ok()),
        Some(Value::String(text)) => text.trim().parse().ok(),
        _ => None,
    };
    let https = ["scheme", "http_scheme"].iter().any(|key| entries.get(*key).and_then(Value::as_str) == Some("https"));
    number.filter(|port| *port != 0).or_else(|| https.then_some(443))
}
