//! L7: broken manifests never panic, and never take long.

use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::{Strategy, any};

use serde_json::Value;

use super::choices::{Choices, check};
use super::laws::{agrees_with_itself, edit, read};
use super::patch::{Operations, patched};
use super::real::documents;

const TOKENS: [&str; 40] = [
    ":",
    ": ",
    "-",
    "- ",
    "? ",
    "#",
    " #",
    "\n",
    "\r",
    "\r\n",
    "\t",
    " ",
    "  ",
    "&a ",
    "*a",
    "!!str ",
    "! ",
    "|",
    ">",
    "|+\n",
    "\"",
    "'",
    "{",
    "}",
    "[",
    "]",
    ",",
    "<<: ",
    "---\n",
    "...\n",
    "%YAML 1.1\n",
    "\u{feff}",
    "\u{85}",
    "\u{2028}",
    "~",
    "yes",
    "\\",
    "é",
    "0x",
    "@",
];

/// Makes a few changes to a text.
fn mutate(choices: &mut Choices<'_>, text: &str) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for _ in 0..=choices.below(4) {
        let at = (choices.below(256) * 256 + choices.below(256)) % (characters.len() + 1);
        match choices.below(4) {
            0 => drop(characters.splice(at..at, choices.pick(&TOKENS).chars())),
            1 => drop(characters.drain(at..(at + choices.below(8)).min(characters.len()))),
            2 => {
                let copy = characters[at..(at + choices.below(60)).min(characters.len())].to_vec();
                characters.splice(at..at, copy);
            }
            _ => characters.truncate(at),
        }
    }
    characters.into_iter().collect()
}

/// A part of a document that is short enough for many cases.
fn excerpt(text: &str) -> &str {
    let end = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= 3_000).last().unwrap_or(0);
    if text.len() > 3_000 { &text[..end] } else { text }
}

#[test]
fn broken_manifests_are_refused_or_edited_right() {
    let Some(documents) = documents() else { return };
    let documents: Vec<&str> = documents.iter().map(|document| excerpt(&document.text)).collect();
    let strategy = (any::<usize>(), vec(any::<u8>(), 60)).prop_map(|(which, bytes)| (which % documents.len(), bytes));
    check(4_000, &strategy, |(which, bytes)| {
        let mut choices = Choices::new(&bytes);
        let text = mutate(&mut choices, documents[which]);
        let start = Instant::now();
        agrees_with_itself(&text)?;
        if let Ok(value) = read(&text) {
            let (_, target) = patched(&mut choices, Operations::All, &value);
            let _ = edit(&text, &target)?;
        }
        let time = start.elapsed();
        if time > Duration::from_secs(5) { Err(format!("took {time:?}\n{text}")) } else { Ok(()) }
    });
}

/// Shapes that make careless parsers slow.
#[test]
fn bombs_take_bounded_time() {
    let bombs = [
        "[".repeat(100_000),
        "{a: ".repeat(100_000),
        "- ".repeat(100_000),
        "? ".repeat(100_000),
        "a: ".repeat(100_000),
        "#\n".repeat(200_000),
        " ".repeat(1_000_000),
        format!("a: {}", "x ".repeat(500_000)),
        format!("a: \"{}", "\\n".repeat(500_000)),
        (0..100_000).map(|key| format!("k{key}: {key}\n")).collect::<Vec<_>>().concat(),
        format!("a: &a [{}]\nb: [{}]\n", "x, ".repeat(1_000), "*a, ".repeat(100_000)),
        format!("a: |\n{}", "\n".repeat(500_000)),
        format!("{}a", "!a ".repeat(100_000)),
        format!("{}a", "&a ".repeat(100_000)),
    ];
    for bomb in bombs {
        let start = Instant::now();
        let value = read(&bomb);
        if let Ok(Value::Object(mut map)) = value {
            map.insert("new".to_owned(), true.into());
            let _ = edit(&bomb, &map.into()).unwrap();
        }
        let time = start.elapsed();
        let head: String = bomb.chars().take(20).collect();
        assert!(time < Duration::from_secs(10), "{head:?} took {time:?}");
    }
}
