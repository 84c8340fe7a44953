//! Network policies: the flows that a configuration declares, and the policies that allow exactly those.
//!
//! Three steps, each pure: [`declare`] turns configuration and input into [`Flow`]s, one per reason why traffic is
//! needed; [`synthesize()`] writes every flow as egress at its source and as ingress at its destination, wherever that
//! namespace is managed; [`prove()`] judges the result independently and refuses anything blocked or undeclared.

mod canonical;
mod explain;
mod flow;
mod flows;
mod lints;
mod peer;
mod policy;
mod prove;
mod selector_keys;
mod synthesize;
#[cfg(test)]
mod tests;

use crate::reachability::{Direction, IpBlock, PortRange, PortSet};

pub use explain::PAGES;
pub use flow::{Endpoint, Flow, Flows, Reason};
pub use flows::declare;
pub use lints::{
    HOST_NETWORK_PODS, Lint, SELECTS_NOTHING, Subject, Surroundings, UNRESOLVED_NAMED_PORT, lint, lint_pages,
    unresolved_named_ports,
};
pub use peer::{NamespaceScope, Peer};
pub use policy::{NetworkPolicy, PolicyRules, RangeStyle, Rule, file_name};
pub use prove::{End, Ends, ProofError, prove};
pub use selector_keys::selector_keys;
pub use synthesize::synthesize;
