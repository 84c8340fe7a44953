//! k3s, which has kube-router's policies built in.

use serde_json::Value;

use super::detection::Detection;
use super::evidence::{Confidence, Enforced, Evidence, is_false, text};
use super::{Enforcement, Except, Observed, Profile, TwoDirections};

/// k3s, which has kube-router's policies built in.
pub(super) const PROFILE: Profile = Profile {
    enforcement: Enforcement::Conditional("not with --disable-network-policy"),
    unresolved_name_opens_all: true,
    two_directions: TwoDirections::Mixed,
    except: Except::WholeRule,
    remediation: "as for kube-router; or Calico or Cilium with --flannel-backend=none",
    source: "its policy engine is kube-router",
    ..Profile::conforming("k3s", "k3s")
};

/// What k3s writes on nodes: its arguments as a list in JSON.
const ARGUMENTS: &str = "k3s.io/node-args";

/// What to do where no node is a server, as in clusters whose servers run no pods.
const SERVERS_UNSEEN: &str =
    "look whether the servers are started with --disable-network-policy: none of them is a node";

/// Whether the cluster is one of k3s.
pub(super) fn runs(observed: &Observed) -> bool {
    observed.node_with("annotations", ARGUMENTS).is_some() || version(observed).is_some()
}

/// k3s has no agent to be seen: its servers say in their arguments whether they leave policies out.
pub(super) fn detect(observed: &Observed) -> Option<Detection> {
    let mut servers = Vec::new();
    for node in &observed.nodes {
        let written = node.pointer("/metadata/annotations/k3s.io~1node-args").and_then(Value::as_str);
        let words: Vec<String> = written.and_then(|it| serde_json::from_str(it).ok()).unwrap_or_default();
        if words.first().is_some_and(|it| it == "server") {
            let field = format!("metadata.annotations[{ARGUMENTS}]");
            servers.push((is_off(&words), Evidence::of(node, "Node", field, written.unwrap_or_default())));
        }
    }
    let off = servers.iter().filter(|(is_off, _)| *is_off).count();
    let is_first = |(is_off, _): &&(bool, Evidence)| *is_off || off == 0;
    let Some((_, evidence)) = servers.iter().find(is_first) else {
        // Agents and versions tell that it is k3s, and not what its servers do.
        let by_agent = || {
            let (node, value) = observed.node_with("annotations", ARGUMENTS)?;
            Some(Evidence::of(node, "Node", format!("metadata.annotations[{ARGUMENTS}]"), value))
        };
        let evidence = by_agent().or_else(|| version(observed))?;
        let found = Detection::by(&PROFILE, Enforced::Unknown, Confidence::Medium, vec![evidence]);
        return Some(Detection { remediation: Some(SERVERS_UNSEEN), ..found });
    };
    let enforced = match off {
        0 => Enforced::Yes,
        off if off == servers.len() => Enforced::No,
        _ => Enforced::Unknown,
    };
    let mut found = Detection::by(&PROFILE, enforced, Confidence::High, vec![evidence.clone()]);
    found.remediation = (off > 0).then_some(
        "start all servers without --disable-network-policy, or use Calico or Cilium with --flannel-backend=none",
    );
    Some(found)
}

fn is_off(words: &[String]) -> bool {
    let value = |word: &String| -> Option<bool> {
        let (name, value) = word.split_once('=').unwrap_or((word, "true"));
        (name == "--disable-network-policy").then(|| !is_false(value))
    };
    let at = words.iter().rposition(|word| value(word).is_some());
    let next_is_false = at.and_then(|at| words.get(at + 1)).is_some_and(|next| is_false(next));
    at.and_then(|at| value(words.get(at)?)).is_some_and(|is_off| is_off && !next_is_false)
}

/// A node whose kubelet is that of k3s.
fn version(observed: &Observed) -> Option<Evidence> {
    observed.nodes.iter().find_map(|node| {
        let version = text(node, "/status/nodeInfo/kubeletVersion");
        let (_, build) = version.split_once('+')?;
        let is_k3s = build.strip_prefix("k3s").is_some_and(|it| it.bytes().all(|byte| byte.is_ascii_digit()));
        is_k3s.then(|| Evidence::of(node, "Node", "status.nodeInfo.kubeletVersion", version))
    })
}
