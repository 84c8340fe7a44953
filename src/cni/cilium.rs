//! Cilium.

use serde_json::Value;

use super::detection::Detection;
use super::evidence::{Confidence, Evidence, is_false, text};
use super::signs::{GKE_AGENT, cilium_of_aks};
use super::{Enforcement, Observed, Profile, Reach, Support};

/// Cilium.
pub(super) const PROFILE: Profile = Profile {
    enforcement: Enforcement::Conditional("not with enable-policy=never or enable-k8s-networkpolicy=false"),
    end_port: Support::Conditional("from Cilium 1.17; older versions ignore it"),
    sctp: Support::Conditional("with sctp.enabled=true"),
    named_ports: Support::Conditional("not where one name means several numbers"),
    ip_block_reach: Reach::OutsideOnly,
    remediation: "upgrade to 1.17 for endPort; admit nodes and the API server by CiliumNetworkPolicy entities",
    source: "Cilium's documentation of CIDR policies; cilium issues 9209, 28684, 30003",
    ..Profile::conforming("cilium", "Cilium")
};

/// The `DaemonSet` `cilium`. On AKS it is Azure's, and GKE's `anetd` is none of it.
pub(super) fn detect(observed: &Observed) -> Option<Detection> {
    if cilium_of_aks(observed).is_some() {
        return None;
    }
    if let Some(found) = detect_as(&PROFILE, observed) {
        return Some(found);
    }
    // GKE's data plane has the group as well.
    if observed.daemon_sets.iter().any(|it| text(it, "/metadata/name") == GKE_AGENT) {
        return None;
    }
    let evidence = observed.controller(&["cilium-operator"]).or_else(|| observed.group("cilium.io"))?;
    Some(Detection::without_agent(&PROFILE, evidence, "find out why the DaemonSet cilium is missing"))
}

/// The agent with its settings, as that of a product.
pub(super) fn detect_as(plugin: &'static Profile, observed: &Observed) -> Option<Detection> {
    let is_foreign = |it: &Value| text(it, "/metadata/name") == GKE_AGENT;
    let agent = observed.agent_unless(
        &["cilium"],
        &["cilium/cilium", "rancher/mirrored-cilium-cilium", "isovalent/cilium"],
        is_foreign,
    )?;
    let found = Detection::running(plugin, &agent);
    let config = observed.config_map(agent.namespace(), "cilium-config");
    // Arguments win over the ConfigMap. A switch without a value reads as another word or none, which is not `false`.
    let setting = |key: &str| -> Option<(String, Evidence)> {
        agent.option(key).or_else(|| {
            let value = config?.get("data")?.get(key)?.as_str()?;
            Some((value.to_owned(), Evidence::of(config?, "ConfigMap", format!("data.{key}"), value)))
        })
    };
    if let Some((value, evidence)) = setting("enable-policy") {
        if value == "never" {
            return Some(found.off(evidence, "set enable-policy to default in cilium-config and restart the agents"));
        }
        return Some(switched(found.because(evidence), setting("enable-k8s-networkpolicy")));
    }
    let found = switched(found, setting("enable-k8s-networkpolicy"));
    Some(if config.is_some() { found } else { found.at_most(Confidence::Medium) })
}

fn switched(found: Detection, setting: Option<(String, Evidence)>) -> Detection {
    match setting {
        Some((value, evidence)) if is_false(&value) => {
            found.off(evidence, "set enable-k8s-networkpolicy to true in cilium-config and restart the agents")
        }
        _ => found,
    }
}
