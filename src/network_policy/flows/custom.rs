//! FR-033: the user's own `jobs_egress_allow`, `platform_egress_allow` and `domain_egress_allow`.
//!
//! Taken as written: a rule may open what the other reasons keep closed, such as jobs among themselves for Spark. A
//! rule to a managed namespace is opened there as well. A rule for a whole address family is reported, because with
//! most plugins it also reaches pods and nodes.

use ipnet::IpNet;

use crate::config::{Config, EgressRule, EgressTarget, RoleKind};
use crate::finding::{CheckId, Finding, Severity};
use crate::network_policy::{Endpoint, Flows, IpBlock, PortRange, PortSet, Reason};
use crate::object::Inventory;

/// A user's own rule reaches every address of a family.
pub const ANY_ADDRESS_RULE: CheckId = CheckId("any-address-rule");

/// A range of ports is too long to be written out, so its rule is left out.
pub const PORT_RANGE_TOO_LONG: CheckId = CheckId("port-range-too-long");

/// The longest range that is written out: each port is an item of the object and, with many plugins, of every node.
const WRITTEN_OUT_LIMIT: usize = 1000;

pub(super) fn declare(config: &Config, _inventory: &Inventory, flows: &mut Flows) {
    let network = &config.network;
    let lists = [
        (RoleKind::Platform, "platform_egress_allow", &network.platform_egress_allow),
        (RoleKind::Jobs, "jobs_egress_allow", &network.jobs_egress_allow),
        (RoleKind::Domain, "domain_egress_allow", &network.domain_egress_allow),
    ];
    for (role, list, rules) in lists {
        for rule in rules {
            if let EgressTarget::Cidr(cidr) = &rule.to {
                report_any_address(&format!("{list}` rule `{}", rule.name), *cidr, flows);
            }
            if !network.end_port && cannot_be_written_out(rule) {
                report_long_range(list, rule, flows);
                continue;
            }
            for namespace in config.namespaces.iter().filter(|namespace| namespace.role.kind() == role) {
                let destination = match &rule.to {
                    EgressTarget::Namespace(name) => Endpoint::namespace(name),
                    EgressTarget::Cidr(cidr) => Endpoint::Addresses(vec![IpBlock::of(*cidr)]),
                };
                flows.allow(
                    Endpoint::namespace(&namespace.name),
                    destination,
                    PortSet::range(rule.protocol, rule.port, rule.end_port),
                    Reason::Custom(rule.name.clone()),
                );
            }
        }
    }
}

/// Reports a range of the user's that holds every address of its family.
pub(super) fn report_any_address(what: &str, cidr: IpNet, flows: &mut Flows) {
    if cidr.prefix_len() == 0 {
        let message = format!("`{what}` opens every address ({cidr}), with most plugins pods and nodes too");
        let finding = Finding::new(Severity::Warning, ANY_ADDRESS_RULE, message);
        flows.findings.push(finding.help("name the ranges that are meant"));
    }
}

/// A whole protocol is written without ports.
fn cannot_be_written_out(rule: &EgressRule) -> bool {
    let range = PortRange { first: rule.port, last: rule.end_port.max(rule.port) };
    !range.is_full() && range.count() > WRITTEN_OUT_LIMIT
}

fn report_long_range(list: &str, rule: &EgressRule, flows: &mut Flows) {
    let EgressRule { name, port, end_port, .. } = rule;
    let message = format!(
        "`{list}` rule `{name}` is left out: ports {port}-{end_port} cannot be written one by one, the limit is \
         {WRITTEN_OUT_LIMIT}"
    );
    let finding = Finding::new(Severity::Error, PORT_RANGE_TOO_LONG, message);
    flows.findings.push(finding.help("set `security.network_policies.end_port: true`, or name fewer ports"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network_policy::tests::world::{config, declared, findings, rule};
    use crate::object::Protocol;

    #[test]
    fn rules_hold_for_their_role_only() {
        let mut config = config();
        config.network.domain_egress_allow = vec![rule("db", EgressTarget::Namespace("postgres".to_owned()), 5432)];
        let expected = ["floe-sales-domain", "floe-marketing-domain"]
            .map(|from| format!("{from} -> postgres: TCP 5432 (custom rule `db`)"));
        assert_eq!(declared(declare, &config), expected);
    }

    #[test]
    fn every_address_is_taken_as_written_and_reported() {
        let mut config = config();
        config.network.jobs_egress_allow = vec![rule("all", EgressTarget::Cidr("0.0.0.0/0".parse().unwrap()), 8443)];
        assert_eq!(declared(declare, &config), ["floe-jobs -> 0.0.0.0/0: TCP 8443 (custom rule `all`)"]);
        let findings = findings(declare, &config);
        assert_eq!(findings.len(), 1);
        assert_eq!(
            findings[0].message,
            "`jobs_egress_allow` rule `all` opens every address (0.0.0.0/0), with most plugins pods and nodes too"
        );
    }

    #[test]
    fn ranges_too_long_to_write_out_are_an_error() {
        let mut config = config();
        let mut long = rule("long", EgressTarget::Namespace("a".to_owned()), 1024);
        long.end_port = 65535;
        long.protocol = Protocol::Udp;
        config.network.platform_egress_allow = vec![long];
        assert_eq!(declared(declare, &config).len(), 1);

        config.network.end_port = false;
        assert!(declared(declare, &config).is_empty());
        assert_eq!(findings(declare, &config)[0].check, PORT_RANGE_TOO_LONG);

        config.network.platform_egress_allow[0].port = 1;
        assert_eq!(declared(declare, &config).len(), 1, "a whole protocol needs no list");
    }
}
