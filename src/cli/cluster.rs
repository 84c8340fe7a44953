//! How commands get at a cluster.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

#[cfg(not(feature = "cluster"))]
use super::error::CliError;
use super::fetched::Live;
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

#[cfg(feature = "cluster")]
pub(super) use with_client::{plugins_role, reading_role};

#[cfg(feature = "cluster")]
mod with_client {
    use super::{AccessArgs, Config, Live, Plugins};
    use crate::cli::error::CliError;
    use crate::cli::fetched::{fetch, namespaces};
    use crate::cli::plugins::{self, Seen};
    use crate::cluster::{Access, Cluster, ClusterError, Collection, NETWORK, PLUGINS, Unseen, role};

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

        /// As much of a cluster's network as may be seen, whatever is missing; where all namespaces at once may not,
        /// those of the configuration, those that the list of Namespaces names, and some more.
        pub(in crate::cli) fn all(
            &self,
            config: Option<&Config>,
            more: &[String],
            with: Plugins,
        ) -> Result<(Live, Option<Seen>), CliError> {
            let cluster = self.open(None)?;
            let (first, rest): (Vec<Collection>, Vec<Collection>) =
                NETWORK.into_iter().partition(|it| it.plural == "namespaces");
            let defaults = Config::default();
            let mut network = fetch(&cluster, &first, &defaults, &[])?;
            let listed = namespaces(&network);
            // Where Namespaces may be listed, a name that nobody has configured is not guessed at.
            let nothing = Config { namespaces: Vec::new(), ..Config::default() };
            let fallback = if listed.is_empty() { &defaults } else { &nothing };
            let more: Vec<&str> = more.iter().chain(&listed).map(String::as_str).collect();
            let objects = fetch(&cluster, &rest, config.unwrap_or(fallback), &more)?;
            network.pages.extend(objects.pages);
            network.unseen.extend(objects.unseen);
            network.looked_into.extend(objects.looked_into);
            let network = Live::of(network);
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
