//! Kubernetes objects as floe sees them: who they are, where their pod templates are, and an index of the facts that
//! decisions need.

mod containers;
mod facts;
mod hook;
mod id;
mod inventory;
mod level;
mod location;
pub mod name;
mod other_policy;
pub mod own;
mod path_pattern;
mod route;
mod service;
mod shape;
mod version;
mod workload;
mod workload_table;

pub use containers::{container_lists, template_of};
pub use facts::{controller, namespace_facts, pod_facts, service_facts};
pub use hook::is_kept_out;
pub use id::{GroupVersionKind, ResourceId};
pub use inventory::{
    ContainerPort, Inventory, NamespaceFacts, PodFacts, PolicyFacts, Protocol, RouteBackend, RouteFacts, RouteKind,
    RouteParent, RoutePort, ServiceFacts, ServicePort, TargetPort,
};
pub use level::Level;
pub use location::Location;
pub use other_policy::{OtherPolicy, incomplete, is_other_policy, may_be_other_policy};
pub(crate) use route::GATEWAY_ROUTES;
pub use route::{route_facts, route_kind};
pub use shape::Shape;
pub use version::Version;
pub use workload::{CustomWorkload, PodPlace, Workload, Workloads, template_path};

/// The label by which floe finds the objects that it made: Helm overwrites `app.kubernetes.io/managed-by` on live
/// objects, so that one cannot serve.
pub const COMPONENT_LABEL: &str = "floe.dev/component";

/// The label that the API server sets on every namespace to its name.
pub const NAMESPACE_NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// The value of [`COMPONENT_LABEL`] on every object that floe makes.
pub const COMPONENT: &str = "network-security";
