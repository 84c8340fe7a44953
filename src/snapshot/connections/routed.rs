//! Traffic that routes lead to pods. What carries it is not known from manifests, so a pod stands for it: one in the
//! namespace that the configuration names for Ingress and the Gateway API, one like OpenShift's router for its Routes.

use std::collections::BTreeMap;

use super::service;
use crate::config::Config;
use crate::object::{NamespaceFacts, PodFacts, RouteFacts, RouteKind, ServiceFacts};
use crate::reachability::PortSet;
use crate::snapshot::{FoundPod, Snapshot};

/// What the made-up pod of an ingress controller is called.
const CONTROLLER: &str = "ingress-controller";

/// Where OpenShift's router runs, and the labels of that namespace by which policies let it in (OpenShift, "About
/// network policy").
const OPENSHIFT_ROUTER: (&str, [(&str, &str); 2]) = (
    "openshift-ingress",
    [("network.openshift.io/policy-group", "ingress"), ("policy-group.network.openshift.io/ingress", "")],
);

/// What the chart of ingress-nginx writes on its controller: for a configuration that names the namespace alone.
const INGRESS_NGINX: [(&str, &str); 3] = [
    ("app.kubernetes.io/component", "controller"),
    ("app.kubernetes.io/instance", "ingress-nginx"),
    ("app.kubernetes.io/name", "ingress-nginx"),
];

/// Ports of a pod that routes lead to.
#[derive(Debug)]
pub(super) struct Routed {
    /// The pod, by its position in the world.
    pub(super) pod: usize,
    /// The pod that stands for the controller, by its position in the world.
    pub(super) controller: usize,
    /// The ports.
    pub(super) ports: PortSet,
}

/// The pods that stand for ingress controllers.
#[derive(Debug)]
pub(super) struct Controllers {
    ingress: PodFacts,
    router: PodFacts,
}

impl Controllers {
    pub(super) fn of(config: &Config) -> Self {
        let network = &config.network;
        let mut labels = network.ingress_controller_pod_labels.clone();
        if labels.is_empty() {
            labels = text_map(&INGRESS_NGINX);
        }
        Self {
            ingress: PodFacts::made_up(&network.ingress_controller_namespace, labels, CONTROLLER),
            router: PodFacts::made_up(OPENSHIFT_ROUTER.0, BTreeMap::new(), CONTROLLER),
        }
    }

    /// The pods, in the order that [`Routed::controller`] counts in.
    pub(super) fn pods(self) -> [PodFacts; 2] {
        [self.ingress, self.router]
    }

    /// Namespaces that a cluster has for them.
    pub(super) fn namespaces(&self) -> [NamespaceFacts; 2] {
        [
            NamespaceFacts { name: self.ingress.namespace.clone(), labels: BTreeMap::new() },
            NamespaceFacts { name: self.router.namespace.clone(), labels: text_map(&OPENSHIFT_ROUTER.1) },
        ]
    }

    /// What the routes of a snapshot lead to; `first` is the position of the first controller in the world.
    pub(super) fn routed(snapshot: &Snapshot, first: usize) -> Vec<Routed> {
        let mut found: BTreeMap<(usize, usize), PortSet> = BTreeMap::new();
        for route in &snapshot.routes {
            let controller = first + usize::from(route.kind == RouteKind::OpenShiftRoute);
            for (pod, ports) in backends(snapshot, route) {
                let known = found.entry((pod, controller)).or_default();
                *known = known.union(&ports);
            }
        }
        found.into_iter().map(|((pod, controller), ports)| Routed { pod, controller, ports }).collect()
    }
}

fn text_map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// The pods behind a route, each with the ports that it leads to.
fn backends(snapshot: &Snapshot, route: &RouteFacts) -> Vec<(usize, PortSet)> {
    let mut found = Vec::new();
    for backend in &route.backends {
        let namespace = backend.namespace.as_ref().or(route.namespace.as_ref());
        let service =
            namespace.and_then(|namespace| ServiceFacts::find(&snapshot.services, namespace, &backend.service));
        let Some(service) = service else { continue };
        for (index, FoundPod { facts, .. }) in service::selected(snapshot, service) {
            let ports: PortSet = service.routed_ports(&backend.port, std::slice::from_ref(facts)).into_iter().collect();
            if !ports.is_empty() {
                found.push((index, ports));
            }
        }
    }
    found
}
