//! From a framed text and a configuration to the edits that make it secure, verified.
//!
//! A stream is taken in passes, each over documents on their own and in parallel: survey what is there; decide on and
//! edit what may hold pod templates; then, with all facts at hand, declare flows, synthesize and prove policies, and
//! place new objects. No pass holds more than the edits and facts of the documents it has seen.

mod apply;
mod closed;
mod decide;
mod digest;
mod explain;
mod generate;
mod layout;
mod notices;
mod output;
mod place;
mod planner;
mod request;
mod resource_list;
mod results;
mod rollout;
mod summary;
mod survey;
mod wanted;

pub use closed::DECLARED_FLOW_CLOSED;
pub use decide::{ObjectChange, PodCounts};
pub use explain::PAGES;
pub(crate) use generate::found_policy;
pub(crate) use generate::other_policies;
pub use generate::{Generated, OTHER_POLICIES, POLICY_UNREADABLE, POLICY_WIDENS, generate};
pub use layout::{Layout, NewFile, namespace_files, policy_files, policy_stream};
pub use notices::{NAMESPACE_NOT_MANAGED, unlisted_domain};
pub use output::Output;
pub use planner::{Outcome, plan, plan_within};
pub use request::{Detail, Part, Parts, Request};
pub use resource_list::{ResourceList, resource_list};
pub use results::INPUT;
pub(crate) use results::finding_of;
pub use rollout::{Phase, rollout};
pub(crate) use survey::Survey;
pub use wanted::{Action, ObjectAction};
