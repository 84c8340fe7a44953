//! Whether `ipBlock` matches pods and nodes depends on the plugin.

use super::{Lint, Subject, Surroundings, cidr};
use crate::cni::Reach;
use crate::finding::{CheckId, Severity};
use crate::reachability::{AddressSet, IpBlock};

/// An `ipBlock` with addresses of the cluster.
pub(in crate::network_policy) const IP_BLOCK_IN_CLUSTER: CheckId = CheckId("ip-block-in-cluster");

pub(super) fn check(subject: &Subject<'_>, surroundings: &Surroundings<'_>) -> Vec<Lint> {
    let Some(plugins) = surroundings.on(|plugin| plugin.ip_block_reach != Reach::InsideToo) else { return Vec::new() };
    let mut found = Vec::new();
    for (path, block) in subject.blocks() {
        let except = block.get("except").and_then(|it| it.as_array()).into_iter().flatten();
        let except = except.filter_map(|it| it.as_str()?.parse().ok());
        let Some(outer) = cidr(block).parse::<ipnet::IpNet>().ok() else { continue };
        let set = IpBlock::except(outer, except).map(|block| AddressSet::of(&block)).unwrap_or_default();
        // A block of every address has a rule of its own.
        if outer.prefix_len() > 0 && set.intersects(&surroundings.world.cluster) {
            found.push(Lint {
                severity: Severity::Warning,
                check: IP_BLOCK_IN_CLUSTER,
                path: path.child("cidr"),
                message: format!(
                    "`{outer}` has addresses of the cluster; it does not match pods or nodes on {plugins}"
                ),
                help: "select pods by labels; nodes and the API server need rules of the plugin there".to_owned(),
            });
        }
    }
    found
}
