//! What is read can be written and read again, in both styles; comparing agrees with reading, and an unchanged value needs
//! no edit.
#![no_main]

#[allow(dead_code, reason = "the laws of the tests, of which this target checks some")]
#[path = "../../tests/it/yaml_laws/laws.rs"]
mod laws;

use floe::yaml::{Style, Tree, block, flow};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    laws::agrees_with_itself(text).unwrap_or_else(|broken| panic!("{broken}"));
    let Ok(tree) = Tree::parse(text) else { return };
    let Some(Ok(value)) = tree.root().map(|root| tree.value(root)) else { return };
    let (mut in_blocks, mut in_flow) = (String::new(), String::new());
    block(&value, 0, Style::default(), &mut in_blocks);
    flow(&value, &mut in_flow);
    for written in [in_blocks, in_flow] {
        assert_eq!(laws::read(&written).as_ref(), Ok(&value), "written as {written:?}");
    }
});
