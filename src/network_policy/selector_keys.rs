use std::collections::BTreeSet;

use crate::config::Config;
use crate::object::ServiceFacts;

/// The label keys that flows and policies of this configuration may select pods by.
///
/// Pods that differ in other labels only are alike for them.
pub fn selector_keys<'s>(config: &Config, services: impl Iterator<Item = &'s ServiceFacts>) -> BTreeSet<String> {
    let network = &config.network;
    let configured = network.services.iter().map(|service| &service.pod_labels);
    services
        .map(|service| &service.selector)
        .chain(configured)
        .chain([&network.dns.pod_labels, &network.ingress_controller_pod_labels])
        .flat_map(|selector| selector.keys().cloned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collects_every_selector() {
        let mut config = Config::default();
        config.network.services[0].pod_labels = [("app".to_owned(), "polaris".to_owned())].into();
        let service = ServiceFacts {
            id: crate::object::ResourceId::of(&serde_json::json!({"kind": "Service"})).unwrap(),
            namespace: None,
            selector: [("name".to_owned(), "x".to_owned())].into(),
            ports: Vec::new(),
            headless: false,
            location: None,
        };
        let keys = selector_keys(&config, [&service].into_iter());
        assert_eq!(keys.into_iter().collect::<Vec<_>>(), ["app", "k8s-app", "name"]);
    }
}
