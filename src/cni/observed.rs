//! What a cluster shows of its network plugins.

use std::collections::BTreeSet;

use serde_json::Value;

use super::detect::text;

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
    /// Names of `CustomResourceDefinition`s.
    pub definitions: BTreeSet<String>,
    /// Names of namespaces.
    pub namespaces: BTreeSet<String>,
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
            ("", "Namespace") => {
                self.namespaces.insert(text(&object, "/metadata/name").to_owned());
            }
            ("apiextensions.k8s.io", "CustomResourceDefinition") => {
                self.definitions.insert(text(&object, "/metadata/name").to_owned());
            }
            ("eks.amazonaws.com", "NodeClass") => self.node_classes.push(object),
            ("config.openshift.io" | "operator.openshift.io", "Network") => self.networks.push(object),
            ("cilium.io", "CiliumNetworkPolicy" | "CiliumClusterwideNetworkPolicy")
            | ("crd.projectcalico.org" | "projectcalico.org", "NetworkPolicy" | "GlobalNetworkPolicy")
            | ("policy.networking.k8s.io", _) => {
                self.beside_policies.insert(format!("{kind} of {group}"));
            }
            _ => {}
        }
    }

    /// The `ConfigMap`s whose content decides in this cluster, as namespace and name.
    pub fn decisive_config_maps(&self) -> Vec<(String, &'static str)> {
        let mut wanted = BTreeSet::new();
        for agent in &self.daemon_sets {
            let namespace = text(agent, "/metadata/namespace").to_owned();
            match text(agent, "/metadata/name") {
                "cilium" => wanted.insert((namespace, "cilium-config")),
                "aws-node" => wanted.insert((namespace, "amazon-vpc-cni")),
                _ => false,
            };
        }
        if !self.node_classes.is_empty() {
            wanted.insert(("kube-system".to_owned(), "amazon-vpc-cni"));
        }
        wanted.into_iter().collect()
    }

    /// What counts beside the plugins.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if !self.beside_policies.is_empty() {
            let kinds: Vec<&str> = self.beside_policies.iter().map(String::as_str).collect();
            notes.push(format!("NetworkPolicies are not all that decides: there are {}", kinds.join(", ")));
        }
        let overriding = self.definitions.iter().find(|name| name.ends_with(".policy.networking.k8s.io"));
        if let Some(name) = overriding {
            notes.push(format!("objects of {name}, if there are any, come before NetworkPolicies"));
        }
        notes
    }
}
