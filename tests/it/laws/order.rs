//! Generated objects do not depend on the order of the input, but for where they stand.

use floe::stream::frame;
use serde_json::Value;

use super::lossless;
use crate::support::project;

fn generated(text: &str) -> Vec<Value> {
    let stream = frame(text);
    let mut own: Vec<Value> = stream
        .documents
        .iter()
        .filter_map(|document| {
            let tree = floe::yaml::Tree::parse(&text[document.content.range()]).ok()?;
            tree.value(tree.root()?).ok()
        })
        .filter(|object| super::is_own(object) && object["kind"] != "ConfigMap")
        .collect();
    own.sort_by_key(Value::to_string);
    own
}

#[test]
fn policies_do_not_depend_on_the_order_of_documents() {
    let text = std::fs::read_to_string(project().join("examples/platform/rendered.yaml")).unwrap();
    let documents: Vec<&str> = frame(&text).documents.iter().map(|it| &text[it.span.range()]).collect();
    let reversed: String = documents.iter().rev().copied().collect();
    let (straight, reversed) = (lossless(&text, "floe-jobs").unwrap(), lossless(&reversed, "floe-jobs").unwrap());
    assert!(generated(&straight).len() > 6);
    assert_eq!(generated(&straight), generated(&reversed));
}
