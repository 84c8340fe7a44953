//! The `functionConfig` of a KRM `ResourceList`, in the three forms that kpt and Kustomize users write.

use super::embedded::Embedding;
use super::error::{ConfigError, ConfigErrorKind};
use super::file;
use super::manifest::{self, API_VERSION, Identity};
use super::model::Config;
use super::part::{Invalid, Part, entry};
use super::plugins::PluginReader;
use super::validate::{Sections, validate};
use crate::text::{Span, excerpt, nearest};
use crate::yaml::{FieldPath, Kind, NodeId, ScalarStyle, Tree};

/// The kind with the sections under `spec`.
const NETWORK_SECURITY: &str = "NetworkSecurity";
/// The kind that kpt makes of arguments.
const CONFIG_MAP: &str = "ConfigMap";

impl Config {
    /// Reads a `functionConfig`: a `Manifest`, a `NetworkSecurity`, or a `ConfigMap` with YAML texts in
    /// `data.security` and `data.domains`.
    ///
    /// A `ConfigMap` without data means the defaults: kpt sends one when it is given no arguments. So does null. Paths
    /// of errors start at the object, spans are those of `tree`, also for errors inside a text of a `ConfigMap`.
    pub fn from_function_config(tree: &Tree<'_>, node: NodeId) -> Result<Self, ConfigError> {
        let node = tree.resolve(node);
        if matches!(tree.kind(node), Kind::Scalar(ScalarStyle::Plain)) && tree.value(node).is_ok_and(|it| it.is_null())
        {
            return Ok(Self::default());
        }
        let identity = Identity::of(tree, node);
        match (identity.kind.as_deref(), identity.api_version.as_deref()) {
            (Some(manifest::KIND), Some(API_VERSION)) => {
                manifest::from_sections(tree, node, &PluginReader::of_part(tree, node))
            }
            (Some(NETWORK_SECURITY), Some(API_VERSION)) => network_security(tree, node),
            (Some(CONFIG_MAP), Some("v1")) => config_map(tree, node),
            (kind, version) => Err(unknown(kind, version).locate(&[Part::object(tree, node)])),
        }
    }
}

fn unknown(kind: Option<&str>, version: Option<&str>) -> Invalid {
    let wanted = match kind {
        Some(manifest::KIND | NETWORK_SECURITY) => API_VERSION,
        Some(CONFIG_MAP) => "v1",
        Some(kind) => {
            let kinds = [manifest::KIND, NETWORK_SECURITY, CONFIG_MAP];
            let invalid = Invalid::new(
                &FieldPath::of_keys(["kind"]),
                format!("floe takes no functionConfig of kind `{}`", excerpt(kind)),
            );
            return match nearest(kind, kinds) {
                Some(near) => invalid.help(format!("did you mean `{near}`?")),
                None => invalid.help(format!("use `{}`", kinds.join("`, `"))),
            };
        }
        None => {
            return Invalid::new(&FieldPath::root(), "the functionConfig has no `kind`")
                .help(format!("write `apiVersion: {API_VERSION}` and `kind: {NETWORK_SECURITY}`"));
        }
    };
    let path = FieldPath::of_keys(["apiVersion"]);
    match version {
        Some(version) if wanted == API_VERSION && version.starts_with("floe.dev/") => {
            manifest::unsupported_version(version)
        }
        Some(version) => {
            let message = format!("`{}` is not the apiVersion of a {}", excerpt(version), kind.unwrap_or_default());
            Invalid::new(&path, message).help(format!("write `apiVersion: {wanted}`"))
        }
        None => {
            Invalid::new(&path, "the functionConfig has no `apiVersion`").help(format!("write `apiVersion: {wanted}`"))
        }
    }
}

fn network_security(tree: &Tree<'_>, node: NodeId) -> Result<Config, ConfigError> {
    let object = Part::object(tree, node);
    let (security, domains) = object.read::<file::NetworkSecurity>()?.spec.unwrap_or_default().into_sections();
    let sections = Sections {
        security,
        security_path: FieldPath::of_keys(["spec"]),
        domains: domains.unwrap_or_default(),
        domains_path: FieldPath::of_keys(["spec", "domains"]),
    };
    validate(&sections).map_err(|invalid| invalid.locate(&[object]))
}

fn config_map(tree: &Tree<'_>, node: NodeId) -> Result<Config, ConfigError> {
    let object = Part::object(tree, node);
    let data = object.read::<file::ConfigMap>()?.data.unwrap_or_default();
    let security = Text::of(tree, node, "security", data.security);
    let domains = Text::of(tree, node, "domains", data.domains);
    let (security_tree, domains_tree) = (security.parse()?, domains.parse()?);
    let security_part = security.part(&security_tree);
    let domains_part = domains.part(&domains_tree);
    let sections = Sections {
        security: security_part.as_ref().map_or(Ok(None), Part::read)?.unwrap_or_default(),
        security_path: security.path.clone(),
        domains: domains_part.as_ref().map_or(Ok(None), Part::read)?.unwrap_or_default(),
        domains_path: domains.path.clone(),
    };
    validate(&sections).map_err(|invalid| {
        let parts: Vec<Part<'_, '_>> = [Some(object), security_part, domains_part].into_iter().flatten().collect();
        invalid.locate(&parts)
    })
}

/// A YAML text under `data`.
struct Text {
    content: String,
    path: FieldPath,
    embedding: Embedding,
}

impl Text {
    fn of(tree: &Tree<'_>, object: NodeId, key: &str, content: Option<String>) -> Self {
        let content = content.unwrap_or_default();
        let data = entry(tree, object, "data").map(|(_, value)| value);
        let scalar = data.and_then(|data| entry(tree, data, key)).map(|(_, value)| tree.resolve(value));
        // A text that `<<` merged in is not written here.
        let embedding = match scalar.filter(|scalar| tree.text(*scalar) == content) {
            Some(scalar) => Embedding::of(tree, scalar),
            None => Embedding::unknown(tree.span(data.unwrap_or(object))),
        };
        Self { content, path: FieldPath::of_keys(["data", key]), embedding }
    }

    fn parse(&self) -> Result<Tree<'_>, ConfigError> {
        Tree::parse(&self.content).map_err(|error| ConfigError {
            kind: ConfigErrorKind::Invalid,
            message: error.message,
            path: self.path.clone(),
            span: self.embedding.outer(Span::at(error.offset)),
            help: None,
            related: None,
        })
    }

    /// The document in the text, unless it is empty.
    fn part<'a, 't>(&'a self, tree: &'a Tree<'t>) -> Option<Part<'a, 't>> {
        tree.root().map(|root| Part::embedded(tree, root, self.path.clone(), &self.embedding))
    }
}
