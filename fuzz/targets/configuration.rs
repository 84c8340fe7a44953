//! A configuration is taken, or refused with a place inside its text, in each of its forms.
#![no_main]

use floe::config::{Config, ConfigError, Product, misspelt_sections};
use floe::yaml::Tree;
use libfuzzer_sys::fuzz_target;

fn check(text: &str, result: Result<(), ConfigError>) {
    let Err(error) = result else { return };
    assert!(text.get(error.span.range()).is_some(), "{error:?} stands outside");
    assert!(!error.message.is_empty(), "{error:?}");
}

fuzz_target!(|text: &str| {
    let Ok(tree) = Tree::parse(text) else { return };
    check(text, Config::from_manifest(&tree).map(drop));
    check(text, Product::from_tree(&tree).map(drop));
    if let Some(root) = tree.root() {
        check(text, Config::from_function_config(&tree, root).map(drop));
    }
    for misspelt in misspelt_sections(&tree) {
        assert!(text.get(misspelt.span.range()).is_some(), "{misspelt:?} stands outside");
    }
});
