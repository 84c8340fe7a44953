use std::io::{self, Write};

use annotate_snippets::{AnnotationKind, Group, Level, Snippet};

use super::{Input, violates};
use crate::plan::INPUT;
use crate::report::Painter;
use crate::report::escape::{of_same_length, one_line};
use crate::verdict::{Fix, Mode, PodVerdict, Report, ViolationFound};

/// Writes the verdicts for people, the way rustc writes: first a line that says it all, then each violation with every
/// field at fault in its source.
///
/// `inputs` are the texts of the streams of the report, in their order.
pub fn write_text(report: &Report, inputs: &[Input<'_>], painter: &Painter, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", summary(report))?;
    for finding in report.notices.iter().filter(|it| it.check == INPUT) {
        let location = finding.location.as_ref();
        let input = location.and_then(|it| inputs.get(it.stream));
        let place = input.zip(location.and_then(|it| it.span));
        let place = place.map(|(input, span)| format!("{}:{}: ", input.named.name, input.line_column(span.start)));
        writeln!(out, "not judged: {}{}", place.unwrap_or_default(), finding.message)?;
    }
    for pod in &report.pods {
        let Some(input) = inputs.get(pod.stream) else { continue };
        for violation in &pod.violations {
            writeln!(out, "\n{}", paint(pod, violation, input, painter))?;
        }
    }
    if report.pods.iter().any(|pod| !pod.violations.is_empty()) {
        writeln!(out, "\n`floe explain CHECK` says what a check is about and how to satisfy it.")?;
    }
    Ok(())
}

fn summary(report: &Report) -> String {
    let (all, rejected) = (report.pods.len(), report.rejected());
    let warned = report.pods.iter().filter(|pod| pod.enforce.is_allowed() && !pod.violations.is_empty()).count();
    let fields = |fix: Fix| {
        let enforced = report.pods.iter().flat_map(|pod| &pod.violations).filter(|it| it.mode == Mode::Enforce);
        enforced.flat_map(|violation| &violation.fields).filter(|field| field.fix == fix).count()
    };
    let with_warnings = if warned == 0 { String::new() } else { format!("; {warned} admitted with warnings") };
    let unread = match report.unreadable() {
        0 => String::new(),
        1 => "; 1 object or document cannot be read, and is not judged".to_owned(),
        count => format!("; {count} objects or documents cannot be read, and are not judged"),
    };
    if rejected == 0 {
        return format!("floe: all of {all} pods admitted{with_warnings}{unread}");
    }
    format!(
        "floe: {rejected} of {all} pods rejected; fields at fault: {} filled by floe, {} to change in the \
         chart{with_warnings}{unread}",
        fields(Fix::FilledByFloe),
        fields(Fix::NeedsChange),
    )
}

fn paint(pod: &PodVerdict, violation: &ViolationFound, input: &Input<'_>, painter: &Painter) -> String {
    let (level, who, mode) = match violation.mode {
        Mode::Enforce => (Level::ERROR, violates(pod), String::new()),
        mode => (Level::WARNING, would_violate(pod), format!(" ({mode})")),
    };
    let first = violation.fields.first().map(|field| input.line_column(field.span.start));
    let place = first.map(|place| format!(" ({}:{place})", input.named.name)).unwrap_or_default();
    let title = format!("{who} PodSecurity \"{}\"{mode}: {}{place}", violation.policy, violation.message);
    let mut group = Group::with_title(level.primary_title(one_line(&title)).id(violation.check.0));
    for field in &violation.fields {
        let excerpt = input.named.excerpt_numbered(field.span, |at| input.line_column(at).line);
        group = group.element(
            Snippet::source(of_same_length(excerpt.text))
                .line_start(excerpt.line)
                .path(one_line(input.named.name))
                .annotation(
                    AnnotationKind::Primary
                        .span(excerpt.span.range())
                        .label(one_line(&format!("{}: {}", field.field, field.fix)).into_owned()),
                ),
        );
    }
    let mut hints: Vec<&str> = violation.fields.iter().filter_map(|field| field.hint.as_deref()).collect();
    hints.dedup();
    for hint in hints {
        group = group.element(Level::HELP.message(one_line(hint)));
    }
    painter.render(group)
}

fn would_violate(pod: &PodVerdict) -> String {
    let violates = violates(pod);
    match violates.rsplit_once(' ') {
        Some((who, _)) => format!("{who} would violate"),
        None => violates,
    }
}
