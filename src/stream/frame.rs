use memchr::memmem;
use rayon::prelude::*;

use super::HELM_FILENAME_ANNOTATION;
use crate::text::Span;

/// One document of a stream, as byte ranges of the whole text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Document {
    /// Everything from this document's separator, if it has one, to the next document.
    pub span: Span,
    /// Where its `---` begins, if the document begins with one; behind a byte order mark.
    pub separator: Option<usize>,
    /// What a YAML parser is to see: with the separator, unless text is glued to it; without a byte order mark.
    pub content: Span,
    /// The text behind the separator's line break, or behind a glued separator.
    pub body: Span,
}

impl Document {
    /// The document without a byte order mark, which belongs to the stream.
    pub fn unmarked(&self) -> Span {
        Span::new(self.separator.unwrap_or(self.content.start), self.span.end)
    }
}

/// Where a stream comes from; decides how new documents are labelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Rendered by Helm 3: each document begins with a `# Source:` comment.
    Helm3,
    /// Rendered by Helm 4: each document carries an annotation with its file name.
    Helm4,
    /// Any other stream.
    Plain,
}

/// A framed text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream<'t> {
    /// Its number among the streams of an input, from 0.
    pub number: usize,
    /// The whole text.
    pub text: &'t str,
    /// Its documents, in order; their spans cover the text without gaps.
    pub documents: Vec<Document>,
    /// Where it comes from.
    pub format: Format,
    /// `\n`, or `\r\n` if the first line ends so.
    pub newline: &'static str,
    /// JSON objects back to back, several and without separators: a stream that kubectl reads as JSON to its end.
    pub is_json: bool,
    /// Where a line stands that is a separator for some readers only.
    pub doubtful_separator: Option<usize>,
}

/// Splits a text at its `---` lines.
///
/// A separator is `---` at the start of a line, followed by a blank, a line break or the end; also, as Helm splits it,
/// `---apiVersion: v1` with text glued to it. Directives belong to the document that follows them. A text of several JSON
/// objects and nothing else is split behind each of them.
pub fn frame(text: &str) -> Stream<'_> {
    let bytes = text.as_bytes();
    let mut starts = vec![0];
    let mark = if text.starts_with('\u{feff}') { MARK.len() } else { 0 };
    let crlf = memchr::memchr(b'\n', bytes).is_some_and(|at| at > 0 && bytes.get(at - 1) == Some(&b'\r'));
    let newline = if crlf { "\r\n" } else { "\n" };
    if let Some(documents) = json_documents(text, mark) {
        let format = Format::Plain;
        return Stream { number: 0, text, documents, format, newline, is_json: true, doubtful_separator: None };
    }
    let from_start = bytes.get(mark..).is_some_and(|rest| rest.starts_with(b"---"));
    let dashed: Vec<usize> = from_start.then_some(mark).into_iter().chain(dashed_lines(bytes)).collect();
    let doubtful_separator = dashed.iter().copied().find(|at| is_doubtful(text, *at));
    let separators = dashed.into_iter().filter(|at| is_separator(bytes, *at));
    for at in separators {
        let previous = starts.last().copied().unwrap_or(0);
        if at > mark && !is_directives(bytes.get(previous..at).unwrap_or_default()) {
            starts.push(at);
        }
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let documents: Vec<Document> =
        starts.iter().zip(ends).map(|(start, end)| document(bytes, Span::new(*start, end), mark)).collect();
    let format = format_of(text, &documents);
    Stream { number: 0, text, documents, format, newline, is_json: false, doubtful_separator }
}

/// Frames the texts of one input; each stream knows its number.
pub fn frame_all<'t>(texts: impl IntoIterator<Item = &'t str>) -> Vec<Stream<'t>> {
    texts.into_iter().enumerate().map(|(number, text)| Stream { number, ..frame(text) }).collect()
}

/// A byte order mark.
const MARK: &[u8] = "\u{feff}".as_bytes();

/// The documents of a text that is nothing but JSON objects, at least two, as Go's JSON decoder takes them apart.
fn json_documents(text: &str, mark: usize) -> Option<Vec<Document>> {
    let body = text.get(mark..)?;
    if !body.trim_start().starts_with('{') {
        return None;
    }
    let mut values = serde_json::Deserializer::from_str(body).into_iter::<serde::de::IgnoredAny>();
    let mut ends = Vec::new();
    while let Some(value) = values.next() {
        value.ok()?;
        ends.push(mark + values.byte_offset());
    }
    if ends.len() < 2 {
        return None;
    }
    let starts = |end: usize| end + text.get(end..).map_or(0, |rest| rest.len() - rest.trim_start().len());
    let mut documents = Vec::with_capacity(ends.len());
    let (mut span, mut start) = (0, starts(mark));
    for (position, end) in ends.iter().enumerate() {
        let next = if position + 1 == ends.len() { text.len() } else { starts(*end) };
        let content = Span::new(start, next);
        documents.push(Document { span: Span::new(span, next), separator: None, content, body: content });
        (span, start) = (next, next);
    }
    Some(documents)
}

/// Whether kubectl takes a line that begins with `---` for a separator, because it trims every blank of Unicode, where
/// YAML sees text.
fn is_doubtful(text: &str, at: usize) -> bool {
    let rest = text.get(at + 3..).unwrap_or_default();
    let line = rest.split('\n').next().unwrap_or_default();
    let is_empty = |line: &str| line.is_empty() || line.starts_with('#');
    is_empty(line.trim()) && !is_empty(line.trim_matches([' ', '\t', '\r']))
}

/// Bytes that one task searches.
const SEGMENT: usize = 4 << 20;

/// Starts of the lines, but for the first, that begin with `---`.
fn dashed_lines(bytes: &[u8]) -> Vec<usize> {
    const NEEDLE: &[u8] = b"\n---";
    let search = |start: usize| -> Vec<usize> {
        // A needle that begins in this segment may end in the next.
        let end = bytes.len().min(start + SEGMENT + NEEDLE.len() - 1);
        memmem::find_iter(bytes.get(start..end).unwrap_or_default(), NEEDLE).map(|at| start + at + 1).collect()
    };
    if bytes.len() <= SEGMENT {
        return search(0);
    }
    (0..bytes.len().div_ceil(SEGMENT)).into_par_iter().flat_map_iter(|segment| search(segment * SEGMENT)).collect()
}

fn is_separator(bytes: &[u8], at: usize) -> bool {
    match bytes.get(at + 3) {
        None | Some(b'\n' | b'\r' | b' ' | b'\t' | b'#') => true,
        Some(byte) => byte.is_ascii_alphabetic(),
    }
}

fn is_glued(bytes: &[u8], at: usize) -> bool {
    bytes.get(at + 3).is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'#')
}

/// Whether a text holds directives and comments only, at least one directive.
fn is_directives(bytes: &[u8]) -> bool {
    let mut lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    bytes.contains(&b'%') && lines.all(|line| line.starts_with(b"%") || line.trim_ascii_start().starts_with(b"#"))
}

fn document(bytes: &[u8], span: Span, mark: usize) -> Document {
    let first = if span.start == 0 { mark } else { span.start };
    let has_separator = bytes.get(first..).is_some_and(|rest| rest.starts_with(b"---")) && is_separator(bytes, first);
    if !has_separator {
        let all = Span::new(first, span.end);
        return Document { span, separator: None, content: all, body: all };
    }
    if is_glued(bytes, first) {
        let rest = Span::new(first + 3, span.end);
        return Document { span, separator: Some(first), content: rest, body: rest };
    }
    let line = bytes.get(first..span.end).and_then(|rest| memchr::memchr(b'\n', rest));
    let body = line.map_or(span.end, |at| first + at + 1);
    let rest = bytes.get(first + 3..body).unwrap_or_default().trim_ascii();
    if !rest.is_empty() && !rest.starts_with(b"#") {
        // The document begins on the line of its separator.
        let body = Span::new(first + 3, span.end);
        return Document { span, separator: Some(first), content: Span::new(first, span.end), body };
    }
    if follows_content(bytes, first) && bytes.get(body..span.end).is_some_and(|body| body.starts_with(MARK)) {
        // Two files, one behind the other: whoever takes documents apart sees the mark where it belongs, at the start.
        let body = Span::new(body + MARK.len(), span.end);
        return Document { span, separator: Some(first), content: body, body };
    }
    let body = Span::new(body, span.end);
    Document { span, separator: Some(first), content: Span::new(first, span.end), body }
}

/// Whether the line before a separator, blank ones aside, is content. Behind anything else some readers leave the separator to
/// the parser, and go-yaml then has a byte order mark behind it for a part of the first key.
fn follows_content(bytes: &[u8], separator: usize) -> bool {
    let before = bytes.get(..separator).unwrap_or_default();
    let before = before.strip_prefix(MARK).unwrap_or(before).trim_ascii_end();
    let line = memchr::memrchr(b'\n', before).map_or(before, |at| before.get(at + 1..).unwrap_or_default());
    let marks: [&[u8]; 4] = [b"---", b"...", b"#", b"%"];
    !line.is_empty() && !marks.iter().any(|mark| line.trim_ascii_start().starts_with(mark))
}

fn format_of(text: &str, documents: &[Document]) -> Format {
    let body = |document: &Document| text.get(document.body.range()).unwrap_or_default();
    if documents.iter().any(|document| body(document).starts_with("# Source: ")) {
        return Format::Helm3;
    }
    let first = documents.iter().map(body).find(|body| !body.trim().is_empty()).unwrap_or_default();
    if first.contains(HELM_FILENAME_ANNOTATION) { Format::Helm4 } else { Format::Plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bodies(text: &str) -> Vec<&str> {
        let stream = frame(text);
        let joined: String = stream.documents.iter().map(|it| text.get(it.span.range()).unwrap()).collect();
        assert_eq!(joined, text);
        stream.documents.iter().map(|it| text.get(it.body.range()).unwrap()).collect()
    }

    #[test]
    fn splits_at_separators_only() {
        assert_eq!(bodies("a: 1\n---\nb: 2\n"), ["a: 1\n", "b: 2\n"]);
        assert_eq!(bodies("---\na: 1\n--- # x\nb: 2"), ["a: 1\n", "b: 2"]);
        assert_eq!(bodies("---apiVersion: v1\n---\n"), ["apiVersion: v1\n", ""]);
        assert_eq!(bodies("a: |\n  ---\n  x\n----\nb\n"), ["a: |\n  ---\n  x\n----\nb\n"]);
        assert_eq!(bodies("a: 1\r\n---\r\nb: 2\r\n"), ["a: 1\r\n", "b: 2\r\n"]);
        assert_eq!(bodies("\u{feff}---\na: 1\n---"), ["a: 1\n", ""]);
        assert_eq!(bodies("%YAML 1.1\n---\na: 1\n"), ["%YAML 1.1\n---\na: 1\n"]);
        assert_eq!(bodies("\u{feff}a: 1\n---\nb: 2\n"), ["a: 1\n", "b: 2\n"]);
        assert_eq!(bodies(""), [""]);
    }

    #[test]
    fn splits_json_objects_that_stand_back_to_back() {
        assert_eq!(bodies("{\"a\": 1}\n{\"b\": 2}\n"), ["{\"a\": 1}\n", "{\"b\": 2}\n"]);
        assert_eq!(bodies("\u{feff} {}{\"b\": \"}{\"} {}"), ["{}", "{\"b\": \"}{\"} ", "{}"]);
        for text in ["{}", "{}\n---\n{}", "{}\n---\na: 1\n", "{} {", "{a: 1} {b: 1}", "{}\nkind: Pod\n"] {
            assert!(!frame(text).is_json, "{text:?}");
        }
    }

    #[test]
    fn doubts_separators_that_only_some_readers_take_for_one() {
        for text in ["a: 1\n---\u{a0}\nb: 1\n", "---\u{2003}\n", "--- \u{85}# x\n", "---\u{b}\n", "a\n---\t\u{2028}"] {
            assert!(frame(text).doubtful_separator.is_some(), "{text:?}");
        }
        for text in ["---\n", "--- # \u{a0}\n", "---\r\n", "---\u{a0}x\n", "--- {a: 1}\n", "a: \u{a0}\n---"] {
            assert_eq!(frame(text).doubtful_separator, None, "{text:?}");
        }
    }

    #[test]
    fn a_byte_order_mark_at_the_start_of_a_document_is_not_part_of_it() {
        assert_eq!(bodies("a: 1\n---\n\u{feff}b: 2\n"), ["a: 1\n", "b: 2\n"]);
        assert_eq!(bodies("---\n\u{feff}b: 2\n"), ["\u{feff}b: 2\n"]);
        assert_eq!(bodies("a: 1\n---\n\n---\n\u{feff}b: 2\n"), ["a: 1\n", "\n", "\u{feff}b: 2\n"]);
    }

    #[test]
    fn finds_separators_across_segments() {
        for shift in 0..6 {
            let head = "x".repeat(SEGMENT - shift);
            let text = format!("{head}\n---\n{head}\n---\nb: 2\n");
            let starts: Vec<usize> = frame(&text).documents.iter().map(|it| it.span.start).collect();
            assert_eq!(starts, [0, head.len() + 1, 2 * head.len() + 6], "{shift}");
        }
    }

    #[test]
    fn hides_a_glued_separator_from_the_parser() {
        let text = "---\na: 1\n---kind: X\n";
        let contents: Vec<&str> =
            frame(text).documents.iter().map(|it| text.get(it.content.range()).unwrap()).collect();
        assert_eq!(contents, ["---\na: 1\n", "kind: X\n"]);
    }

    #[test]
    fn streams_of_one_input_know_their_numbers() {
        let numbered: Vec<_> = frame_all(["a", "b"]).iter().map(|it| (it.number, it.text)).collect();
        assert_eq!(numbered, [(0, "a"), (1, "b")]);
    }

    #[test]
    fn tells_hosts_apart() {
        assert_eq!(frame("---\n# Source: a/b.yaml\na: 1\n").format, Format::Helm3);
        let helm4 = "metadata:\n  annotations:\n    postrenderer.helm.sh/postrender-filename: 'a'\n---\n";
        assert_eq!(frame(helm4).format, Format::Helm4);
        assert_eq!(frame("a: '# Source: x'\n").format, Format::Plain);
        assert_eq!(frame("a: 1\r\n").newline, "\r\n");
    }
}
