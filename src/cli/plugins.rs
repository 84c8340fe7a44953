//! The network plugins of a cluster, as objects show them: dumped, or live.

use super::error::CliError;
use super::input::Source;
use super::manifests;
use crate::cni::Observed;
use crate::document::{objects_of_kinds, readable_objects_of_kinds};
use crate::stream::Stream;

/// What was seen of plugins.
#[derive(Debug)]
pub(super) struct Seen {
    /// The objects.
    pub(super) observed: Observed,
    /// What the user may not see, in words.
    pub(super) unseen: Vec<String>,
}

/// What manifests and dumps show.
pub(super) fn of_streams(streams: &[Stream<'_>], sources: &[Source]) -> Result<Seen, CliError> {
    let mut objects = Vec::new();
    for stream in streams {
        let found = objects_of_kinds(stream, |gvk| Observed::is_telling(&gvk.group, &gvk.kind));
        objects.extend(found.map_err(|error| manifests::of_source(error, sources))?);
    }
    Ok(Seen { observed: Observed::of(objects), unseen: Vec::new() })
}

/// What can be read of them shows.
pub(super) fn of_readable(streams: &[Stream<'_>]) -> Seen {
    let of_stream = |stream| readable_objects_of_kinds(stream, |gvk| Observed::is_telling(&gvk.group, &gvk.kind));
    Seen { observed: Observed::of(streams.iter().flat_map(of_stream)), unseen: Vec::new() }
}

#[cfg(feature = "cluster")]
pub(super) use with_client::live;

#[cfg(feature = "cluster")]
mod with_client {
    use super::Seen;
    use crate::cli::error::CliError;
    use crate::cli::fetched::{Live, fetch, items};
    use crate::cluster::{Cluster, PLUGIN_NAMESPACES, PLUGINS};
    use crate::cni::Observed;
    use crate::config::Config;

    /// What a live cluster shows.
    pub(in crate::cli) fn live(cluster: &Cluster) -> Result<Seen, CliError> {
        let fetched = fetch(cluster, &PLUGINS, &Config::default(), &PLUGIN_NAMESPACES)?;
        let has_all_config_maps = fetched.unseen.iter().all(|it| it.collection.plural != "configmaps");
        let mut observed = Observed::of(fetched.pages.iter().flat_map(|page| items(&page.text)));
        observed.has_all_config_maps = has_all_config_maps;
        observed.groups.extend(cluster.groups()?);
        Ok(Seen { observed, unseen: Live::of(fetched).unseen })
    }
}
