use std::io::{self, Write};

use super::{Input, openers, place, ports, rules, summary, yes_or_no};
use crate::audit::Audit;
use crate::report::escape::table_cell;

/// Writes an audit as Markdown: findings, namespaces, who reaches whom, what is open, and the policies.
///
/// `inputs` are the texts of the streams, in their order.
pub fn write_audit_markdown(audit: &Audit, inputs: &[Input<'_>], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# Network audit\n\n{}\n", summary(audit))?;
    let findings = audit.findings.iter().map(|it| {
        let help = it.finding.help.clone().unwrap_or_default();
        let check = format!("`{}`", it.finding.check);
        vec![it.finding.severity.to_string(), check, place(it, inputs), it.finding.message.clone(), help]
    });
    table(out, "Findings", &["Severity", "Check", "Place", "Finding", "What to do"], findings)?;
    let namespaces = audit.namespaces.iter().map(|it| {
        vec![
            it.name.clone(),
            yes_or_no(it.is_managed).to_owned(),
            it.workloads.to_string(),
            it.policies.to_string(),
            yes_or_no(it.ingress.default_deny).to_owned(),
            yes_or_no(it.egress.default_deny).to_owned(),
            it.ingress.open.len().to_string(),
            it.egress.open.len().to_string(),
            it.enforce.clone().unwrap_or_default(),
        ]
    });
    let heads = [
        "Namespace",
        "Managed",
        "Workloads",
        "Policies",
        "Deny ingress",
        "Deny egress",
        "Open to ingress",
        "Open to egress",
        "Enforces",
    ];
    table(out, "Namespaces", &heads, namespaces)?;
    let traffic =
        audit.traffic.iter().map(|it| vec![it.source.to_string(), it.destination.to_string(), ports(&it.ports)]);
    table(out, "Who reaches whom", &["Source", "Destination", "Ports"], traffic)?;
    let exposures = audit
        .exposures
        .iter()
        .map(|it| vec![it.workload.clone(), it.opening.as_str().to_owned(), ports(&it.ports), openers(it)]);
    table(out, "What is open", &["Workload", "Open", "Ports", "By"], exposures)?;
    let policies = audit.policies.iter().map(|it| {
        let name = format!("{}/{}", it.namespace, it.name);
        vec![name, it.selects.clone(), it.workloads.len().to_string(), rules(it).join("\n")]
    });
    table(out, "Policies", &["Policy", "Selects", "Workloads", "Allows"], policies)
}

fn table(out: &mut dyn Write, title: &str, heads: &[&str], rows: impl Iterator<Item = Vec<String>>) -> io::Result<()> {
    writeln!(out, "## {title}\n")?;
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return writeln!(out, "None.\n");
    }
    writeln!(out, "| {} |\n|{}", heads.join(" | "), "---|".repeat(heads.len()))?;
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| table_cell(cell)).collect();
        writeln!(out, "| {} |", cells.join(" | "))?;
    }
    writeln!(out)
}
