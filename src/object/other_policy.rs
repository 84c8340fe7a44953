//! Policies of other APIs that decide about connections beside `NetworkPolicy`.

use super::{GroupVersionKind, Location, ResourceId};

/// A kind of such policies.
struct Kind {
    groups: &'static [&'static str],
    kind: &'static str,
    /// Whether its objects are in no namespace, and may touch pods of all.
    is_cluster_wide: bool,
}

const CALICO: &[&str] = &["crd.projectcalico.org", "projectcalico.org"];
const CILIUM: &[&str] = &["cilium.io"];
const KUBERNETES: &[&str] = &["policy.networking.k8s.io"];
const ANTREA: &[&str] = &["crd.antrea.io"];
const OVN: &[&str] = &["k8s.ovn.org"];
const AWS: &[&str] = &["networking.k8s.aws"];

const KINDS: &[Kind] = &[
    Kind { groups: CILIUM, kind: "CiliumNetworkPolicy", is_cluster_wide: false },
    Kind { groups: CILIUM, kind: "CiliumClusterwideNetworkPolicy", is_cluster_wide: true },
    Kind { groups: CALICO, kind: "NetworkPolicy", is_cluster_wide: false },
    Kind { groups: CALICO, kind: "GlobalNetworkPolicy", is_cluster_wide: true },
    Kind { groups: KUBERNETES, kind: "AdminNetworkPolicy", is_cluster_wide: true },
    Kind { groups: KUBERNETES, kind: "BaselineAdminNetworkPolicy", is_cluster_wide: true },
    Kind { groups: KUBERNETES, kind: "ClusterNetworkPolicy", is_cluster_wide: true },
    Kind { groups: ANTREA, kind: "NetworkPolicy", is_cluster_wide: false },
    Kind { groups: ANTREA, kind: "ClusterNetworkPolicy", is_cluster_wide: true },
    Kind { groups: OVN, kind: "EgressFirewall", is_cluster_wide: false },
    Kind { groups: AWS, kind: "ApplicationNetworkPolicy", is_cluster_wide: false },
    Kind { groups: AWS, kind: "ClusterNetworkPolicy", is_cluster_wide: true },
];

/// A policy of another API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherPolicy {
    /// The object.
    pub id: ResourceId,
    /// Its namespace, after defaulting; absent for one that is in none, or where it is not known.
    pub namespace: Option<String>,
    /// Whether it may touch pods of all namespaces.
    pub is_cluster_wide: bool,
    /// Where its name is written.
    pub location: Location,
}

impl OtherPolicy {
    /// The policy that an object is; absent if it is none. `namespace` is where it stands if its kind is in one.
    pub fn of(id: &ResourceId, namespace: Option<&str>, location: Location) -> Option<Self> {
        let kind = kind_of(&id.gvk)?;
        let namespace = namespace.filter(|_| !kind.is_cluster_wide).map(str::to_owned);
        Some(Self { id: id.clone(), namespace, is_cluster_wide: kind.is_cluster_wide, location })
    }

    /// Whether it may touch pods of a namespace. One of which the namespace is not known may.
    pub fn may_touch(&self, namespace: &str) -> bool {
        self.namespace.as_deref().is_none_or(|own| own == namespace)
    }

    /// What reports call it: `CiliumNetworkPolicy shop/web of cilium.io`.
    pub fn full_name(&self) -> String {
        let (kind, group) = (&self.id.gvk.kind, &self.id.gvk.group);
        let namespace = self.namespace.as_ref().map(|it| format!("{it}/")).unwrap_or_default();
        format!("{kind} {namespace}{} of {group}", self.id.name)
    }
}

fn kind_of(gvk: &GroupVersionKind) -> Option<&'static Kind> {
    KINDS.iter().find(|it| it.kind == gvk.kind && it.groups.contains(&gvk.group.as_str()))
}

/// Whether an object is such a policy.
pub fn is_other_policy(gvk: &GroupVersionKind) -> bool {
    kind_of(gvk).is_some()
}

/// Whether an object may be such a policy by its kind alone.
pub fn may_be_other_policy(kind: &str) -> bool {
    KINDS.iter().any(|it| it.kind == kind)
}

/// What one has to know where there are such policies; absent where there are none.
pub fn incomplete<'p>(policies: impl IntoIterator<Item = &'p OtherPolicy>) -> Option<String> {
    const SHOWN: usize = 3;
    let names: Vec<String> = policies.into_iter().map(OtherPolicy::full_name).collect();
    let shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    let are = match names.len() {
        0 => return None,
        1 => format!("there is {shown}"),
        count if count <= SHOWN => format!("there are {shown}"),
        count => format!("there are {shown} and {} more", count - SHOWN),
    };
    Some(format!("NetworkPolicies are not all that decides: {are}, which floe does not read"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(api_version: &str, kind: &str, namespace: Option<&str>) -> Option<OtherPolicy> {
        let gvk = GroupVersionKind::new(api_version, kind);
        let id = ResourceId { gvk, namespace: namespace.map(str::to_owned), name: "p".to_owned() };
        OtherPolicy::of(&id, namespace, Location::default())
    }

    #[test]
    fn tells_other_policies_by_group_and_kind() {
        let calico = policy("projectcalico.org/v3", "NetworkPolicy", Some("shop")).unwrap();
        assert_eq!(calico.full_name(), "NetworkPolicy shop/p of projectcalico.org");
        assert!(calico.may_touch("shop") && !calico.may_touch("ops"));
        let global = policy("crd.projectcalico.org/v1", "GlobalNetworkPolicy", None).unwrap();
        assert!(global.may_touch("shop") && global.is_cluster_wide);
        assert_eq!(policy("networking.k8s.io/v1", "NetworkPolicy", Some("shop")), None);
        assert_eq!(policy("example.org/v1", "ClusterNetworkPolicy", None), None);
        assert_eq!(policy("policy.networking.k8s.io/v1alpha2", "SomethingElse", None), None);
    }

    #[test]
    fn names_some_and_counts_the_rest() {
        let one = policy("cilium.io/v2", "CiliumNetworkPolicy", Some("shop")).unwrap();
        assert_eq!(incomplete([]), None);
        assert!(incomplete([&one]).unwrap().contains("there is CiliumNetworkPolicy shop/p of cilium.io, which"));
        assert!(incomplete([&one; 5]).unwrap().contains(" and 2 more, which"));
    }
}
