use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::escape::{of_same_length, one_line};
use crate::finding::{Finding, Severity};
use crate::text::{LineColumn, Span};

/// Lines shown around the one that is meant.
const CONTEXT_LINES: usize = 3;
/// Longest part of a line that is shown.
const SHOWN_BYTES: usize = 400;

/// A text that messages point into, and what people call it.
#[derive(Debug, Clone, Copy, Default)]
pub struct NamedText<'t> {
    /// A file name, or `<stdin>`.
    pub name: &'t str,
    /// The whole text.
    pub text: &'t str,
}

impl<'t> NamedText<'t> {
    /// Line and column of an offset; counts only the lines before it.
    pub fn line_column(&self, offset: usize) -> LineColumn {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line = memchr::memchr_iter(b'\n', before.as_bytes()).count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        LineColumn { line, column }
    }

    /// The lines around a span; counts the lines before it.
    pub fn excerpt(&self, span: Span) -> Excerpt<'t> {
        self.excerpt_numbered(span, |at| {
            memchr::memchr_iter(b'\n', self.text.get(..at).unwrap_or_default().as_bytes()).count() + 1
        })
    }

    /// The lines around a span, where something knows the line of an offset.
    pub(super) fn excerpt_numbered(&self, span: Span, line_at: impl Fn(usize) -> usize) -> Excerpt<'t> {
        let text = self.text;
        let start = span.start.min(text.len());
        let before = text.get(..start).unwrap_or_default();
        let first = memchr::memrchr_iter(b'\n', before.as_bytes()).nth(CONTEXT_LINES - 1);
        let first = first.map_or(0, |newline| newline + 1);
        let line_start = memchr::memrchr(b'\n', before.as_bytes()).map_or(0, |newline| newline + 1);
        // A document may be one line of a megabyte.
        let first = if start - line_start > SHOWN_BYTES { floor(text, start - SHOWN_BYTES / 2) } else { first };
        let rest = text.get(start..).unwrap_or_default();
        let line_end = memchr::memchr(b'\n', rest.as_bytes()).map_or(text.len(), |newline| start + newline);
        let last = floor(text, line_end.min(start + SHOWN_BYTES));
        let end = span.end.clamp(start, last);
        Excerpt {
            text: text.get(first..last).unwrap_or_default(),
            line: line_at(first),
            span: Span::new(start - first, end - first),
        }
    }
}

fn floor(text: &str, mut offset: usize) -> usize {
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// A few lines of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Excerpt<'t> {
    /// The lines.
    pub text: &'t str,
    /// Number of the first one, from 1.
    pub line: usize,
    /// What is meant, in offsets of `text`.
    pub span: Span,
}

/// A message about a place in a text.
#[derive(Debug, Clone, Copy)]
pub struct WithSource<'m> {
    /// How bad it is.
    pub severity: Severity,
    /// The rule that found it.
    pub id: Option<&'m str>,
    /// One line.
    pub message: &'m str,
    /// The place, where there is one.
    pub place: Option<(NamedText<'m>, Span)>,
    /// What stands at the caret.
    pub label: &'m str,
    /// The way out.
    pub help: Option<&'m str>,
}

/// Renders messages the way rustc does.
#[derive(Debug, Clone)]
pub struct Painter {
    renderer: Renderer,
}

impl Painter {
    /// With colour, for a terminal.
    pub fn colored() -> Self {
        Self { renderer: Renderer::styled().decor_style(DecorStyle::Ascii) }
    }

    /// Without colour.
    pub fn plain() -> Self {
        Self { renderer: Renderer::plain().decor_style(DecorStyle::Ascii) }
    }

    /// Renders what was put together elsewhere.
    pub(super) fn render(&self, group: Group<'_>) -> String {
        self.renderer.render(&[group])
    }

    /// Renders one message; the first line alone says what is the matter and where, because hosts cut the rest.
    pub fn paint(&self, message: &WithSource<'_>) -> String {
        let level = match message.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Info => Level::INFO,
        };
        let title = match &message.place {
            Some((named, span)) => {
                format!("{} ({}:{})", message.message, named.name, named.line_column(span.start))
            }
            None => message.message.to_owned(),
        };
        let title = one_line(&title);
        let mut headline = level.primary_title(title);
        if let Some(id) = message.id {
            headline = headline.id(id);
        }
        let excerpt = message.place.map(|(named, span)| (named, named.excerpt(span)));
        let shown = excerpt.as_ref().map(|(_, excerpt)| of_same_length(excerpt.text)).unwrap_or_default();
        let mut group = match &excerpt {
            Some((named, excerpt)) => Group::with_title(headline).element(
                Snippet::source(shown)
                    .line_start(excerpt.line)
                    .path(one_line(named.name))
                    .annotation(AnnotationKind::Primary.span(excerpt.span.range()).label(one_line(message.label))),
            ),
            None => Group::with_title(headline),
        };
        if let Some(help) = message.help {
            group = group.element(Level::HELP.message(one_line(help)));
        }
        self.renderer.render(&[group])
    }

    /// Renders a finding.
    pub fn paint_finding(&self, finding: &Finding, named: NamedText<'_>) -> String {
        let place = finding.location.as_ref().and_then(|location| location.span).map(|span| (named, span));
        let label = finding.location.as_ref().map(|location| location.path.to_string()).unwrap_or_default();
        self.paint(&WithSource {
            severity: finding.severity,
            id: Some(finding.check.0),
            message: &finding.message,
            place,
            label: &label,
            help: finding.help.as_deref(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_the_place_with_a_caret() {
        let text = "kind: Pod\nspec:\n  containers: x\n";
        let painted = Painter::plain().paint(&WithSource {
            severity: Severity::Error,
            id: None,
            message: "containers must be a list",
            place: Some((NamedText { name: "<stdin>", text }, Span::new(30, 31))),
            label: "spec.containers",
            help: Some("correct it"),
        });
        insta::assert_snapshot!(painted, @r"
        error: containers must be a list (<stdin>:3:15)
         --> <stdin>:3:15
          |
        3 |   containers: x
          |               ^ spec.containers
          |
          = help: correct it
        ");
    }

    #[test]
    fn cuts_long_lines() {
        let text = format!("{{\"a\": \"{}\"}}", "ü".repeat(100_000));
        let named = NamedText { name: "x", text: &text };
        for start in [0, 50_000, text.len()] {
            let start = floor(&text, start);
            let excerpt = named.excerpt(Span::new(start, text.len()));
            assert!(excerpt.text.len() <= 2 * SHOWN_BYTES, "{}", excerpt.text.len());
            assert!(excerpt.span.end <= excerpt.text.len());
        }
    }
}
