use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

/// An `ipBlock` peer: an address range less some ranges inside it.
///
/// Canonical: no host bits, and each `except` lies strictly inside `cidr` (the API server demands it), sorted and
/// aggregated.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IpBlock {
    cidr: IpNet,
    except: Vec<IpNet>,
}

impl IpBlock {
    /// A block without exceptions; host bits are cleared.
    pub fn of(cidr: IpNet) -> Self {
        Self { cidr: cidr.trunc(), except: Vec::new() }
    }

    /// `cidr` less those of `except` that lie inside it; absent if nothing is left.
    pub fn except(cidr: IpNet, except: impl IntoIterator<Item = IpNet>) -> Option<Self> {
        let cidr = cidr.trunc();
        let mut inside = Vec::new();
        for range in except {
            if range.contains(&cidr) {
                return None;
            }
            if cidr.contains(&range) {
                inside.push(range.trunc());
            }
        }
        let mut except = IpNet::aggregate(&inside);
        except.sort_unstable();
        // Two halves of the block aggregate to the block itself.
        (!except.contains(&cidr)).then_some(Self { cidr, except })
    }

    /// The whole range.
    pub const fn cidr(&self) -> IpNet {
        self.cidr
    }

    /// The ranges left out, in order.
    pub fn exceptions(&self) -> &[IpNet] {
        &self.except
    }

    /// Whether the address is in the block.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.cidr.contains(&address) && !self.except.iter().any(|range| range.contains(&address))
    }
}

impl fmt::Display for IpBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.cidr)?;
        for (position, range) in self.except.iter().enumerate() {
            f.write_str(if position == 0 { " except " } else { ", " })?;
            write!(f, "{range}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(text: &str) -> IpNet {
        text.parse().unwrap()
    }

    #[test]
    fn clears_host_bits() {
        assert_eq!(IpBlock::of(net("10.1.2.3/8")).to_string(), "10.0.0.0/8");
    }

    #[test]
    fn keeps_only_exceptions_inside() {
        let block = IpBlock::except(net("10.0.0.0/8"), [net("10.9.1.1/16"), net("11.0.0.0/8"), net("fd00::/8")]);
        assert_eq!(block.unwrap().to_string(), "10.0.0.0/8 except 10.9.0.0/16");
    }

    #[test]
    fn nothing_left_is_no_block() {
        assert_eq!(IpBlock::except(net("10.0.0.0/8"), [net("10.0.0.0/8")]), None);
        assert_eq!(IpBlock::except(net("10.0.0.0/8"), [net("0.0.0.0/0")]), None);
        assert_eq!(IpBlock::except(net("10.0.0.0/8"), [net("10.0.0.0/9"), net("10.128.0.0/9")]), None);
    }

    #[test]
    fn families_do_not_mix() {
        let all = IpBlock::of(net("0.0.0.0/0"));
        assert!(all.contains("8.8.8.8".parse().unwrap()));
        assert!(!all.contains("2001:db8::1".parse().unwrap()));
    }
}
