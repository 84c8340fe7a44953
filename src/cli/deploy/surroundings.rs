//! What the cluster has that policies are narrowed by.

use crate::cli::error::CliError;
use crate::cli::fetched::{Live, fetch};
use crate::cli::manifests::{frame_all, snapshot};
use crate::cli::options::LoggingArgs;
use crate::cluster::{Cluster, Collection, NETWORK, Scope, namespaces_of_named_ports};
use crate::config::Config;
use crate::object::Inventory;

/// The Services and namespaces of a cluster, and the pods that tell which ports some Services mean. `floe network diff`
/// looks at the same, so what is deployed is no drift.
///
/// What may not be seen is said, and then narrows nothing: more is open than need be, but nothing is cut off.
pub(super) fn of(cluster: &Cluster, config: &Config, logging: &LoggingArgs) -> Result<Inventory, CliError> {
    let collections = |plurals: &[&str]| -> Vec<Collection> {
        NETWORK.into_iter().filter(|it| plurals.contains(&it.plural)).collect()
    };
    let mut live = Live::of(fetch(cluster, &collections(&["namespaces", "services"]), config, &[])?);
    let first = inventory(&live, config)?;
    let namespaces = namespaces_of_named_ports(config, &first);
    if namespaces.is_empty() {
        live.tell_unseen(logging);
        return Ok(first);
    }
    let pods = Live::of(cluster.fetch(&collections(&["pods"]), &Scope::Namespaces(namespaces.into_iter().collect()))?);
    live.sources.extend(pods.sources);
    live.unseen.extend(pods.unseen);
    live.tell_unseen(logging);
    inventory(&live, config)
}

fn inventory(live: &Live, config: &Config) -> Result<Inventory, CliError> {
    Ok(snapshot(&live.sources, &frame_all(&live.sources), config, None)?.inventory())
}
