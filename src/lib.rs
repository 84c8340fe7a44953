//! floe makes Kubernetes workloads secure at render time.
//!
//! Data flow, one module per step:
//!
//! 1. **Read** (`cli`): bytes become text; UTF-8, byte order marks and size limits are decided here.
//! 2. **Frame** ([`stream`]): text becomes a sequence of documents, each a byte range with its separator. Joining
//!    them gives back the input exactly.
//! 3. **View** ([`yaml`], [`object`], [`document`]): a document is classified without a full parse; only what may be
//!    changed or judged is parsed, with spans.
//! 4. **Decide** ([`pod_security`], [`network_policy`]): objects and [`config`] become JSON Patches, new objects and
//!    [`finding`]s. No text is touched here.
//! 5. **Splice** ([`plan`]): patches become sorted, disjoint [`text`] edits against the original.
//! 6. **Verify and emit** ([`plan`], `cli`): every touched document is parsed again and must equal the patched value
//!    of the original; then standard output is written once.
//!
//! [`snapshot`] is the other way through: a whole input or cluster at once, for the commands that ask about it, and
//! [`verdict`] and [`audit`] judge it.
//!
//! Imports point one way: `text <- {stream, yaml} <- object <- {config, finding} <- {cni, document, reachability} <-
//! {network_policy, pod_security, snapshot} <- plan <- verdict <- {audit, cluster} <- report <- cli`. Everything but
//! `cli` and `cluster` is pure: no files, environment, clock, network or standard streams.

pub mod audit;
pub mod cli;
#[cfg(feature = "cluster")]
pub mod cluster;
pub mod cni;
pub mod config;
pub mod document;
pub mod finding;
pub mod network_policy;
pub mod object;
pub mod plan;
pub mod pod_security;
pub mod reachability;
pub mod report;
#[cfg(test)]
mod skipped;
pub mod snapshot;
pub mod stream;
pub mod text;
pub mod verdict;
pub mod yaml;
