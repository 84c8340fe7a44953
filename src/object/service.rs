//! From a Service to the pods behind it and the ports there, as the controller of `EndpointSlice`s reads it: policies
//! see the ports of pods, never those of Services.

use std::collections::BTreeSet;

use super::{PodFacts, Protocol, RoutePort, ServiceFacts, ServicePort, TargetPort};

impl ServiceFacts {
    /// The Service of that name in that namespace.
    pub fn find<'s>(services: &'s [Self], namespace: &str, name: &str) -> Option<&'s Self> {
        services.iter().find(|it| it.namespace.as_deref() == Some(namespace) && it.id.name == name)
    }

    /// Whether the Service chooses pods at all. One without a selector does not, and an `ExternalName` has none that
    /// counts: where these lead is not written in them.
    pub fn chooses_pods(&self) -> bool {
        !self.selector.is_empty()
    }

    /// Whether the pod is behind the Service: in its namespace, with all labels of its selector.
    pub fn selects(&self, pod: &PodFacts) -> bool {
        self.chooses_pods()
            && self.namespace.as_ref() == Some(&pod.namespace)
            && self.selector.iter().all(|(key, value)| pod.labels.get(key) == Some(value))
    }

    /// The pod ports that a port of the Service leads to, in order; `pods` are those that are known, selected or not.
    ///
    /// A number holds for every pod, also for pods that are not known. A name is looked up on each pod that the Service
    /// selects; empty if none of them has it.
    pub fn target_ports(&self, offered: &ServicePort, pods: &[PodFacts]) -> BTreeSet<u16> {
        match &offered.target {
            TargetPort::Number(port) => BTreeSet::from([*port]),
            TargetPort::Name(_) => {
                pods.iter().filter(|pod| self.selects(pod)).filter_map(|pod| offered.target_on(pod)).collect()
            }
        }
    }

    /// The pod ports, with their protocols, that a route to the Service leads to; `pods` as for
    /// [`target_ports`](Self::target_ports). Controllers connect to the endpoints of a Service, headless or not.
    ///
    /// Empty where the Service has no port that the route means, and where none of these pods has one.
    pub fn routed_ports(&self, wanted: &RoutePort, pods: &[PodFacts]) -> BTreeSet<(Protocol, u16)> {
        let of_port = |offered: &'_ ServicePort| {
            let mut targets = self.target_ports(offered, pods);
            targets.retain(|target| offered.is_meant_by(wanted, *target));
            let protocol = offered.protocol;
            targets.into_iter().map(move |target| (protocol, target))
        };
        self.ports.iter().flat_map(of_port).collect()
    }
}

impl ServicePort {
    /// The port of a pod that the Service port leads to. A name is that of a container port of the same protocol;
    /// absent if the pod has none.
    pub fn target_on(&self, pod: &PodFacts) -> Option<u16> {
        match &self.target {
            TargetPort::Number(port) => Some(*port),
            TargetPort::Name(name) => {
                let is_it =
                    |port: &&super::ContainerPort| port.protocol == self.protocol && port.name.as_ref() == Some(name);
                pod.ports.iter().find(is_it).map(|port| port.port)
            }
        }
    }

    /// Whether a route means this port, if it leads to the port `target` of the pods.
    fn is_meant_by(&self, wanted: &RoutePort, target: u16) -> bool {
        let is_name = |name: &String| self.name.as_ref() == Some(name);
        match wanted {
            RoutePort::Any => true,
            RoutePort::Name(name) => is_name(name),
            RoutePort::Number(number) => self.port == *number,
            RoutePort::Target(number) => target == *number,
            RoutePort::TargetName(name) => {
                is_name(name) || matches!(&self.target, TargetPort::Name(target) if target == name)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::object::{ResourceId, pod_facts, service_facts};
    use crate::yaml::FieldPath;

    fn service(spec: &Value) -> ServiceFacts {
        let object = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": spec});
        service_facts(&object, &ResourceId::of(&object).unwrap(), Some("shop"))
    }

    fn pod(namespace: &str, labels: &Value, ports: &Value) -> PodFacts {
        let object = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "labels": labels},
            "spec": {"containers": [{"ports": ports}]},
        });
        pod_facts(&object, &ResourceId::of(&object).unwrap(), &FieldPath::root(), namespace)
    }

    fn web(port: u16) -> PodFacts {
        pod("shop", &json!({"app": "web", "port": port.to_string()}), &json!([{"name": "http", "containerPort": port}]))
    }

    #[test]
    fn selects_pods_of_its_namespace_that_have_all_labels() {
        let service = service(&json!({"selector": {"app": "web", "port": "1"}}));
        assert!(service.selects(&web(1)));
        assert!(!service.selects(&web(2)));
        assert!(!service.selects(&PodFacts { namespace: "elsewhere".to_owned(), ..web(1) }));
        assert!(!ServiceFacts { namespace: None, ..service }.selects(&web(1)), "its namespace is not known");
    }

    #[test]
    fn without_a_selector_it_chooses_no_pods() {
        for spec in [
            json!({}),
            json!({"selector": null}),
            json!({"selector": {}}),
            json!({"type": "ExternalName", "selector": {"app": "web"}}),
        ] {
            assert!(!service(&spec).selects(&web(1)), "{spec}");
        }
        let named = service(&json!({"ports": [{"port": 80, "targetPort": "http"}]}));
        assert!(named.target_ports(&named.ports[0], &[web(1)]).is_empty());
    }

    #[test]
    fn a_name_is_looked_up_on_each_pod_with_its_protocol() {
        let service = service(&json!({
            "clusterIP": "None", "selector": {"app": "web"},
            "ports": [{"port": 80, "targetPort": "http"}, {"port": 80, "targetPort": "http", "protocol": "UDP"}],
        }));
        let nameless = pod("shop", &json!({"app": "web"}), &json!([{"containerPort": 3}]));
        let other = pod("shop", &json!({"app": "db"}), &json!([{"name": "http", "containerPort": 4}]));
        let pods = [web(2), web(1), nameless, other];
        assert_eq!(service.target_ports(&service.ports[0], &pods), BTreeSet::from([1, 2]), "headless or not");
        assert!(service.target_ports(&service.ports[1], &pods).is_empty());
        assert_eq!(service.ports[0].target_on(&pods[2]), None);
    }

    #[test]
    fn a_number_holds_for_pods_that_are_not_known() {
        let service =
            service(&json!({"selector": {"app": "web"}, "ports": [{"port": 80}, {"port": 81, "targetPort": 8}]}));
        let ports = |at: usize| service.target_ports(&service.ports[at], &[]);
        assert_eq!((ports(0), ports(1)), (BTreeSet::from([80]), BTreeSet::from([8])), "absent means the same port");
    }

    #[test]
    fn routes_mean_ports_by_name_number_and_target() {
        let service = service(&json!({"ports": [{"name": "web", "port": 80, "targetPort": "http"}]}));
        let meant = |wanted: RoutePort| service.ports[0].is_meant_by(&wanted, 8080);
        let text = str::to_owned;
        assert!(meant(RoutePort::Any) && meant(RoutePort::Number(80)) && meant(RoutePort::Target(8080)));
        assert!(meant(RoutePort::Name(text("web"))) && !meant(RoutePort::Name(text("http"))));
        assert!(meant(RoutePort::TargetName(text("web"))) && meant(RoutePort::TargetName(text("http"))));
        assert!(!meant(RoutePort::Number(8080)) && !meant(RoutePort::Target(80)));
        assert!(!meant(RoutePort::TargetName(text("x"))));
    }

    #[test]
    fn routes_lead_to_the_ports_of_pods_with_their_protocols() {
        let service = service(&json!({"selector": {"app": "web"}, "ports": [
            {"name": "web", "port": 80, "targetPort": "http"}, {"name": "h3", "port": 80, "targetPort": 1,
                "protocol": "UDP"},
        ]}));
        let other = pod("shop", &json!({"app": "db"}), &json!([{"name": "http", "containerPort": 4}]));
        let pods = [web(1), web(2), other];
        let (one, two, quick) = ((Protocol::Tcp, 1), (Protocol::Tcp, 2), (Protocol::Udp, 1));
        let ports = |wanted: RoutePort| service.routed_ports(&wanted, &pods);
        assert_eq!(ports(RoutePort::Any), BTreeSet::from([one, two, quick]));
        assert_eq!(ports(RoutePort::Target(1)), BTreeSet::from([one, quick]), "as the Service says, not TCP for sure");
        assert_eq!(ports(RoutePort::TargetName("http".to_owned())), BTreeSet::from([one, two]));
        assert_eq!(ports(RoutePort::Target(4)), BTreeSet::new(), "no pod behind the Service has it");
        assert_eq!(service.routed_ports(&RoutePort::Any, &pods[1..2]), BTreeSet::from([two, quick]), "of one pod");
        assert_eq!(service.routed_ports(&RoutePort::Any, &[]), BTreeSet::from([quick]), "a number holds for any pod");
    }
}
