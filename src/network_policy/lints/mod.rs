//! What may surprise in a policy that is valid: things that plugins read differently, and things that open more or less
//! than their author thinks. One file for each rule.

mod any_address_block;
mod dns_blocked;
mod end_port;
mod host_network_pods;
mod ip_block_in_cluster;
mod ipv6_block;
mod many_ip_blocks;
mod named_port;
mod port_before_translation;
mod sctp_protocol;
mod selects_nothing;
mod shared_except;
mod two_directions;
mod unresolved_named_port;

use serde_json::Value;

use crate::cni::{Profile, Support, profiles};
use crate::config::DnsConfig;
use crate::finding::{CheckId, Page, Severity};
use crate::object::ServiceFacts;
use crate::reachability::{Direction, Policy, Rule, World};
use crate::yaml::FieldPath;

use any_address_block::ANY_ADDRESS_BLOCK;
use dns_blocked::DNS_BLOCKED;
use end_port::END_PORT;
pub use host_network_pods::HOST_NETWORK_PODS;
use ip_block_in_cluster::IP_BLOCK_IN_CLUSTER;
use ipv6_block::IPV6_BLOCK;
use many_ip_blocks::MANY_IP_BLOCKS;
use named_port::NAMED_PORT;
use port_before_translation::PORT_BEFORE_TRANSLATION;
use sctp_protocol::SCTP_PROTOCOL;
pub use selects_nothing::SELECTS_NOTHING;
use shared_except::SHARED_EXCEPT;
use two_directions::TWO_DIRECTIONS;
pub use unresolved_named_port::{UNRESOLVED_NAMED_PORT, unresolved_named_ports};

/// Everything that a rule may look at beside the policy.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'s> {
    /// Pods, namespaces and all policies; `ipBlock` is taken to match pods.
    pub world: &'s World,
    /// Services.
    pub services: &'s [ServiceFacts],
    /// Where DNS is.
    pub dns: &'s DnsConfig,
    /// The plugin in use; absent if it may be any.
    pub plugin: Option<&'static Profile>,
}

/// A policy as it is written and as it is meant.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'s> {
    /// The object.
    pub value: &'s Value,
    /// What it means.
    pub policy: &'s Policy,
}

/// What a rule has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lint {
    /// How much it matters.
    pub severity: Severity,
    /// The rule.
    pub check: CheckId,
    /// The field of the policy.
    pub path: FieldPath,
    /// One line.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// A rule over one policy, and the page that explains it.
struct LintRule {
    page: Page,
    check: fn(&Subject<'_>, &Surroundings<'_>) -> Vec<Lint>,
}

/// Every rule.
const LINTS: &[LintRule] = &[
    LintRule {
        page: Page::new(ANY_ADDRESS_BLOCK, Severity::Warning, include_str!("explain/any-address-block.md")),
        check: any_address_block::check,
    },
    LintRule {
        page: Page::new(DNS_BLOCKED, Severity::Warning, include_str!("explain/dns-blocked.md")),
        check: dns_blocked::check,
    },
    LintRule {
        page: Page::new(END_PORT, Severity::Error, include_str!("explain/end-port.md")),
        check: end_port::check,
    },
    LintRule {
        page: Page::new(HOST_NETWORK_PODS, Severity::Warning, include_str!("explain/host-network-pods.md")),
        check: host_network_pods::check,
    },
    LintRule {
        page: Page::new(IP_BLOCK_IN_CLUSTER, Severity::Warning, include_str!("explain/ip-block-in-cluster.md")),
        check: ip_block_in_cluster::check,
    },
    LintRule {
        page: Page::new(IPV6_BLOCK, Severity::Error, include_str!("explain/ipv6-block.md")),
        check: ipv6_block::check,
    },
    LintRule {
        page: Page::new(MANY_IP_BLOCKS, Severity::Error, include_str!("explain/many-ip-blocks.md")),
        check: many_ip_blocks::check,
    },
    LintRule {
        page: Page::new(NAMED_PORT, Severity::Error, include_str!("explain/named-port.md")),
        check: named_port::check,
    },
    LintRule {
        page: Page::new(PORT_BEFORE_TRANSLATION, Severity::Error, include_str!("explain/port-before-translation.md")),
        check: port_before_translation::check,
    },
    LintRule {
        page: Page::new(SCTP_PROTOCOL, Severity::Error, include_str!("explain/sctp-protocol.md")),
        check: sctp_protocol::check,
    },
    LintRule {
        page: Page::new(SELECTS_NOTHING, Severity::Info, include_str!("explain/selects-nothing.md")),
        check: selects_nothing::check,
    },
    LintRule {
        page: Page::new(SHARED_EXCEPT, Severity::Error, include_str!("explain/shared-except.md")),
        check: shared_except::check,
    },
    LintRule {
        page: Page::new(TWO_DIRECTIONS, Severity::Error, include_str!("explain/two-directions.md")),
        check: two_directions::check,
    },
    LintRule {
        page: Page::new(UNRESOLVED_NAMED_PORT, Severity::Error, include_str!("explain/unresolved-named-port.md")),
        check: unresolved_named_ports,
    },
];

/// The pages of all rules on policies.
pub fn lint_pages() -> impl Iterator<Item = Page> {
    LINTS.iter().map(|rule| rule.page)
}

/// What all rules find in a policy.
pub fn lint(subject: &Subject<'_>, surroundings: &Surroundings<'_>) -> Vec<Lint> {
    LINTS.iter().flat_map(|rule| (rule.check)(subject, surroundings)).collect()
}

/// One rule of a policy that isolates in its direction, as written and as meant.
struct WrittenRule<'s> {
    direction: Direction,
    path: FieldPath,
    value: &'s Value,
    rule: &'s Rule,
}

impl<'s> Subject<'s> {
    fn rules(&self) -> impl Iterator<Item = WrittenRule<'s>> {
        let Self { value, policy } = *self;
        Direction::ALL.into_iter().flat_map(move |direction| {
            let written =
                value.get("spec").and_then(|spec| spec.get(direction.rules_field())).and_then(Value::as_array);
            let path = FieldPath::of_keys(["spec", direction.rules_field()]);
            let both = written.into_iter().flatten().zip(policy.rules(direction).into_iter().flatten());
            both.enumerate().map(move |(index, (value, rule))| WrittenRule {
                direction,
                path: path.child(index),
                value,
                rule,
            })
        })
    }

    /// Every item of every `ports`, with its place.
    fn ports(&self) -> impl Iterator<Item = (FieldPath, &'s Value)> {
        self.rules().flat_map(|rule| items(rule.value, "ports", &rule.path))
    }

    /// Every `ipBlock`, with its place.
    fn blocks(&self) -> impl Iterator<Item = (FieldPath, &'s Value)> {
        self.rules().flat_map(|rule| rule.blocks())
    }
}

impl<'s> WrittenRule<'s> {
    fn blocks(&self) -> Vec<(FieldPath, &'s Value)> {
        let peers = items(self.value, self.direction.peers_field(), &self.path);
        let block = |(path, peer): (FieldPath, &'s Value)| {
            let block = peer.get("ipBlock").filter(|block| !block.is_null())?;
            Some((path.child("ipBlock"), block))
        };
        peers.into_iter().filter_map(block).collect()
    }
}

fn items<'v>(parent: &'v Value, key: &str, path: &FieldPath) -> Vec<(FieldPath, &'v Value)> {
    let items = parent.get(key).and_then(Value::as_array).into_iter().flatten().enumerate();
    items.map(|(index, item)| (path.child(key).child(index), item)).collect()
}

fn cidr(block: &Value) -> &str {
    block.get("cidr").and_then(Value::as_str).unwrap_or_default()
}

fn has_except(block: &Value) -> bool {
    block.get("except").and_then(Value::as_array).is_some_and(|except| !except.is_empty())
}

impl Surroundings<'_> {
    /// The plugins that it may be, of those that are known.
    fn plugins(&self) -> Vec<&'static Profile> {
        match self.plugin {
            Some(plugin) => vec![plugin],
            None => profiles().filter(|profile| profile.id != "unknown").collect(),
        }
    }

    /// Names of the plugins on which something holds; absent if on none.
    fn on(&self, holds: impl Fn(&Profile) -> bool) -> Option<String> {
        let names: Vec<&str> = self.plugins().into_iter().filter(|it| holds(it)).map(|it| it.name).collect();
        (!names.is_empty()).then(|| names.join(", "))
    }

    /// How much something matters that is an error on a plugin: if it is the one in use, an error.
    fn severity(&self, otherwise: Severity) -> Severity {
        if self.plugin.is_some() { Severity::Error } else { otherwise }
    }

    /// What to say of a feature that not every plugin has: the severity, and where it does not work.
    fn unsupported(&self, feature: impl Fn(&Profile) -> Support) -> Option<(Severity, String)> {
        let (mut missing, mut partly) = (Vec::new(), Vec::new());
        for profile in self.plugins() {
            match feature(profile) {
                Support::Yes => {}
                Support::No => missing.push(format!("not on {}", profile.name)),
                Support::Conditional(how) => partly.push(format!("on {} {how}", profile.name)),
                Support::Unknown => partly.push(format!("perhaps not on {}", profile.name)),
            }
        }
        let severity = match (self.plugin, missing.is_empty()) {
            (Some(_), false) => Severity::Error,
            (Some(_), true) => Severity::Warning,
            (None, _) => Severity::Info,
        };
        let all = [missing, partly].concat();
        (!all.is_empty()).then(|| (severity, all.join("; ")))
    }
}

#[cfg(test)]
mod tests;
