//! An edited text has the target value and the shape of the original, or the edit is refused at a place of the text; edits are
//! disjoint and inside it.
#![no_main]

#[allow(dead_code, reason = "the choices of the tests, of which this target makes some")]
#[path = "../../tests/it/dice.rs"]
mod dice;
#[allow(dead_code, reason = "the laws of the tests, of which this target checks some")]
#[path = "../../tests/it/yaml_laws/laws.rs"]
mod laws;

use std::hash::{DefaultHasher, Hash, Hasher};

use dice::Dice;
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

fn value(dice: &mut Dice) -> Value {
    dice.pick(&[json!("x"), json!(true), json!(1000), json!(null), json!({"drop": ["ALL"]}), json!([{"name": "a"}])])
}

/// Another value, near to the one that is there: as hardening changes it.
fn change(dice: &mut Dice, target: &mut Value) {
    match target {
        Value::Object(map) if !map.is_empty() && dice.below(3) > 0 => {
            let at = dice.below(map.len());
            if let Some((_, inner)) = map.iter_mut().nth(at) {
                change(dice, inner);
            }
        }
        Value::Object(map) => {
            map.insert(dice.pick(&["securityContext", "volumes", "a", ""]).to_owned(), value(dice));
        }
        Value::Array(items) if !items.is_empty() && dice.below(3) > 0 => {
            let at = dice.below(items.len());
            change(dice, &mut items[at]);
        }
        Value::Array(items) => items.push(value(dice)),
        other => *other = value(dice),
    }
}

fuzz_target!(|text: &str| {
    let Ok(mut target) = laws::read(text) else { return };
    // The choices depend on the text alone, so that a finding can be repeated.
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let mut dice = Dice(hasher.finish());
    for _ in 0..=dice.below(3) {
        change(&mut dice, &mut target);
    }
    if let Err(broken) = laws::edit(text, &target) {
        panic!("{broken}");
    }
});
