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
mod detection;
mod eks_auto_mode;
mod evidence;
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
mod signs;
#[cfg(test)]
mod tests;
mod unknown;
mod weave;

use crate::text::nearest;

pub use detect::{Enforcers, detect};
pub use detection::Detection;
pub use evidence::{Confidence, Enforced, Evidence};
pub use node_pool::NodePool;
pub use observed::Observed;
pub use profile::{Enforcement, Except, Profile, Reach, Support, Translation, TwoDirections};

/// A plugin, and how it is recognised.
struct Plugin {
    profile: &'static Profile,
    detect: fn(&Observed) -> Option<Detection>,
}

/// Every plugin, by name; the last one stands for those that nobody knows.
const PLUGINS: &[Plugin] = &[
    Plugin { profile: &antrea::PROFILE, detect: antrea::detect },
    Plugin { profile: &aws_vpc_cni::PROFILE, detect: aws_vpc_cni::detect },
    Plugin { profile: &azure::CILIUM, detect: azure::detect_cilium },
    Plugin { profile: &azure::NPM, detect: azure::detect_npm },
    Plugin { profile: &calico::PROFILE, detect: calico::detect },
    Plugin { profile: &canal::PROFILE, detect: canal::detect },
    Plugin { profile: &cilium::PROFILE, detect: cilium::detect },
    Plugin { profile: &eks_auto_mode::PROFILE, detect: eks_auto_mode::detect },
    Plugin { profile: &flannel::PROFILE, detect: flannel::detect },
    Plugin { profile: &gke::PROFILE, detect: gke::detect },
    Plugin { profile: &k3s::PROFILE, detect: k3s::detect },
    Plugin { profile: &kindnet::PROFILE, detect: kindnet::detect },
    Plugin { profile: &kube_network_policies::PROFILE, detect: kube_network_policies::detect },
    Plugin { profile: &kube_router::PROFILE, detect: kube_router::detect },
    Plugin { profile: &openshift_sdn::PROFILE, detect: openshift_sdn::detect },
    Plugin { profile: &ovn_kubernetes::PROFILE, detect: ovn_kubernetes::detect },
    Plugin { profile: &weave::PROFILE, detect: weave::detect },
    Plugin { profile: &unknown::PROFILE, detect: unknown::detect },
];

/// What each plugin makes of policies, by name; the last one stands for those that nobody knows.
pub fn profiles() -> impl DoubleEndedIterator<Item = &'static Profile> + ExactSizeIterator + Clone {
    PLUGINS.iter().map(|plugin| plugin.profile)
}

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
    let plain = |text: &str| -> String {
        text.chars().filter(char::is_ascii_alphanumeric).map(|it| it.to_ascii_lowercase()).collect()
    };
    let is_named = |profile: &&Profile| profile.names().any(|it| plain(it) == plain(name));
    profiles().find(is_named).ok_or_else(|| {
        let meant = nearest(name, profiles().flat_map(Profile::names));
        let meant = profiles().find(|profile| profile.names().any(|it| Some(it) == meant)).map(|profile| profile.id);
        NoSuchPlugin { meant, known: profiles().map(|profile| profile.id).collect() }
    })
}
