use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ipnet::IpNet;

use super::{AddressSet, Direction, IpBlock, LabelSelector, PortSet};
use crate::object::{ContainerPort, Protocol};

/// Where the far end of a rule may be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Peer {
    /// Pods, by their namespace and labels.
    Pods {
        /// Which namespaces; absent for the policy's own.
        namespaces: Option<LabelSelector>,
        /// Which pods there.
        pods: LabelSelector,
    },
    /// The addresses of an `ipBlock`; a block that its exceptions use up has none.
    Addresses(AddressSet),
}

/// The `ports` of a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RulePorts {
    /// Ports by number; everything where a rule names none.
    pub numbers: PortSet,
    /// Ports by name, which each destination pod resolves for itself.
    pub names: BTreeSet<(Protocol, String)>,
}

impl RulePorts {
    /// The ports at a destination that declares these; a destination outside the cluster declares none.
    pub fn at<'p>(&self, declared: impl IntoIterator<Item = &'p ContainerPort>) -> Cow<'_, PortSet> {
        if self.names.is_empty() {
            return Cow::Borrowed(&self.numbers);
        }
        let named = declared.into_iter().filter(|port| self.names_port(port));
        Cow::Owned(
            named.fold(self.numbers.clone(), |all, it| all.union(&PortSet::range(it.protocol, it.port, it.port))),
        )
    }

    fn names_port(&self, port: &ContainerPort) -> bool {
        port.name.as_ref().is_some_and(|name| self.names.contains(&(port.protocol, name.clone())))
    }
}

/// One rule of a policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rule {
    /// The far ends, any of them; absent for all: pods, nodes and addresses outside.
    pub peers: Option<Vec<Peer>>,
    /// The ports at the destination.
    pub ports: RulePorts,
}

/// A `NetworkPolicy` of `networking.k8s.io/v1` with the API server's defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The pods of its namespace that it selects.
    pub pod_selector: LabelSelector,
    /// Its egress rules; absent where it does not isolate in that direction, whatever its `egress` says.
    pub egress: Option<Vec<Rule>>,
    /// Its ingress rules; absent where it does not isolate in that direction.
    pub ingress: Option<Vec<Rule>>,
}

impl Policy {
    /// Its rules in a direction; absent if it does not isolate there.
    pub fn rules(&self, direction: Direction) -> Option<&[Rule]> {
        match direction {
            Direction::Egress => self.egress.as_deref(),
            Direction::Ingress => self.ingress.as_deref(),
        }
    }

    /// The same policy with one rule for each peer, in order: those that differ only in how rules are cut, ordered or
    /// repeated become equal.
    #[must_use]
    pub fn normalized(&self) -> Self {
        let rules = |rules: &Vec<Rule>| {
            let mut by_peer: BTreeMap<Option<Peer>, RulePorts> = BTreeMap::new();
            for rule in rules {
                let peers: Vec<Option<Peer>> = match &rule.peers {
                    None => vec![None],
                    Some(peers) => peers.iter().cloned().map(Some).collect(),
                };
                for peer in peers {
                    let ports = by_peer.entry(peer).or_default();
                    ports.numbers = ports.numbers.union(&rule.ports.numbers);
                    ports.names.extend(rule.ports.names.clone());
                }
            }
            // Who may reach everybody on some ports needs no other rule for them.
            if let Some(everybody) = by_peer.get(&None).cloned() {
                by_peer.retain(|peer, ports| {
                    let is_more =
                        !everybody.numbers.covers(&ports.numbers) || !everybody.names.is_superset(&ports.names);
                    peer.is_none() || (is_more && !everybody.numbers.is_everything())
                });
            }
            let rule = |(peer, ports): (Option<Peer>, RulePorts)| Rule { peers: peer.map(|peer| vec![peer]), ports };
            by_peer.into_iter().map(rule).collect()
        };
        Self { egress: self.egress.as_ref().map(rules), ingress: self.ingress.as_ref().map(rules), ..self.clone() }
    }

    /// `namespace/name`.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}

/// Reads a CIDR as the API server does in this field (`IsValidCIDRForLegacyField`): leading zeros and host bits are
/// accepted, an IPv4 range written as an IPv6 one is IPv4.
pub(super) fn read_cidr(text: &str) -> Option<IpNet> {
    let (address, length) = text.split_once('/')?;
    if length.is_empty() || !length.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let length: u8 = length.parse().ok()?;
    let address = read_address(address)?;
    let cidr = match address {
        IpAddr::V6(v6) if length >= 96 && v6.to_ipv4_mapped().is_some() => {
            IpNet::new(v6.to_ipv4_mapped()?.into(), length - 96)
        }
        address => IpNet::new(address, length),
    };
    cidr.ok().map(|cidr| cidr.trunc())
}

/// Reads an address; a number may have leading zeros, which do not make it octal.
pub(super) fn read_address(text: &str) -> Option<IpAddr> {
    if text.contains(':') {
        let group = |group: &str| -> Option<String> {
            if group.contains('.') {
                return read_address(group).map(|address| address.to_string());
            }
            let short = group.trim_start_matches('0');
            Some(if short.is_empty() && !group.is_empty() { "0" } else { short }.to_owned())
        };
        return text.split(':').map(group).collect::<Option<Vec<_>>>()?.join(":").parse().ok();
    }
    let octets: Vec<u8> = text
        .split('.')
        .map(|octet| {
            let digits = !octet.is_empty() && octet.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| octet.trim_start_matches('0')).map(|it| if it.is_empty() { "0" } else { it })?.parse().ok()
        })
        .collect::<Option<_>>()?;
    <[u8; 4]>::try_from(octets).ok().map(IpAddr::from)
}

/// The addresses of a block; without exceptions that lie outside it.
pub(super) fn addresses(cidr: IpNet, except: &[IpNet]) -> AddressSet {
    IpBlock::except(cidr, except.iter().copied()).map(|block| AddressSet::of(&block)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_cidrs_as_the_api_server_does() {
        for (text, read) in [
            ("10.1.2.3/8", Some("10.0.0.0/8")),
            ("010.000.0.0/8", Some("10.0.0.0/8")),
            ("::ffff:10.1.2.3/104", Some("10.0.0.0/8")),
            ("2001:db8::1/32", Some("2001:db8::/32")),
            ("::/0", Some("::/0")),
            ("10.0.0.0/33", None),
            ("10.0.0.0", None),
            ("10.0.0.0/", None),
            ("10.0.0.0/+8", None),
            ("10.0.0/8", None),
            ("10.0.0.256/8", None),
            ("10.0.0.-1/8", None),
            ("", None),
        ] {
            assert_eq!(read_cidr(text).map(|cidr| cidr.to_string()).as_deref(), read, "{text}");
        }
    }

    #[test]
    fn names_resolve_by_name_and_protocol() {
        let port = |name: &str, port, protocol| ContainerPort { name: Some(name.to_owned()), port, protocol };
        let declared = [
            port("web", 80, Protocol::Tcp),
            port("web", 81, Protocol::Udp),
            port("web", 82, Protocol::Tcp),
            port("db", 5432, Protocol::Tcp),
        ];
        let ports = RulePorts {
            numbers: PortSet::range(Protocol::Tcp, 9, 9),
            names: [(Protocol::Tcp, "web".to_owned())].into(),
        };
        assert_eq!(ports.at(&declared).to_string(), "TCP 9, TCP 80, TCP 82");
        assert_eq!(ports.at([]).to_string(), "TCP 9");
    }
}
