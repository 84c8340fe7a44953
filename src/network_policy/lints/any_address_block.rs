//! A block of every address means more than the internet.

use super::{Lint, Subject, Surroundings, cidr, has_except};
use crate::finding::{CheckId, Severity};

/// A block of every address, without exceptions.
pub(in crate::network_policy) const ANY_ADDRESS_BLOCK: CheckId = CheckId("any-address-block");

pub(super) fn check(subject: &Subject<'_>, _: &Surroundings<'_>) -> Vec<Lint> {
    let is_everything = |text: &str| text.parse::<ipnet::IpNet>().is_ok_and(|net| net.prefix_len() == 0);
    let found = subject.blocks().filter(|(_, block)| is_everything(cidr(block)) && !has_except(block));
    let lint = |(path, block): (crate::yaml::FieldPath, &serde_json::Value)| Lint {
        severity: Severity::Warning,
        check: ANY_ADDRESS_BLOCK,
        path: path.child("cidr"),
        message: format!("`{}` is every address: on most plugins also pods, nodes and metadata services", cidr(block)),
        help: "name the addresses, or except those of the cluster and 169.254.0.0/16".to_owned(),
    };
    found.map(lint).collect()
}
