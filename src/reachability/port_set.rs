use std::collections::BTreeMap;
use std::fmt;

use super::interval_set::IntervalSet;
use crate::object::Protocol;

/// A run of ports, both ends included, inside 1..=65535.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortRange {
    /// First port.
    pub first: u16,
    /// Last port.
    pub last: u16,
}

impl PortRange {
    /// Whether it is every port there is.
    pub const fn is_full(self) -> bool {
        self.first <= 1 && self.last == u16::MAX
    }

    /// How many ports it holds.
    pub const fn count(self) -> usize {
        (self.last - self.first) as usize + 1
    }
}

/// The connections that a rule or a flow allows: ports per protocol, or everything.
///
/// Canonical: equal sets are equal values. "Everything" is more than all ports of TCP, UDP and SCTP, because a rule
/// without `ports` may admit other protocols too, such as ICMP.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PortSet {
    /// Implies that `ports` is empty.
    everything: bool,
    /// Protocols without ports are left out.
    ports: BTreeMap<Protocol, IntervalSet>,
}

impl PortSet {
    /// Every connection, whatever the protocol.
    pub const fn everything() -> Self {
        Self { everything: true, ports: BTreeMap::new() }
    }

    /// Ports of one protocol from `first` to `last`; port 0 does not exist and is dropped.
    pub fn range(protocol: Protocol, first: u16, last: u16) -> Self {
        Self::of(BTreeMap::from([(protocol, IntervalSet::of(first.max(1).into(), last.into()))]))
    }

    /// Single ports of one protocol.
    pub fn single_ports(protocol: Protocol, ports: &[u16]) -> Self {
        ports.iter().map(|&port| (protocol, port)).collect()
    }

    fn of(mut ports: BTreeMap<Protocol, IntervalSet>) -> Self {
        ports.retain(|_, set| !set.is_empty());
        Self { everything: false, ports }
    }

    /// Whether nothing is allowed.
    pub fn is_empty(&self) -> bool {
        !self.everything && self.ports.is_empty()
    }

    /// Whether every connection is allowed, whatever the protocol.
    pub const fn is_everything(&self) -> bool {
        self.everything
    }

    /// Whether it has that port.
    pub fn contains(&self, protocol: Protocol, port: u16) -> bool {
        self.everything || self.ports.get(&protocol).is_some_and(|set| set.contains(port.into()))
    }

    /// Whether all of `other` is in it.
    pub fn covers(&self, other: &Self) -> bool {
        self.everything || (!other.everything && other.difference(self).is_empty())
    }

    /// What is in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        if self.everything || other.everything {
            return Self::everything();
        }
        self.combine(other, IntervalSet::union)
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        match (self.everything, other.everything) {
            (true, _) => other.clone(),
            (_, true) => self.clone(),
            _ => self.combine(other, IntervalSet::intersection),
        }
    }

    /// What is in it and not in `other`; everything less some ports stays everything, since the API has no words for
    /// "all but these".
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        match (self.everything, other.everything) {
            (_, true) => Self::default(),
            (true, _) => self.clone(),
            _ => self.combine(other, IntervalSet::difference),
        }
    }

    fn combine(&self, other: &Self, operation: fn(&IntervalSet, &IntervalSet) -> IntervalSet) -> Self {
        let none = IntervalSet::default();
        let of = |set: &Self, protocol| set.ports.get(&protocol).unwrap_or(&none).clone();
        Self::of(
            Protocol::ALL
                .into_iter()
                .map(|it| (it, operation(&of(self, it), &of(other, it))))
                .collect::<BTreeMap<_, _>>(),
        )
    }

    /// Its ranges, by protocol and port; none for "everything".
    pub fn ranges(&self) -> impl Iterator<Item = (Protocol, PortRange)> + '_ {
        self.ports.iter().flat_map(|(&protocol, set)| {
            set.iter().filter_map(move |(first, last)| {
                Some((protocol, PortRange { first: first.try_into().ok()?, last: last.try_into().ok()? }))
            })
        })
    }

    /// How many items its `ports` list takes; none for "everything".
    pub fn range_count(&self) -> usize {
        self.ports.values().map(IntervalSet::len).sum()
    }
}

impl PortSet {
    /// As `netpol-analyzer` writes connections: `TCP 80,8000-8010,UDP 53`, protocols by name; `All Connections` for
    /// every port of every protocol.
    pub fn to_list(&self) -> String {
        let full = |protocol| self.ranges().any(|(other, range)| other == protocol && range.is_full());
        if self.everything || Protocol::ALL.into_iter().all(full) {
            return "All Connections".to_owned();
        }
        let mut protocols: Vec<Protocol> = self.ports.keys().copied().collect();
        protocols.sort_unstable_by_key(|protocol| protocol.as_str());
        let of_protocol = |protocol: Protocol| {
            let ranges = self.ranges().filter(|(other, _)| *other == protocol);
            let written: Vec<String> = ranges
                .map(
                    |(_, PortRange { first, last })| {
                        if first == last { first.to_string() } else { format!("{first}-{last}") }
                    },
                )
                .collect();
            format!("{protocol} {}", written.join(","))
        };
        protocols.into_iter().map(of_protocol).collect::<Vec<_>>().join(",")
    }
}

impl FromIterator<(Protocol, u16)> for PortSet {
    /// Single ports of any protocols.
    fn from_iter<I: IntoIterator<Item = (Protocol, u16)>>(ports: I) -> Self {
        ports.into_iter().fold(Self::default(), |set, (protocol, port)| set.union(&Self::range(protocol, port, port)))
    }
}

impl fmt::Display for PortSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.everything {
            return f.write_str("everything");
        }
        for (position, (protocol, range)) in self.ranges().enumerate() {
            if position > 0 {
                f.write_str(", ")?;
            }
            match range {
                PortRange { first, last } if first == last => write!(f, "{protocol} {first}")?,
                PortRange { first, last } => write!(f, "{protocol} {first}-{last}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(first: u16, last: u16) -> PortSet {
        PortSet::range(Protocol::Tcp, first, last)
    }

    #[test]
    fn is_canonical() {
        assert_eq!(tcp(1, 4).union(&tcp(5, 9)), tcp(1, 9));
        assert_eq!(PortSet::single_ports(Protocol::Udp, &[]), PortSet::default());
        assert!(tcp(9, 1).is_empty());
        assert!(tcp(0, 0).is_empty());
        assert_eq!(tcp(0, 5), tcp(1, 5));
    }

    #[test]
    fn everything_is_more_than_all_ports() {
        let ports = Protocol::ALL.iter().fold(PortSet::default(), |set, &it| set.union(&PortSet::range(it, 1, 65535)));
        assert!(PortSet::everything().covers(&ports));
        assert!(!ports.covers(&PortSet::everything()));
        assert_eq!(PortSet::everything().intersection(&ports), ports);
        assert_eq!(PortSet::everything().difference(&ports), PortSet::everything());
        assert_eq!(ports.difference(&PortSet::everything()), PortSet::default());
    }

    #[test]
    fn keeps_protocols_apart() {
        let dns = PortSet::single_ports(Protocol::Tcp, &[53]).union(&PortSet::single_ports(Protocol::Udp, &[53]));
        assert!(dns.contains(Protocol::Udp, 53));
        assert!(!dns.contains(Protocol::Sctp, 53));
        assert!(!dns.contains(Protocol::Tcp, 54));
        assert_eq!(dns.to_string(), "TCP 53, UDP 53");
        assert_eq!(dns.difference(&tcp(1, 65535)).to_string(), "UDP 53");
    }
}
