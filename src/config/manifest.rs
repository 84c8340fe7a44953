//! floe's own file: `apiVersion: floe.dev/v1`, `kind: Manifest`.

use super::error::{ConfigError, ConfigErrorKind};
use super::file;
use super::model::Config;
use super::part::{Invalid, Part, entry};
use super::plugins::PluginReader;
use super::validate::{Sections, validate};
use crate::text::{Span, excerpt, nearest};
use crate::yaml::{FieldPath, Kind, NodeId, Tree};

/// The version of floe's own kinds.
pub(super) const API_VERSION: &str = "floe.dev/v1";
/// The kind of the file.
pub(super) const KIND: &str = "Manifest";

impl Config {
    /// Reads a manifest: `security` and `domains` strictly, `plugins` and `observability` for what bears on traffic.
    /// Other sections are accepted unread.
    ///
    /// A document that is not floe's is an error of kind [`ConfigErrorKind::NotAManifest`]; one of floe's group with a
    /// wrong version or kind is [`ConfigErrorKind::Invalid`], so that it is never taken for somebody else's.
    pub fn from_manifest(tree: &Tree<'_>) -> Result<Self, ConfigError> {
        let Some(root) = tree.root() else {
            return Err(not_a_manifest("the document is empty", FieldPath::root(), Span::default()));
        };
        let identity = Identity::of(tree, root);
        match (identity.api_version.as_deref(), identity.kind.as_deref()) {
            (Some(API_VERSION), Some(KIND)) => from_sections(tree, root, &PluginReader::of_file(tree, root)),
            (Some(version), Some(KIND)) if version.starts_with("floe.dev/") => {
                Err(unsupported_version(version).locate(&[Part::object(tree, root)]))
            }
            (Some(API_VERSION), kind) => {
                let path = FieldPath::of_keys(["kind"]);
                let message = match kind {
                    Some(kind) => format!("the kind of a manifest is `{KIND}`, not `{}`", excerpt(kind)),
                    None => "the document has no `kind`".to_owned(),
                };
                Err(Invalid::new(&path, message)
                    .help(format!("write `kind: {KIND}`"))
                    .locate(&[Part::object(tree, root)]))
            }
            _ => {
                let (path, span) = match entry(tree, root, "apiVersion") {
                    Some((_, value)) => (FieldPath::of_keys(["apiVersion"]), tree.span(value)),
                    None => (FieldPath::root(), tree.span(root)),
                };
                Err(not_a_manifest(&format!("this is no {KIND} of {API_VERSION}"), path, span))
            }
        }
    }
}

/// The sections of a manifest that floe reads; others are for other programs.
const SECTIONS: [&str; 4] = ["security", "domains", "plugins", "observability"];

/// A section that floe does not read, with a name near to one that it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misspelt {
    /// The name as it is written.
    pub name: String,
    /// What was most likely meant.
    pub meant: &'static str,
    /// Where the name stands.
    pub span: Span,
}

/// The sections of a manifest that are most likely misspelt. They are no errors: other programs have sections there.
pub fn misspelt_sections(tree: &Tree<'_>) -> Vec<Misspelt> {
    let Some(root) = tree.root().filter(|root| matches!(tree.kind(*root), Kind::Mapping { .. })) else {
        return Vec::new();
    };
    let keys = tree.entries(root).filter(|(key, _)| matches!(tree.kind(*key), Kind::Scalar(_)));
    let misspelt = keys.filter_map(|(key, _)| {
        let name = tree.text(key);
        let is_known = SECTIONS.contains(&name) || ["apiVersion", "kind", "metadata"].contains(&name);
        let meant = nearest(name, SECTIONS).filter(|_| !is_known)?;
        Some(Misspelt { name: name.to_owned(), meant, span: tree.span(key) })
    });
    misspelt.collect()
}

/// Reads the sections of a manifest that has been recognised.
pub(super) fn from_sections(
    tree: &Tree<'_>,
    node: NodeId,
    plugins: &PluginReader<'_, '_>,
) -> Result<Config, ConfigError> {
    let object = Part::object(tree, node);
    let file::Manifest { security, domains } = object.read()?;
    let sections = Sections {
        security: security.unwrap_or_default(),
        security_path: FieldPath::of_keys(["security"]),
        domains: domains.unwrap_or_default(),
        domains_path: FieldPath::of_keys(["domains"]),
    };
    let config = validate(&sections).map_err(|invalid| invalid.locate(&[object]))?;
    Ok(Config { plugins: plugins.manifest(), ..config })
}

/// The error of a version of floe's group that this floe does not know.
pub(super) fn unsupported_version(version: &str) -> Invalid {
    let message = format!("the version `{}` is not supported", excerpt(version));
    Invalid::new(&FieldPath::of_keys(["apiVersion"]), message).help(format!("write `apiVersion: {API_VERSION}`"))
}

fn not_a_manifest(message: &str, path: FieldPath, span: Span) -> ConfigError {
    ConfigError {
        kind: ConfigErrorKind::NotAManifest,
        message: message.to_owned(),
        path,
        span,
        help: Some(format!("a manifest has `apiVersion: {API_VERSION}` and `kind: {KIND}`")),
        related: None,
    }
}

/// The two fields that say what an object is, where they are scalars.
pub(super) struct Identity {
    pub(super) api_version: Option<String>,
    pub(super) kind: Option<String>,
}

impl Identity {
    /// Reads the fields that are written, not those that `<<` would merge in.
    pub(super) fn of(tree: &Tree<'_>, object: NodeId) -> Self {
        let field = |name| {
            let (_, value) = entry(tree, object, name)?;
            let value = tree.resolve(value);
            matches!(tree.kind(value), Kind::Scalar(_)).then(|| tree.text(value).to_owned())
        };
        Self { api_version: field("apiVersion"), kind: field("kind") }
    }
}
