//! FR-020, US9: pods of the platform, and pods of one domain, talk among themselves; pods of the jobs namespace do not
//! (FR-032).
//!
//! For domains in both directions: ingress "from the same domain" is of no use without the egress for it.

use crate::config::{Config, RoleKind};
use crate::network_policy::{Endpoint, Flows, PortSet, Reason};
use crate::object::Inventory;

pub(super) fn declare(config: &Config, _inventory: &Inventory, flows: &mut Flows) {
    for namespace in &config.namespaces {
        let pods = Endpoint::namespace(&namespace.name);
        match namespace.role.kind() {
            RoleKind::Jobs => {}
            RoleKind::Platform | RoleKind::Domain => {
                flows.allow(pods.clone(), pods, PortSet::everything(), Reason::IntraNamespace);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network_policy::tests::world::{config, declared};

    #[test]
    fn jobs_are_kept_apart() {
        let expected = ["floe-platform", "floe-sales-domain", "floe-marketing-domain"]
            .map(|name| format!("{name} -> {name}: everything (intra-namespace)"));
        assert_eq!(declared(declare, &config()), expected);
    }
}
