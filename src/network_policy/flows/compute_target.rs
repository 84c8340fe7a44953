//! US5, FR-031: jobs, domains and the semantic layer of the platform reach the compute targets that the manifest or a
//! data product names.

use super::plugin;
use crate::config::Config;
use crate::network_policy::{Flows, Reason};
use crate::object::Inventory;

/// The category of compute targets.
pub(super) const COMPUTE: &str = "compute";

pub(super) fn declare(config: &Config, inventory: &Inventory, flows: &mut Flows) {
    for target in config.plugins.iter().filter(|plugin| plugin.category == COMPUTE) {
        plugin::declare(target, Reason::ComputeTarget, config, inventory, flows);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network_policy::tests::world::{declared, findings, with_manifest};

    /// US5, second scenario: a rule for port 443 to Snowflake.
    #[test]
    fn snowflake_needs_https_even_where_the_rest_of_the_outside_is_closed() {
        let mut config = with_manifest("plugins: {compute: snowflake}");
        assert!(declared(declare, &config).is_empty(), "`allow_external_https` covers it");
        config.network.allow_external_https = false;
        config.network.ip_families.truncate(1);
        let flows = declared(declare, &config);
        assert_eq!(flows.len(), 4);
        for (flow, source) in flows.iter().zip(["platform", "jobs", "sales-domain", "marketing-domain"]) {
            assert!(flow.starts_with(&format!("floe-{source} -> 0.0.0.0/0 except 10.0.0.0/8, ")), "{flow}");
            assert!(flow.ends_with(": TCP 443 (compute target `snowflake`)"), "{flow}");
        }
        assert_eq!(findings(declare, &config).len(), 1, "a whole outside is reported");
    }

    #[test]
    fn a_host_of_its_own_wins_over_the_table() {
        let config = with_manifest("plugins: {compute: {type: redshift, config: {host: 10.3.0.7, port: 5440}}}");
        assert_eq!(declared(declare, &config)[1], "floe-jobs -> 10.3.0.7/32: TCP 5440 (compute target `redshift`)");
        assert!(findings(declare, &config).is_empty());
    }

    #[test]
    fn duckdb_needs_nothing() {
        let config = with_manifest("plugins: {compute: {type: duckdb, config: {path: '/tmp/x.duckdb'}}}");
        assert!(declared(declare, &config).is_empty() && findings(declare, &config).is_empty());
    }

    #[test]
    fn other_plugins_are_not_its_business() {
        let mut config = with_manifest("plugins: {storage: s3, compute: duckdb}");
        config.network.allow_external_https = false;
        assert!(declared(declare, &config).is_empty());
    }
}
