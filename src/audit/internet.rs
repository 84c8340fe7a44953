//! What counts as the internet: most of the public addresses of a family.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::config::IpFamily;
use crate::reachability::{AddressSet, IpBlock, Peer, Rule};

/// IPv4 ranges that are not routed in the internet (RFC 6890), and multicast.
const NOT_PUBLIC: [&str; 12] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "203.0.113.0/24",
    "224.0.0.0/3",
];

/// The IPv6 range that is routed in the internet (RFC 4291).
const PUBLIC_V6: &str = "2000::/3";

/// The public addresses outside the cluster.
#[derive(Debug)]
pub(super) struct Internet {
    public: AddressSet,
    size: [u128; 2],
}

impl Internet {
    /// All public addresses that are not the cluster's.
    pub(super) fn outside(cluster: &AddressSet) -> Self {
        let of = |text: &str| text.parse::<IpNet>().map(|cidr| AddressSet::of(&IpBlock::of(cidr))).unwrap_or_default();
        let v4 = NOT_PUBLIC.iter().fold(AddressSet::everything(IpFamily::V4), |set, text| set.difference(&of(text)));
        let public = v4.union(&of(PUBLIC_V6)).difference(cluster);
        let size = sizes(&public);
        Self { public, size }
    }

    /// Whether addresses are the internet: more than half of what is public of a family.
    pub(super) fn is_most(&self, set: &AddressSet) -> bool {
        self.exceeds(set, 2)
    }

    /// Whether addresses are a noticeable part of the internet.
    pub(super) fn is_part(&self, set: &AddressSet) -> bool {
        self.exceeds(set, 64)
    }

    fn exceeds(&self, set: &AddressSet, parts: u128) -> bool {
        let public = self.public.difference(&self.public.difference(set));
        sizes(&public).into_iter().zip(self.size).any(|(part, all)| all > 0 && part > all / parts)
    }

    /// Whether the far ends of a rule are the internet.
    pub(super) fn is_far_end_of(&self, rule: &Rule) -> bool {
        let Some(peers) = &rule.peers else { return true };
        let blocks = peers.iter().filter_map(|peer| if let Peer::Addresses(set) = peer { Some(set) } else { None });
        self.is_most(&blocks.fold(AddressSet::default(), |all, set| all.union(set)))
    }
}

/// How many addresses there are of IPv4 and of IPv6.
fn sizes(set: &AddressSet) -> [u128; 2] {
    set.ranges().fold([0, 0], |[v4, v6], range| match range {
        (IpAddr::V4(first), IpAddr::V4(last)) => [v4 + u128::from(u32::from(last) - u32::from(first)) + 1, v6],
        (IpAddr::V6(first), IpAddr::V6(last)) => [v4, v6 + (u128::from(last) - u128::from(first)) + 1],
        _ => [v4, v6],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_internet_is_most_of_what_is_public() {
        let of = |text: &str| AddressSet::of(&IpBlock::of(text.parse().unwrap()));
        let internet = Internet::outside(&of("10.0.0.0/8"));
        for (cidrs, expected) in [
            (&["0.0.0.0/0"][..], true),
            (&["::/0"], true),
            (&["0.0.0.0/1", "128.0.0.0/1"], true),
            (&["0.0.0.0/2"], false),
            (&["10.0.0.0/8"], false),
            (&["203.0.113.0/24", "2001:db8::/32"], false),
            (&[], false),
        ] {
            let set = cidrs.iter().fold(AddressSet::default(), |all, text| all.union(&of(text)));
            assert_eq!(internet.is_most(&set), expected, "{cidrs:?}");
        }
        let without_private = of("0.0.0.0/0").difference(&of("10.0.0.0/8")).difference(&of("172.16.0.0/12"));
        assert!(internet.is_most(&without_private));
    }
}
