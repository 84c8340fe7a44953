use std::fmt;

use serde_json::Value;

/// Type of an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupVersionKind {
    /// API group; empty for the core group.
    pub group: String,
    /// API version, such as `v1`.
    pub version: String,
    /// Kind, such as `Deployment`.
    pub kind: String,
}

impl GroupVersionKind {
    /// Makes a type from the two fields of an object: `apps/v1` and `Deployment`.
    pub fn new(api_version: &str, kind: &str) -> Self {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self { group: group.to_owned(), version: version.to_owned(), kind: kind.to_owned() }
    }

    /// `group/version`, or `version` alone in the core group.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }
}

/// Identity of an object in a stream. Not unique there: a hook and a release object may share one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId {
    /// Its type.
    pub gvk: GroupVersionKind,
    /// `metadata.namespace` as written; absent for cluster-scoped objects and where the document leaves it out.
    pub namespace: Option<String>,
    /// `metadata.name`, or `metadata.generateName` where there is no name.
    pub name: String,
}

impl ResourceId {
    /// Reads the identity of an object; absent if it has no `kind`. Fields of a wrong type count as absent.
    pub fn of(object: &Value) -> Option<Self> {
        let kind = text(object, "kind")?;
        let field = |key| object.get("metadata").and_then(|metadata| text(metadata, key));
        Some(Self {
            gvk: GroupVersionKind::new(text(object, "apiVersion").unwrap_or_default(), kind),
            namespace: field("namespace").map(str::to_owned),
            name: field("name").or_else(|| field("generateName")).unwrap_or_default().to_owned(),
        })
    }
}

fn text<'v>(object: &'v Value, key: &str) -> Option<&'v str> {
    object.get(key)?.as_str().filter(|text| !text.is_empty())
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.gvk.kind)?;
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}/")?;
        }
        f.write_str(&self.name)
    }
}
