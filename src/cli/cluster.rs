//! How commands get at a cluster.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

#[cfg(not(feature = "cluster"))]
use super::error::CliError;
use super::input::Source;
use super::options::LoggingArgs;
#[cfg(not(feature = "cluster"))]
use super::plugins::Seen;
use crate::config::Config;

/// Which cluster, and as whom: as kubectl's flags of the same names.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Cluster")]
pub(super) struct AccessArgs {
    /// A kubeconfig, in place of the files of KUBECONFIG and ~/.kube/config; in a pod its service account
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,

    /// A context of the kubeconfig, in place of the current one
    #[arg(long, value_name = "NAME")]
    context: Option<String>,

    /// How long to wait for each answer: 30s, 5m; 0 for ever
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = time)]
    request_timeout: Duration,

    /// The user to act as
    #[arg(long = "as", value_name = "USER")]
    impersonate: Option<String>,

    /// A group to act as; may be given several times
    #[arg(long = "as-group", value_name = "GROUP", requires = "impersonate")]
    impersonate_groups: Vec<String>,

    /// Requests a second at most
    #[arg(long, value_name = "NUMBER", value_parser = rate)]
    kube_api_qps: Option<f64>,
}

/// A time as kubectl takes it: a number of seconds, or with `s`, `m` or `h`.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    let (number, seconds) = match text.strip_suffix(['s', 'm', 'h']) {
        Some(number) if text.ends_with('m') => (number, 60),
        Some(number) if text.ends_with('h') => (number, 3600),
        Some(number) => (number, 1),
        None => (text, 1),
    };
    let count: Option<u64> = number.parse().ok();
    let seconds = count.and_then(|count| count.checked_mul(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| "a time looks like 30s, 5m or 1h".to_owned())
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: Option<f64> = text.parse().ok();
    rate.filter(|rate| rate.is_finite() && *rate > 0.0).ok_or_else(|| "a rate is a number above 0".to_owned())
}

/// Whether network plugins are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plugins {
    /// They are.
    Read,
    /// They are not: it is said which there is.
    Known,
}

/// What a live cluster holds, as texts.
#[derive(Debug)]
pub(super) struct Live {
    /// The lists that the server sent.
    pub(super) sources: Vec<Source>,
    /// What the user may not see, in words.
    pub(super) unseen: Vec<String>,
}

impl Live {
    /// Says on standard error what could not be seen.
    pub(super) fn tell_unseen(&self, logging: &LoggingArgs) {
        super::log::unseen(&self.unseen, logging);
    }
}

#[cfg(feature = "cluster")]
pub(super) use with_client::{fetch, items, plugins_role, reading_role};

#[cfg(feature = "cluster")]
mod with_client {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::{AccessArgs, Config, Live, Plugins, Source};
    use crate::cli::error::CliError;
    use crate::cli::exit::Exit;
    use crate::cli::plugins::{self, Seen};
    use crate::cluster::{Access, Cluster, ClusterError, Collection, Fetched, NETWORK, PLUGINS, Scope, Unseen, role};

    impl From<ClusterError> for CliError {
        fn from(error: ClusterError) -> Self {
            let exit = if matches!(error, ClusterError::Kubeconfig(_)) { Exit::Usage } else { Exit::Cluster };
            Self::Cluster { message: error.to_string(), help: error.help(), exit }
        }
    }

    impl AccessArgs {
        /// Opens the cluster of a context, else of `--context`, else of the current one.
        pub(in crate::cli) fn open(&self, context: Option<&str>) -> Result<Cluster, CliError> {
            let access = Access {
                kubeconfig: self.kubeconfig.clone(),
                context: context.map(str::to_owned).or_else(|| self.context.clone()),
                request_timeout: Some(self.request_timeout).filter(|limit| !limit.is_zero()),
                impersonate: self.impersonate.clone(),
                impersonate_groups: self.impersonate_groups.clone(),
                queries_per_second: self.kube_api_qps,
            };
            Ok(Cluster::open(&access)?)
        }

        /// Who may talk to whom in a cluster. The policies of managed namespaces have to be seen: those that are not
        /// would pass for missing.
        pub(in crate::cli) fn network(&self, context: Option<&str>, config: &Config) -> Result<Live, CliError> {
            let fetched = fetch(&self.open(context)?, &NETWORK, config, &[])?;
            let blind = |it: &&Unseen| it.collection.plural == "networkpolicies" && it.namespace.is_some();
            if let Some(unseen) = fetched.unseen.iter().find(blind) {
                let (what, message) = (unseen.to_string(), unseen.message.clone());
                return Err(ClusterError::Forbidden { what, message }.into());
            }
            Ok(Live::of(fetched))
        }

        /// As much of a cluster's network as may be seen, whatever is missing; where all namespaces at once may not, those
        /// of the configuration and some more.
        pub(in crate::cli) fn all(
            &self,
            config: Option<&Config>,
            more: &[String],
            with: Plugins,
        ) -> Result<(Live, Option<Seen>), CliError> {
            let cluster = self.open(None)?;
            let defaults = Config::default();
            let more: Vec<&str> = more.iter().map(String::as_str).collect();
            let network = fetch(&cluster, &NETWORK, config.unwrap_or(&defaults), &more).map(Live::of)?;
            let seen = (with == Plugins::Read).then(|| plugins::live(&cluster)).transpose()?;
            Ok((network, seen))
        }

        /// What a cluster shows of its network plugins.
        pub(in crate::cli) fn plugins(&self) -> Result<Seen, CliError> {
            plugins::live(&self.open(None)?)
        }
    }

    /// The `ClusterRole` that reading a cluster's network needs.
    #[expect(clippy::unnecessary_wraps, reason = "without the feature it fails")]
    pub(in crate::cli) fn reading_role() -> Result<String, CliError> {
        Ok(role("floe-network-audit", &[&NETWORK[..], &PLUGINS].concat()))
    }

    /// The `ClusterRole` that reading a cluster's plugins needs.
    #[expect(clippy::unnecessary_wraps, reason = "without the feature it fails")]
    pub(in crate::cli) fn plugins_role() -> Result<String, CliError> {
        Ok(role("floe-check-cni", &PLUGINS))
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

    /// Reads collections in all namespaces; where that is forbidden, in those that the configuration names and in some more.
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

    impl Live {
        /// Lists as texts to read.
        pub(in crate::cli) fn of(fetched: Fetched) -> Self {
            let unseen = fetched.unseen.iter().map(|it| format!("{it}: {}", it.message)).collect();
            let source = |page: crate::cluster::Page| Source { name: page.name(), is_file: false, text: page.text };
            Self { sources: fetched.pages.into_iter().map(source).collect(), unseen }
        }
    }
}

#[cfg(not(feature = "cluster"))]
#[expect(clippy::unused_self, reason = "called as with the feature")]
impl AccessArgs {
    /// Says that there is no client.
    pub(super) fn network(&self, _context: Option<&str>, _config: &Config) -> Result<Live, CliError> {
        Err(CliError::WithoutCluster("a side `cluster:`"))
    }

    /// Says that there is no client.
    pub(super) fn all(
        &self,
        _config: Option<&Config>,
        _more: &[String],
        _with: Plugins,
    ) -> Result<(Live, Option<Seen>), CliError> {
        Err(CliError::WithoutCluster("reading a live cluster"))
    }

    /// Says that there is no client.
    pub(super) fn plugins(&self) -> Result<Seen, CliError> {
        Err(CliError::WithoutCluster("reading a live cluster"))
    }
}

/// Says that there is no client.
#[cfg(not(feature = "cluster"))]
pub(super) fn reading_role() -> Result<String, CliError> {
    Err(CliError::WithoutCluster("--print-rbac"))
}

/// Says that there is no client.
#[cfg(not(feature = "cluster"))]
pub(super) fn plugins_role() -> Result<String, CliError> {
    Err(CliError::WithoutCluster("--print-rbac"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_kubectl() {
        let seconds = |text| time(text).map(|time| time.as_secs());
        assert_eq!(seconds("30"), Ok(30));
        assert_eq!(seconds("30s"), Ok(30));
        assert_eq!(seconds("5m"), Ok(300));
        assert_eq!(seconds("1h"), Ok(3600));
        assert_eq!(seconds("0"), Ok(0));
        for wrong in ["", "s", "-1", "1d", "99999999999999999999s", "9999999999999999999h"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
        assert!(rate("0").is_err() && rate("NaN").is_err() && rate("inf").is_err() && rate("0.5").is_ok());
    }
}
