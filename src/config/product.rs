//! A data product's own file: `apiVersion: floe.dev/v1`, `kind: FloeSpec`.

use super::error::{ConfigError, ConfigErrorKind};
use super::manifest::Identity;
use super::model::Config;
use super::plugins::{PluginConfig, PluginReader};
use crate::text::Span;
use crate::yaml::{FieldPath, Tree};

/// The kinds of a data product's file.
const KINDS: [&str; 2] = ["FloeSpec", "DataProduct"];

/// What a data product's `floe.yaml` says that bears on traffic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Product {
    /// `metadata.name`, where it has one.
    pub name: Option<String>,
    /// Its compute targets and plugins, those of single transforms included.
    pub plugins: Vec<PluginConfig>,
}

impl Product {
    /// Reads a data product's file: `compute` (a type, or a mapping with `target` or `type`), `plugins`, and `compute`
    /// of each of its `transforms`. Everything else is accepted unread.
    ///
    /// # Errors
    ///
    /// [`ConfigErrorKind::NotAManifest`] if the document is no data product of floe's group.
    pub fn from_tree(tree: &Tree<'_>) -> Result<Self, ConfigError> {
        let not_ours = |message: &str, span| ConfigError {
            kind: ConfigErrorKind::NotAManifest,
            message: message.to_owned(),
            path: FieldPath::root(),
            span,
            help: Some(format!("a data product has `apiVersion: floe.dev/v1` and `kind: {}`", KINDS[0])),
            related: None,
        };
        let Some(root) = tree.root() else { return Err(not_ours("the document is empty", Span::default())) };
        let identity = Identity::of(tree, root);
        let ours = identity.api_version.is_some_and(|version| version.starts_with("floe.dev/"))
            && identity.kind.is_some_and(|kind| KINDS.contains(&kind.as_str()));
        if !ours {
            return Err(not_ours("this is no data product of floe.dev/v1", tree.span(root)));
        }
        let name = tree.get(root, "metadata").and_then(|metadata| tree.get(metadata, "name"));
        let name = name.map(|node| tree.text(node).to_owned()).filter(|name| !name.is_empty());
        Ok(Self { name, plugins: PluginReader::of_file(tree, root).product() })
    }
}

impl Config {
    /// Adds what a data product needs to what the manifest says.
    pub fn add_product(&mut self, product: Product) {
        self.plugins.extend(product.plugins);
    }
}
