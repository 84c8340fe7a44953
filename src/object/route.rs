use serde_json::Value;

use super::facts::{items, port_number};
use super::{GroupVersionKind, Location, ResourceId, RouteBackend, RouteFacts, RouteKind, RouteParent, RoutePort};

const GATEWAY_API: &str = "gateway.networking.k8s.io";

/// Routes of the Gateway API.
pub(crate) const GATEWAY_ROUTES: &[&str] = &["HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute"];

/// What kind of route objects of a type are; absent for types that are no routes. The version does not matter.
pub fn route_kind(gvk: &GroupVersionKind) -> Option<RouteKind> {
    match (gvk.group.as_str(), gvk.kind.as_str()) {
        ("networking.k8s.io" | "extensions", "Ingress") => Some(RouteKind::Ingress),
        ("route.openshift.io", "Route") => Some(RouteKind::OpenShiftRoute),
        (GATEWAY_API, kind) if GATEWAY_ROUTES.contains(&kind) => Some(RouteKind::GatewayRoute),
        _ => None,
    }
}

/// Reads the facts of a route; `namespace` is its namespace after defaulting, where that is known, and `location` that
/// of its name. Absent for objects of other kinds.
///
/// Fields of a wrong type count as absent, and backends that are no Services (buckets, other custom backends) are left
/// out. Backends with weight 0 and mirrors count: traffic is meant to reach them.
pub fn route_facts(object: &Value, id: &ResourceId, namespace: Option<&str>, location: Location) -> Option<RouteFacts> {
    let kind = route_kind(&id.gvk)?;
    let spec = object.get("spec").unwrap_or(&Value::Null);
    let mut backends: Vec<RouteBackend> = match kind {
        RouteKind::Ingress => ingress(spec),
        RouteKind::OpenShiftRoute => open_shift(spec),
        RouteKind::GatewayRoute => gateway(spec),
    };
    backends.sort();
    backends.dedup();
    let parents = if kind == RouteKind::GatewayRoute { parents(spec) } else { Vec::new() };
    Some(RouteFacts { id: id.clone(), namespace: namespace.map(str::to_owned), kind, parents, backends, location })
}

fn ingress(spec: &Value) -> Vec<RouteBackend> {
    let paths = items(spec, "rules").filter_map(|rule| rule.get("http")).flat_map(|http| items(http, "paths"));
    let backends = paths.filter_map(|path| path.get("backend")).chain(spec.get("defaultBackend"));
    let read = |backend: &Value| {
        let service = backend.get("service")?;
        let port = service.get("port").unwrap_or(&Value::Null);
        let port = match (text(port, "name"), port.get("number").and_then(port_number)) {
            (Some(name), _) => RoutePort::Name(name.to_owned()),
            (None, Some(number)) => RoutePort::Number(number),
            (None, None) => RoutePort::Any,
        };
        Some(RouteBackend { namespace: None, service: text(service, "name")?.to_owned(), port })
    };
    backends.filter_map(read).collect()
}

fn open_shift(spec: &Value) -> Vec<RouteBackend> {
    let port = match spec.pointer("/port/targetPort") {
        Some(Value::String(name)) if !name.is_empty() => RoutePort::TargetName(name.clone()),
        number => number.and_then(port_number).map_or(RoutePort::Any, RoutePort::Target),
    };
    let targets = spec.get("to").into_iter().chain(items(spec, "alternateBackends"));
    let services = targets.filter(|target| matches!(text(target, "kind"), None | Some("Service")));
    let read = |target: &Value| {
        Some(RouteBackend { namespace: None, service: text(target, "name")?.to_owned(), port: port.clone() })
    };
    services.filter_map(read).collect()
}

fn gateway(spec: &Value) -> Vec<RouteBackend> {
    let mut found = Vec::new();
    for rule in items(spec, "rules") {
        let references = items(rule, "backendRefs");
        let filters = items(rule, "filters").chain(items(rule, "backendRefs").flat_map(|it| items(it, "filters")));
        let mirrors = filters.filter_map(|filter| filter.pointer("/requestMirror/backendRef"));
        for reference in references.chain(mirrors) {
            let is_service =
                text(reference, "group").is_none() && matches!(text(reference, "kind"), None | Some("Service"));
            let Some(service) = text(reference, "name").filter(|_| is_service) else { continue };
            found.push(RouteBackend {
                namespace: text(reference, "namespace").map(str::to_owned),
                service: service.to_owned(),
                port: reference.get("port").and_then(port_number).map_or(RoutePort::Any, RoutePort::Number),
            });
        }
    }
    found
}

fn parents(spec: &Value) -> Vec<RouteParent> {
    let is_gateway = |parent: &&Value| {
        matches!(text(parent, "group"), None | Some(GATEWAY_API))
            && matches!(text(parent, "kind"), None | Some("Gateway"))
    };
    let read = |parent: &Value| {
        let namespace = text(parent, "namespace").map(str::to_owned);
        Some(RouteParent { namespace, gateway: text(parent, "name")?.to_owned() })
    };
    let mut found: Vec<RouteParent> = items(spec, "parentRefs").filter(is_gateway).filter_map(read).collect();
    found.sort();
    found.dedup();
    found
}

fn text<'v>(object: &'v Value, key: &str) -> Option<&'v str> {
    object.get(key)?.as_str().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Backends and parents as text.
    fn read(object: &Value) -> Option<(Vec<String>, Vec<String>)> {
        let id = ResourceId::of(object).unwrap();
        let facts = route_facts(object, &id, Some("shop"), Location::default())?;
        assert_eq!(facts.namespace.as_deref(), Some("shop"));
        let at = |namespace: &Option<String>| namespace.as_deref().map_or(String::new(), |it| format!("{it}/"));
        let backend = |it: &RouteBackend| format!("{}{} {:?}", at(&it.namespace), it.service, it.port);
        let parent = |it: &RouteParent| format!("{}{}", at(&it.namespace), it.gateway);
        Some((facts.backends.iter().map(backend).collect(), facts.parents.iter().map(parent).collect()))
    }

    fn backends(api_version: &str, kind: &str, spec: &Value) -> Vec<String> {
        read(&json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "r"}, "spec": spec})).unwrap().0
    }

    #[test]
    fn reads_an_ingress() {
        let spec = json!({
            "defaultBackend": {"service": {"name": "fallback", "port": {"name": "http"}}},
            "rules": [
                {"host": "a", "http": {"paths": [
                    {"path": "/", "backend": {"service": {"name": "web", "port": {"number": 80}}}},
                    {"path": "/again", "backend": {"service": {"name": "web", "port": {"number": 80}}}},
                    {"path": "/files", "backend": {"resource": {"kind": "Bucket", "name": "b"}}},
                ]}},
                {"host": "b"}, 7,
                {"http": {"paths": [{"backend": {"service": {"name": "odd", "port": {"number": "80"}}}}, {}]}},
            ],
        });
        let expected = ["fallback Name(\"http\")", "odd Any", "web Number(80)"];
        assert_eq!(backends("networking.k8s.io/v1", "Ingress", &spec), expected);
    }

    #[test]
    fn reads_a_route_of_openshift() {
        let spec = json!({
            "to": {"kind": "Service", "name": "web", "weight": 100},
            "alternateBackends": [{"kind": "Service", "name": "canary"}, {"kind": "Other", "name": "x"}],
            "port": {"targetPort": 8080},
        });
        assert_eq!(backends("route.openshift.io/v1", "Route", &spec), ["canary Target(8080)", "web Target(8080)"]);
        let named = json!({"to": {"name": "web"}, "port": {"targetPort": "http"}});
        assert_eq!(backends("route.openshift.io/v1", "Route", &named), ["web TargetName(\"http\")"]);
        assert_eq!(backends("route.openshift.io/v1", "Route", &json!({"to": {"name": "web"}})), ["web Any"]);
    }

    #[test]
    fn reads_routes_of_the_gateway_api() {
        for kind in ["HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute"] {
            let object = json!({
                "apiVersion": "gateway.networking.k8s.io/v1", "kind": kind, "metadata": {"name": "r"},
                "spec": {
                    "parentRefs": [
                        {"name": "public", "namespace": "gateways"}, {"name": "own"}, {"name": "own", "sectionName": "x"},
                        {"kind": "Service", "group": "", "name": "mesh"},
                    ],
                    "rules": [{
                        "backendRefs": [
                            {"name": "web", "port": 80}, {"name": "other", "namespace": "b", "port": 81, "weight": 0},
                            {"name": "bucket", "group": "x.io", "kind": "Bucket"},
                        ],
                        "filters": [{"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "mirror", "port": 9}}}],
                    }],
                },
            });
            let (backends, parents) = read(&object).unwrap();
            assert_eq!(backends, ["mirror Number(9)", "web Number(80)", "b/other Number(81)"]);
            assert_eq!(parents, ["own", "gateways/public"]);
        }
    }

    #[test]
    fn counts_wrong_types_as_absent() {
        for spec in [
            json!(null),
            json!([]),
            json!({"rules": {}, "to": 1, "parentRefs": "x"}),
            json!({"rules": [null, {"http": []}]}),
        ] {
            assert_eq!(backends("networking.k8s.io/v1", "Ingress", &spec), [""; 0]);
            assert_eq!(backends("route.openshift.io/v1", "Route", &spec), [""; 0]);
            assert_eq!(backends("gateway.networking.k8s.io/v1", "HTTPRoute", &spec), [""; 0]);
        }
    }

    #[test]
    fn other_kinds_are_no_routes() {
        for (api_version, kind) in
            [("example.com/v1", "Ingress"), ("v1", "Route"), ("gateway.networking.k8s.io/v1", "Gateway")]
        {
            let object = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "r"}});
            assert_eq!(read(&object), None, "{api_version} {kind}");
        }
    }
}
