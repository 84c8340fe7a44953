//! The pages of the rules, one Markdown file each.

use super::any_address_block::ANY_ADDRESS_BLOCK;
use super::dns_blocked::DNS_BLOCKED;
use super::end_port::END_PORT;
use super::host_network_pods::HOST_NETWORK_PODS;
use super::ip_block_in_cluster::IP_BLOCK_IN_CLUSTER;
use super::ipv6_block::IPV6_BLOCK;
use super::many_ip_blocks::MANY_IP_BLOCKS;
use super::named_port::NAMED_PORT;
use super::port_before_translation::PORT_BEFORE_TRANSLATION;
use super::sctp_protocol::SCTP_PROTOCOL;
use super::selects_nothing::SELECTS_NOTHING;
use super::shared_except::SHARED_EXCEPT;
use super::two_directions::TWO_DIRECTIONS;
use super::unresolved_named_port::UNRESOLVED_NAMED_PORT;
use crate::finding::Page;

/// The pages of all rules on policies.
pub const LINT_PAGES: [Page; 14] = [
    Page::new(ANY_ADDRESS_BLOCK, include_str!("any-address-block.md")),
    Page::new(DNS_BLOCKED, include_str!("dns-blocked.md")),
    Page::new(END_PORT, include_str!("end-port.md")),
    Page::new(HOST_NETWORK_PODS, include_str!("host-network-pods.md")),
    Page::new(IP_BLOCK_IN_CLUSTER, include_str!("ip-block-in-cluster.md")),
    Page::new(IPV6_BLOCK, include_str!("ipv6-block.md")),
    Page::new(MANY_IP_BLOCKS, include_str!("many-ip-blocks.md")),
    Page::new(NAMED_PORT, include_str!("named-port.md")),
    Page::new(PORT_BEFORE_TRANSLATION, include_str!("port-before-translation.md")),
    Page::new(SCTP_PROTOCOL, include_str!("sctp-protocol.md")),
    Page::new(SELECTS_NOTHING, include_str!("selects-nothing.md")),
    Page::new(SHARED_EXCEPT, include_str!("shared-except.md")),
    Page::new(TWO_DIRECTIONS, include_str!("two-directions.md")),
    Page::new(UNRESOLVED_NAMED_PORT, include_str!("unresolved-named-port.md")),
];
