//! No text makes configuration panic, or point outside of itself.

use proptest::prelude::*;

use super::FULL;
use crate::config::Config;
use crate::yaml::Tree;

/// Scraps that are likely to hit something when they replace a piece of a manifest.
fn scrap() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "",
            "~",
            "[]",
            "{}",
            "-1",
            "0",
            "65536",
            "99999999999999999999",
            "1e400",
            ".nan",
            "on",
            "'",
            "\"",
            "*a",
            "&a ",
            "<<: *a",
            "? ",
            ": ",
            "\n",
            "\n  ",
            "- ",
            "!!str ",
            "|\n",
            ">-\n",
            "10.0.0.1/8",
            "::/0",
            "/..",
            "ü",
            "\u{0}",
            "_level",
            "security",
            "x: &a [*a]",
            "\r\n",
            "\t",
            "floe-jobs",
            "k: 1\n  k: 1",
        ])
        .prop_map(str::to_owned),
        "[ -~\\n]{0,8}",
    ]
}

/// A text with a few pieces replaced.
fn mutated(base: String) -> impl Strategy<Value = String> {
    let edits = prop::collection::vec((0..base.len(), 0..12_usize, scrap()), 1..5);
    edits.prop_map(move |edits| {
        let mut text = base.clone();
        for (at, length, scrap) in edits {
            let at = at.min(text.len());
            let end = (at + length).min(text.len());
            if text.is_char_boundary(at) && text.is_char_boundary(end) {
                text.replace_range(at..end, &scrap);
            }
        }
        text
    })
}

/// The contents of the `security` section of [`FULL`], not indented.
fn section() -> String {
    let lines = FULL.lines().skip_while(|line| *line != "security:").skip(1);
    lines.map_while(|line| line.strip_prefix("  ")).flat_map(|line| [line, "\n"]).collect()
}

fn config_map(section: &str, header: &str) -> String {
    let block = section.replace('\n', "\n    ");
    format!("kind: ConfigMap\napiVersion: v1\ndata:\n  domains: '[{{name: sales}}]'\n  security: {header}\n    {block}")
}

fn check(text: &str) -> Result<(), TestCaseError> {
    let Ok(tree) = Tree::parse(text) else { return Ok(()) };
    let Some(root) = tree.root() else { return Ok(()) };
    for result in [Config::from_manifest(&tree), Config::from_function_config(&tree, root)] {
        let Err(error) = result else { continue };
        prop_assert!(error.span.start <= error.span.end && error.span.end <= text.len(), "{error:?}");
        prop_assert!(!error.message.contains('\n'), "{error:?}");
        if let Some(related) = error.related {
            prop_assert!(related.span.start <= related.span.end && related.span.end <= text.len(), "{related:?}");
        }
    }
    Ok(())
}

#[test]
fn the_unmutated_texts_are_valid() {
    for header in ["|", ">"] {
        let text = config_map(&section(), header);
        let tree = Tree::parse(&text).unwrap();
        let result = Config::from_function_config(&tree, tree.root().unwrap());
        assert_eq!(result.is_ok(), header == "|", "{result:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn manifests(text in mutated(FULL.to_owned())) {
        check(&text)?;
    }

    #[test]
    fn config_maps(text in mutated(section()), header in prop::sample::select(vec!["|", "|2", "|+", ">", ""])) {
        check(&config_map(&text, header))?;
    }

    #[test]
    fn config_maps_as_a_whole(text in mutated(config_map(&section(), "|"))) {
        check(&text)?;
    }
}
