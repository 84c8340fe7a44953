//! What a cluster shows of its network plugins.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde_json::Value;

use super::evidence::{Evidence, text};
use super::{Profile, Reach};

/// The group of policies of administrators, which come before those of Kubernetes or after them.
const ADMIN_POLICIES: &str = "policy.networking.k8s.io";

/// `DaemonSet`s of Multus.
const MULTUS: [&str; 2] = ["kube-multus-ds", "multus"];

/// Cilium's setting by which an `ipBlock` matches nodes as well.
const CIDR_MATCH_MODE: &str = "policy-cidr-match-mode";

/// What an object tells of.
#[derive(Debug, Clone, Copy)]
enum Telling {
    DaemonSet,
    Deployment,
    ConfigMap,
    Node,
    Definition,
    NodeClass,
    Network,
    /// It decides about connections beside `NetworkPolicy`.
    BesidePolicies,
}

impl Telling {
    /// By the type of the object; absent if it says nothing of plugins.
    fn of(group: &str, kind: &str) -> Option<Self> {
        match (group, kind) {
            ("apps", "DaemonSet") => Some(Self::DaemonSet),
            ("apps", "Deployment") => Some(Self::Deployment),
            ("", "ConfigMap") => Some(Self::ConfigMap),
            ("", "Node") => Some(Self::Node),
            ("apiextensions.k8s.io", "CustomResourceDefinition") => Some(Self::Definition),
            ("eks.amazonaws.com", "NodeClass") => Some(Self::NodeClass),
            ("config.openshift.io" | "operator.openshift.io", "Network") => Some(Self::Network),
            ("cilium.io", "CiliumNetworkPolicy" | "CiliumClusterwideNetworkPolicy")
            | ("crd.projectcalico.org" | "projectcalico.org", "NetworkPolicy" | "GlobalNetworkPolicy")
            | (ADMIN_POLICIES, _) => Some(Self::BesidePolicies),
            _ => None,
        }
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
        let Some(telling) = Telling::of(group, kind) else { return };
        match telling {
            Telling::DaemonSet => self.daemon_sets.push(object),
            Telling::Deployment => self.deployments.push(object),
            Telling::ConfigMap => self.config_maps.push(object),
            Telling::Node => self.nodes.push(object),
            Telling::Definition => {
                self.groups.insert(text(&object, "/spec/group").to_owned());
            }
            Telling::NodeClass => self.node_classes.push(object),
            Telling::Network => self.networks.push(object),
            Telling::BesidePolicies => {
                self.beside_policies.insert(format!("{kind} of {group}"));
            }
        }
    }

    /// Whether objects of a kind say something of plugins, or of what counts beside policies.
    pub fn is_telling(group: &str, kind: &str) -> bool {
        Telling::of(group, kind).is_some()
    }

    /// The addresses of nodes, with their names.
    pub fn node_addresses(&self) -> BTreeMap<IpAddr, &str> {
        let of_node = |node| {
            let addresses = Value::pointer(node, "/status/addresses").and_then(Value::as_array).into_iter().flatten();
            addresses
                .filter_map(|it| it.get("address")?.as_str()?.parse().ok())
                .map(move |it| (it, text(node, "/metadata/name")))
        };
        self.nodes.iter().flat_map(of_node).collect()
    }

    /// Whether an `ipBlock` misses the addresses of nodes on a plugin: where it matches addresses outside only, and no
    /// setting of Cilium's adds the nodes.
    pub fn is_blind_to_nodes(&self, plugin: &Profile) -> bool {
        let adds_nodes = |it: &Value| {
            it.get("data")
                .and_then(|data| data.get(CIDR_MATCH_MODE)?.as_str())
                .is_some_and(|mode| mode.contains("nodes"))
        };
        plugin.ip_block_reach == Reach::OutsideOnly && !self.config_maps.iter().any(adds_nodes)
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
