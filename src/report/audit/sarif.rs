use std::io::{self, Write};

use super::Input;
use crate::audit::Audit;
use crate::finding::Page;
use crate::report::sarif::Sarif;

/// Writes the findings of an audit as a SARIF 2.1.0 log; `pages` are the rules, each with its page.
///
/// `inputs` are the texts of the streams, in their order.
pub fn write_audit_sarif(audit: &Audit, inputs: &[Input<'_>], pages: &[Page], out: &mut dyn Write) -> io::Result<()> {
    let findings = audit.findings.iter().map(|it| &it.finding);
    Sarif { inputs, pages, tag: "network-policy" }.write_findings(findings, out)
}
