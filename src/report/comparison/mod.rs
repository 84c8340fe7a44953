//! What changes between two sets of policies, for people, programs and review comments.

use std::io::{self, Write};

use serde_json::{Value, json};
use similar::TextDiff;

use crate::reachability::PortSet;
use crate::report::escape::{code_span, fence, one_line, start_of_line, table_cell};
use crate::snapshot::{Comparison, ConnectionChange, PolicyChange};
use crate::yaml::{Style, block};

/// Lines of context around a change in the text of a policy.
const CONTEXT: usize = 3;

/// Connections as `netpol-analyzer` writes them.
fn connections(ports: &PortSet) -> String {
    if ports.is_empty() { "No Connections".to_owned() } else { ports.to_list() }
}

/// `added`, `removed` or `changed`.
fn kind<T>(before_is_empty: bool, after_is_empty: bool, of: [T; 3]) -> T {
    let [added, removed, changed] = of;
    match (before_is_empty, after_is_empty) {
        (true, _) => added,
        (_, true) => removed,
        _ => changed,
    }
}

/// Writes a comparison for people: connections first, then policies as unified diffs. Nothing where nothing differs.
pub fn write_comparison_text(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    for change in &comparison.connections {
        let sign = kind(change.before.is_empty(), change.after.is_empty(), ["+", "-", "~"]);
        let [source, destination] = [&change.source, &change.destination].map(ToString::to_string);
        write!(out, "{sign} {} => {} : ", one_line(&source), one_line(&destination))?;
        match sign {
            "+" => writeln!(out, "{}", connections(&change.after))?,
            "-" => writeln!(out, "{}", connections(&change.before))?,
            _ => writeln!(out, "{} -> {}", connections(&change.before), connections(&change.after))?,
        }
    }
    if !comparison.connections.is_empty() && !comparison.policies.is_empty() {
        writeln!(out)?;
    }
    comparison.policies.iter().try_for_each(|change| out.write_all(policy_diff(change).as_bytes()))
}

fn policy_diff(change: &PolicyChange) -> String {
    let [before, after] = [&change.before, &change.after].map(|side| side.as_ref().map(text).unwrap_or_default());
    let name = format!("{}/{}", change.namespace, change.name);
    let name = one_line(&name);
    let header = |side: &Option<Value>, prefix: &str| {
        side.as_ref().map_or("/dev/null".to_owned(), |_| format!("{prefix}/{name}"))
    };
    let diff = TextDiff::from_lines(&before, &after);
    let mut diff = diff.unified_diff();
    let diff =
        diff.context_radius(CONTEXT).header(&header(&change.before, "a"), &header(&change.after, "b")).to_string();
    diff.split_inclusive('\n').map(diff_line).collect()
}

/// A line of a diff behind its sign, which is a blank where nothing changes.
fn diff_line(line: &str) -> String {
    let content = line.strip_suffix('\n').unwrap_or(line);
    let shown = match content.strip_prefix(' ') {
        Some(kept) => format!(" {}", start_of_line(kept)),
        None => one_line(content).into_owned(),
    };
    shown + "\n"
}

/// What of an object a user wrote: no status, and of the metadata what makes it this object.
fn text(object: &Value) -> String {
    let field = |path: &str| object.pointer(path).cloned().unwrap_or(Value::Null);
    let mut shown = json!({
        "metadata": {
            "name": field("/metadata/name"),
            "namespace": field("/metadata/namespace"),
            "labels": field("/metadata/labels"),
        },
        "spec": field("/spec"),
    });
    if let Some(metadata) = shown.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|_, value| !value.is_null());
    }
    let mut text = String::new();
    block(&shown, 0, Style::default(), &mut text);
    text
}

/// Writes a comparison as one JSON document: the contract of `docs/schema/network-diff.schema.json`.
pub fn write_comparison_json(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    let connection = |change: &ConnectionChange| {
        json!({
            "change": kind(change.before.is_empty(), change.after.is_empty(), ["added", "removed", "changed"]),
            "source": change.source.to_string(),
            "destination": change.destination.to_string(),
            "before": connections(&change.before),
            "after": connections(&change.after),
        })
    };
    let policy = |change: &PolicyChange| {
        json!({
            "change": kind(change.before.is_none(), change.after.is_none(), ["added", "removed", "changed"]),
            "namespace": change.namespace,
            "name": change.name,
            "before": change.before.as_ref().and_then(|object| object.get("spec")),
            "after": change.after.as_ref().and_then(|object| object.get("spec")),
        })
    };
    let mut document = json!({
        "connections": comparison.connections.iter().map(connection).collect::<Vec<_>>(),
        "policies": comparison.policies.iter().map(policy).collect::<Vec<_>>(),
    });
    if let Some(document) = document.as_object_mut().filter(|_| comparison.incomplete.is_some()) {
        document.insert("incomplete".to_owned(), json!(true));
    }
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

/// Writes a comparison as Markdown.
pub fn write_comparison_markdown(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    if comparison.is_empty() {
        return writeln!(out, "No difference.");
    }
    if !comparison.connections.is_empty() {
        writeln!(out, "| Change | Source | Destination | Before | After |\n|---|---|---|---|---|")?;
        for change in &comparison.connections {
            let word = kind(change.before.is_empty(), change.after.is_empty(), ["added", "removed", "changed"]);
            let [source, destination] = [&change.source, &change.destination].map(|end| table_cell(&end.to_string()));
            let [before, after] = [&change.before, &change.after].map(connections);
            writeln!(out, "| {word} | {source} | {destination} | {before} | {after} |")?;
        }
    }
    for change in &comparison.policies {
        let word = kind(change.before.is_none(), change.after.is_none(), ["Added", "Removed", "Changed"]);
        let diff = policy_diff(change);
        let fence = fence(&diff);
        writeln!(
            out,
            "\n{word}: NetworkPolicy {}\n\n{fence}diff\n{diff}{fence}",
            code_span(&format!("{}/{}", change.namespace, change.name))
        )?;
    }
    Ok(())
}
