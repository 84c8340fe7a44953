use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::scan;
use crate::skipped::data_dir;
use crate::yaml::tree::{Node, Tree};

/// Every field of a node but its kind.
fn numbers(node: &Node) -> [u32; 9] {
    let Node { kind: _, anchored: _, tagged: _, start, end, column, separator, text, parent, first, last, next } =
        *node;
    [start, end, column, separator, text, parent, first, last, next]
}

/// Checks that the full parser reads the text, and reads it the same, if the fast scanner does; tells whether it does.
fn agrees(text: &str) -> bool {
    let Some(fast) = scan(text) else { return false };
    let full = match Tree::parse_full(text) {
        Ok(full) => full,
        Err(error) => panic!("only the fast scanner accepts this ({error}):\n{text:?}"),
    };
    for (id, (fast, full)) in fast.nodes.iter().zip(&full.nodes).enumerate() {
        assert_eq!(fast.kind, full.kind, "kind of node {id} of\n{text:?}");
        assert_eq!((fast.anchored, fast.tagged), (full.anchored, full.tagged), "properties of node {id} of\n{text:?}");
        assert_eq!(numbers(fast), numbers(full), "node {id}, {:?}, of\n{text:?}", fast.kind);
    }
    assert_eq!(fast.nodes.len(), full.nodes.len(), "number of nodes of\n{text:?}");
    assert_eq!(fast.texts, full.texts, "decoded texts of\n{text:?}");
    assert_eq!(
        (fast.root, fast.aliases, fast.source, fast.tags.len()),
        (full.root, full.aliases, full.source, full.tags.len())
    );
    true
}

/// What the fast scanner is for: all of these it must read.
const REGULAR: &[&str] = &[
    "",
    "\n\n",
    "# only a comment\n",
    "a: 1\n",
    "a: 1",
    "---\na: 1\n",
    "# c\n\n---   # c\n# d\na: 1\n",
    "  a: 1\n  b:\n    c: 2\n",
    "a:\nb:\n",
    "a:   \n# c\nb:  # c\nc:",
    "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: x\n  labels:\n    app.kubernetes.io/name: \"x\"\n\
     spec:\n  \
     template:\n    spec:\n      containers:\n        - name: c\n          image: \"r/i:1.0@sha256:0\"\n          \
     args:\n          \
     - --a=b\n          - -v\n          ports:\n            - containerPort: 80\n      volumes: []\n      \
     nodeSelector: {}\n",
    "a:\n- 1\n- b: 2\n  c: 3\n-\n- - x\n  - y\n-   - z\nd: e\n",
    "- a\n- b:\n  - c\n  d:\n    - e\n-\n",
    "-    # note\n-   \n- x   # y\n",
    "a:\n  -\n    b: 1\n  -\n    - c\n  - # n\n    d\n",
    "a: b # c\nd: e#f\ng: http://x:80/y#z\nh: a:b\n\"k\": 'v'   # w\n'l': 1\nm n : o\n",
    "a: 'it''s'\nb: \"x\\ty\\u00e9\\\"\"\nc: \"\"\nd: ''\n\"e\\n\": ''''\n",
    "a: |\n  x\n    y\n\n  z\nb: |-\n  x\n\n\nc: |+\n  x\n\n\nd: |  # note\n\n\n    x\n\n",
    "a: >\n  x\n  y\n\n  z\n    more\n  w\n\n\nb: >-\n  x\n  y\nc: >+\n  x\n\n",
    "a: |\n  x\n   \n \n  y\n   \nb: c\n",
    "a: |\n  x",
    "a: |+\n  x",
    "a: |-\n  x\n\n  y",
    "a: |\n  # x\n # y\nb: c\n",
    "a:\n- |\n  x\n- >-\n y\n -z\n- b: |\n    x\n  c: d\n",
    "a: |\r\n  x\r\n\r\n  y\r\nb: c\r\nd:\r\n- 'e'  \r\n- f\r\n",
    "a: one\n  two\n\n\n  three # c\nb: one\n\n  # c\nc:\n  one\n  two\nd:\n- one\n two\n  - three\n- e: f\n   g",
    "a:\n  \"quoted\"\nb:\n  [x]\nc:\n  plain\n",
    "a: [x, \"y\", 'z', 1.5, -1, a b , http://x:1/y]\nb: {c: d, \"e\": \"f\",\"g\":1, h: [{}, []], 'i':{j: k}}  # n\n\
     l: [ ]\nm: { }\n",
    "é: ü\nb: [é, x]\nc: \"é\" # ü\n\"é\":\n  - é # é\n  - # é\nd e: f\n",
    "a: \"x\ty\"\n# \t\nb: |\n  x\ty\n",
    "a: -x\nb: :8080\nc: ~\nd: <x>\ne: $(A)\nf: a,b]}\ng: x & y * z ! | > % @ `\n<<: 1\n",
    "a: 'b\n  c''d  \n\n   e ' # c\nf: \"\n  g\n  \"\nh:\n- 'i\n\n j'\nk:\n  \"l\n   m\"\n",
    "a: \"b \\\n  c\\n\\\n\n\n   \\ d\\\\\n  e\"\nf: \"g\\\n  \"\n",
    "a: 'b\r\n\r\n  c'\r\nd: \"e\\\r\n  f\"\r\n",
    "a: [\n  \"b\",\n\n  c\n  , {\"d\":\n 1, e: [\n]}\n]\nf:\n- {\n   g: é, h: é }\n- [1,\n   2] # c\n",
    "a: [\r\n  b\r\n]\r\n",
];

/// What it must leave to the full parser, whatever that says.
const IRREGULAR: &[&str] = &[
    "---\n",
    "--- a: 1\n",
    "a: 1\n---\nb: 1\n",
    "a: 1\n...\n",
    "...\n",
    "---- : 1\n",
    "%YAML 1.2\n---\na: 1\n",
    "a\n",
    "'a'\n",
    "[a]\n",
    "a: &b c\n",
    "a: *b\n",
    "a: !!str b\n",
    "? a\n: b\n",
    "? a: b\n",
    "a: ? b\n",
    "a:\n\tb: 1\n",
    "a:\t1\n",
    "a: b\t\n",
    "-\ta\n",
    "a: \"\\N\"\n",
    "a: \"\\ud83d\\ude00\"\n",
    "a: \"\\u+123\"\n",
    "a: 'b\nc'\n",
    "a: 'b\n---\n'\n",
    "a:\n  b: 'c\n  d'\n",
    "a: 'b\n  c': d\n",
    "'a\n  b': c\n",
    "a: 'b\n\tc'\n",
    "a: 'b\t\n  c'\n",
    "a: \"b\\ \n  c\"\n",
    "a: 'b\n  c' d\n",
    "a: 'b\n",
    "a: [b\n",
    "a: [\nb]\n",
    "a: [b,\n---\n]\n",
    "a: [b\n  c]\n",
    "a: [b # c\n  ]\n",
    "a: {b\n  : c}\n",
    "a: [\"b\n  c\"]\n",
    "a: \"b\" c\n",
    "a: \"b\"#c\n",
    "a: 'b': c\n",
    "a: b: c\n",
    "a: b:\n",
    "a: - b\n",
    "a: b\n  c: d\n",
    "a: b\n c\n d: e\n",
    "a: b # c\n  d\n",
    "a:\n  b: 1\n c: 2\n",
    "a:\n- b\n  c: d\n",
    "a:\n  - b\n  c: d\n",
    "- a\nb: c\n",
    "a: b\n- c\n",
    "a:\nb\n",
    "a: @b\n",
    "a: `b`\n",
    "a: %b\n",
    "a: ,b\n",
    "a: ]\n",
    "a: |2\n   b\n",
    "a: |-2\n   b\n",
    "a: |x\n  b\n",
    "a: |#x\n  b\n",
    "a: |\nb: c\n",
    "a: |",
    "a: |\n",
    "a: |\n    \n  b\n",
    "a: |\n  b\n  ",
    "a: |\n \tb\n",
    "a:\n  |\n  b\n",
    "|\n a\n",
    "a: [b]c\n",
    "a: [b]: c\n",
    "a: [b,]\n",
    "a: [,]\n",
    "a: [b: c]\n",
    "a: [\"b\":c]\n",
    "a: {b}\n",
    "a: {b:}\n",
    "a: {b: }\n",
    "a: {b:c}\n",
    "a: {b: c: d}\n",
    "a: {? b: c}\n",
    "a: {b: [}]\n",
    "a: [b #c\n",
    "a: [&b c]\n",
    "a: \u{85}b\n",
    "a: b\u{2028}c\n",
    "\u{feff}a: 1\n",
    "a: \u{feff}b\n",
    "a: b\u{7f}\n",
    "a: \0\n",
    "a: b\rc: d\n",
    "a: b\r",
    "a: b\u{ffff}\n",
];

#[test]
fn reads_regular_documents_as_the_full_parser_does() {
    for text in REGULAR {
        assert!(agrees(text), "{text:?}");
    }
}

#[test]
fn leaves_irregular_documents_to_the_full_parser() {
    for text in IRREGULAR {
        assert!(scan(text).is_none(), "{text:?}");
    }
}

#[test]
fn stops_at_the_depth_that_the_full_parser_allows() {
    for (open, close) in [("- ", ""), ("[", "]"), ("{a: ", "}")] {
        for depth in 100..140 {
            let text = format!("a:\n- {}b{}\n", open.repeat(depth), close.repeat(depth));
            let fast = agrees(&text);
            assert_eq!(fast, depth < crate::yaml::tree::MAX_DEPTH - 1, "{open} {depth}");
        }
    }
}

#[test]
fn stops_at_the_length_of_keys_that_the_full_parser_allows() {
    for length in [900, 1000, 1001, 1023, 1024, 1025, 2000] {
        let key = "k".repeat(length);
        for text in [format!("{key}: 1\n"), format!("- \"{key}\": 1\n"), format!("a: {{{key}: 1}}\n")] {
            agrees(&text);
        }
    }
}

/// A small generator of the same numbers on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % bound.max(1)
    }
}

const INSERTED: &[&str] = &[
    ":",
    ": ",
    "#",
    " #",
    "-",
    "- ",
    "'",
    "\"",
    "|",
    ">",
    "&",
    "*",
    "!",
    "{",
    "}",
    "[",
    "]",
    ",",
    "?",
    "? ",
    "%",
    "@",
    "\t",
    "\r",
    "\r\n",
    "\n",
    " ",
    "  ",
    "\\",
    "~",
    "`",
    "<<",
    "|-\n",
    ">+\n",
    "---\n",
    "...",
    "{}",
    "[]",
    "''",
    "\"\"",
    "é",
    "\u{2028}",
    "\u{85}",
    "\u{feff}",
    "\u{a0}",
    "\u{1F600}",
    "\0",
    "\u{7f}",
    "=",
    "\n\n",
    "\n \n",
];

/// Damages a text in a few places.
fn mutate(text: &str, random: &mut Random) -> String {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    for _ in 0..=random.below(3) {
        if lines.is_empty() {
            lines.push(String::new());
        }
        let at = random.below(lines.len());
        match random.below(9) {
            0 => drop(lines.remove(at)),
            1 => lines.insert(at, lines[at].clone()),
            2 => {
                let other = random.below(lines.len());
                lines.swap(at, other);
            }
            3 => lines[at].insert_str(0, &" ".repeat(1 + random.below(4))),
            4 => {
                let spaces = lines[at].len() - lines[at].trim_start_matches(' ').len();
                let cut = random.below(spaces + 1);
                lines[at].replace_range(..cut, "");
            }
            5 => {
                let line = lines[at].trim_end_matches('\n').to_owned();
                lines[at] = line;
            }
            _ => {
                let line = &mut lines[at];
                let places: Vec<usize> = line.char_indices().map(|(place, _)| place).chain([line.len()]).collect();
                let place = places[random.below(places.len())];
                let end = places[random.below(places.len())].clamp(place, place + (line.len() - place).min(3));
                let inserted = INSERTED[random.below(INSERTED.len())];
                if random.below(2) == 0 && line.is_char_boundary(end) {
                    line.replace_range(place..end, inserted);
                } else {
                    line.insert_str(place, inserted);
                }
            }
        }
    }
    lines.concat()
}

#[test]
fn agrees_on_mutated_documents() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut taken = 0;
    for _ in 0..600 {
        for text in REGULAR {
            taken += usize::from(agrees(&mutate(text, &mut random)));
        }
    }
    // Otherwise the test compares too little.
    assert!(taken > 600 * REGULAR.len() / 5, "only {taken}");
}

/// Documents made of the fragments on which YAML readers part ways.
fn document() -> impl Strategy<Value = String> {
    let fragment = prop::sample::select(vec![
        "a",
        "b",
        "key",
        "a b",
        "- ",
        "-",
        "  ",
        " ",
        "    ",
        ": ",
        ":",
        ":\n",
        ": |\n",
        ": |-\n",
        ": >\n",
        ": |+\n",
        "\n",
        "\n\n",
        "\n  ",
        "\n    ",
        "\n- ",
        "\n  - ",
        "# c",
        " # c\n",
        "'",
        "''",
        "\"",
        "\\",
        "\\n",
        "'q'",
        "\"q\"",
        "[",
        "]",
        "{",
        "}",
        ", ",
        ",",
        "{}",
        "[]",
        "[x, y]",
        "{a: b}",
        "{\"a\":1}",
        "&",
        "*",
        "!",
        "?",
        "? ",
        "|",
        ">",
        "%",
        "@",
        "~",
        "---",
        "---\n",
        "...\n",
        "\t",
        "\r\n",
        "\r",
        "é",
        "1",
        "a: b\n",
        "- a: b\n",
        "  c: d\n",
        "a:\n",
        "x: y",
    ]);
    prop::collection::vec(fragment, 0..24).prop_map(|fragments| fragments.concat())
}

/// The lines of a document, each alone plausible.
fn lines() -> impl Strategy<Value = String> {
    let content = prop::sample::select(vec![
        "a: b",
        "a:",
        "b:",
        "- a",
        "-",
        "- a: b",
        "- - x",
        "- b:",
        "a: |",
        "a: >-",
        "- |+",
        "a: >",
        "text",
        "text # c",
        "# c",
        "",
        "- 'q'",
        "'q': 1",
        "a: \"q\"",
        "a: [x]",
        "- {}",
        "a: {b: c}",
        "\"q\"",
        "a: one",
        "two: x",
        "- -",
        "[x]",
        "|",
        "a: 'b",
        "c'",
        "a: \"b\\",
        "a: \"b",
        "c\"",
        "\"",
        "'",
        "a: [b",
        "b,",
        "]",
        "{\"x\":",
        "}",
        "a:   # c",
        "- # c",
        "-   ",
    ]);
    let indentation = prop::sample::select(vec![0_usize, 0, 1, 2, 2, 3, 4, 4, 6]);
    let ending = prop::sample::select(vec!["\n", "\n", "\n", "\n", "\r\n", " \n", "\n\n"]);
    let line =
        (indentation, content, ending).prop_map(|(width, line, end)| format!("{}{line}{end}", " ".repeat(width)));
    (prop::collection::vec(line, 0..9), any::<bool>()).prop_map(|(lines, terminated)| {
        let text = lines.concat();
        if terminated { text } else { text.trim_end_matches(['\n', '\r']).to_owned() }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn agrees_on_dangerous_fragments(text in document()) {
        agrees(&text);
    }

    #[test]
    fn agrees_on_plausible_lines(text in lines()) {
        agrees(&text);
    }

    #[test]
    fn never_panics(text in any::<String>()) {
        agrees(&text);
    }
}

/// The YAML documents below a folder of the test data, apart from their separators; absent, after reporting the skip,
/// where there is no test data.
fn documents(folder: &str) -> Option<Vec<String>> {
    let mut files = Vec::new();
    list(&data_dir()?.join(folder), &mut files);
    files.sort();
    let mut documents = Vec::new();
    for file in files {
        #[expect(clippy::disallowed_methods, reason = "tests read their data")]
        let text = std::fs::read_to_string(file).unwrap();
        documents.extend(split(&text).into_iter().map(str::to_owned));
    }
    assert!(!documents.is_empty(), "no documents in {folder}");
    Some(documents)
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            list(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            files.push(path);
        }
    }
}

/// Splits before each line `---`, which stays with the document that it begins.
fn split(text: &str) -> Vec<&str> {
    let mut starts: Vec<usize> = text.match_indices("\n---").map(|(at, _)| at + 1).collect();
    starts.insert(0, 0);
    starts.push(text.len());
    starts.windows(2).map(|pair| text.get(pair[0]..pair[1]).unwrap()).collect()
}

const FOLDERS: [&str; 5] = ["charts", "floe", "cyclonus", "netpol", "pod-security"];

#[test]
fn agrees_on_real_documents_and_reads_most_of_them() {
    for folder in FOLDERS {
        let Some(documents) = documents(folder) else { return };
        let taken: Vec<&String> = documents.iter().filter(|text| agrees(text)).collect();
        let bytes = |texts: &mut dyn Iterator<Item = &String>| texts.map(String::len).sum::<usize>();
        let (bytes_taken, bytes_all) = (bytes(&mut taken.iter().copied()), bytes(&mut documents.iter()));
        #[expect(clippy::print_stderr, reason = "reports the coverage")]
        {
            eprintln!("{folder}: {} of {} documents, {bytes_taken} of {bytes_all} bytes", taken.len(), documents.len());
        }
        assert!(taken.len() * 10 > documents.len() * 9, "{folder}");
    }
}

#[test]
fn agrees_on_mutated_real_documents() {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    for folder in FOLDERS {
        let Some(documents) = documents(folder) else { return };
        let small: Vec<&String> = documents.iter().filter(|text| text.len() < 8_000).collect();
        for _ in 0..4_000 {
            agrees(&mutate(small[random.below(small.len())], &mut random));
        }
    }
}

/// Run in release mode: `cargo test --release --lib fast -- --ignored --nocapture`.
#[test]
#[ignore = "measures speed"]
fn is_several_times_as_fast_as_the_full_parser() {
    let Some(documents) = documents("charts") else { return };
    let taken: Vec<&String> = documents.iter().filter(|text| scan(text).is_some()).collect();
    let small: Vec<&String> = taken.iter().copied().filter(|text| text.len() < 40_000).collect();
    for (name, texts) in [("all", taken), ("below 40 kB", small)] {
        let fast = rate(&texts, |text| scan(text).map_or(0, |tree| tree.len()));
        let full = rate(&texts, |text| Tree::parse_full(text).map_or(0, |tree| tree.len()));
        #[expect(clippy::print_stderr, reason = "reports the speed")]
        {
            eprintln!("{name}: fast {fast:.0} MB/s, full {full:.0} MB/s, {:.1} times", fast / full);
        }
        assert!(fast > full);
    }
}

/// Megabytes per second, the best of some runs.
#[expect(clippy::disallowed_methods, reason = "measures speed")]
#[expect(clippy::cast_precision_loss, reason = "a few digits are enough")]
fn rate(texts: &[&String], read: impl Fn(&str) -> usize) -> f64 {
    let bytes: usize = texts.iter().map(|text| text.len()).sum();
    let runs = (0..5).map(|_| {
        let start = std::time::Instant::now();
        let nodes: usize = texts.iter().map(|text| read(text)).sum();
        assert!(nodes > 0);
        bytes as f64 / 1e6 / start.elapsed().as_secs_f64()
    });
    runs.fold(0.0, f64::max)
}
