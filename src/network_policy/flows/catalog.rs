//! FR-031, FR-041: jobs and domains read and write tables through the Polaris catalog of the platform.

use super::service::{self, PlatformService};
use crate::config::Config;
use crate::network_policy::{Flows, Reason};
use crate::object::Inventory;

pub(super) const POLARIS: PlatformService =
    PlatformService { key: "polaris", aliases: &["polaris"], reason: Reason::Catalog };

pub(super) fn declare(config: &Config, inventory: &Inventory, flows: &mut Flows) {
    service::declare(&POLARIS, config, inventory, flows);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network_policy::tests::world::{config, declared};

    #[test]
    fn jobs_and_domains_reach_polaris_on_the_platform() {
        let expected = ["floe-jobs", "floe-sales-domain", "floe-marketing-domain"]
            .map(|from| format!("{from} -> floe-platform: TCP 8181 (catalog)"));
        assert_eq!(declared(declare, &config()), expected);
    }
}
