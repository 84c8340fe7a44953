//! The platform's own chart and public ones: Services narrow the flows, and the result is proven.

use serde_json::Value;

use super::world::config;
use crate::network_policy::{Endpoint, Reason, declare, prove, synthesize};
use crate::object::{Inventory, ResourceId, pod_facts, service_facts, template_path};
use crate::skipped::data_dir;

/// Reads a rendered chart as if it were released into the platform namespace; absent, after reporting the skip, without
/// test data.
#[expect(clippy::disallowed_methods, reason = "a test reads its data")]
pub(super) fn chart(file: &str) -> Option<Inventory> {
    let text = std::fs::read_to_string(data_dir()?.join(file)).unwrap();
    let mut inventory = Inventory::default();
    for object in serde_saphyr::from_multiple::<Value>(&text).unwrap() {
        let Some(id) = ResourceId::of(&object) else { continue };
        if id.gvk.kind == "Service" {
            inventory.services.push(service_facts(&object, &id, Some("floe-platform")));
        } else if let Some(template) = template_path(&id.gvk) {
            inventory.pods.push(pod_facts(&object, &id, &template, "floe-platform"));
        }
    }
    Some(inventory)
}

/// The pods and ports that a reason opens, as text.
fn destinations(inventory: &Inventory, reason: &Reason) -> Vec<String> {
    let flows = declare(&config(), inventory).flows;
    let of_jobs = flows.iter().filter(|flow| flow.source == Endpoint::namespace("floe-jobs") && flow.reason == *reason);
    of_jobs.map(|flow| format!("{}: {}", flow.destination, flow.ports)).collect()
}

#[test]
fn the_platform_chart_narrows_catalog_and_telemetry() {
    let Some(inventory) = chart("floe/platform-default.yaml") else { return };
    assert_eq!(
        destinations(&inventory, &Reason::Catalog),
        ["floe-platform (app.kubernetes.io/component=polaris, app.kubernetes.io/instance=floe, \
          app.kubernetes.io/name=floe-platform): TCP 8181"]
    );
    assert_eq!(
        destinations(&inventory, &Reason::Telemetry),
        ["floe-platform (app.kubernetes.io/instance=floe, app.kubernetes.io/name=otel, \
          component=standalone-collector): TCP 4317-4318"]
    );
}

#[test]
fn public_charts_narrow_storage_and_catalog() {
    let Some(minio) = chart("charts/minio__minio.yaml") else { return };
    assert_eq!(destinations(&minio, &Reason::Storage), ["floe-platform (app=minio, release=rel): TCP 9000"]);
    let Some(polaris) = chart("charts/apache__polaris.yaml") else { return };
    assert_eq!(
        destinations(&polaris, &Reason::Catalog),
        ["floe-platform (app.kubernetes.io/instance=rel, app.kubernetes.io/name=polaris): TCP 8181"]
    );
}

#[test]
fn platform_charts_are_proven() {
    for file in ["platform-default", "platform-demo", "platform-prod"] {
        let Some(inventory) = chart(&format!("floe/{file}.yaml")) else { return };
        let flows = declare(&config(), &inventory).flows;
        let policies = synthesize(&config(), &flows);
        assert_eq!(prove(&config(), &flows, &policies, &inventory), Ok(()), "{file}");
    }
}
