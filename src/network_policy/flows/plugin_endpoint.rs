//! The systems beside compute that the manifest or a data product names: catalogs, storage, lineage, secrets, telemetry
//! and whatever else has an address.

use super::compute_target::COMPUTE;
use super::plugin;
use crate::config::Config;
use crate::network_policy::{Flows, Reason};
use crate::object::Inventory;

pub(super) fn declare(config: &Config, inventory: &Inventory, flows: &mut Flows) {
    for target in config.plugins.iter().filter(|plugin| plugin.category != COMPUTE) {
        plugin::declare(target, Reason::PluginEndpoint, config, inventory, flows);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network_policy::tests::world::{declared, with_manifest};

    #[test]
    fn clients_reach_a_server_of_the_platform() {
        let config = with_manifest("plugins: {lineage_backend: {type: marquez, config: {url: 'http://marquez:5000'}}}");
        let expected = ["floe-jobs", "floe-sales-domain", "floe-marketing-domain"]
            .map(|from| format!("{from} -> floe-platform: TCP 5000 (plugin `marquez`)"));
        assert_eq!(declared(declare, &config), expected);
    }

    #[test]
    fn addresses_of_observability_count_too() {
        let config =
            with_manifest("observability: {lineage: {transport: http, endpoint: 'http://lineage.data.svc:80/'}}");
        assert_eq!(declared(declare, &config)[0], "floe-platform -> data: TCP 80 (plugin `lineage`)");
        assert_eq!(declared(declare, &config).len(), 4);
    }
}
