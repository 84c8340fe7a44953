//! The laws on texts that no tool has rendered: documents of the corpus shuffled, joined, with other line ends, in
//! lists.

use std::sync::OnceLock;

use floe::yaml::{Style, Tree, block};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use super::corpus::manifests;
use super::{assert_laws, is_kept, is_own, without_hardening};
use crate::support::data_dir;

/// Small documents of the corpus that floe can read and edit: what is refused is tested elsewhere.
fn pool() -> &'static [String] {
    static POOL: OnceLock<Vec<String>> = OnceLock::new();
    POOL.get_or_init(|| {
        let Some(data) = data_dir() else { return Vec::new() };
        let mut documents: Vec<String> = manifests(&data, &["charts", "floe", "netpol"])
            .iter()
            .flat_map(|(_, text)| text.split("\n---\n").map(|document| format!("{document}\n")).collect::<Vec<_>>())
            .map(|text| text.trim_start_matches("---\n").to_owned())
            .filter(|text| text.len() < 6_000 && !text.trim().is_empty() && !text.starts_with(['{', '-']))
            .filter(|text| super::lossless(text, "floe-jobs").is_ok())
            .collect();
        documents.sort();
        documents.dedup();
        documents
    })
}

/// How a stream is put together.
#[derive(Debug, Clone, Copy)]
struct Shape {
    separator: &'static str,
    leading: bool,
    newline: &'static str,
    final_newline: bool,
    mark: bool,
}

fn shape() -> impl Strategy<Value = Shape> {
    let separators = select(vec!["---\n", "--- # next\n", "---\n# Source: chart/templates/x.yaml\n", "---\n\n"]);
    (separators, any::<bool>(), select(vec!["\n", "\r\n"]), any::<bool>(), any::<bool>()).prop_map(
        |(separator, leading, newline, final_newline, mark)| Shape { separator, leading, newline, final_newline, mark },
    )
}

fn stream(documents: &[&String], shape: Shape) -> String {
    let mut text = String::new();
    for (position, document) in documents.iter().enumerate() {
        if position > 0 || shape.leading {
            text.push_str(shape.separator);
        }
        text.push_str(document);
    }
    let text = text.replace("\r\n", "\n").replace('\n', shape.newline);
    let text = if shape.final_newline { text.as_str() } else { text.trim_end() };
    format!("{}{text}", if shape.mark { "\u{feff}" } else { "" })
}

fn chosen(indices: &[Index]) -> Vec<&'static String> {
    indices.iter().map(|index| index.get(pool())).collect()
}

/// The objects of a list, as floe's reader sees them.
fn items(text: &str) -> Vec<Value> {
    let tree = Tree::parse(text).unwrap();
    let mut list = tree.value(tree.root().unwrap()).unwrap();
    serde_json::from_value(list["items"].take()).unwrap()
}

fn objects(documents: &[&String]) -> Vec<Value> {
    let read = |text: &&String| {
        let tree = Tree::parse(text).ok()?;
        tree.value(tree.root()?).ok().filter(|value| value["kind"].is_string() && value["metadata"]["name"].is_string())
    };
    documents.iter().filter_map(read).collect()
}

fn config() -> ProptestConfig {
    ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn streams_of_any_documents(indices in prop::collection::vec(any::<Index>(), 1..8), shape in shape()) {
        if pool().is_empty() {
            return Ok(());
        }
        let text = stream(&chosen(&indices), shape);
        let output = assert_laws("a mixed stream", &text, "floe-jobs");
        prop_assert_eq!(output.starts_with('\u{feff}'), shape.mark);
        if shape.newline == "\r\n" && text.contains('\n') {
            prop_assert!(!output.replace("\r\n", "").contains('\n'), "a line end is not CRLF");
        }
    }

    /// What a document becomes does not depend on its neighbours, in managed namespaces.
    #[test]
    fn documents_are_patched_alone(indices in prop::collection::vec(any::<Index>(), 2..6)) {
        if pool().is_empty() {
            return Ok(());
        }
        let documents = chosen(&indices);
        let shape = Shape { separator: "---\n", leading: true, newline: "\n", final_newline: true, mark: false };
        let output = assert_laws("a mixed stream", &stream(&documents, shape), "floe-jobs");
        for document in documents {
            let alone = assert_laws("one document", &format!("---\n{document}"), "floe-jobs");
            let patched = alone.split("---\n").filter(|text| !text.contains("floe.dev/component: network-security"));
            for text in patched.filter(|text| !text.trim().is_empty()) {
                prop_assert!(output.contains(text.trim_end()), "{} is not in {}", text, output);
            }
        }
    }

    #[test]
    fn lists_of_any_objects(
        indices in prop::collection::vec(any::<Index>(), 1..6),
        kind in select(vec!["ResourceList", "List"]),
        form in select(vec!["yaml", "json", "pretty"]),
    ) {
        let objects = objects(&if pool().is_empty() { Vec::new() } else { chosen(&indices) });
        if objects.is_empty() {
            return Ok(());
        }
        let version = if kind == "List" { "v1" } else { "config.kubernetes.io/v1" };
        let list = json!({"apiVersion": version, "kind": kind, "items": objects});
        let text = match form {
            "json" => list.to_string(),
            "pretty" => serde_json::to_string_pretty(&list).unwrap() + "\n",
            _ => {
                let mut text = String::new();
                block(&list, 0, Style::default(), &mut text);
                text
            }
        };
        let output = assert_laws("a list", &text, "floe-jobs");
        if form != "yaml" {
            prop_assert!(serde_json::from_str::<Value>(&output).is_ok(), "no JSON any more");
        }
        let mut after = items(&output);
        after.retain(|item| !is_own(item));
        prop_assert_eq!(after.len(), objects.len());
        for (before, after) in objects.iter().zip(&after) {
            prop_assert!(is_kept(before, after), "{} became {}", before, after);
            prop_assert_eq!(without_hardening(before), without_hardening(after));
        }
    }
}

#[test]
fn the_pool_is_large() {
    if data_dir().is_some() {
        println!("documents to mix: {}", pool().len());
        assert!(pool().len() > 500, "only {}", pool().len());
    }
}
