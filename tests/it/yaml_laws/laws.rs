//! The laws themselves, as functions of a text and the value it should get.

use floe::text::{TextEdit, sort_and_check, splice};
use floe::yaml::{Editor, Kind, NodeId, Refusal, Tree};
use serde_json::Value;

/// What an edit made of a text.
pub(super) struct Edited {
    pub(super) text: String,
    pub(super) edits: Vec<TextEdit>,
}

/// The value of a text, or why it has none.
pub(super) fn read(text: &str) -> Result<Value, String> {
    let tree = Tree::parse(text).map_err(|error| format!("{error} at {}", error.offset))?;
    match tree.root() {
        Some(root) => tree.value(root).map_err(|error| format!("{error} at {}", error.offset)),
        None => Ok(Value::Null),
    }
}

/// L1 and L3: the edited text has the target value and the shape of the original. The inner result is the refusal.
pub(super) fn edit(text: &str, target: &Value) -> Result<Result<Edited, Refusal>, String> {
    let tree = Tree::parse(text).map_err(|error| error.to_string())?;
    let Some(root) = tree.root() else {
        return Ok(Err(Refusal { reason: "no content".to_owned(), offset: 0 }));
    };
    let edits = Editor::new(&tree).and_then(|mut editor| {
        editor.reconcile(root, target)?;
        Ok(editor.finish())
    });
    let mut edits = match edits {
        Ok(edits) => edits,
        Err(refusal) if refusal.offset > text.len() || refusal.reason.is_empty() => {
            return Err(format!("a refusal outside the text: {refusal:?}"));
        }
        Err(refusal) => return Ok(Err(refusal)),
    };
    sort_and_check(text, &mut edits).map_err(|error| format!("{error}\n{text}\n{edits:?}"))?;
    let edited = splice(text, &edits).map_err(|error| format!("{error}\n{text}\n{edits:?}"))?;
    let context = || format!("\n--- input\n{text}\n--- output\n{edited}\n--- target\n{target}\n--- edits\n{edits:?}\n");
    match read(&edited) {
        Ok(value) if value == *target => {}
        Ok(value) => return Err(format!("L1: the value is {value}{}", context())),
        Err(error) => return Err(format!("L1: {error}{}", context())),
    }
    keeps_shape(text, &edited).map_err(|error| format!("L3: {error}{}", context()))?;
    Ok(Ok(Edited { text: edited, edits }))
}

fn keeps_shape(before: &str, after: &str) -> Result<(), String> {
    if before.starts_with('\u{feff}') != after.starts_with('\u{feff}') {
        return Err("the byte order mark changed".to_owned());
    }
    if before.ends_with('\n') != after.ends_with('\n') {
        return Err("the final newline changed".to_owned());
    }
    let newlines = |text: &str| (text.matches("\r\n").count(), text.matches('\n').count());
    let (crlf, all) = newlines(before);
    let (crlf_after, all_after) = newlines(after);
    if all > 0 && (crlf == 0 && crlf_after != 0 || crlf == all && crlf_after != all_after) {
        return Err("the newline style changed".to_owned());
    }
    let is_marker = |line: &str| {
        ["---", "..."].iter().any(|marker| {
            line.strip_prefix(marker).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r']))
        })
    };
    let markers = |text: &str| text.lines().filter(|line| is_marker(line)).map(str::to_owned).collect::<Vec<_>>();
    if markers(before) != markers(after) {
        return Err("the document markers changed".to_owned());
    }
    Ok(())
}

/// L2: what is inserted are whole lines; taking them away gives the input back, and each input line survives.
pub(super) fn only_adds_lines(before: &str, edited: &Edited) -> Result<(), String> {
    for edit in &edited.edits {
        let fail = |what: &str| Err(format!("L2: {what}: {edit:?}\n--- input\n{before}\n--- output\n{}", edited.text));
        if !edit.span.is_empty() {
            return fail("a byte of the input goes");
        }
        let at = edit.span.start;
        let line_start = before[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let indent = &before[line_start..at];
        let at_end = at == before.len() && edit.text.starts_with(['\r', '\n']);
        let whole_lines = edit.text.ends_with('\n') && indent.is_empty();
        // Before a first entry the indentation is used, and given back behind the new lines. A collection that begins
        // behind a dash, or behind the byte order mark, has its first line split.
        let last = edit.text.rsplit('\n').next().unwrap_or_default();
        let before_first = edit.text.contains('\n')
            && last.chars().all(|character| character == ' ')
            && indent.chars().all(|character| " -?:\u{feff}".contains(character));
        if !(at_end || whole_lines || before_first) {
            return fail("not whole lines");
        }
    }
    let mut lines = edited.text.lines();
    let split = |line: &str| line.trim_start_matches([' ', '-', '?', ':', '\u{feff}']).to_owned();
    for line in before.lines() {
        if !lines.any(|other| other == line || split(other) == split(line)) {
            return Err(format!("L2: the line {line:?} is lost\n--- input\n{before}\n--- output\n{}", edited.text));
        }
    }
    Ok(())
}

/// L4 and L6: comparison agrees with reading, for the root and every node below, and an unchanged value needs no edit.
pub(super) fn agrees_with_itself(text: &str) -> Result<(), String> {
    let Ok(tree) = Tree::parse(text) else { return Ok(()) };
    let Some(root) = tree.root() else { return Ok(()) };
    let Ok(value) = tree.value(root) else { return Ok(()) };
    let mut values = Vec::new();
    collect(&tree, root, &mut values)?;
    for (position, (id, value)) in values.iter().enumerate() {
        // Each node against itself and a few others.
        for (_, other) in values.iter().skip(position).take(4).chain(values.first()) {
            let equal = tree.equals(*id, other).map_err(|error| error.to_string())?;
            if equal != (value == other) {
                return Err(format!("L6: equals says {equal} of {value} and {other}\n{text}"));
            }
        }
    }
    let Ok(mut editor) = Editor::new(&tree) else { return Ok(()) };
    match editor.reconcile(root, &value) {
        Ok(()) if editor.finish().is_empty() => Ok(()),
        Ok(()) => Err(format!("L4: an unchanged value was edited\n{text}")),
        Err(refusal) => Err(format!("L4: an unchanged value was refused: {refusal}\n{text}")),
    }
}

fn collect(tree: &Tree<'_>, id: NodeId, values: &mut Vec<(NodeId, Value)>) -> Result<(), String> {
    if let Ok(value) = tree.value(id) {
        values.push((id, value));
    }
    if tree.kind(id) == Kind::Alias {
        return Ok(());
    }
    let span = tree.span(id);
    for child in tree.children(id) {
        let inner = tree.span(child);
        if tree.source().get(inner.range()).is_none() || inner.start < span.start || inner.end > span.end {
            // Only a zero-width value may stand outside: `? a` without a value.
            if !inner.is_empty() {
                return Err(format!("the span {inner:?} leaves {span:?}\n{}", tree.source()));
            }
        }
        collect(tree, child, values)?;
    }
    Ok(())
}
