//! What a cluster shows of its network plugins.

use std::collections::BTreeSet;

use serde_json::Value;

use super::detect::{Evidence, text};

/// The group of policies of administrators, which come before those of Kubernetes or after them.
const ADMIN_POLICIES: &str = "policy.networking.k8s.io";

/// `DaemonSet`s of Multus.
const MULTUS: [&str; 2] = ["kube-multus-ds", "multus"];

/// Whether objects of a kind decide about connections beside `NetworkPolicy`.
fn is_beside_policies(group: &str, kind: &str) -> bool {
    match group {
        "cilium.io" => matches!(kind, "CiliumNetworkPolicy" | "CiliumClusterwideNetworkPolicy"),
        "crd.projectcalico.org" | "projectcalico.org" => matches!(kind, "NetworkPolicy" | "GlobalNetworkPolicy"),
        ADMIN_POLICIES => true,
        _ => false,
    }
}

/// Objects that tell of plugins, of all namespaces.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Observed {
    /// `DaemonSet`s: agents.
    pub daemon_sets: Vec<Value>,
    /// Deployments: controllers and operators.
    pub deployments: Vec<Value>,
    /// `ConfigMap`s: settings of plugins.
    pub config_maps: Vec<Value>,
    /// Whether a `ConfigMap` that is not there was looked for.
    pub has_all_config_maps: bool,
    /// Nodes.
    pub nodes: Vec<Value>,
    /// Groups of the API, those of custom resources among them.
    pub groups: BTreeSet<String>,
    /// `NodeClass`es of EKS Auto Mode.
    pub node_classes: Vec<Value>,
    /// OpenShift's configurations of the network: `Network` of `config.openshift.io` and `operator.openshift.io`.
    pub networks: Vec<Value>,
    /// Kinds of objects that come before policies or add to them.
    pub beside_policies: BTreeSet<String>,
}

impl Observed {
    /// Sorts objects by what they are; those that say nothing of plugins are dropped.
    pub fn of(objects: impl IntoIterator<Item = Value>) -> Self {
        let mut observed = Self::default();
        for object in objects {
            observed.add(object);
        }
        observed.has_all_config_maps = !observed.config_maps.is_empty();
        observed
    }

    /// Adds an object.
    pub fn add(&mut self, object: Value) {
        let (version, kind) = (text(&object, "/apiVersion"), text(&object, "/kind"));
        let group = version.split_once('/').map_or("", |(group, _)| group);
        match (group, kind) {
            ("apps", "DaemonSet") => self.daemon_sets.push(object),
            ("apps", "Deployment") => self.deployments.push(object),
            ("", "ConfigMap") => self.config_maps.push(object),
            ("", "Node") => self.nodes.push(object),
            ("apiextensions.k8s.io", "CustomResourceDefinition") => {
                self.groups.insert(text(&object, "/spec/group").to_owned());
            }
            ("eks.amazonaws.com", "NodeClass") => self.node_classes.push(object),
            ("config.openshift.io" | "operator.openshift.io", "Network") => self.networks.push(object),
            (group, kind) if is_beside_policies(group, kind) => {
                self.beside_policies.insert(format!("{kind} of {group}"));
            }
            _ => {}
        }
    }

    /// Whether objects of a kind say something of plugins, or of what counts beside policies.
    pub fn is_telling(group: &str, kind: &str) -> bool {
        matches!(
            (group, kind),
            ("apps", "DaemonSet" | "Deployment")
                | ("", "ConfigMap" | "Node")
                | ("apiextensions.k8s.io", "CustomResourceDefinition")
                | ("eks.amazonaws.com", "NodeClass")
                | ("config.openshift.io" | "operator.openshift.io", "Network")
        ) || is_beside_policies(group, kind)
    }

    /// A group of the API by which a plugin is known that has no agent here.
    pub(super) fn group(&self, wanted: &str) -> Option<Evidence> {
        self.groups.contains(wanted).then(|| Evidence {
            object: "API".to_owned(),
            field: "group".to_owned(),
            value: wanted.to_owned(),
        })
    }

    /// What counts beside the plugins.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if !self.beside_policies.is_empty() {
            let kinds: Vec<&str> = self.beside_policies.iter().map(String::as_str).collect();
            notes.push(format!("NetworkPolicies are not all that decides: there are {}", kinds.join(", ")));
        }
        if self.groups.contains(ADMIN_POLICIES) {
            notes.push(format!("objects of {ADMIN_POLICIES}, if there are any, come before NetworkPolicies"));
        }
        for agent in self.daemon_sets.iter().filter(|it| MULTUS.contains(&text(it, "/metadata/name"))) {
            let name = text(agent, "/metadata/name");
            notes.push(format!("{name} adds networks to pods, which no NetworkPolicy reaches"));
        }
        notes
    }
}
