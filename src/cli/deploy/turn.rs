//! Deploys of one installation come one after the other: two at once would leave a mixture of both.

use std::cell::Cell;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::log;
use crate::cli::options::LoggingArgs;
use crate::cluster::{Claim, Cluster, Lease};
use crate::config::Config;

/// How long a step may take before others may begin: a run that is killed holds them up for no longer.
const LASTS: Duration = Duration::from_secs(60);

/// How often it is looked whether another deploy has ended.
const LOOK: Duration = Duration::from_secs(1);

/// The turn of one run; it is given back with the value.
pub(super) struct Turn<'t> {
    cluster: &'t Cluster,
    logging: &'t LoggingArgs,
    lease: Lease,
    /// How long to wait for others.
    patience: Duration,
    is_held: Cell<bool>,
    /// The user may not keep leases, which has been said.
    is_without: Cell<bool>,
}

impl<'t> Turn<'t> {
    /// A turn to apply objects. `step` is how long a step may take beside its requests.
    pub(super) fn new(
        cluster: &'t Cluster,
        config: &Config,
        objects: &[Value],
        (patience, step): (Duration, Duration),
        logging: &'t LoggingArgs,
    ) -> Self {
        let mut digest = Sha256::new();
        for object in objects {
            digest.update(object.to_string());
        }
        let digest: String = digest.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let lease = Lease {
            namespace: config.summary.namespace.clone(),
            name: format!("{}-deploy", config.summary.name),
            holder: format!("floe-{digest}"),
            lasts: LASTS + step,
        };
        Self { cluster, logging, lease, patience, is_held: Cell::new(false), is_without: Cell::new(false) }
    }

    /// Waits until nobody else deploys. Whether the turn is there: not if its namespace is not there yet.
    pub(super) fn begin(&self) -> Result<bool, CliError> {
        let mut waited = Duration::ZERO;
        loop {
            match self.cluster.take(&self.lease)? {
                Claim::Taken => {
                    self.is_held.set(true);
                    return Ok(true);
                }
                Claim::NoNamespace => return Ok(false),
                Claim::Forbidden(message) => {
                    self.is_without.set(true);
                    let what = "no lease can be kept, so another deploy at the same time would mix with this one";
                    log::warn(&format!("{what}: {message}"), self.logging);
                    return Ok(true);
                }
                Claim::Busy { holder, left } if waited >= self.patience => {
                    return Err(
                        self.taken(&format!("{holder} deploys other objects, for {} s at least", left.as_secs()))
                    );
                }
                Claim::Busy { holder, .. } => {
                    if waited.is_zero() {
                        log::warn(
                            &format!("{holder} deploys other objects of this installation: waiting"),
                            self.logging,
                        );
                    }
                    thread::sleep(LOOK);
                    waited += LOOK;
                }
            }
        }
    }

    /// Before a step: keeps the turn. Fails if another run has taken it, because this one took too long.
    pub(super) fn keep(&self) -> Result<(), CliError> {
        if !self.is_held.get() || self.is_without.get() {
            return Ok(());
        }
        match self.cluster.take(&self.lease)? {
            Claim::Busy { holder, .. } => {
                self.is_held.set(false);
                Err(self.taken(&format!("{holder} has taken over: nothing more is applied")))
            }
            Claim::Taken | Claim::NoNamespace | Claim::Forbidden(_) => Ok(()),
        }
    }

    fn taken(&self, what: &str) -> CliError {
        let Lease { namespace, name, .. } = &self.lease;
        CliError::Cluster {
            message: format!("another floe deploy is under way: {what} (Lease {namespace}/{name})"),
            help: "deploy again when it has ended; if nobody deploys, delete the Lease",
            exit: Exit::Cluster,
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.is_held.get() {
            self.cluster.give_back(&self.lease);
        }
    }
}
