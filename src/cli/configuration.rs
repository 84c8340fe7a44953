#![expect(clippy::disallowed_methods, reason = "an edge module: it reads the configuration")]

use std::path::Path;

use super::error::CliError;
use super::input::{self, Source};
use crate::config::{Config, ConfigError};
use crate::plan::ResourceList;
use crate::yaml::Tree;

/// The file that is looked for where no configuration is named.
const IMPLICIT: &str = "manifest.yaml";

/// Finds the configuration: functionConfig, `--config` or `FLOE_CONFIG`, `./manifest.yaml`, the defaults.
pub(super) fn find(list: Option<&ResourceList<'_>>, input: &Source, file: Option<&Path>) -> Result<Config, CliError> {
    if let Some((list, node)) = list.and_then(|list| Some((list, list.function_config()?))) {
        tracing::debug!("configuration from the functionConfig");
        return Config::from_function_config(list.tree(), node)
            .map_err(|error| of_config(&input.name, &input.text, list.offset(), error));
    }
    if let Some(path) = file.filter(|path| !path.as_os_str().is_empty()) {
        tracing::debug!(path = %path.display(), "configuration from a file");
        let source = input::read_file(path)?;
        return parse(&source).map_err(|error| of_config(&source.name, &source.text, 0, error));
    }
    let implicit = Path::new(IMPLICIT);
    if implicit.is_file() {
        // Somebody else's file of that name is no configuration of ours.
        if let Ok(source) = input::read_file(implicit) {
            match parse(&source) {
                Err(error) if error.is_foreign() => {
                    tracing::info!("./{IMPLICIT} is no floe Manifest and is not used");
                }
                parsed => return parsed.map_err(|error| of_config(&source.name, &source.text, 0, error)),
            }
        }
    }
    tracing::debug!("built-in configuration");
    Ok(Config::default())
}

fn parse(source: &Source) -> Result<Config, ConfigError> {
    Config::from_manifest(&Tree::parse(&source.text)?)
}

fn of_config(name: &str, text: &str, offset: usize, error: ConfigError) -> CliError {
    CliError::Configuration {
        name: name.to_owned(),
        text: text.to_owned(),
        span: error.span.shifted(offset),
        label: error.path.to_string(),
        message: error.message,
        help: error.help,
    }
}

/// The namespace of the release, as the environment of Argo CD tells it.
pub(super) fn argocd_namespace() -> Option<String> {
    std::env::var("ARGOCD_APP_NAMESPACE").ok().filter(|namespace| !namespace.is_empty())
}
