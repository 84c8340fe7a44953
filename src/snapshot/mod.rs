//! A whole input or cluster, and what can be asked of it: who may talk to whom, why, where something stands, and what
//! another one differs in.

mod compare;
mod connections;
mod locate;
mod model;
mod read;

pub use compare::{Comparison, ConnectionChange, EndName, PolicyChange, compare};
pub(crate) use compare::{Effects, Swap, compare_policies, effects};
pub use connections::{
    Connection, ConnectionList, ConnectionQuery, Endpoint, EndpointKind, HOST_NETWORK, NoSuchWorkload, Passing,
    PolicyTrace, Readings, RuleTrace, SideTrace, Trace, TraceError, Via, trace,
};
pub use locate::locate_all;
pub use model::{Entrance, FoundPod, FoundPolicy, Origin, Snapshot};
pub(crate) use read::Untaken;
