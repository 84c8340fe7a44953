//! Network plugins: what each makes of a `NetworkPolicy`. One file for each plugin.
//!
//! A profile is data: where a plugin differs from the API's words, a policy means something else on it. Each names its
//! source. Beside it is how the plugin is recognised in a cluster, and whether it enforces policies there.

mod agent;
mod antrea;
mod aws_vpc_cni;
mod azure;
mod calico;
mod canal;
mod cilium;
mod detect;
mod eks_auto_mode;
mod flannel;
mod gke;
mod k3s;
mod kindnet;
mod kube_network_policies;
mod kube_router;
mod node_pool;
mod observed;
mod openshift_sdn;
mod ovn_kubernetes;
mod profile;
#[cfg(test)]
mod tests;
mod unknown;
mod weave;

use crate::text::nearest;

pub use detect::{Confidence, Detection, Enforced, Enforcers, Evidence, detect};
pub use node_pool::NodePool;
pub use observed::Observed;
pub use profile::{Enforcement, Except, Profile, Reach, Support, Translation, TwoDirections};

/// Every plugin, by name; the last one stands for those that nobody knows.
pub const PROFILES: [Profile; 18] = [
    antrea::PROFILE,
    aws_vpc_cni::PROFILE,
    azure::CILIUM,
    azure::NPM,
    calico::PROFILE,
    canal::PROFILE,
    cilium::PROFILE,
    eks_auto_mode::PROFILE,
    flannel::PROFILE,
    gke::PROFILE,
    k3s::PROFILE,
    kindnet::PROFILE,
    kube_network_policies::PROFILE,
    kube_router::PROFILE,
    openshift_sdn::PROFILE,
    ovn_kubernetes::PROFILE,
    weave::PROFILE,
    unknown::PROFILE,
];

/// How each plugin is recognised, in the order of [`PROFILES`].
const DETECTORS: [fn(&Observed) -> Option<Detection>; 18] = [
    antrea::detect,
    aws_vpc_cni::detect,
    azure::detect_cilium,
    azure::detect_npm,
    calico::detect,
    canal::detect,
    cilium::detect,
    eks_auto_mode::detect,
    flannel::detect,
    gke::detect,
    k3s::detect,
    kindnet::detect,
    kube_network_policies::detect,
    kube_router::detect,
    openshift_sdn::detect,
    ovn_kubernetes::detect,
    weave::detect,
    unknown::detect,
];

/// Why there is no such plugin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}known are {}", meant.map(|id| format!("did you mean `{id}`? ")).unwrap_or_default(), known.join(", "))]
pub struct NoSuchPlugin {
    /// The plugin that was probably meant.
    pub meant: Option<&'static str>,
    /// The ids of all.
    pub known: Vec<&'static str>,
}

/// The plugin of an id, a name or an alias; case, `-`, `_` and blanks do not count.
pub fn plugin(name: &str) -> Result<&'static Profile, NoSuchPlugin> {
    static ALL: [Profile; 18] = PROFILES;
    let plain = |text: &str| -> String {
        text.chars().filter(char::is_ascii_alphanumeric).map(|it| it.to_ascii_lowercase()).collect()
    };
    let is_named = |profile: &&Profile| profile.names().any(|it| plain(it) == plain(name));
    ALL.iter().find(is_named).ok_or_else(|| {
        let meant = nearest(name, ALL.iter().flat_map(Profile::names));
        let meant = ALL.iter().find(|profile| profile.names().any(|it| Some(it) == meant)).map(|profile| profile.id);
        NoSuchPlugin { meant, known: ALL.iter().map(|profile| profile.id).collect() }
    })
}
