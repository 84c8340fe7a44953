//! Who may talk to whom: the meaning of `NetworkPolicy` objects, for any pods and any addresses.
//!
//! [`Policy::read`] takes an object with the API server's defaults, a [`World`] holds pods, namespaces and policies,
//! and two readings answer: [`World::verdict`] judges one connection and says why, [`Reachability`] works out all
//! connections at once. Sets are exact: ports are intervals by protocol, addresses are disjoint ranges.

mod address_set;
mod addressing;
mod alternatives;
mod classes;
mod direction;
mod interval_set;
mod ip_block;
mod matrix;
mod policy;
mod port_set;
mod read;
mod representative;
mod selector;
mod sets;
#[cfg(test)]
mod tests;
mod validate;
mod verdict;
mod world;

pub use address_set::{AddressSet, length};
pub use alternatives::{Alternative, Alternatives, BeforeAfter, Changed};
pub use classes::PodClass;
pub use direction::Direction;
pub use ip_block::IpBlock;
pub use matrix::{Connections, Reachability, Source};
pub use policy::{Peer, Policy, Rule, RulePorts};
pub use port_set::{PortRange, PortSet};
pub use read::ReadError;
pub use representative::{Representatives, representatives};
pub use selector::{LabelSelector, Labels, Operator, Requirement};
pub use sets::SetId;
pub use validate::{Invalid, InvalidKind, UnknownField, unknown_fields, validate};
pub use verdict::{Exception, NearMiss, RuleReading, RuleRef, Side, Traffic, Undefined, Verdict, party_at};
pub use world::{IpBlockReach, Party, World};
