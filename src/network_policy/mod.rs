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
pub use flows::{
    ANY_ADDRESS_RULE, KUBERNETES_API_ANY_ADDRESS, PLUGIN_ANY_EXTERNAL_ADDRESS, PLUGIN_NOT_OPENED, PORT_RANGE_TOO_LONG,
    ROUTE_NOT_REACHABLE, SERVICE_NOT_NARROWED, UNKNOWN_PLUGIN, declare,
};
pub use lints::{
    ANY_ADDRESS_BLOCK, DNS_BLOCKED, END_PORT, HOST_NETWORK_PODS, IP_BLOCK_IN_CLUSTER, IPV6_BLOCK, Lint, MANY_IP_BLOCKS,
    NAMED_PORT, PORT_BEFORE_TRANSLATION, SCTP_PROTOCOL, SELECTS_NOTHING, SHARED_EXCEPT, Subject, Surroundings,
    TWO_DIRECTIONS, UNRESOLVED_NAMED_PORT, lint, lint_pages,
};
pub use peer::{NamespaceScope, Peer};
pub use policy::{NetworkPolicy, PolicyRules, RangeStyle, Rule, file_name};
pub use prove::{End, Ends, ProofError, prove};
pub use selector_keys::selector_keys;
pub use synthesize::synthesize;
