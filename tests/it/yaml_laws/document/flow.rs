//! Flow style and JSON.

use serde_json::{Map, Value};

use super::{PLAIN, Writer};

impl Writer<'_, '_> {
    pub(super) fn flow(&mut self, depth: usize, indent: usize) {
        let mapping = self.choices.below(2) == 0;
        let entries = self.choices.below(4);
        let several_lines = self.choices.one_in(4);
        self.out.push(if mapping { '{' } else { '[' });
        if self.choices.one_in(6) {
            self.out.push(' ');
        }
        for position in 0..entries {
            if several_lines {
                if self.choices.one_in(8) {
                    self.out.push_str(" # in flow");
                }
                self.out.push('\n');
                self.pad(indent + 1);
            } else if position > 0 && !self.choices.one_in(12) {
                self.out.push(' ');
            }
            if mapping {
                let key = self.fresh_key();
                self.out.push_str(&key);
                match self.choices.below(14) {
                    12 if position + 1 < entries => {
                        self.out.push(',');
                        continue;
                    }
                    13 if position + 1 == entries => {
                        let empty = self.choices.pick(&["", ": ", " : "]);
                        self.out.push_str(empty);
                        continue;
                    }
                    _ => self.out.push_str(": "),
                }
            }
            if depth > 0 && self.choices.one_in(5) {
                self.flow(depth - 1, indent + 2);
            } else if !mapping && self.choices.one_in(20) {
                self.out.push_str("pair: 1");
            } else {
                let scalar = self.scalar(true);
                self.out.push_str(&scalar);
            }
            if position + 1 < entries || self.choices.one_in(8) {
                self.out.push(',');
            }
        }
        if several_lines {
            if self.choices.one_in(6) {
                self.out.push_str(" # last");
            }
            self.out.push('\n');
            let closing = if self.choices.below(2) == 0 { indent } else { indent + 1 };
            self.pad(closing);
        } else if self.choices.one_in(8) {
            self.out.push(' ');
        }
        self.out.push(if mapping { '}' } else { ']' });
    }

    /// A JSON document, compact or with one entry per line.
    pub(super) fn json(&mut self) {
        let value = self.json_value(3);
        let text =
            if self.choices.below(2) == 0 { value.to_string() } else { serde_json::to_string_pretty(&value).unwrap() };
        self.out.push_str(&text);
        self.out.push('\n');
    }

    fn json_value(&mut self, depth: usize) -> Value {
        let entries = self.choices.below(4);
        match self.choices.below(if depth == 3 { 2 } else { 6 }) {
            0 if depth > 0 => {
                (0..entries).map(|_| (self.fresh_key(), self.json_value(depth - 1))).collect::<Map<_, _>>().into()
            }
            1 if depth > 0 => (0..entries).map(|_| self.json_value(depth - 1)).collect::<Vec<_>>().into(),
            2 => 1.5.into(),
            3 => Value::Null,
            4 => true.into(),
            _ => self.choices.pick(&PLAIN).into(),
        }
    }
}
