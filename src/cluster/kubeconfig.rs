#![expect(clippy::disallowed_methods, reason = "an edge module: it reads KUBECONFIG")]

//! Which cluster is meant, found as kubectl finds it.

use std::path::{Path, PathBuf};

use kube::Config;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};

use super::access::Access;
use super::error::ClusterError;

/// Finds the cluster: `--kubeconfig`, the files of `KUBECONFIG`, `~/.kube/config`, the service account of a pod.
///
/// As with kubectl, a file of `KUBECONFIG` that is not there is none, and an empty result means the pod's own cluster;
/// a file that was named with `--kubeconfig` has to be there.
pub(super) async fn find(access: &Access) -> Result<Config, ClusterError> {
    let kubeconfig = read(access)?;
    let mut config = match kubeconfig {
        Some(kubeconfig) => {
            let known: Vec<String> = kubeconfig.contexts.iter().map(|context| context.name.clone()).collect();
            let options = KubeConfigOptions { context: access.context.clone(), ..KubeConfigOptions::default() };
            Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(|error| unusable(&error, &known))?
        }
        None if access.context.is_some() => {
            return Err(ClusterError::Kubeconfig("there is none, so there are no contexts".to_owned()));
        }
        None => Config::incluster().map_err(|error| {
            ClusterError::Kubeconfig(format!("there is none, and floe does not run in a pod ({error})"))
        })?,
    };
    if access.impersonate.is_some() || !access.impersonate_groups.is_empty() {
        config.auth_info.impersonate = access.impersonate.clone().or(config.auth_info.impersonate);
        config.auth_info.impersonate_groups =
            Some(access.impersonate_groups.clone()).filter(|groups| !groups.is_empty());
    }
    // Repeated here, where the user can see it, and by what was asked for.
    config.default_retry = false;
    Ok(config)
}

/// The kubeconfig, if there is any; an empty one is none.
fn read(access: &Access) -> Result<Option<Kubeconfig>, ClusterError> {
    let files: Vec<PathBuf> = match (&access.kubeconfig, std::env::var_os("KUBECONFIG")) {
        (Some(file), _) => vec![file.clone()],
        (None, Some(files)) if !files.is_empty() => {
            std::env::split_paths(&files).filter(|file| !file.as_os_str().is_empty() && file.exists()).collect()
        }
        (None, _) => home().map(|home| home.join(".kube/config")).into_iter().filter(|file| file.exists()).collect(),
    };
    let merge = |merged: Kubeconfig, file: &PathBuf| {
        let read = Kubeconfig::read_from(file).and_then(|next| merged.merge(next));
        read.map_err(|error| ClusterError::Kubeconfig(one_line(&error, file)))
    };
    let merged = files.iter().try_fold(Kubeconfig::default(), merge)?;
    let is_empty = merged.contexts.is_empty() && merged.clusters.is_empty() && merged.current_context.is_none();
    Ok(Some(merged).filter(|_| !is_empty || access.kubeconfig.is_some()))
}

fn home() -> Option<PathBuf> {
    std::env::home_dir().filter(|home| !home.as_os_str().is_empty())
}

/// What is wrong with a file, without the excerpt of several lines that a parser may add.
fn one_line(error: &KubeconfigError, file: &Path) -> String {
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    if first.contains(&*file.to_string_lossy()) { first.to_owned() } else { format!("{}: {first}", file.display()) }
}

fn unusable(error: &KubeconfigError, known: &[String]) -> ClusterError {
    let known = if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) };
    ClusterError::Kubeconfig(match error {
        KubeconfigError::CurrentContextNotSet => format!("no context is chosen; {known}"),
        KubeconfigError::LoadContext(name) => format!("there is no context `{name}`; {known}"),
        KubeconfigError::LoadClusterOfContext(name) => format!("there is no cluster `{name}`"),
        other => other.to_string(),
    })
}
