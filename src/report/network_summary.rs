//! `NETWORK-POLICY-SUMMARY.md` (FR-072): who may talk to whom, on which ports and why.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use crate::config::{Config, Role};
use crate::finding::Finding;
use crate::network_policy::{Endpoint, Flow, NetworkPolicy, PolicyRules, RangeStyle};
use crate::plan::Generated;
use crate::reachability::PortSet;
use crate::report::escape::{code_span, one_line, table_cell};

/// The first line of the page: floe's mark, by which it knows the file as its own.
const SUMMARY_MARK: &str = "<!-- floe.dev/component: network-security -->";

/// Writes the page.
pub fn write_network_summary(config: &Config, generated: &Generated, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{SUMMARY_MARK}\n# Network policies\n")?;
    writeln!(
        out,
        "Every namespace below denies all traffic by default, in both directions. What this page lists is allowed, at \
         both \
         ends; nothing else is. floe has proven that for these policies before it wrote them, whether or not `ipBlock` \
         matches the addresses of pods. Policies add up: one that is added by hand opens more.\n"
    )?;
    namespaces(config, &generated.policies, out)?;
    flows(&generated.flows.flows, out)?;
    graph(&generated.flows.flows, out)?;
    policies(&generated.policies, out)?;
    findings(&generated.flows.findings, out)?;
    plugins(config, generated, out)
}

fn namespaces(config: &Config, policies: &[NetworkPolicy], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## Namespaces\n\n| Namespace | Role | Pod Security | Policies |\n|---|---|---|---:|")?;
    for managed in &config.namespaces {
        let role = match &managed.role {
            Role::Domain(name) => format!("domain {}", code_span(name).replace('|', "\\|")),
            other => other.kind().to_string(),
        };
        let level = if config.pod_security.enabled { managed.level.as_str() } else { "not managed" };
        let count = policies.iter().filter(|policy| policy.namespace == managed.name).count();
        writeln!(out, "| {} | {role} | {level} | {count} |", table_cell(&managed.name))?;
    }
    writeln!(out)
}

/// The declared flows, those with the same ends together.
fn flows(flows: &[Flow], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## Who may talk to whom\n")?;
    if flows.is_empty() {
        return writeln!(out, "Nobody.\n");
    }
    writeln!(out, "| From | To | Ports | Why |\n|---|---|---|---|")?;
    for flow in flows {
        let [from, to] = [&flow.source, &flow.destination].map(|end| table_cell(&end.to_string()));
        writeln!(out, "| {from} | {to} | {} | {} |", ports(&flow.ports), table_cell(&flow.reason.to_string()))?;
    }
    writeln!(out)
}

fn ports(ports: &PortSet) -> String {
    if ports.is_everything() { "all".to_owned() } else { ports.to_string() }
}

/// A Mermaid flow chart, one arrow for each pair of ends.
fn graph(flows: &[Flow], out: &mut dyn Write) -> io::Result<()> {
    if flows.is_empty() {
        return Ok(());
    }
    writeln!(out, "## Graph\n\n```mermaid\nflowchart LR")?;
    let ends: BTreeSet<&Endpoint> = flows.iter().flat_map(|flow| [&flow.source, &flow.destination]).collect();
    let numbers: BTreeMap<&Endpoint, usize> = ends.into_iter().zip(1..).collect();
    for (end, number) in &numbers {
        let label = match end {
            Endpoint::Addresses(blocks) => {
                let shown: Vec<String> = blocks.iter().map(|block| block.cidr().to_string()).collect();
                shown.join("<br/>")
            }
            other => other.to_string(),
        };
        let label = one_line(&label).replace('"', "#quot;");
        let (open, close) = if matches!(end, Endpoint::Pods { .. }) { ("[", "]") } else { ("([", "])") };
        writeln!(out, "  n{number}{open}\"{label}\"{close}")?;
    }
    let mut arrows: BTreeMap<(usize, usize), BTreeSet<String>> = BTreeMap::new();
    for flow in flows {
        let ends = [&flow.source, &flow.destination].map(|end| numbers.get(end).copied().unwrap_or_default());
        arrows.entry((ends[0], ends[1])).or_default().insert(flow.reason.as_str().to_owned());
    }
    for ((from, to), reasons) in arrows {
        let reasons: Vec<String> = reasons.into_iter().collect();
        writeln!(out, "  n{from} -->|{}| n{to}", reasons.join(", "))?;
    }
    writeln!(out, "```\n")
}

fn policies(policies: &[NetworkPolicy], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## Policies\n\n| Policy | Selects | Direction | Rules |\n|---|---|---|---:|")?;
    for policy in policies {
        let (direction, rules) = match &policy.rules {
            PolicyRules::DefaultDeny => ("both, denied".to_owned(), 0),
            PolicyRules::Allow { direction, rules } => (direction.to_string(), rules.len()),
        };
        let labels: Vec<String> = policy.pod_selector.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let selects = if labels.is_empty() { "every pod".to_owned() } else { labels.join(", ") };
        let name = format!("{}/{}", policy.namespace, policy.name);
        writeln!(out, "| {} | {} | {direction} | {rules} |", table_cell(&name), table_cell(&selects))?;
    }
    writeln!(out)
}

fn findings(findings: &[Finding], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## Findings\n")?;
    if findings.is_empty() {
        return writeln!(out, "None.\n");
    }
    for finding in findings {
        writeln!(out, "- **{}** `{}`: {}", finding.severity, finding.check, table_cell(&finding.message))?;
        if let Some(help) = &finding.help {
            writeln!(out, "  ({})", table_cell(help))?;
        }
    }
    writeln!(out)
}

/// What differs among plugins, as far as these policies are concerned.
fn plugins(config: &Config, generated: &Generated, out: &mut dyn Write) -> io::Result<()> {
    let rules = || {
        generated.policies.iter().flat_map(|policy| match &policy.rules {
            PolicyRules::DefaultDeny => &[][..],
            PolicyRules::Allow { rules, .. } => rules,
        })
    };
    let has_range = |style| {
        let long = |ports: &PortSet| ports.ranges().any(|(_, range)| !range.is_full() && range.count() > 4);
        generated.policies.iter().any(|policy| policy.ranges == style) && rules().any(|rule| long(rule.ports()))
    };
    let has_block = rules()
        .flat_map(crate::network_policy::Rule::peers)
        .any(|peer| matches!(peer, crate::network_policy::Peer::Block(_)));
    writeln!(out, "## Network plugins\n")?;
    writeln!(
        out,
        "The policies use numeric ports, one direction for each object with rules, and an `ipBlock` with `except` \
         alone in its rule, because that means the same on every plugin that enforces. What remains:\n"
    )?;
    writeln!(out, "- **Flannel alone**, and an **AWS VPC CNI** without `enableNetworkPolicy`, enforce nothing.")?;
    writeln!(
        out,
        "- **Cilium** (also AKS with Cilium and GKE Dataplane V2): `ipBlock` matches neither pods nor nodes, so an API \
         server on a node needs `policyCIDRMatchMode: nodes` or a CiliumNetworkPolicy."
    )?;
    writeln!(
        out,
        "- **AWS VPC CNI** judges before address translation: the port of a Service has to equal that of its pods{}.",
        if config.network.kubernetes_api.cidrs.is_empty() {
            ""
        } else {
            ", and the API server's ClusterIP has to be in `kubernetes_api.cidrs`"
        }
    )?;
    if has_range(RangeStyle::EndPort) {
        writeln!(out, "- **Cilium before 1.17** and **Weave** ignore `endPort`: set `end_port: false` for them.")?;
    }
    if has_block {
        writeln!(out, "- **Azure NPM** takes at most four `ipBlock`s a policy, and no IPv6.")?;
    }
    writeln!(
        out,
        "- **NodeLocal DNSCache** (default on GKE): set `dns.node_local_cidrs`, since no selector matches it."
    )
}
