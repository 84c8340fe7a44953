use std::path::PathBuf;
use std::time::Duration;

/// Which cluster, as whom, and how patiently.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Access {
    /// A kubeconfig; without it `KUBECONFIG`, `~/.kube/config`, or the service account of a pod.
    pub kubeconfig: Option<PathBuf>,
    /// A context of the kubeconfig; without it the current one.
    pub context: Option<String>,
    /// How long to wait for each answer; absent for ever.
    pub request_timeout: Option<Duration>,
    /// The user to act as.
    pub impersonate: Option<String>,
    /// The groups to act as.
    pub impersonate_groups: Vec<String>,
    /// Requests a second at most; absent for as many as there are.
    pub queries_per_second: Option<f64>,
}
