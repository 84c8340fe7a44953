use std::io::{self, Write};

use super::{NearEnd, ends, incoming, openers, outgoing, ports, rules, summary, yes_or_no};
use crate::audit::{Audit, NamespaceAudit};
use crate::reachability::Direction;
use crate::report::escape::one_line;
use crate::report::{Input, Painter};

/// Width of the words at the beginning of a line.
const WIDTH: usize = 13;

/// Writes an audit for people: a line that says it all, each finding in its source, then a table for each namespace.
///
/// `inputs` are the texts of the streams, in their order.
pub fn write_audit_text(audit: &Audit, inputs: &[Input<'_>], painter: &Painter, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "floe: {}", summary(audit))?;
    for it in &audit.findings {
        let named = Input::of(inputs, &it.finding).map(Input::named).unwrap_or_default();
        writeln!(out, "\n{}", painter.paint_finding(&it.finding, named))?;
    }
    if !audit.findings.is_empty() {
        writeln!(out, "\n`floe explain CHECK` says what a check is about and how to satisfy it.")?;
    }
    audit.namespaces.iter().try_for_each(|namespace| table(audit, namespace, out))
}

fn table(audit: &Audit, namespace: &NamespaceAudit, out: &mut dyn Write) -> io::Result<()> {
    let managed = if namespace.is_managed { ", managed" } else { "" };
    let enforce = namespace.enforce.as_deref().unwrap_or("no Pod Security level");
    writeln!(
        out,
        "\nnamespace {}{managed}: workloads {}, policies {}, {}",
        one_line(&namespace.name),
        namespace.workloads,
        namespace.policies,
        one_line(enforce)
    )?;
    let deny = [Direction::Ingress, Direction::Egress]
        .map(|it| format!("{it} {}", yes_or_no(namespace.isolation(it).default_deny)));
    line("default-deny", &deny.join(", "), out)?;
    for direction in [Direction::Ingress, Direction::Egress] {
        let open = &namespace.isolation(direction).open;
        if !open.is_empty() {
            line("not isolated", &format!("{direction}: {}", open.join(", ")), out)?;
        }
    }
    let both: [(&str, NearEnd); 2] = [("reaches", outgoing), ("reached by", incoming)];
    for (word, near) in both {
        for (zone, set) in ends(audit, namespace, near) {
            line(word, &format!("{zone} on {}", ports(set)), out)?;
        }
    }
    for it in audit.exposures.iter().filter(|it| it.namespace == namespace.name) {
        let words = format!("{} {} on {}: {}", it.workload, it.opening.as_str(), ports(&it.ports), openers(it));
        line("open", &words, out)?;
    }
    for policy in audit.policies.iter().filter(|it| it.namespace == namespace.name) {
        let workloads = match policy.workloads.len() {
            1 => "1 workload".to_owned(),
            count => format!("{count} workloads"),
        };
        line("policy", &format!("{} for {} ({workloads})", policy.name, policy.selects), out)?;
        rules(policy).iter().try_for_each(|rule| line("", rule, out))?;
    }
    Ok(())
}

fn line(word: &str, content: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "  {word:WIDTH$} {}", one_line(content))
}
