//! What a live cluster has sent, as texts to read.

use std::collections::BTreeSet;

use super::input::Source;
use super::options::LoggingArgs;

/// What a live cluster holds, as texts.
#[derive(Debug)]
pub(super) struct Live {
    /// The lists that the server sent.
    pub(super) sources: Vec<Source>,
    /// What the user may not see, in words.
    pub(super) unseen: Vec<String>,
    /// The namespaces whose policies could be listed; absent if all could.
    pub(super) policies_of: Option<BTreeSet<String>>,
}

impl Live {
    /// Says on standard error what could not be seen.
    pub(super) fn tell_unseen(&self, logging: &LoggingArgs) {
        super::log::unseen(&self.unseen, logging);
    }
}

#[cfg(feature = "cluster")]
pub(super) use with_client::{fetch, items, namespaces};

#[cfg(feature = "cluster")]
mod with_client {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::{Live, Source};
    use crate::cli::error::CliError;
    use crate::cli::exit::Exit;
    use crate::cluster::{Cluster, ClusterError, Collection, Fetched, Page, Scope};
    use crate::config::Config;

    impl From<ClusterError> for CliError {
        fn from(error: ClusterError) -> Self {
            let exit = if matches!(error, ClusterError::Kubeconfig(_)) { Exit::Usage } else { Exit::Cluster };
            Self::Cluster { message: error.to_string(), help: error.help(), exit }
        }
    }

    /// The items of a list, each with the type that lists leave out.
    pub(in crate::cli) fn items(text: &str) -> Vec<Value> {
        let mut list: Value = serde_json::from_str(text).unwrap_or_default();
        let version = list.get("apiVersion").cloned().unwrap_or_default();
        let kind = list.get("kind").and_then(Value::as_str).unwrap_or_default();
        let kind = Value::from(kind.strip_suffix("List").unwrap_or(kind));
        let mut items = match list.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        };
        for fields in items.iter_mut().filter_map(Value::as_object_mut) {
            fields.insert("apiVersion".to_owned(), version.clone());
            fields.insert("kind".to_owned(), kind.clone());
        }
        items
    }

    /// Reads collections in all namespaces; where that is forbidden, in those that the configuration names and in some
    /// more.
    pub(in crate::cli) fn fetch(
        cluster: &Cluster,
        collections: &[Collection],
        config: &Config,
        more: &[&str],
    ) -> Result<Fetched, CliError> {
        let managed = config.namespaces.iter().map(|managed| managed.name.as_str());
        let namespaces: BTreeSet<&str> = managed.chain(more.iter().copied()).collect();
        let namespaces = namespaces.into_iter().map(str::to_owned).collect();
        Ok(cluster.fetch(collections, &Scope::AllElse(namespaces))?)
    }

    /// The namespaces whose policies could be listed, where not all could.
    fn namespaces_seen(fetched: &Fetched) -> Option<BTreeSet<String>> {
        let blind = fetched.unseen.iter().any(|it| it.collection.plural == "networkpolicies" && it.namespace.is_none());
        let listed = fetched.looked_into.iter().filter(|(collection, _)| collection.plural == "networkpolicies");
        blind.then(|| listed.map(|(_, namespace)| namespace.clone()).collect())
    }

    /// The names of the Namespaces that could be listed.
    pub(in crate::cli) fn namespaces(fetched: &Fetched) -> Vec<String> {
        let pages = fetched.pages.iter().filter(|page| page.collection.plural == "namespaces");
        let name = |item: Value| Some(item.pointer("/metadata/name")?.as_str()?.to_owned());
        pages.flat_map(|page| items(&page.text)).filter_map(name).collect()
    }

    impl Live {
        /// Lists as texts to read.
        pub(in crate::cli) fn of(fetched: Fetched) -> Self {
            let unseen = fetched.unseen.iter().map(|it| format!("{it}: {}", it.message)).collect();
            let source = |page: Page| Source { name: page.name(), is_file: false, text: page.text };
            let policies_of = namespaces_seen(&fetched);
            Self { sources: fetched.pages.into_iter().map(source).collect(), unseen, policies_of }
        }
    }
}
