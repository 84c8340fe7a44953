//! What an audit has found: for people, programs, code scanning, review comments and browsers.

mod html;
mod json;
mod markdown;
mod sarif;
mod svg;
#[cfg(test)]
mod tests;
mod text;

use super::Input;
use crate::audit::{Audit, AuditFinding, Exposure, NamespaceAudit, PolicyAudit, Zone, ZoneTraffic};
use crate::finding::Severity;
use crate::reachability::PortSet;

pub use html::write_audit_html;
pub use json::write_audit_json;
pub use markdown::write_audit_markdown;
pub use sarif::write_audit_sarif;
pub use text::write_audit_text;

/// The line that says it all: `3 namespaces, 7 policies: 1 error, 2 warnings, no notes`.
fn summary(audit: &Audit) -> String {
    let count = |number: usize, one: &str, many: &str| match number {
        0 => format!("no {many}"),
        1 => format!("1 {one}"),
        _ => format!("{number} {many}"),
    };
    format!(
        "{}, {}: {}, {}, {}",
        count(audit.namespaces.len(), "namespace", "namespaces"),
        count(audit.policies.len(), "policy", "policies"),
        count(audit.count(Severity::Error), "error", "errors"),
        count(audit.count(Severity::Warning), "warning", "warnings"),
        count(audit.count(Severity::Info), "note", "notes"),
    )
}

fn ports(ports: &PortSet) -> String {
    if ports.is_everything() { "every port".to_owned() } else { ports.to_list() }
}

fn yes_or_no(answer: bool) -> &'static str {
    if answer { "yes" } else { "no" }
}

/// Where a finding is, as `file:line:column`; empty if it is nowhere.
fn place(finding: &AuditFinding, inputs: &[Input<'_>]) -> String {
    let place = finding.finding.location.as_ref().and_then(|it| Some((inputs.get(it.stream)?, it.span?)));
    place.map_or_else(String::new, |(input, span)| format!("{}:{}", input.origin().name, input.line_column(span.start)))
}

/// The rules that open something, or why nothing has to.
fn openers(exposure: &Exposure) -> String {
    if exposure.rules.is_empty() {
        return "no policy isolates it".to_owned();
    }
    let rules = exposure.rules.iter();
    rules.map(|it| format!("{} {}[{}]", it.policy, it.direction, it.rule)).collect::<Vec<_>>().join(", ")
}

/// What each rule of a policy means, a line each.
fn rules(policy: &PolicyAudit) -> Vec<String> {
    let mut lines: Vec<String> = policy
        .rules
        .iter()
        .map(|rule| {
            let word = if rule.direction.rules_field() == "egress" { "to" } else { "from" };
            format!("{} {word} {} on {}", rule.direction, rule.peers.join(", or "), words_of_ports(&rule.ports))
        })
        .collect();
    for direction in &policy.isolates {
        if !policy.rules.iter().any(|rule| rule.direction == *direction) {
            lines.push(format!("{direction} of nothing"));
        }
    }
    lines
}

fn words_of_ports(ports: &str) -> &str {
    if ports.is_empty() { "no port" } else { ports }
}

/// The end of a row that is looked at, and the other one.
type NearEnd = fn(&ZoneTraffic) -> (&Zone, &Zone);

/// The traffic that starts in a namespace, or ends there, with the other end.
fn ends<'a>(audit: &'a Audit, namespace: &NamespaceAudit, near: NearEnd) -> Vec<(&'a Zone, &'a PortSet)> {
    let traffic = audit.traffic.iter().filter(|it| near(it).0.namespace() == Some(&namespace.name));
    traffic.map(|it| (near(it).1, &it.ports)).collect()
}

const fn outgoing(traffic: &ZoneTraffic) -> (&Zone, &Zone) {
    (&traffic.source, &traffic.destination)
}

const fn incoming(traffic: &ZoneTraffic) -> (&Zone, &Zone) {
    (&traffic.destination, &traffic.source)
}
