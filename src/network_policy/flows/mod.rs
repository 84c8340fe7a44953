//! Why flows are needed: one file for each reason, or for reasons of one kind, and one line for each file in the
//! registry below.

mod backend;
mod compute_target;
mod custom;
mod dns;
mod external_https;
mod ingress_controller;
mod intra_namespace;
mod kubernetes_api;
mod plugin;
mod plugin_endpoint;
mod route;
mod service;
mod systems;

pub(super) use custom::{ANY_ADDRESS_RULE, PORT_RANGE_TOO_LONG};
pub(super) use kubernetes_api::KUBERNETES_API_ANY_ADDRESS;
pub(super) use plugin::{PLUGIN_ANY_EXTERNAL_ADDRESS, PLUGIN_NOT_OPENED, UNKNOWN_PLUGIN};
pub(super) use route::ROUTE_NOT_REACHABLE;
pub(super) use service::{SERVICE_NOT_NARROWED, SERVICE_STEERS_OPENING};
pub(super) use systems::name as system_name;

use super::Flows;
use crate::config::Config;
use crate::object::Inventory;

/// Adds the flows of one reason.
type Declare = fn(&Config, &Inventory, &mut Flows);

/// Every reason, in the order of reports.
const REASONS: &[Declare] = &[
    dns::declare,
    service::declare,
    external_https::declare,
    kubernetes_api::declare,
    ingress_controller::declare,
    intra_namespace::declare,
    compute_target::declare,
    plugin_endpoint::declare,
    custom::declare,
];

/// The flows that the configuration needs, with pods found in the input where the configuration does not name them;
/// empty when network policies are switched off.
pub fn declare(config: &Config, inventory: &Inventory) -> Flows {
    let mut flows = Flows::default();
    if config.network.enabled {
        for reason in REASONS {
            reason(config, inventory, &mut flows);
        }
        route::check(config, inventory, &mut flows);
    }
    flows
}
