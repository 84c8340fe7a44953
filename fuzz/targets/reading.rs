//! What is read can be written and read again, in both styles, and comparing a node with its own value finds no difference.
#![no_main]

use floe::yaml::{Editor, Style, Tree, block, flow};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fn read(text: &str) -> Option<Value> {
    let tree = Tree::parse(text).ok()?;
    tree.value(tree.root()?).ok()
}

fuzz_target!(|text: &str| {
    let Ok(tree) = Tree::parse(text) else { return };
    let Some(root) = tree.root() else { return };
    let Ok(value) = tree.value(root) else { return };
    assert_eq!(tree.equals(root, &value), Ok(true), "a value is not equal to itself");
    let (mut in_blocks, mut in_flow) = (String::new(), String::new());
    block(&value, 0, Style::default(), &mut in_blocks);
    flow(&value, &mut in_flow);
    for written in [in_blocks, in_flow] {
        assert_eq!(read(&written).as_ref(), Some(&value), "written as {written:?}");
    }
    let Ok(mut editor) = Editor::new(&tree) else { return };
    if editor.reconcile(root, &value).is_ok() {
        assert!(editor.finish().is_empty(), "an unchanged value was edited");
    }
});
