use std::io::{self, Write};

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::{Input, violates};
use crate::finding::{Finding, Page, Severity};
use crate::report::sarif::{Sarif, set};
use crate::verdict::{Mode, PodVerdict, Report, ViolatingField, ViolationFound};

/// Writes the verdicts as a SARIF 2.1.0 log: one result for each field at fault.
///
/// `inputs` are the texts of the streams of the report, in their order; `pages` are the rules, each with its page.
pub fn write_sarif(report: &Report, inputs: &[Input<'_>], pages: &[Page], out: &mut dyn Write) -> io::Result<()> {
    let of_notices = report.notices.iter().map(|it| (it.check, it.severity));
    let violations = report.pods.iter().flat_map(|pod| &pod.violations);
    let found = of_notices.chain(violations.map(|it| (it.check, severity(it.mode))));
    let sarif = Sarif { inputs, pages, tag: "pod-security" };
    sarif.write(found, Results { report, sarif }, out)
}

/// Written one by one: a stream may hold a hundred thousand.
struct Results<'r> {
    report: &'r Report,
    sarif: Sarif<'r>,
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // What to do about them is said on standard error.
        let notice = |it: &Finding| self.sarif.finding(&Finding { help: None, ..it.clone() });
        let of_pod = |pod| self.of_pod(pod);
        serializer.collect_seq(self.report.notices.iter().map(notice).chain(self.report.pods.iter().flat_map(of_pod)))
    }
}

impl Results<'_> {
    fn of_pod<'r>(&'r self, pod: &'r PodVerdict) -> impl Iterator<Item = Value> + 'r {
        let fields = |violation: &'r ViolationFound| violation.fields.iter().map(move |field| (violation, field));
        pod.violations.iter().flat_map(fields).map(move |(violation, field)| self.of_field(pod, violation, field))
    }

    fn of_field(&self, pod: &PodVerdict, violation: &ViolationFound, field: &ViolatingField) -> Value {
        let text = format!(
            "{} PodSecurity \"{}\" ({}): {}; {}",
            violates(pod),
            violation.policy,
            violation.mode,
            violation.message,
            field.hint.as_deref().unwrap_or(field.fix.as_str()),
        );
        let name = format!("{} {}/{} {}", pod.object.gvk.kind, pod.namespace, pod.object.name, field.field);
        let place = Some((pod.stream, field.span));
        let mut result = self.sarif.result(violation.check, severity(violation.mode), &text, place, &name);
        set(&mut result, "properties", json!({"mode": violation.mode.as_str(), "fix": field.fix.as_str()}));
        result
    }
}

const fn severity(mode: Mode) -> Severity {
    match mode {
        Mode::Enforce => Severity::Error,
        Mode::Warn | Mode::Audit => Severity::Warning,
    }
}
