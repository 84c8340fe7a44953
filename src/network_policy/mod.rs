//! Network policies: the flows that a configuration declares, and the policies that allow exactly those.
//!
//! Three steps, each pure: [`declare`] turns configuration and input into [`Flow`]s, one per reason why traffic is
//! needed; [`synthesize()`] writes every flow as egress at its source and as ingress at its destination, wherever that
//! namespace is managed; [`prove()`] judges the result independently and refuses anything blocked or undeclared.

mod address_set;
mod canonical;
mod direction;
mod evaluate;
mod explain;
mod flow;
mod flows;
mod interval_set;
mod ip_block;
mod peer;
mod policy;
mod port_set;
mod prove;
mod selector_keys;
mod synthesize;
#[cfg(test)]
mod tests;

pub use direction::Direction;
pub use evaluate::{IpBlockReach, Party, Side, Traffic, Verdict, evaluate};
pub use explain::PAGES;
pub use flow::{Endpoint, Flow, Flows, Reason};
pub use flows::{
    ANY_ADDRESS_RULE, KUBERNETES_API_ANY_ADDRESS, PLUGIN_ANY_EXTERNAL_ADDRESS, PLUGIN_NOT_OPENED, PORT_RANGE_TOO_LONG,
    ROUTE_NOT_REACHABLE, SERVICE_NOT_NARROWED, UNKNOWN_PLUGIN, declare,
};
pub use ip_block::IpBlock;
pub use peer::{NamespaceScope, Peer};
pub use policy::{NetworkPolicy, PolicyRules, RangeStyle, Rule, file_name};
pub use port_set::{PortRange, PortSet};
pub use prove::{Ends, ProofError, prove};
pub use selector_keys::selector_keys;
pub use synthesize::synthesize;
