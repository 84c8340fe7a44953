//! Where new documents stand in a stream, and what they look like there (decision on: Placement).

use serde_json::Value;

use super::survey::Survey;
use super::wanted::{Placement, Wanted, annotate};
use crate::stream::{Document, Format, HELM_FILENAME_ANNOTATION, Stream};
use crate::text::TextEdit;
use crate::yaml::{Kind, ScalarStyle, Style, Tree, block};

/// The folder that hosts with file names see.
const FOLDER: &str = "floe";

/// The path of a generated object in a package.
pub(super) fn path(wanted: &Wanted) -> String {
    format!("{FOLDER}/{}", wanted.file)
}

/// A generated object as one document with its separator.
pub(super) fn render(stream: &Stream<'_>, wanted: &Wanted) -> String {
    if stream.is_json {
        return render_body(stream, wanted);
    }
    let mut text = format!("---{}", stream.newline);
    text.push_str(&render_body(stream, wanted));
    text
}

/// A generated object as a document without separator.
pub(super) fn render_body(stream: &Stream<'_>, wanted: &Wanted) -> String {
    if stream.is_json {
        return format!("{:#}{}", wanted.value, stream.newline);
    }
    let mut text = String::new();
    let mut value = wanted.value.clone();
    match stream.format {
        Format::Helm3 => text = format!("# Source: {}{}", path(wanted), stream.newline),
        Format::Helm4 => annotate(&mut value, HELM_FILENAME_ANNOTATION, Value::String(path(wanted))),
        Format::Plain => {}
    }
    block(&value, 0, Style { newline: stream.newline, ..Style::default() }, &mut text);
    text
}

/// The edits that bring new documents into a stream.
pub(super) fn insertions(stream: &Stream<'_>, survey: &Survey, new: &[Wanted]) -> Vec<TextEdit> {
    let text_of = |place: Placement| -> String {
        new.iter().filter(|wanted| wanted.place == place).map(|wanted| render(stream, wanted)).collect()
    };
    // Helm 3 and kubectl apply documents in the order of the text: a Namespace has to come before what lives in it,
    // and a policy before the pods that it isolates.
    let first_other = survey
        .documents
        .iter()
        .position(|it| !(it.blank || it.is_namespace || it.precedes_namespaces))
        .unwrap_or(survey.documents.len());
    let last_namespace = survey.documents.iter().rposition(|it| it.is_namespace).map_or(0, |at| at + 1);
    let places = [
        (Placement::Namespace, first_other),
        (Placement::Policy, first_other.max(last_namespace)),
        (Placement::Summary, end_of(stream)),
    ];
    // One insertion for each position: a document without separator needs one behind all that comes before it.
    let mut texts: Vec<(usize, String)> = Vec::new();
    for (place, at) in places {
        match texts.last_mut().filter(|(other, _)| *other == at) {
            Some((_, text)) => text.push_str(&text_of(place)),
            None => texts.push((at, text_of(place))),
        }
    }
    texts.retain(|(_, text)| !text.is_empty());
    texts.into_iter().map(|(at, text)| insert_before(stream, at, text)).collect()
}

/// Inserts documents before the document at `position`, or at the end.
fn insert_before(stream: &Stream<'_>, position: usize, text: String) -> TextEdit {
    let newline = stream.newline;
    match stream.documents.get(position) {
        Some(Document { separator: Some(separator), .. }) => TextEdit::insert(*separator, text),
        Some(document) if stream.is_json => TextEdit::insert(document.content.start, text),
        Some(document) => TextEdit::insert(document.content.start, format!("{text}---{newline}")),
        None if stream.text.is_empty() || stream.text.ends_with('\n') => TextEdit::insert(stream.text.len(), text),
        None => TextEdit::insert(stream.text.len(), format!("{newline}{text}")),
    }
}

/// The place for the last document: the end, unless a line break there would change the value of what stands last.
fn end_of(stream: &Stream<'_>) -> usize {
    let count = stream.documents.len();
    if stream.text.ends_with('\n') {
        return count;
    }
    let content = stream.documents.last().and_then(|last| stream.text.get(last.content.range())).unwrap_or_default();
    let ends_in_block_scalar = Tree::parse(content).is_ok_and(|tree| {
        let root = tree.root();
        let last = root.and_then(|root| std::iter::successors(Some(root), |node| tree.children(*node).last()).last());
        last.is_some_and(|leaf| matches!(tree.kind(leaf), Kind::Scalar(ScalarStyle::Literal | ScalarStyle::Folded)))
    });
    if ends_in_block_scalar { count - 1 } else { count }
}
