//! An edited text has the target value, or the edit is refused at a place of the text; edits are disjoint and inside it.
#![no_main]

use floe::text::{sort_and_check, splice};
use floe::yaml::{Editor, Tree};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

/// Choices that depend on the text alone, so that a finding can be repeated.
struct Dice(u64);

impl Dice {
    fn of(text: &str) -> Self {
        Self(
            text.bytes()
                .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)),
        )
    }

    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    fn value(&mut self) -> Value {
        let values =
            [json!("x"), json!(true), json!(1000), json!(null), json!({"drop": ["ALL"]}), json!([{"name": "a"}])];
        values[self.below(values.len())].clone()
    }

    /// Another value, near to the one that is there: as hardening changes it.
    fn change(&mut self, value: &mut Value) {
        match value {
            Value::Object(map) if !map.is_empty() && self.below(3) > 0 => {
                let at = self.below(map.len());
                if let Some((_, inner)) = map.iter_mut().nth(at) {
                    self.change(inner);
                }
            }
            Value::Object(map) => {
                let name = ["securityContext", "volumes", "a", ""][self.below(4)];
                map.insert(name.to_owned(), self.value());
            }
            Value::Array(items) if !items.is_empty() && self.below(3) > 0 => {
                let at = self.below(items.len());
                self.change(&mut items[at]);
            }
            Value::Array(items) => items.push(self.value()),
            other => *other = self.value(),
        }
    }
}

fuzz_target!(|text: &str| {
    let Ok(tree) = Tree::parse(text) else { return };
    let Some(root) = tree.root() else { return };
    let Ok(mut target) = tree.value(root) else { return };
    let mut dice = Dice::of(text);
    for _ in 0..=dice.below(3) {
        dice.change(&mut target);
    }
    let edited = Editor::new(&tree).and_then(|mut editor| {
        editor.reconcile(root, &target)?;
        Ok(editor.finish())
    });
    let mut edits = match edited {
        Ok(edits) => edits,
        Err(refusal) => {
            assert!(refusal.offset <= text.len() && !refusal.reason.is_empty(), "{refusal:?}");
            return;
        }
    };
    sort_and_check(text, &mut edits).unwrap_or_else(|error| panic!("{error}: {edits:?}"));
    let after = splice(text, &edits).unwrap_or_else(|error| panic!("{error}: {edits:?}"));
    let read = Tree::parse(&after).unwrap_or_else(|error| panic!("{error}: {after:?}"));
    let value = read.root().map(|root| read.value(root));
    assert_eq!(value, Some(Ok(target)), "{edits:?} made {after:?}");
});
