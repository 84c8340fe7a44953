use std::io::{self, Write};

use serde_json::Value;

use super::Input;
use crate::audit::{Audit, AuditFinding};
use crate::finding::{Page, Severity};
use crate::report::sarif::{locate, result, write_log};

/// Writes the findings of an audit as a SARIF 2.1.0 log; `pages` are the rules, each with its page.
///
/// `inputs` are the texts of the streams, in their order.
pub fn write_audit_sarif(audit: &Audit, inputs: &[Input<'_>], pages: &[Page], out: &mut dyn Write) -> io::Result<()> {
    let results: Vec<Value> = audit.findings.iter().map(|it| of_finding(it, inputs, pages)).collect();
    write_log(pages, "network-policy", results, out)
}

fn of_finding(AuditFinding { finding, .. }: &AuditFinding, inputs: &[Input<'_>], pages: &[Page]) -> Value {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    };
    let text = match &finding.help {
        Some(help) => format!("{}; {help}", finding.message),
        None => finding.message.clone(),
    };
    let mut value = result(pages, finding.check, level, &text);
    let object = finding.object.as_ref().map(ToString::to_string).unwrap_or_default();
    let location = finding.location.as_ref();
    let path = location.map(|location| location.path.to_string()).unwrap_or_default();
    let input = location.and_then(|it| inputs.get(it.stream));
    let name = format!("{object} {path}");
    locate(input, &mut value, location.and_then(|location| location.span), name.trim_end());
    value
}
