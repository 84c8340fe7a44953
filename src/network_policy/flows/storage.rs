//! FR-031: jobs store data in the platform's MinIO; domains as well, for FR-041 without it leaves their tables
//! unreadable. Storage in a cloud is reached by external HTTPS instead.

use super::service::{self, PlatformService};
use crate::config::Config;
use crate::network_policy::{Flows, Reason};
use crate::object::Inventory;

pub(super) const MINIO: PlatformService =
    PlatformService { key: "minio", aliases: &["minio"], reason: Reason::Storage };

pub(super) fn declare(config: &Config, inventory: &Inventory, flows: &mut Flows) {
    service::declare(&MINIO, config, inventory, flows);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network_policy::tests::world::{config, declared};

    #[test]
    fn domains_reach_storage_too() {
        let flows = declared(declare, &config());
        assert!(flows.contains(&"floe-sales-domain -> floe-platform: TCP 9000 (storage)".to_owned()));
    }

    #[test]
    fn a_platform_without_minio_has_no_such_flow() {
        let mut config = config();
        config.network.services.retain(|service| service.name != "minio");
        assert!(declared(declare, &config).is_empty());
    }
}
