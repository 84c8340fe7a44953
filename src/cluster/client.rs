use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::runtime::{Builder, Runtime};
use tokio::sync::RwLock;

use super::access::Access;
use super::error::ClusterError;
use super::kinds::KnownKinds;
use super::kubeconfig;
use super::request::{Connection, Pace, new_client};

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
            let client = new_client(config, &server)?;
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
