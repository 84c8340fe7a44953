//! The generated objects, as they are written.

use serde_json::Value;

use super::world::{config, inventory, labels};
use crate::config::{Config, EgressTarget};
use crate::network_policy::tests::world::rule;
use crate::network_policy::{declare, file_name, synthesize};
use crate::object::Inventory;

fn written(config: &Config, inventory: &Inventory) -> String {
    let policies = synthesize(config, &declare(config, inventory).flows);
    let values = policies.iter().map(crate::network_policy::NetworkPolicy::to_value).collect();
    serde_json::to_string_pretty(&Value::Array(values)).unwrap()
}

fn files(config: &Config, inventory: &Inventory) -> Vec<String> {
    synthesize(config, &declare(config, inventory).flows).iter().map(file_name).collect()
}

#[test]
fn defaults() {
    insta::assert_snapshot!(written(&config(), &Inventory::default()));
}

#[test]
fn with_services_in_the_input_and_a_known_api_server() {
    let mut config = config();
    config.namespaces.truncate(3);
    config.network.kubernetes_api.cidrs = vec!["10.0.0.1/32".parse().unwrap(), "203.0.113.9/32".parse().unwrap()];
    config.network.jobs_egress_allow = vec![
        rule("spark", EgressTarget::Namespace("floe-jobs".to_owned()), 7078),
        rule("warehouse", EgressTarget::Cidr("10.9.0.0/16".parse().unwrap()), 443),
    ];
    insta::assert_snapshot!(written(&config, &inventory()));
}

#[test]
fn three_files_per_namespace_and_one_per_narrowed_service() {
    let mut config = config();
    config.namespaces.truncate(2);
    let plain = [
        "floe-platform-default-deny.yaml",
        "floe-platform-allow-egress.yaml",
        "floe-platform-allow-ingress.yaml",
        "floe-jobs-default-deny.yaml",
        "floe-jobs-allow-egress.yaml",
        "floe-jobs-allow-ingress.yaml",
    ];
    assert_eq!(files(&config, &Inventory::default()), plain);

    let narrowed = files(&config, &inventory());
    assert_eq!(narrowed[3], "floe-platform-allow-ingress-minio.yaml");
    assert_eq!(narrowed[4], "floe-platform-allow-ingress-otel-collector.yaml");
    assert_eq!(narrowed[5], "floe-platform-allow-ingress-polaris.yaml");
    assert_eq!(narrowed.len(), plain.len() + 3);
}

#[test]
fn one_selector_for_two_services_is_one_policy() {
    let mut config = config();
    for service in &mut config.network.services {
        service.pod_labels = labels(&[("app", "all-in-one")]);
    }
    let files = files(&config, &Inventory::default());
    assert!(files.contains(&"floe-platform-allow-ingress-minio-otel-collector-polaris.yaml".to_owned()));
}

#[test]
fn two_selectors_for_one_service_have_two_names() {
    let mut inventory = inventory();
    let mut second = inventory.services[0].clone();
    second.selector = labels(&[("app", "polaris-canary")]);
    inventory.services.push(second);
    let files = files(&config(), &inventory);
    assert!(files.contains(&"floe-platform-allow-ingress-polaris.yaml".to_owned()));
    assert!(files.contains(&"floe-platform-allow-ingress-polaris-2.yaml".to_owned()));
}

#[test]
fn switches() {
    let mut config = config();
    config.network.default_deny = false;
    assert!(files(&config, &Inventory::default()).iter().all(|file| !file.contains("default-deny")));
    config.network.enabled = false;
    assert!(files(&config, &Inventory::default()).is_empty());
}

#[test]
fn no_empty_lists_and_always_policy_types() {
    fn check(value: &Value) {
        match value {
            Value::Array(items) => {
                assert!(!items.is_empty());
                items.iter().for_each(check);
            }
            Value::Object(fields) => fields.values().for_each(check),
            _ => {}
        }
    }
    for policy in synthesize(&config(), &declare(&config(), &inventory()).flows) {
        let value = policy.to_value();
        check(&value);
        assert!(value["spec"]["policyTypes"].is_array());
    }
}
