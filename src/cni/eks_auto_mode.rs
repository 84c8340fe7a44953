//! EKS Auto Mode.

use super::aws_vpc_cni::CONTROLLER;
use super::detection::Detection;
use super::evidence::{Confidence, Enforced, Evidence, is_true, text};
use super::{Enforcement, Except, Observed, Profile, Reach, Translation};

/// EKS Auto Mode.
pub(super) const PROFILE: Profile = Profile {
    aliases: &["eks-auto"],
    enforcement: Enforcement::Conditional(
        "only with the controller enabled in amazon-vpc-cni and networkPolicy in the NodeClass",
    ),
    ip_block_reach: Reach::Unknown,
    except: Except::Doubtful("addresses become prefixes of one map"),
    judged: Translation::Before,
    remediation: "set enable-network-policy-controller in the ConfigMap amazon-vpc-cni, and networkPolicy in the \
                  NodeClass",
    source: "the EKS documentation; its agent is that of the VPC CNI",
    ..Profile::conforming("eks-auto-mode", "EKS Auto Mode")
};

/// Nodes of Auto Mode, which have their plugin built in: controller and `NodeClass` have to say so both.
pub(super) fn detect(observed: &Observed) -> Option<Detection> {
    let by_class = observed.node_classes.first().map(|it| Evidence::of(it, "NodeClass", "kind", "NodeClass"));
    let label = "eks.amazonaws.com/compute-type";
    let by_node = || {
        let (node, value) = observed.nodes.iter().find_map(|node| {
            let value = node.get("metadata")?.get("labels")?.get(label)?.as_str()?;
            (value == "auto").then_some((node, value))
        })?;
        Some(Evidence::of(node, "Node", format!("metadata.labels[{label}]"), value))
    };
    let mut found = Detection::by(&PROFILE, Enforced::Unknown, Confidence::Medium, vec![by_class.or_else(by_node)?]);
    let (namespace, name, key) = CONTROLLER;
    let config = observed.config_map(namespace, name);
    let value = config.and_then(|it| it.get("data")?.get(key)?.as_str()).unwrap_or_default();
    let missing = Evidence {
        object: format!("ConfigMap {namespace}/{name}"),
        field: format!("data.{key}"),
        value: value.to_owned(),
    };
    if !is_true(value) {
        let is_known = config.is_some() || observed.has_all_config_maps;
        return Some(if is_known { found.off(missing, PROFILE.remediation) } else { found.because(missing) });
    }
    found.evidence.push(missing);
    for class in &observed.node_classes {
        let policy = text(class, "/spec/networkPolicy");
        found.evidence.push(Evidence::of(class, "NodeClass", "spec.networkPolicy", policy));
    }
    let is_set = |class| matches!(text(class, "/spec/networkPolicy"), "DefaultAllow" | "DefaultDeny");
    if !observed.node_classes.is_empty() && observed.node_classes.iter().all(is_set) {
        let evidence = found.evidence;
        found = Detection::by(&PROFILE, Enforced::Yes, Confidence::High, evidence);
    }
    Some(found)
}
