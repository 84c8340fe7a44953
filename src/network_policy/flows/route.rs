//! FR-014, FR-022: whether Ingresses, Routes of OpenShift and routes of the Gateway API lead to pods that their
//! controllers may reach. This adds no flow: who may come in is for the configuration to say, not for an object of some
//! release.

use std::collections::BTreeSet;

use super::backend::route_ports;
use crate::config::{Config, RoleKind};
use crate::finding::{CheckId, Finding, Severity};
use crate::network_policy::peer::carries;
use crate::network_policy::{Endpoint, Flow, Flows};
use crate::object::{Inventory, RouteBackend, RouteFacts, RouteKind, ServiceFacts};

/// A route sends traffic to pods of a managed namespace that its controller may not reach.
pub(in crate::network_policy) const ROUTE_NOT_REACHABLE: CheckId = CheckId("route-not-reachable");

/// Where OpenShift runs its routers.
const OPENSHIFT_ROUTERS: &str = "openshift-ingress";

/// Compares what routes need with the flows that are declared.
pub(super) fn check(config: &Config, inventory: &Inventory, flows: &mut Flows) {
    for route in &inventory.routes {
        let Some(namespace) = route.namespace.as_deref() else { continue };
        for controller in controllers(route, namespace, config) {
            for backend in &route.backends {
                let there = backend.namespace.as_deref().unwrap_or(namespace);
                let Some(managed) = config.managed(there) else { continue };
                if let Some(ports) = missing(&flows.flows, controller, there, backend, inventory) {
                    let finding = finding(route, backend, controller, there, &ports, managed.role.kind());
                    flows.findings.push(finding);
                }
            }
        }
    }
}

/// The namespaces that a route's traffic comes from.
fn controllers<'a>(route: &'a RouteFacts, namespace: &'a str, config: &'a Config) -> BTreeSet<&'a str> {
    match route.kind {
        RouteKind::Ingress => BTreeSet::from([config.network.ingress_controller_namespace.as_str()]),
        RouteKind::OpenShiftRoute => BTreeSet::from([OPENSHIFT_ROUTERS]),
        RouteKind::GatewayRoute => {
            route.parents.iter().map(|parent| parent.namespace.as_deref().unwrap_or(namespace)).collect()
        }
    }
}

/// The ports that the controller needs and does not reach, as text; absent where it reaches them.
fn missing(
    flows: &[Flow],
    controller: &str,
    namespace: &str,
    backend: &RouteBackend,
    inventory: &Inventory,
) -> Option<String> {
    let service = ServiceFacts::find(&inventory.services, namespace, &backend.service);
    // Where a Service without selector leads is not written in the input.
    if service.is_some_and(|service| service.selector.is_empty()) {
        return None;
    }
    let ports = route_ports(service, &backend.port, inventory);
    let is_open = flows.iter().any(|flow| {
        let comes = matches!(&flow.source, Endpoint::Pods { namespace, .. } if namespace == controller);
        let arrives = match &flow.destination {
            Endpoint::Pods { namespace: there, labels } => {
                there == namespace && service.map_or(labels.is_empty(), |service| carries(&service.selector, labels))
            }
            Endpoint::Addresses(_) | Endpoint::Any => false,
        };
        comes && arrives && flow.ports.covers(&ports)
    });
    (!is_open).then(|| if ports.is_empty() { String::new() } else { format!(" on {ports}") })
}

fn finding(
    route: &RouteFacts,
    backend: &RouteBackend,
    controller: &str,
    namespace: &str,
    ports: &str,
    role: RoleKind,
) -> Finding {
    let message = format!(
        "the {} sends to the Service `{}`, but `{controller}` does not reach its pods in `{namespace}`{ports}",
        route.id.gvk.kind, backend.service
    );
    let help = match role {
        RoleKind::Jobs => "jobs accept no connections: move the Service to the platform or to a domain".to_owned(),
        RoleKind::Platform | RoleKind::Domain => {
            format!("set `security.network_policies.ingress_controller_namespace: {controller}`")
        }
    };
    Finding::new(Severity::Warning, ROUTE_NOT_REACHABLE, message).at(&route.id, route.location.clone()).help(help)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::config::Config;
    use crate::finding::{Finding, Location};
    use crate::network_policy::declare;
    use crate::network_policy::tests::world::{config, inventory};
    use crate::object::{Inventory, ResourceId, TargetPort, route_facts};

    const INGRESS: &str = "networking.k8s.io/v1/Ingress";
    const OPENSHIFT: &str = "route.openshift.io/v1/Route";
    const GATEWAY: &str = "gateway.networking.k8s.io/v1/HTTPRoute";

    fn findings(config: &Config, kind: &str, namespace: &str, spec: &Value) -> Vec<Finding> {
        let (api_version, kind) = kind.rsplit_once('/').unwrap();
        let object = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "r"}, "spec": spec});
        let id = ResourceId::of(&object).unwrap();
        let location = Location { document: 7, ..Location::default() };
        let routes = route_facts(&object, &id, Some(namespace), location).into_iter().collect();
        let mut inventory = Inventory { routes, ..inventory() };
        let mut jobs_service = inventory.services[3].clone();
        jobs_service.namespace = Some("floe-jobs".to_owned());
        jobs_service.ports[0].target = TargetPort::Number(4000);
        inventory.services.push(jobs_service);
        let mut found = declare(config, &inventory).findings;
        found.retain(|finding| finding.check == super::ROUTE_NOT_REACHABLE);
        found
    }

    fn messages(config: &Config, kind: &str, namespace: &str, spec: &Value) -> Vec<String> {
        findings(config, kind, namespace, spec).into_iter().map(|finding| finding.message).collect()
    }

    fn ingress(service: &str) -> Value {
        json!({"defaultBackend": {"service": {"name": service, "port": {"number": 80}}}})
    }

    #[test]
    fn an_ingress_of_the_platform_or_a_domain_is_reachable() {
        for namespace in ["floe-platform", "floe-sales-domain", "elsewhere"] {
            for service in ["floe-dagster", "unknown"] {
                assert!(messages(&config(), INGRESS, namespace, &ingress(service)).is_empty(), "{namespace} {service}");
            }
        }
    }

    #[test]
    fn jobs_serve_nobody() {
        let expected = "the Ingress sends to the Service `floe-dagster`, but `ingress-nginx` does not reach its pods in \
                        `floe-jobs` on TCP 4000";
        assert_eq!(messages(&config(), INGRESS, "floe-jobs", &ingress("floe-dagster")), [expected]);
        assert_eq!(messages(&config(), INGRESS, "floe-jobs", &ingress("unknown")).len(), 1);
        let finding = &findings(&config(), INGRESS, "floe-jobs", &ingress("unknown"))[0];
        assert_eq!(finding.location.as_ref().unwrap().document, 7);
        assert!(finding.help.as_ref().unwrap().contains("jobs accept no connections"));
    }

    #[test]
    fn a_route_of_openshift_comes_from_its_routers() {
        let spec = json!({"to": {"kind": "Service", "name": "floe-dagster"}, "port": {"targetPort": 3000}});
        let found = findings(&config(), OPENSHIFT, "floe-platform", &spec);
        assert_eq!(found.len(), 1);
        let help = "set `security.network_policies.ingress_controller_namespace: openshift-ingress`";
        assert_eq!(found[0].help.as_deref(), Some(help));
        let mut config = config();
        config.network.ingress_controller_namespace = "openshift-ingress".to_owned();
        assert!(messages(&config, OPENSHIFT, "floe-platform", &spec).is_empty());
    }

    #[test]
    fn a_route_of_openshift_may_name_the_port_of_the_pods() {
        let spec = json!({"to": {"kind": "Service", "name": "floe-polaris"}, "port": {"targetPort": "http"}});
        let found = messages(&config(), OPENSHIFT, "floe-platform", &spec);
        assert!(found.len() == 1 && found[0].ends_with("in `floe-platform` on TCP 8181"), "{found:?}");
    }

    #[test]
    fn a_gateway_comes_from_its_namespace() {
        let spec = |parents: Value| json!({"parentRefs": parents, "rules": [{"backendRefs": [{"name": "floe-dagster", "port": 80}]}]});
        let foreign = spec(json!([{"name": "public", "namespace": "gateways"}]));
        assert_eq!(messages(&config(), GATEWAY, "floe-platform", &foreign).len(), 1);
        for near in [json!([{"name": "own"}]), json!([{"name": "x", "namespace": "ingress-nginx"}]), json!([])] {
            assert!(messages(&config(), GATEWAY, "floe-platform", &spec(near.clone())).is_empty(), "{near}");
        }
        assert!(messages(&config(), GATEWAY, "elsewhere", &foreign).is_empty(), "not ours to open");
    }

    #[test]
    fn a_service_without_selector_is_not_judged() {
        let mut inventory = inventory();
        inventory.services[3].selector.clear();
        inventory.services[3].namespace = Some("floe-jobs".to_owned());
        let object = json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "spec": ingress("floe-dagster")});
        let id = ResourceId::of(&object).unwrap();
        inventory.routes.extend(route_facts(&object, &id, Some("floe-jobs"), Location::default()));
        assert!(declare(&config(), &inventory).findings.iter().all(|it| it.check != super::ROUTE_NOT_REACHABLE));
    }
}
