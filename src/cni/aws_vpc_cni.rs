//! The Amazon VPC CNI with its network policy agent.

use super::detection::Detection;
use super::evidence::{Confidence, Evidence, is_true};
use super::{Enforcement, Except, Observed, Profile, Reach, Translation};

/// The container that enforces.
const POLICY_AGENT: &str = "aws-eks-nodeagent";

/// The Amazon VPC CNI with its network policy agent.
pub(super) const PROFILE: Profile = Profile {
    aliases: &["aws", "eks", "vpc-cni"],
    enforcement: Enforcement::Conditional(
        "only with enableNetworkPolicy, from v1.14; not on Fargate, Windows and for pods of the host network",
    ),
    ip_block_reach: Reach::Unknown,
    except: Except::Doubtful("addresses become prefixes of one map"),
    judged: Translation::Before,
    remediation: "set the add-on's {\"enableNetworkPolicy\": \"true\"}; let Services and containers have the same port",
    source: "amazon-network-policy-controller-k8s, endpoints.go, and the agent's README",
    ..Profile::conforming("aws-vpc-cni", "Amazon VPC CNI")
};

/// The `ConfigMap` by which the controller is turned on.
pub(super) const CONTROLLER: (&str, &str, &str) = ("kube-system", "amazon-vpc-cni", "enable-network-policy-controller");

/// `aws-node` enforces only where its second container is told to, and the controller is not turned off.
pub(super) fn detect(observed: &Observed) -> Option<Detection> {
    let agent = observed.agent(&["aws-node"], &["amazon-k8s-cni"])?;
    let found = Detection::running(&PROFILE, &agent);
    let Some((value, evidence)) =
        agent.flag("enable-network-policy").filter(|_| agent.container(POLICY_AGENT).is_some())
    else {
        let field = "spec.template.spec.containers[aws-eks-nodeagent].args[--enable-network-policy]";
        return Some(found.off(Evidence::of(agent.object, "DaemonSet", field, ""), PROFILE.remediation));
    };
    if !is_true(&value) {
        return Some(found.off(evidence, PROFILE.remediation));
    }
    let found = found.because(evidence);
    let (namespace, name, key) = CONTROLLER;
    let Some(config) = observed.config_map(namespace, name) else {
        if !observed.has_all_config_maps {
            return Some(found.at_most(Confidence::Medium));
        }
        let missing = Evidence {
            object: format!("ConfigMap {namespace}/{name}"),
            field: format!("data.{key}"),
            value: String::new(),
        };
        return Some(found.doubtful(missing, PROFILE.remediation));
    };
    let value = config.get("data").and_then(|data| data.get(key)).map_or("", |it| it.as_str().unwrap_or_default());
    let evidence = Evidence::of(config, "ConfigMap", format!("data.{key}"), value);
    // The controller is off unless it is told otherwise.
    Some(if is_true(value) { found.because(evidence) } else { found.off(evidence, PROFILE.remediation) })
}
