//! FR-031, FR-041, US7: jobs and domains send telemetry to the OpenTelemetry Collector of the platform, by gRPC and HTTP.

use super::service::{self, PlatformService};
use crate::config::Config;
use crate::network_policy::{Flows, Reason};
use crate::object::Inventory;

/// `opentelemetry-collector` is the name of the project's chart, `otel` what it is often shortened to.
pub(super) const OTEL_COLLECTOR: PlatformService = PlatformService {
    key: "otel_collector",
    aliases: &["otel-collector", "opentelemetry-collector", "otel"],
    reason: Reason::Telemetry,
};

pub(super) fn declare(config: &Config, inventory: &Inventory, flows: &mut Flows) {
    service::declare(&OTEL_COLLECTOR, config, inventory, flows);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network_policy::tests::world::{config, declared};

    #[test]
    fn both_otlp_ports_are_open() {
        let flows = declared(declare, &config());
        assert_eq!(flows[0], "floe-jobs -> floe-platform: TCP 4317-4318 (telemetry)");
        assert_eq!(flows.len(), 3);
    }
}
