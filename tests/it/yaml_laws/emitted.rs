//! L5: what is written is read back, by floe, by JSON readers and by Kubernetes.

use floe::yaml::{Style, block, flow};
use proptest::collection::{btree_map, vec};
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::strategy::ValueTree as _;
use serde_json::{Number, Value};

use super::choices::{cases, check, runner};
use super::laws::read;
use crate::support::judge;

/// Words and shapes that some reader takes for something else than a string.
const TRAPS: [&str; 60] = [
    "",
    " ",
    "~",
    "null",
    "Null",
    "NULL",
    "true",
    "True",
    "yes",
    "Yes",
    "YES",
    "no",
    "on",
    "Off",
    "y",
    "N",
    "<<",
    "=",
    "-",
    "--",
    "---",
    "...",
    "?",
    "? a",
    ": a",
    "a:",
    "a: b",
    "a #b",
    "#a",
    "- a",
    "*a",
    "&a",
    "!a",
    "%a",
    "@a",
    "`a",
    "|",
    ">",
    "{}",
    "[]",
    "0644",
    "0o17",
    "0b11",
    "0x1F",
    "1_000",
    "12:30",
    "2024-01-01",
    "1e3",
    ".5",
    "5.",
    "+1",
    ".inf",
    ".NaN",
    "\u{85}",
    "\u{2028}x",
    "\u{feff}",
    "a\nb\n",
    "a\n b",
    "\n",
    "\t",
];
/// What YAML 1.1 reads as a boolean or null.
const WORDS: [&str; 11] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "~", ""];

fn strings() -> impl Strategy<Value = String> {
    let lines = vec("[ -~]{0,12}", 1..4).prop_map(|lines| lines.join("\n"));
    prop_oneof![
        proptest::sample::select(&TRAPS[..]).prop_map(str::to_owned),
        "[a-zA-Z0-9._/:-]{1,12}",
        lines,
        any::<String>(),
        "\\PC{0,6}[\\x00-\\x20\\x7f-\\xa0]{0,3}",
    ]
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        // Integral floats are read as integers, as Go writes them.
        any::<f64>().prop_filter_map("not JSON", |float| {
            Number::from_f64(float).filter(|_| float.fract() != 0.0 || float.abs() >= 1e21).map(Value::Number)
        }),
        strings().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(strings(), inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Every way in which floe writes a value.
fn written(value: &Value) -> Vec<String> {
    let mut texts = Vec::new();
    for newline in ["\n", "\r\n"] {
        for indentless in [true, false] {
            for literals in [true, false] {
                let mut text = String::new();
                block(value, 0, Style { newline, indentless, literals }, &mut text);
                texts.push(text);
            }
        }
    }
    let mut text = String::new();
    flow(value, &mut text);
    texts.push(text);
    texts
}

#[test]
fn what_is_written_is_read_back() {
    check(3_000, &values(), |value| {
        for text in written(&value) {
            match read(&text) {
                Ok(again) if again == value => {}
                again => return Err(format!("{again:?} instead of {value}\n{text}")),
            }
        }
        let mut text = String::new();
        flow(&value, &mut text);
        match serde_json::from_str::<Value>(&text) {
            Ok(again) if again == value => Ok(()),
            again => Err(format!("JSON: {again:?} instead of {value}\n{text}")),
        }
    });
}

#[test]
fn no_string_is_written_as_another_word() {
    check(20_000, &strings(), |string| {
        let mut text = String::new();
        block(&Value::from(string.clone()), 0, Style::default(), &mut text);
        let plain = text.trim_end_matches('\n');
        let quoted = plain.starts_with('"');
        let misread = WORDS.iter().any(|word| word.eq_ignore_ascii_case(plain)) || plain.parse::<f64>().is_ok();
        if !quoted && misread { Err(format!("{string:?} is written as {plain}")) } else { Ok(()) }
    });
}

#[test]
fn kubernetes_reads_what_is_written() {
    let mut runner = runner(1);
    let strategy = values();
    let mut values: Vec<Value> = (0..cases(1_000)).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect();
    values.extend(TRAPS.iter().map(|trap| serde_json::json!({*trap: [*trap]})));
    let texts: Vec<String> = values.iter().flat_map(written).collect();
    let Some(verdicts) = judge(&texts) else { return };
    let per_value = texts.len() / values.len();
    for ((text, verdict), value) in
        texts.iter().zip(verdicts).zip(values.iter().flat_map(|value| vec![value; per_value]))
    {
        assert_eq!(verdict.as_ref(), Ok(value), "{text}");
    }
}
