#![expect(clippy::disallowed_methods, reason = "an edge module: it reads the configuration")]

use std::path::{Path, PathBuf};

use super::error::{CliError, Misconfiguration};
use super::input::{self, Source};
use crate::config::{Config, ConfigError, ConfigErrorKind, Misspelt, Product, misspelt_sections};
use crate::plan::ResourceList;
use crate::report::NamedText;
use crate::text::Span;
use crate::yaml::{ParseError, Tree};

/// The file that is looked for where no configuration is named.
const IMPLICIT: &str = "manifest.yaml";

/// Finds the configuration: `--config` or `FLOE_CONFIG`, functionConfig, `./manifest.yaml`, the defaults. Who names a file
/// wants that one, and no input may bring another.
pub(super) fn find(list: Option<&ResourceList<'_>>, input: &Source, file: Option<&Path>) -> Result<Config, CliError> {
    let is_named = file.is_some_and(|path| !path.as_os_str().is_empty());
    if let Some((list, node)) = list.and_then(|list| Some((list, list.function_config()?))) {
        if is_named {
            tracing::warn!("the functionConfig is not used, because --config or FLOE_CONFIG names a configuration");
            return of_files(file);
        }
        tracing::debug!("configuration from the functionConfig");
        return Config::from_function_config(list.tree(), node).map_err(|error| of_config(input, list.offset(), error));
    }
    of_files(file)
}

/// The same where no list can bring one: `--config` or `FLOE_CONFIG`, `./manifest.yaml`, the defaults.
pub(super) fn of_files(file: Option<&Path>) -> Result<Config, CliError> {
    if let Some(path) = file.filter(|path| !path.as_os_str().is_empty()) {
        tracing::debug!(path = %path.display(), "configuration from a file");
        let source = input::read_file(path).map_err(CliError::of_configuration)?;
        let config = parse(&source).map_err(|(error, _)| error)?;
        warn_of_sections(&source);
        return Ok(config);
    }
    if Path::new(IMPLICIT).is_file()
        && let Some(source) = read_implicit()?
    {
        match parse(&source) {
            // Somebody else's file of that name is no configuration of ours.
            Err((_, ConfigErrorKind::NotAManifest)) => tracing::debug!("./{IMPLICIT} is no floe Manifest: not used"),
            Err((error, _)) => return Err(error),
            Ok(config) => {
                warn_of_sections(&source);
                return Ok(config);
            }
        }
    }
    tracing::debug!("built-in configuration");
    Ok(Config::default())
}

/// Adds what data products need.
pub(super) fn add_products(config: &mut Config, files: &[PathBuf]) -> Result<(), CliError> {
    for path in files {
        let source = input::read_file(path).map_err(CliError::of_configuration)?;
        let tree = Tree::parse(&source.text).map_err(|error| unreadable(&source, &error))?;
        let product = Product::from_tree(&tree).map_err(|error| of_config(&source, 0, error))?;
        config.add_product(product);
    }
    Ok(())
}

fn unreadable(source: &Source, error: &ParseError) -> CliError {
    CliError::Configuration(Box::new(Misconfiguration {
        name: source.name.clone(),
        text: source.text.clone(),
        message: format!("the configuration cannot be read as YAML: {}", error.message),
        span: Span::at(error.offset),
        label: String::new(),
        help: None,
    }))
}

/// Reads the file that nobody named; absent if it is no text, and so not ours.
fn read_implicit() -> Result<Option<Source>, CliError> {
    match input::read_file(Path::new(IMPLICIT)) {
        Ok(source) => Ok(Some(source)),
        Err(CliError::NotText { .. }) => Ok(None),
        Err(error) => Err(CliError::of_configuration(error)),
    }
}

fn parse(source: &Source) -> Result<Config, (CliError, ConfigErrorKind)> {
    let tree = Tree::parse(&source.text).map_err(|error| {
        // A broken file of ours must not pass for somebody else's: the defaults would take its place unnoticed.
        let ours =
            source.text.lines().any(|line| line.trim_start().starts_with("apiVersion") && line.contains("floe.dev/"));
        (unreadable(source, &error), if ours { ConfigErrorKind::Invalid } else { ConfigErrorKind::NotAManifest })
    })?;
    Config::from_manifest(&tree).map_err(|error| {
        let kind = error.kind;
        (of_config(source, 0, error), kind)
    })
}

/// Says which sections are most likely meant to be others.
fn warn_of_sections(source: &Source) {
    let Ok(tree) = Tree::parse(&source.text) else { return };
    for Misspelt { name, meant, span } in misspelt_sections(&tree) {
        let place = NamedText { name: &source.name, text: &source.text }.line_column(span.start);
        tracing::warn!("{}:{place}: the section `{name}` is not read; did you mean `{meant}`?", source.name);
    }
}

fn of_config(source: &Source, offset: usize, error: ConfigError) -> CliError {
    let related = error.related.map(|related| format!("{} at {}", related.message, related.path));
    let help = match (error.help, related) {
        (Some(help), Some(related)) => Some(format!("{help}; {related}")),
        (help, related) => help.or(related),
    };
    CliError::Configuration(Box::new(Misconfiguration {
        name: source.name.clone(),
        text: source.text.clone(),
        span: error.span.shifted(offset),
        label: error.path.to_string(),
        message: error.message,
        help,
    }))
}

/// The namespace of the release, as the environment of Argo CD tells it.
pub(super) fn argocd_namespace() -> Option<String> {
    std::env::var("ARGOCD_APP_NAMESPACE").ok().filter(|namespace| !namespace.is_empty())
}

/// Whether there is a file to find, so that the defaults are not what is found.
pub(super) fn is_given(file: Option<&Path>) -> bool {
    let is_named = file.is_some_and(|path| !path.as_os_str().is_empty());
    let is_ours = |source: &Source| !matches!(parse(source), Err((_, ConfigErrorKind::NotAManifest)));
    is_named || (Path::new(IMPLICIT).is_file() && read_implicit().ok().flatten().is_some_and(|source| is_ours(&source)))
}
