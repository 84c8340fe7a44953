//! Findings on standard error, for people or as JSON.

use super::log;
use super::options::{LogFormat, LoggingArgs};
use crate::finding::{Finding, Severity};
use crate::report::NamedText;

/// Says one finding, with the place in the text that it points into.
pub(super) fn tell(finding: &Finding, named: NamedText<'_>, logging: &LoggingArgs) {
    match logging.log_format {
        LogFormat::Text => log::eprint_painted(&log::painter().paint_finding(finding, named)),
        LogFormat::Json => event(finding, named),
    }
}

fn event(finding: &Finding, named: NamedText<'_>) {
    let span = finding.location.as_ref().and_then(|location| location.span);
    let place = span.map(|span| named.line_column(span.start));
    let object = finding.object.as_ref().map(ToString::to_string);
    let path = finding.location.as_ref().map(|location| location.path.to_string());
    macro_rules! event {
        ($level:ident) => {
            tracing::$level!(
                check = finding.check.0,
                object,
                path,
                file = place.map(|_| named.name),
                line = place.map(|place| place.line),
                column = place.map(|place| place.column),
                help = finding.help,
                "{}",
                finding.message
            )
        };
    }
    match finding.severity {
        Severity::Error => event!(error),
        Severity::Warning => event!(warn),
        Severity::Info => event!(info),
    }
}
