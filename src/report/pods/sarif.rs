use std::io::{self, Write};

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::{Input, violates};
use crate::finding::{Finding, Page, Severity};
use crate::report::sarif::{locate, result, set, write_log};
use crate::verdict::{Mode, PodVerdict, Report, ViolatingField, ViolationFound};

/// Writes the verdicts as a SARIF 2.1.0 log: one result for each field at fault.
///
/// `inputs` are the texts of the streams of the report, in their order; `pages` are the rules, each with its page.
pub fn write_sarif(report: &Report, inputs: &[Input<'_>], pages: &[Page], out: &mut dyn Write) -> io::Result<()> {
    write_log(pages, "pod-security", Results { report, inputs, pages }, out)
}

/// Written one by one: a stream may hold a hundred thousand.
struct Results<'r> {
    report: &'r Report,
    inputs: &'r [Input<'r>],
    pages: &'r [Page],
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let notices = self.report.notices.iter().map(|finding| self.of_notice(finding));
        let of_pod = |pod| self.of_pod(pod);
        serializer.collect_seq(notices.chain(self.report.pods.iter().flat_map(of_pod)))
    }
}

impl Results<'_> {
    fn of_pod<'r>(&'r self, pod: &'r PodVerdict) -> impl Iterator<Item = Value> + 'r {
        let fields = |violation: &'r ViolationFound| violation.fields.iter().map(move |field| (violation, field));
        pod.violations.iter().flat_map(fields).map(move |(violation, field)| self.of_field(pod, violation, field))
    }

    fn of_field(&self, pod: &PodVerdict, violation: &ViolationFound, field: &ViolatingField) -> Value {
        let level = if violation.mode == Mode::Enforce { "error" } else { "warning" };
        let text = format!(
            "{} PodSecurity \"{}\" ({}): {}; {}",
            violates(pod),
            violation.policy,
            violation.mode,
            violation.message,
            field.hint.as_deref().unwrap_or(field.fix.as_str()),
        );
        let mut result = result(self.pages, violation.check, level, &text);
        let object = format!("{} {}/{}", pod.object.gvk.kind, pod.namespace, pod.object.name);
        locate(self.inputs.get(pod.stream), &mut result, Some(field.span), &format!("{object} {}", field.field));
        set(&mut result, "properties", json!({"mode": violation.mode.as_str(), "fix": field.fix.as_str()}));
        result
    }

    fn of_notice(&self, finding: &Finding) -> Value {
        let level = if finding.severity == Severity::Info { "note" } else { "warning" };
        let mut result = result(self.pages, finding.check, level, &finding.message);
        let object = finding.object.as_ref().map(ToString::to_string).unwrap_or_default();
        let location = finding.location.as_ref();
        let path = location.map(|location| location.path.to_string()).unwrap_or_default();
        locate(
            location.and_then(|it| self.inputs.get(it.stream)),
            &mut result,
            location.and_then(|location| location.span),
            &format!("{object} {path}"),
        );
        result
    }
}
