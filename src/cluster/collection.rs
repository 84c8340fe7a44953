//! The collections of objects that floe reads.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, json};

use super::kept::{self, Keep};
use crate::yaml::{Style, block};

/// A collection of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Collection {
    /// API group; empty for the core group.
    pub group: &'static str,
    /// The version to ask for; absent where the API says which of several it has, if any: a custom resource.
    pub version: Option<&'static str>,
    /// The name in paths: `networkpolicies`.
    pub plural: &'static str,
    /// Whether its objects are in namespaces.
    pub is_namespaced: bool,
    /// Only objects with these labels, as a query says it.
    pub selector: Option<&'static str>,
    /// Only objects of this name.
    pub name: Option<&'static str>,
    /// The kind of its objects, where only their names and owners are asked for; the server then sends no more.
    pub owned: Option<&'static str>,
}

impl Collection {
    const fn of(group: &'static str, version: &'static str, plural: &'static str) -> Self {
        Self { group, version: Some(version), plural, is_namespaced: true, selector: None, name: None, owned: None }
    }

    const fn cluster_wide(self) -> Self {
        Self { is_namespaced: false, ..self }
    }

    const fn custom(group: &'static str, plural: &'static str) -> Self {
        Self { group, version: None, plural, is_namespaced: true, selector: None, name: None, owned: None }
    }

    /// One that is read for objects of one name. The server lets a user list those who has a right to that name alone.
    const fn named(self, name: &'static str) -> Self {
        Self { name: Some(name), ..self }
    }

    const fn with_owners_of(self, kind: &'static str) -> Self {
        Self { owned: Some(kind), ..self }
    }

    /// Whether a cluster has so many of them that the time to read them counts.
    pub(super) fn is_bulk(&self) -> bool {
        self.owned.is_some() || self.plural == "pods"
    }

    /// What is kept of each object.
    pub(super) fn keep(&self) -> Keep {
        match (self.owned, self.plural) {
            (Some(_), _) => kept::OWNED,
            (None, "pods") => kept::POD,
            (None, _) => kept::OBJECT,
        }
    }

    /// Whether a cluster may lack it.
    pub(super) const fn is_custom(&self) -> bool {
        self.version.is_none()
    }

    /// The path of the collection, in all namespaces or in one.
    pub(super) fn path(&self, version: &str, namespace: Option<&str>) -> String {
        let root =
            if self.group.is_empty() { format!("/api/{version}") } else { format!("/apis/{}/{version}", self.group) };
        match namespace {
            Some(namespace) => format!("{root}/namespaces/{namespace}/{}", self.plural),
            None => format!("{root}/{}", self.plural),
        }
    }
}

const GATEWAY: &str = "gateway.networking.k8s.io";

/// Who may talk to whom: what a [`crate::snapshot::Snapshot`] is taken of. `ReplicaSet`s and `Job`s say which
/// Deployment or `CronJob` a pod is of; their names alone would only suggest it.
pub const NETWORK: [Collection; 13] = [
    Collection::of("", "v1", "namespaces").cluster_wide(),
    Collection::of("networking.k8s.io", "v1", "networkpolicies"),
    Collection::of("", "v1", "pods"),
    Collection::of("", "v1", "services"),
    Collection::of("networking.k8s.io", "v1", "ingresses"),
    Collection::of("apps", "v1", "replicasets").with_owners_of("ReplicaSet"),
    Collection::of("batch", "v1", "jobs").with_owners_of("Job"),
    Collection::custom("route.openshift.io", "routes"),
    Collection::custom(GATEWAY, "httproutes"),
    Collection::custom(GATEWAY, "grpcroutes"),
    Collection::custom(GATEWAY, "tcproutes"),
    Collection::custom(GATEWAY, "tlsroutes"),
    Collection::custom(GATEWAY, "udproutes"),
];

/// What the cluster is made of: which network plugin it has, and where its API server answers.
pub const PLATFORM: [Collection; 4] = [
    Collection {
        selector: Some("kubernetes.io/service-name=kubernetes"),
        ..Collection::of("discovery.k8s.io", "v1", "endpointslices")
    },
    Collection::of("", "v1", "nodes").cluster_wide(),
    Collection::of("apps", "v1", "daemonsets"),
    Collection::of("apps", "v1", "deployments"),
];

/// What tells of network plugins, and of what counts beside policies.
pub const PLUGINS: [Collection; 15] = [
    Collection::of("", "v1", "nodes").cluster_wide(),
    Collection::of("apps", "v1", "daemonsets"),
    Collection::of("apps", "v1", "deployments"),
    Collection::of("", "v1", "configmaps").named("amazon-vpc-cni"),
    Collection::of("", "v1", "configmaps").named("cilium-config"),
    Collection::custom("eks.amazonaws.com", "nodeclasses").cluster_wide(),
    Collection::custom("config.openshift.io", "networks").cluster_wide(),
    Collection::custom("operator.openshift.io", "networks").cluster_wide(),
    Collection::custom("cilium.io", "ciliumnetworkpolicies"),
    Collection::custom("cilium.io", "ciliumclusterwidenetworkpolicies").cluster_wide(),
    Collection::custom("crd.projectcalico.org", "networkpolicies"),
    Collection::custom("crd.projectcalico.org", "globalnetworkpolicies").cluster_wide(),
    Collection::custom("policy.networking.k8s.io", "adminnetworkpolicies").cluster_wide(),
    Collection::custom("policy.networking.k8s.io", "baselineadminnetworkpolicies").cluster_wide(),
    Collection::custom("policy.networking.k8s.io", "clusternetworkpolicies").cluster_wide(),
];

/// Namespaces in which the agents of plugins are, for users who may not look into all.
pub const PLUGIN_NAMESPACES: [&str; 3] = ["calico-system", "kube-flannel", "kube-system"];

/// What floe itself has put there.
pub const DEPLOYED: [Collection; 2] = [
    Collection {
        selector: Some("floe.dev/component=network-security"),
        ..Collection::of("networking.k8s.io", "v1", "networkpolicies")
    },
    Collection { selector: Some("floe.dev/component=network-security"), ..Collection::of("", "v1", "configmaps") },
];

/// The smallest `ClusterRole` that may list some collections in all namespaces, as YAML.
pub fn role(name: &str, collections: &[Collection]) -> String {
    // By group; what is read of one name only is apart. Plurals and names.
    let mut resources: BTreeMap<(&str, bool), [BTreeSet<&str>; 2]> = BTreeMap::new();
    for collection in collections {
        let [plurals, names] = resources.entry((collection.group, collection.name.is_some())).or_default();
        plurals.insert(collection.plural);
        names.extend(collection.name);
    }
    let mut rules = Vec::new();
    for ((group, _), [plurals, names]) in &resources {
        let mut rule = Map::new();
        rule.insert("apiGroups".to_owned(), json!([group]));
        rule.insert("resources".to_owned(), json!(plurals));
        if !names.is_empty() {
            rule.insert("resourceNames".to_owned(), json!(names));
        }
        rule.insert("verbs".to_owned(), json!(["list"]));
        rules.push(rule);
    }
    let object = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": rules,
    });
    let mut text = String::new();
    block(&object, 0, Style::default(), &mut text);
    text
}
