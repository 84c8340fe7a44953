//! Where new objects stand, what they look like there, and what becomes of them when floe runs again.
//!
//! The snapshots show the whole output, with each object of floe's shortened to `<Kind namespace/name>` and the
//! annotations that tell its place. `floe::network_policy` and `floe::pod_security` have snapshots of the objects.

mod lists;
mod own;
mod parts;
mod streams;

use std::fmt::Write as _;

use floe::config::Config;
use floe::document::Error;
use floe::plan::{Detail, Outcome, Parts, Request, plan};
use floe::stream::{HELM_FILENAME_ANNOTATION, frame};
use floe::yaml::{Kind, NodeId, Tree};

/// A ConfigMap of a namespace that is not managed.
const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: shop}\n";
/// A pod that needs nothing to be done.
const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\n\
                   spec: {containers: [{name: web, image: web}]}\n";

/// A configuration with these sections.
fn config(sections: &str) -> Config {
    let text = format!("apiVersion: floe.dev/v1\nkind: Manifest\n{sections}");
    Config::from_manifest(&Tree::parse(&text).unwrap()).unwrap()
}

fn secure(input: &str, config: &Config, parts: Parts) -> Result<String, Error> {
    let request = Request { namespace: None, parts, detail: Detail::Everything };
    plan(&frame(input), config, &request).map(|Outcome { output, .. }| output.to_string())
}

/// Secures a text by the built-in configuration, checks that a second run changes nothing, and shows the result.
fn placed(input: &str) -> String {
    placed_by(input, &Config::default(), Parts::ALL)
}

fn placed_by(input: &str, config: &Config, parts: Parts) -> String {
    let output = secure(input, config, parts).unwrap();
    let again = secure(&output, config, parts).unwrap();
    assert!(again == output, "a second run changed the result:\n{output}\n=====\n{again}");
    outline(&output)
}

/// A text with floe's objects shortened and invisible characters shown.
fn outline(text: &str) -> String {
    let mut shown = String::new();
    for document in frame(text).documents {
        let content = &text[document.content.range()];
        shown.push_str(&text[document.span.start..document.content.start]);
        let mut done = 0;
        if let Ok(tree) = Tree::parse(content) {
            let mut own = Vec::new();
            if let Some(root) = tree.root() {
                collect(&tree, root, &mut own);
            }
            for (start, end, name) in own {
                shown.push_str(&content[done..start]);
                shown.push_str(&name);
                done = end;
            }
        }
        shown.push_str(&content[done..]);
    }
    let shown = shown.replace('\r', "<CR>").replace('\u{feff}', "<BOM>");
    if shown.ends_with('\n') { shown } else { format!("{shown}<no newline>") }
}

/// Floe's objects below a node: where they stand, and how they are shown.
fn collect(tree: &Tree<'_>, node: NodeId, own: &mut Vec<(usize, usize, String)>) {
    let items = tree.get(node, "items").filter(|items| matches!(tree.kind(*items), Kind::Sequence { .. }));
    if let Some(items) = items {
        tree.items(items).for_each(|item| collect(tree, item, own));
        return;
    }
    let Ok(object) = tree.value(node) else { return };
    if object["metadata"]["labels"]["floe.dev/component"] != "network-security" {
        return;
    }
    let text = |pointer: &str| object.pointer(pointer).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
    let (namespace, name) = (text("/metadata/namespace"), text("/metadata/name"));
    let slash = if namespace.is_empty() { "" } else { "/" };
    let mut shown = format!("<{} {namespace}{slash}{name}", text("/kind"));
    for (key, label) in [
        (HELM_FILENAME_ANNOTATION, "filename"),
        ("internal.config.kubernetes.io/path", "path"),
        ("internal.config.kubernetes.io/index", "index"),
    ] {
        if let Some(value) = object["metadata"]["annotations"].get(key) {
            write!(shown, " {label}={value}").unwrap();
        }
    }
    shown.push('>');
    let span = tree.span(node);
    let end = span.start + tree.source()[span.range()].trim_end().len();
    own.push((span.start, end, shown));
}
