//! CIDRs (`IsValidCIDRForLegacyField`) with `StrictIPCIDRValidation`, the default from Kubernetes 1.36 on.

use std::net::IpAddr;

use ipnet::IpNet;

use super::Invalid;
use crate::reachability::policy::read_cidr;
use crate::yaml::FieldPath;

/// A CIDR that could be read, however it was written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cidr {
    network: IpNet,
    /// The number behind the slash: that of an IPv4 range in IPv6 clothes counts 96 bits more.
    written_length: u8,
}

impl Cidr {
    /// Whether `other` lies inside and is smaller, judged as `ValidateIPBlock` does.
    pub(super) fn strictly_contains(&self, other: &Self) -> bool {
        self.network.contains(&other.network.network()) && self.written_length < other.written_length
    }
}

/// Reads a CIDR, and says what the server does not like about it.
pub(super) fn validate(path: &FieldPath, text: &str, found: &mut Vec<Invalid>) -> Option<Cidr> {
    let Some((network, (address, length))) = read_cidr(text).zip(text.split_once('/')) else {
        found.push(Invalid::text(path, text, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"));
        return None;
    };
    let strict = address.parse::<IpAddr>().ok().filter(|_| length == "0" || !length.starts_with('0'));
    let fault = match strict {
        None => Some("must not have leading 0s in IP or prefix length"),
        Some(IpAddr::V6(v6)) if v6.to_ipv4_mapped().is_some() => Some("must not have an IPv4-mapped IPv6 address"),
        Some(address) if address != network.network() => Some("must not have bits set beyond the prefix length"),
        Some(_) => None,
    };
    found.extend(fault.map(|fault| Invalid::text(path, text, fault)));
    Some(Cidr { network, written_length: length.parse().ok()? })
}
