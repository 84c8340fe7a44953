//! The requirements of floe's specification (FR) and its success criteria (SC), each with the test that shows it.
//!
//! A test shows a requirement if its name or the comment above it names the requirement. The table of the README lists
//! them, and is written anew by `INSTA_UPDATE=always`.

mod network;
mod pods;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;

use crate::architecture::sources;
use crate::documentation::{readme_block, write_readme_block};
use crate::examples::updates;

/// What the specification numbers.
const REQUIREMENTS: [(&str, &[u16]); 2] = [
    (
        "FR",
        &[
            1, 2, 3, 4, 10, 11, 12, 13, 14, 20, 21, 22, 23, 30, 31, 32, 33, 40, 41, 42, 43, 50, 51, 52, 53, 54, 60, 61,
            62, 63, 64, 70, 71, 72, 73, 80, 81, 82, 83, 84, 90, 91, 92, 93,
        ],
    ),
    ("SC", &[1, 2, 3, 4, 5, 6, 7, 8]),
];

/// The requirements that a text names, as `FR-071`, or `fr_071` in a name.
fn named(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (kind, _) in REQUIREMENTS {
        for prefix in [format!("{kind}-"), format!("{}_", kind.to_lowercase())] {
            for rest in text.split(&prefix).skip(1) {
                let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
                if digits.len() == 3 {
                    found.insert(format!("{kind}-{digits}"));
                }
            }
        }
    }
    found
}

/// The tests of a file by requirement: the name of each `#[test]` with what its name and the lines above it name.
fn tests_of(place: &str, text: &str, found: &mut BTreeMap<String, BTreeSet<String>>) {
    let mut above = String::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim_start) {
        if line.starts_with("///") {
            above.push_str(line);
        } else if line == "#[test]" {
            is_test = true;
        } else if let Some(rest) = line.strip_prefix("fn ") {
            let name = rest.split('(').next().unwrap();
            if std::mem::take(&mut is_test) {
                for requirement in named(&format!("{above} {name}")) {
                    found.entry(requirement).or_default().insert(format!("[`{name}`]({place})"));
                }
            }
            above.clear();
        } else if !line.starts_with('#') {
            above.clear();
        }
    }
}

/// The objects of a stream that floe has written.
fn objects(stream: &str) -> Vec<Value> {
    stream.split("\n---\n").map(|text| serde_saphyr::from_str(text).unwrap()).collect()
}

#[test]
fn the_readme_names_a_test_for_every_requirement() {
    let mut tests = BTreeMap::new();
    for folder in ["src", "tests/it"] {
        for file in sources(folder) {
            tests_of(&format!("{folder}/{}", file.path.display()), &file.text, &mut tests);
        }
    }
    let wanted: BTreeSet<String> = REQUIREMENTS
        .iter()
        .flat_map(|(kind, numbers)| numbers.iter().map(move |number| format!("{kind}-{number:03}")))
        .collect();
    let shown: BTreeSet<String> = tests.keys().cloned().collect();
    assert_eq!(shown, wanted, "requirements without a test, or tests of no requirement");
    for (criterion, tests) in tests.iter().filter(|(requirement, _)| requirement.starts_with("SC")) {
        let name = criterion.to_lowercase().replace('-', "_");
        assert!(tests.iter().any(|test| test.contains(&name)), "no test is called after {criterion}: {tests:?}");
    }

    let mut table = "| Requirement | Shown by |\n|---|---|\n".to_owned();
    for (requirement, tests) in &tests {
        let tests: Vec<&str> = tests.iter().map(String::as_str).collect();
        writeln!(table, "| {requirement} | {} |", tests.join(", ")).unwrap();
    }
    let now = readme_block("requirements");
    if now != table && updates() {
        return write_readme_block("requirements", &table);
    }
    assert!(now == table, "the table of the README is not that of the tests (INSTA_UPDATE=always writes it):\n{table}");
}
