use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kube::{Client, Config};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::RwLock;

use super::apply::KnownKinds;
use super::error::ClusterError;
use super::kubeconfig;
use super::request::{Connection, Pace};

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

/// Makes a client; an exec plugin of the kubeconfig runs.
pub(super) fn client(config: Config, server: &str) -> Result<Client, ClusterError> {
    Client::try_from(config).map_err(|error| match &error {
        kube::Error::Auth(auth) => ClusterError::Credentials { server: server.to_owned(), reason: auth.to_string() },
        _ => ClusterError::Kubeconfig(error.to_string()),
    })
}

/// A cluster that can be asked. Every call blocks until the answer is there.
pub struct Cluster {
    runtime: Runtime,
    pub(super) connection: Arc<Connection>,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").field("server", &self.connection.server).finish_non_exhaustive()
    }
}

impl Cluster {
    /// Finds the cluster and makes a client for it. No request is sent, but an exec plugin of the kubeconfig may run.
    pub fn open(access: &Access) -> Result<Self, ClusterError> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| ClusterError::Kubeconfig(format!("there is no runtime for the client: {error}")))?;
        let connection = runtime.block_on(async {
            let config = kubeconfig::find(access).await?;
            let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
            let namespace = config.default_namespace.clone();
            // Only a plugin can give other credentials than before; files are read again anyway.
            let renewed_by = Some(&config).filter(|config| config.auth_info.exec.is_some()).cloned();
            let client = client(config, &server)?;
            let pace = Pace::new(access.queries_per_second);
            Ok(Connection {
                client: RwLock::new(Arc::new(client)),
                renewed_by,
                server,
                namespace,
                timeout: access.request_timeout,
                pace,
                kinds: KnownKinds::default(),
                expects_definitions: AtomicBool::new(false),
            })
        })?;
        Ok(Self { runtime, connection: Arc::new(connection) })
    }

    /// The URL of the server.
    pub fn server(&self) -> &str {
        &self.connection.server
    }

    /// The namespace of the context: what an object without one means.
    pub fn namespace(&self) -> &str {
        &self.connection.namespace
    }

    /// From now on a kind that the server does not know may be one whose definition it has just got.
    pub fn expect_definitions(&self) {
        self.connection.expects_definitions.store(true, Ordering::Relaxed);
    }

    /// Runs something that waits for answers.
    pub(super) fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }
}
