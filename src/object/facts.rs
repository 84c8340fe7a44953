use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::Value;

use crate::yaml::FieldPath;

use super::{ContainerPort, NamespaceFacts, PodFacts, Protocol, ResourceId, ServiceFacts, ServicePort, TargetPort};

/// Reads the facts of the pod template at `template`; `namespace` is where its pods run, after defaulting.
///
/// Fields of a wrong type count as absent: whether an object is well formed is for the API server to say.
pub fn pod_facts(object: &Value, id: &ResourceId, template: &FieldPath, namespace: &str) -> PodFacts {
    let is_pod = template.is_root();
    let template = object.pointer(&template.to_pointer()).unwrap_or(&Value::Null);
    let status = if is_pod { object.get("status").unwrap_or(&Value::Null) } else { &Value::Null };
    let phase = status.get("phase").and_then(Value::as_str);
    let spec = template.get("spec").unwrap_or(&Value::Null);
    let native_sidecars = items(spec, "initContainers")
        .filter(|container| container.get("restartPolicy").and_then(Value::as_str) == Some("Always"));
    PodFacts {
        owner: id.clone(),
        namespace: namespace.to_owned(),
        labels: text_map(template.pointer("/metadata/labels")),
        ports: native_sidecars
            .chain(items(spec, "containers"))
            .flat_map(|container| items(container, "ports"))
            .filter_map(container_port)
            .collect(),
        host_network: spec.get("hostNetwork").and_then(Value::as_bool).unwrap_or(false),
        addresses: addresses(status, "podIPs", "podIP"),
        node_addresses: addresses(status, "hostIPs", "hostIP"),
        is_finished: matches!(phase, Some("Succeeded" | "Failed")),
        controller: if is_pod { controller(object) } else { None },
    }
}

/// The addresses of a list such as `status.podIPs`, or of the older field for one, `status.podIP`.
fn addresses(status: &Value, list: &str, single: &str) -> Vec<IpAddr> {
    let read = |value: &Value| value.as_str()?.parse().ok();
    let mut addresses: Vec<IpAddr> = items(status, list).filter_map(|item| read(item.get("ip")?)).collect();
    if addresses.is_empty() {
        addresses.extend(status.get(single).and_then(read));
    }
    addresses
}

/// The kind and name of the owner that controls the object (`metadata.ownerReferences`); where none is marked as the
/// controller, the first owner. The API server wants the kind; manifests without it mean a `Pod`, as elsewhere.
pub fn controller(object: &Value) -> Option<(String, String)> {
    let owners = || object.get("metadata").into_iter().flat_map(|metadata| items(metadata, "ownerReferences"));
    let is_controller = |owner: &&Value| owner.get("controller").and_then(Value::as_bool) == Some(true);
    let owner = owners().find(is_controller).or_else(|| owners().next())?;
    let text = |key| owner.get(key).and_then(Value::as_str).map(str::to_owned);
    Some((text("kind").unwrap_or_else(|| "Pod".to_owned()), text("name")?))
}

/// Reads the facts of a Service; `namespace` is its namespace after defaulting, where that is known.
///
/// An `ExternalName` Service selects nothing, whatever its selector says. Fields of a wrong type count as absent, and a
/// port without a usable number is left out.
pub fn service_facts(object: &Value, id: &ResourceId, namespace: Option<&str>) -> ServiceFacts {
    let spec = object.get("spec").unwrap_or(&Value::Null);
    let external = spec.get("type").and_then(Value::as_str) == Some("ExternalName");
    ServiceFacts {
        id: id.clone(),
        namespace: namespace.map(str::to_owned),
        selector: if external { BTreeMap::new() } else { text_map(spec.get("selector")) },
        ports: items(spec, "ports").filter_map(service_port).collect(),
        headless: spec.get("clusterIP").and_then(Value::as_str) == Some("None"),
        location: None,
    }
}

/// Reads the facts of a Namespace. Labels whose value is not a string count as absent.
pub fn namespace_facts(object: &Value, id: &ResourceId) -> NamespaceFacts {
    NamespaceFacts { name: id.name.clone(), labels: text_map(object.pointer("/metadata/labels")) }
}

fn container_port(port: &Value) -> Option<ContainerPort> {
    Some(ContainerPort {
        name: name(port),
        port: port.get("containerPort").and_then(port_number)?,
        protocol: protocol(port)?,
    })
}

fn service_port(entry: &Value) -> Option<ServicePort> {
    let port = entry.get("port").and_then(port_number)?;
    let target = match entry.get("targetPort") {
        Some(Value::String(name)) if !name.is_empty() => TargetPort::Name(name.clone()),
        target => TargetPort::Number(target.and_then(port_number).unwrap_or(port)),
    };
    Some(ServicePort { name: name(entry), port, target, protocol: protocol(entry)? })
}

/// A port number as the API accepts it: 1 to 65535.
pub(super) fn port_number(value: &Value) -> Option<u16> {
    value.as_u64().and_then(|number| u16::try_from(number).ok()).filter(|&number| number != 0)
}

/// The protocol of a port, TCP where it is left out or empty; absent for a protocol that the API does not have.
fn protocol(port: &Value) -> Option<Protocol> {
    match port.get("protocol").and_then(Value::as_str) {
        None | Some("") => Some(Protocol::default()),
        Some(text) => Protocol::parse(text),
    }
}

fn name(port: &Value) -> Option<String> {
    port.get("name").and_then(Value::as_str).filter(|name| !name.is_empty()).map(str::to_owned)
}

pub(super) fn items<'v>(parent: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    parent.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn text_map(value: Option<&Value>) -> BTreeMap<String, String> {
    let entries = value.and_then(Value::as_object).into_iter().flatten();
    entries.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn id(object: &Value) -> ResourceId {
        ResourceId::of(object).unwrap()
    }

    #[test]
    fn reads_labels_ports_and_host_network_of_a_template() {
        let object = json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "labels": {"app": "not-this-one"}},
            "spec": {"template": {
                "metadata": {"labels": {"app": "web", "tier": "front"}},
                "spec": {
                    "hostNetwork": true,
                    "initContainers": [
                        {"name": "setup", "ports": [{"containerPort": 1}]},
                        {"name": "proxy", "restartPolicy": "Always",
                            "ports": [{"containerPort": 15001, "name": "mesh"}]},
                    ],
                    "containers": [
                        {"name": "web", "ports": [
                            {"containerPort": 8080, "name": "http", "protocol": "TCP"},
                            {"containerPort": 53, "protocol": "UDP"},
                        ]},
                        {"name": "quiet"},
                    ],
                },
            }},
        });
        let facts = pod_facts(&object, &id(&object), &FieldPath::of_keys(["spec", "template"]), "shop");
        assert_eq!(facts.owner.name, "web");
        assert_eq!(facts.namespace, "shop");
        assert_eq!(facts.labels.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>(), ["app=web", "tier=front"]);
        assert!(facts.host_network);
        let ports: Vec<_> = facts.ports.iter().map(|it| (it.name.as_deref(), it.port, it.protocol)).collect();
        assert_eq!(
            ports,
            [(Some("mesh"), 15001, Protocol::Tcp), (Some("http"), 8080, Protocol::Tcp), (None, 53, Protocol::Udp)]
        );
    }

    #[test]
    fn the_owner_that_controls_a_pod_wins() {
        let owners = |owners: Value| controller(&json!({"metadata": {"ownerReferences": owners}}));
        let pair = |kind: &str, name: &str| Some((kind.to_owned(), name.to_owned()));
        let second = json!([{"kind": "A", "name": "a"}, {"kind": "B", "name": "b", "controller": true}]);
        assert_eq!(owners(second), pair("B", "b"));
        assert_eq!(owners(json!([{"kind": "A", "name": "a"}, {"kind": "B", "name": "b"}])), pair("A", "a"));
        assert_eq!(owners(json!([{"name": "a"}])), pair("Pod", "a"));
        assert_eq!((owners(json!([{"kind": "A"}])), owners(json!([])), owners(json!(7))), (None, None, None));
    }

    #[test]
    fn counts_wrong_types_as_absent() {
        let object = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "odd", "labels": {"n": 1, "s": "x", "e": null}},
            "spec": {
                "hostNetwork": "true",
                "initContainers": "none",
                "containers": [7, {"ports": {"containerPort": 1}}, {"ports": [
                    {"containerPort": "8080"}, {"containerPort": 0}, {"containerPort": 70000}, {"containerPort": -1},
                    {"containerPort": 1.5}, {"containerPort": 80, "protocol": "tcp"},
                    {"containerPort": 81, "protocol": "", "name": ""}, {"containerPort": 82, "protocol": 6}, null,
                ]}],
            },
        });
        let facts = pod_facts(&object, &id(&object), &FieldPath::root(), "default");
        assert_eq!(facts.labels.keys().collect::<Vec<_>>(), ["s"]);
        assert!(!facts.host_network);
        assert_eq!(facts.ports.iter().map(|it| it.port).collect::<Vec<_>>(), [81, 82]);
        let nothing = pod_facts(&json!([]), &id(&object), &FieldPath::root(), "default");
        assert!(nothing.labels.is_empty() && nothing.ports.is_empty() && !nothing.host_network);
    }

    #[test]
    fn reads_a_service() {
        let object = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "db"},
            "spec": {"selector": {"app": "db"}, "ports": [
                {"name": "sql", "port": 5432, "targetPort": "postgres"},
                {"port": 80, "targetPort": 8080, "protocol": "UDP"},
                {"port": 443}, {"port": 444, "targetPort": 0}, {"port": 445, "targetPort": ""}, {"port": 446,
                    "targetPort": null},
                {"targetPort": 9}, {"port": "80"}, {"port": 81, "protocol": "udp"},
            ]},
        });
        let facts = service_facts(&object, &id(&object), Some("data"));
        assert_eq!(facts.namespace.as_deref(), Some("data"));
        assert_eq!(facts.selector.get("app").map(String::as_str), Some("db"));
        let ports: Vec<_> = facts.ports.iter().map(|it| (it.port, it.target.clone(), it.protocol)).collect();
        assert_eq!(
            ports,
            [
                (5432, TargetPort::Name("postgres".into()), Protocol::Tcp),
                (80, TargetPort::Number(8080), Protocol::Udp),
                (443, TargetPort::Number(443), Protocol::Tcp),
                (444, TargetPort::Number(444), Protocol::Tcp),
                (445, TargetPort::Number(445), Protocol::Tcp),
                (446, TargetPort::Number(446), Protocol::Tcp),
            ]
        );
        assert_eq!(facts.ports[0].name.as_deref(), Some("sql"));
        assert!(!facts.headless);
    }

    #[test]
    fn reads_a_headless_service() {
        let headless = |address: Value| {
            let object = json!({"kind": "Service", "metadata": {"name": "db"}, "spec": {"clusterIP": address}});
            service_facts(&object, &id(&object), None).headless
        };
        assert!(headless(json!("None")));
        assert!(!headless(json!("none")) && !headless(json!(null)) && !headless(json!("")));
    }

    #[test]
    fn an_external_name_selects_nothing() {
        let object = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "db"},
            "spec": {"type": "ExternalName", "externalName": "db.example.com", "selector": {"app": "db"}},
        });
        let facts = service_facts(&object, &id(&object), None);
        assert!(facts.selector.is_empty() && facts.ports.is_empty() && facts.namespace.is_none());
    }

    #[test]
    fn reads_a_namespace() {
        let object = json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"a": "b", "c": true}},
        });
        let facts = namespace_facts(&object, &id(&object));
        assert_eq!(facts.name, "shop");
        assert_eq!(facts.labels.into_iter().collect::<Vec<_>>(), [("a".to_owned(), "b".to_owned())]);
    }
}
