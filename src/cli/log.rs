#![expect(clippy::disallowed_methods, reason = "an edge module: it looks at the terminal")]

use std::io::{self, Write as _};

use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use super::options::{LogFormat, LoggingArgs};
use crate::report::{Painter, one_line};

/// Sends events to standard error. Without `-v` only warnings and errors; those of libraries, which users know nothing
/// of, only where everything is wanted.
pub(super) fn init(arguments: &LoggingArgs) {
    let level = match arguments.verbose {
        0 => Level::WARN,
        1 => Level::INFO,
        2 => Level::DEBUG,
        _ => Level::TRACE,
    };
    let libraries = if level == Level::TRACE { LevelFilter::TRACE } else { LevelFilter::OFF };
    let wanted = Targets::new().with_target(env!("CARGO_CRATE_NAME"), level).with_default(libraries);
    let layer = || tracing_subscriber::fmt::layer().with_target(false);
    let registry = tracing_subscriber::registry();
    // A second call, in tests, changes nothing.
    let _ = match arguments.log_format {
        LogFormat::Text => {
            let lines = || Lines { is_colored: is_colored(), line: Vec::new() };
            let layer = layer().with_ansi(is_colored()).without_time().with_writer(lines);
            registry.with(layer.with_filter(wanted)).try_init()
        }
        LogFormat::Json => {
            let layer = layer().json().flatten_event(true).with_writer(io::stderr);
            registry.with(layer.with_filter(wanted)).try_init()
        }
    };
}

/// Colour only on a terminal and never under `NO_COLOR`.
pub(super) fn is_colored() -> bool {
    is_terminal_colored(&io::stderr())
}

fn is_terminal_colored(stream: &impl io::IsTerminal) -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    stream.is_terminal() && !is_set("NO_COLOR") && !dumb
}

pub(super) fn painter() -> Painter {
    if is_colored() { Painter::colored() } else { Painter::plain() }
}

/// The same for standard output.
pub(super) fn is_stdout_colored() -> bool {
    is_terminal_colored(&io::stdout())
}

/// For a report on standard output.
pub(super) fn painter_for_stdout() -> Painter {
    if is_stdout_colored() { Painter::colored() } else { Painter::plain() }
}

/// Writes one message to standard error, on one line, whatever names it holds; that it is closed is no reason to fail.
pub(super) fn eprint(message: &str) {
    eprint_painted(&one_line(message));
}

/// Writes what a painter has made.
pub(super) fn eprint_painted(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Standard error for events as text: each is one line. Colours are the log's own; it escapes those of others.
#[derive(Debug, Default)]
struct Lines {
    is_colored: bool,
    line: Vec<u8>,
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        let text = String::from_utf8_lossy(&self.line);
        let text = text.strip_suffix('\n').unwrap_or(&text);
        if self.is_colored {
            let parts: Vec<_> = text.split('\u{1b}').map(one_line).collect();
            eprint_painted(&parts.join("\u{1b}"));
        } else if !text.is_empty() {
            eprint(text);
        }
    }
}

/// Says what of a cluster could not be seen.
pub(super) fn unseen(what: &[String], logging: &LoggingArgs) {
    for what in what {
        warn(&format!("not seen: {what}"), logging);
    }
}

/// Says one thing that a user should know, in the form that is wanted.
pub(super) fn warn(message: &str, logging: &LoggingArgs) {
    match logging.log_format {
        LogFormat::Text => eprint(&format!("warning: {message}")),
        LogFormat::Json => tracing::warn!("{message}"),
    }
}

/// Says on standard error what the result does not.
pub(super) fn note(line: &str, logging: &LoggingArgs) {
    match logging.log_format {
        LogFormat::Text => eprint(&format!("floe: note: {line}")),
        LogFormat::Json => tracing::warn!("{line}"),
    }
}
