//! FR-014, FR-022, US9: the ingress controller reaches the pods of the platform and of the domains; jobs accept
//! nothing.
//!
//! On every port: policy sees pod ports (Dagster 3000, Polaris 8181), not the 80 and 443 of Services, and which pods
//! are exposed is written in Ingress objects that may belong to another release.

use crate::config::{Config, RoleKind};
use crate::network_policy::{Endpoint, Flows, PortSet, Reason};
use crate::object::Inventory;

pub(super) fn declare(config: &Config, _inventory: &Inventory, flows: &mut Flows) {
    let controller = Endpoint::Pods {
        namespace: config.network.ingress_controller_namespace.clone(),
        labels: config.network.ingress_controller_pod_labels.clone(),
    };
    for namespace in &config.namespaces {
        match namespace.role.kind() {
            RoleKind::Jobs => {}
            RoleKind::Platform | RoleKind::Domain => flows.allow(
                controller.clone(),
                Endpoint::namespace(&namespace.name),
                PortSet::everything(),
                Reason::IngressController,
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network_policy::tests::world::{config, declared};

    #[test]
    fn reaches_platform_and_domains_but_no_jobs() {
        let expected = ["floe-platform", "floe-sales-domain", "floe-marketing-domain"]
            .map(|to| format!("ingress-nginx -> {to}: everything (ingress-controller)"));
        assert_eq!(declared(declare, &config()), expected);
    }

    #[test]
    fn labels_narrow_it() {
        let mut config = config();
        let labels = &mut config.network.ingress_controller_pod_labels;
        labels.insert("app.kubernetes.io/name".to_owned(), "ingress-nginx".to_owned());
        assert!(declared(declare, &config)[0].starts_with("ingress-nginx (app.kubernetes.io/name=ingress-nginx) -> "));
    }
}
