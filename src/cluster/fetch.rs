//! What a cluster holds, as lists.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use tokio::task::JoinSet;

use super::client::Cluster;
use super::collection::Collection;
use super::error::ClusterError;
use super::request::{ApiRequest, Connection};

/// Where objects are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// In all namespaces; where that is forbidden, in these at least.
    AllElse(Vec<String>),
    /// In these only.
    Namespaces(Vec<String>),
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// What it is a list of.
    pub collection: Collection,
    /// The list that the server sent, without what floe does not read: as JSON, but pods and their owners as YAML.
    pub text: String,
}

impl Page {
    /// What messages call it: `cluster: networkpolicies`.
    pub fn name(&self) -> String {
        format!("cluster: {}", self.collection.plural)
    }
}

/// What the user may not see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unseen {
    /// The collection.
    pub collection: Collection,
    /// The namespace; absent for "all that are not named".
    pub namespace: Option<String>,
    /// The server's words.
    pub message: String,
}

impl std::fmt::Display for Unseen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.collection.plural)?;
        if let Some(name) = self.collection.name {
            write!(f, " {name}")?;
        }
        match &self.namespace {
            Some(namespace) => write!(f, " in namespace {namespace}"),
            None if self.collection.is_namespaced => f.write_str(" in other namespaces"),
            None => Ok(()),
        }
    }
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fetched {
    /// Pages, in the order of the collections that were asked for.
    pub pages: Vec<Page>,
    /// What could not be seen, in the same order.
    pub unseen: Vec<Unseen>,
    /// The single namespaces in which a collection could be listed, where not all at once could.
    pub looked_into: Vec<(Collection, String)>,
}

/// Groups of the API.
#[derive(Deserialize)]
struct Groups {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    name: String,
    versions: Vec<GroupVersion>,
}

#[derive(Deserialize)]
struct GroupVersion {
    version: String,
}

/// Resources of a version.
#[derive(Deserialize)]
struct Resources {
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
struct Resource {
    name: String,
}

impl Cluster {
    /// The groups of the API that the cluster has, besides the core group.
    pub fn groups(&self) -> Result<Vec<String>, ClusterError> {
        let groups: Groups = self.block_on(read(&self.connection, &ApiRequest::get("/apis", "list API groups")))?;
        Ok(groups.groups.into_iter().map(|group| group.name).collect())
    }

    /// Reads collections. A custom one that the cluster does not have is empty; what the user may not list is said in
    /// [`Fetched::unseen`].
    pub fn fetch(&self, collections: &[Collection], scope: &Scope) -> Result<Fetched, ClusterError> {
        self.block_on(fetch(&self.connection, collections, scope))
    }
}

async fn fetch(
    connection: &Arc<Connection>,
    collections: &[Collection],
    scope: &Scope,
) -> Result<Fetched, ClusterError> {
    let versions = versions(connection, collections).await?;
    let mut lists = JoinSet::new();
    for (number, &collection) in collections.iter().enumerate() {
        let version = collection.version.map(str::to_owned).or_else(|| versions.get(&collection).cloned());
        let Some(version) = version else { continue };
        let (connection, scope) = (Arc::clone(connection), scope.clone());
        lists.spawn(async move { (number, of_collection(&connection, collection, &version, &scope).await) });
    }
    let mut found: BTreeMap<usize, Fetched> = BTreeMap::new();
    while let Some(joined) = lists.join_next().await {
        let (number, fetched) =
            joined.map_err(|error| ClusterError::Garbled { what: "list".to_owned(), reason: error.to_string() })?;
        // The first error ends all lists, which are dropped with the set.
        found.insert(number, fetched?);
    }
    let mut all = Fetched::default();
    for fetched in found.into_values() {
        all.pages.extend(fetched.pages);
        all.unseen.extend(fetched.unseen);
        all.looked_into.extend(fetched.looked_into);
    }
    Ok(all)
}

async fn of_collection(
    connection: &Connection,
    collection: Collection,
    version: &str,
    scope: &Scope,
) -> Result<Fetched, ClusterError> {
    let mut fetched = Fetched::default();
    let mut add = |namespace: Option<&str>, listed: Result<Vec<String>, ClusterError>| match listed {
        Ok(texts) => {
            fetched.pages.extend(texts.into_iter().map(|text| Page { collection, text }));
            fetched.looked_into.extend(namespace.map(|namespace| (collection, namespace.to_owned())));
            Ok(true)
        }
        Err(ClusterError::Forbidden { message, .. }) => {
            let namespace = namespace.map(str::to_owned);
            fetched.unseen.push(Unseen { collection, namespace, message });
            Ok(false)
        }
        Err(error) => Err(error),
    };
    let namespaces = match scope {
        Scope::AllElse(namespaces) => {
            if add(None, connection.list(collection, version, None).await)? || !collection.is_namespaced {
                return Ok(fetched);
            }
            namespaces
        }
        Scope::Namespaces(_) if !collection.is_namespaced => {
            add(None, connection.list(collection, version, None).await)?;
            return Ok(fetched);
        }
        Scope::Namespaces(namespaces) => namespaces,
    };
    for namespace in namespaces {
        add(Some(namespace), connection.list(collection, version, Some(namespace)).await)?;
    }
    Ok(fetched)
}

/// The versions of the custom collections that the cluster has, in the order of its preference.
async fn versions(
    connection: &Connection,
    collections: &[Collection],
) -> Result<BTreeMap<Collection, String>, ClusterError> {
    let mut found = BTreeMap::new();
    if !collections.iter().any(Collection::is_custom) {
        return Ok(found);
    }
    let groups: Groups = read(connection, &ApiRequest::get("/apis", "list API groups")).await?;
    for group in groups.groups {
        let wanted = || collections.iter().filter(|it| it.is_custom() && it.group == group.name);
        if wanted().next().is_none() {
            continue;
        }
        for GroupVersion { version } in &group.versions {
            let path = format!("/apis/{}/{version}", group.name);
            let question = ApiRequest::get(path, format!("list resources of {}/{version}", group.name));
            let resources: Resources = read(connection, &question).await?;
            for &collection in wanted() {
                if resources.resources.iter().any(|resource| resource.name == collection.plural) {
                    found.entry(collection).or_insert_with(|| version.clone());
                }
            }
        }
    }
    Ok(found)
}

async fn read<T: for<'d> Deserialize<'d>>(connection: &Connection, question: &ApiRequest) -> Result<T, ClusterError> {
    let text = connection.expect(question).await?;
    serde_json::from_str(&text)
        .map_err(|error| ClusterError::Garbled { what: question.what.clone(), reason: error.to_string() })
}
