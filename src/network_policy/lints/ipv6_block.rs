//! Azure NPM knows IPv4 only.

use super::{Lint, Subject, Surroundings, cidr};
use crate::finding::CheckId;

/// A block of IPv6 addresses, which not every plugin handles.
pub(in crate::network_policy) const IPV6_BLOCK: CheckId = CheckId("ipv6-block");

pub(super) fn check(subject: &Subject<'_>, surroundings: &Surroundings<'_>) -> Vec<Lint> {
    let Some((severity, where_not)) = surroundings.unsupported(|plugin| plugin.ipv6) else { return Vec::new() };
    let found = subject.blocks().filter(|(_, block)| cidr(block).contains(':'));
    let lint = |(path, _): (crate::yaml::FieldPath, _)| Lint {
        severity,
        check: IPV6_BLOCK,
        path: path.child("cidr"),
        message: format!("IPv6 does not work everywhere: {where_not}"),
        help: "on a cluster with IPv4 only, leave it out (`ip_families: [IPv4]`)".to_owned(),
    };
    found.map(lint).collect()
}
