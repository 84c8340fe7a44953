//! Configuration: text goes in, a validated [`Config`] comes out, and every error points at the key or value it is
//! about.
//!
//! Unvalidated configuration has types of its own (`file`), because what was written and what it means are different
//! things: there everything is optional and a port is any number, here nothing is.

mod defaults;
mod embedded;
mod endpoint;
mod error;
mod file;
mod function_config;
mod manifest;
mod model;
mod part;
mod plugins;
mod product;
mod schema;
mod syntax;
#[cfg(test)]
mod tests;
mod validate;

pub use defaults::{domain_of, is_default_namespace};
pub use endpoint::EndpointHost;
pub use error::{ConfigError, ConfigErrorKind, Related};
pub use manifest::{Misspelt, misspelt_sections};
pub use model::{
    Config, Conflicts, DnsConfig, EgressRule, EgressTarget, IpFamily, KubernetesApiConfig, ManagedNamespace,
    NamespaceMode, NetworkConfig, PodSecurityConfig, Role, RoleKind, ServiceConfig, SummaryConfig,
};
pub use plugins::{ConfigPlace, PluginConfig, PluginEndpoint, PluginSource};
pub use product::Product;
pub use schema::schema;
