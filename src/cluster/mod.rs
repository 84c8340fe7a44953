//! A live cluster: the client, what is read from it, and what is written to it.
//!
//! An edge module: it reads kubeconfigs and talks to API servers. What it reads it hands on as lists, without what floe
//! does not look at, so that live objects are read and judged by the same code as files.

mod access;
mod apply;
mod client;
mod collection;
mod detect;
mod error;
mod fetch;
mod kept;
mod kinds;
mod kubeconfig;
mod lease;
mod list;
mod request;
mod wait;

pub use access::Access;
pub use apply::{Applied, ApplyError, Commitment, Conflict, OnConflict};
pub use client::Cluster;
pub use collection::{Collection, DEPLOYED, NETWORK, PLATFORM, PLUGIN_NAMESPACES, PLUGINS, role};
pub use detect::{ClusterFacts, detect, namespaces_of_named_ports};
pub use error::ClusterError;
pub use fetch::{Fetched, Page, Scope, Unseen};
pub use lease::{Claim, Lease};
