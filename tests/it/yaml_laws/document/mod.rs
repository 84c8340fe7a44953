//! A generator of hostile, but valid, YAML documents.

mod flow;

use super::choices::Choices;

/// What a document may contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Features {
    /// Block collections with filled values only: every addition is whole lines.
    Tame,
    /// Everything but anchors, aliases, merges, tags and duplicate keys.
    Plain,
    /// Everything.
    Everything,
}

struct Writer<'c, 'b> {
    choices: &'c mut Choices<'b>,
    features: Features,
    out: String,
    next_key: usize,
    next_anchor: usize,
    /// Anchors of complete scalars, which aliases may name.
    scalars: Vec<String>,
    /// Anchors of complete mappings.
    mappings: Vec<String>,
    depth: usize,
}

const COMMENTS: [&str; 5] = ["# c", "#", "# k: v", "# - x # y", "# 'quote \" {["];
const PLAIN: [&str; 30] = [
    "a",
    "1",
    "0644",
    "yes",
    "null",
    "~",
    "x y",
    "a#b",
    "http://h:80/p",
    "-1",
    "1.50",
    "12:30",
    "2024-01-01",
    "é ü",
    "a'b",
    "a\"b",
    "0x1F",
    "1e3",
    ".5",
    "- ",
    "value, more",
    "[x",
    "a: b",
    "x:y",
    "-x",
    "--",
    "true",
    "*x",
    "{{ .x }}",
    "日本",
];
const BLOCK_SAFE_ONLY: [&str; 2] = ["value, more", "x:y"];
const NOT_PLAIN: [&str; 5] = ["- ", "[x", "a: b", "*x", "{{ .x }}"];
const DOUBLE: [&str; 9] =
    ["\"\"", "\"a\"", "\"x # y\"", "\"a\\tb\"", "\"\\u00e9\"", "\"k: v\"", "\"\\\"\"", "\"{\"", "\"\\x41\\n\""];
const SINGLE: [&str; 7] = ["''", "'a'", "'it''s'", "'x: #y'", "'- '", "'yes'", "'{'"];

/// Writes one document.
pub(super) fn document(choices: &mut Choices<'_>, features: Features) -> String {
    let mut writer = Writer {
        choices,
        features,
        out: String::new(),
        next_key: 0,
        next_anchor: 0,
        scalars: Vec::new(),
        mappings: Vec::new(),
        depth: 0,
    };
    writer.document();
    writer.out
}

impl Writer<'_, '_> {
    fn document(&mut self) {
        let tame = self.features == Features::Tame;
        let crlf = self.choices.one_in(5);
        if self.choices.one_in(30) {
            self.out.push('\u{feff}');
        }
        if self.choices.one_in(5) {
            self.comment_line(0);
        }
        match self.choices.below(6) {
            1 => self.out.push_str("---\n"),
            2 => self.out.push_str("--- # head\n"),
            3 => self.out.push_str("---  \n\n"),
            _ => {}
        }
        match self.choices.below(8) {
            5 => self.block_sequence(0, false),
            6 if !tame => {
                self.flow(3, 0);
                self.end_of_line();
            }
            7 if !tame => self.json(),
            _ => self.block_mapping(0, false),
        }
        for _ in 0..self.choices.below(3) {
            let line = self.choices.pick(&["\n", "# end\n", "  # end\n", "  \n"]);
            self.out.push_str(line);
        }
        match self.choices.below(8) {
            5 => self.out.push_str("...\n"),
            6 => self.out.push_str("... # over\n"),
            7 => {
                let end = self.out.trim_end_matches('\n').len();
                self.out.truncate(end);
            }
            _ => {}
        }
        if crlf {
            self.out = self.out.replace('\n', "\r\n");
        }
    }

    fn pad(&mut self, width: usize) {
        self.out.extend(std::iter::repeat_n(' ', width));
    }

    fn comment_line(&mut self, indent: usize) {
        self.pad(indent);
        let comment = self.choices.pick(&COMMENTS);
        self.out.push_str(comment);
        self.out.push('\n');
    }

    /// Comments and blank lines before an entry.
    fn before_entry(&mut self, indent: usize) {
        match self.choices.below(14) {
            9 => self.comment_line(indent),
            10 => self.comment_line(0),
            11 => self.comment_line(indent + 2),
            12 => self.out.push('\n'),
            13 => self.out.push_str("   \n"),
            _ => {}
        }
    }

    fn end_of_line(&mut self) {
        match self.choices.below(12) {
            8 => {
                self.out.push(' ');
                let comment = self.choices.pick(&COMMENTS);
                self.out.push_str(comment);
            }
            9 => self.out.push_str("  "),
            10 => self.out.push('\t'),
            11 => self.out.push_str("\t# tab"),
            _ => {}
        }
        self.out.push('\n');
    }

    fn fresh_key(&mut self) -> String {
        self.next_key += 1;
        let number = self.next_key;
        match self.choices.below(14) {
            8 => format!("'k{number}'"),
            9 => format!("\"k {number}\""),
            10 => format!("{number}"),
            11 => format!("{number}.5"),
            12 => format!("a.b/c-{number}"),
            13 => format!("k {number}é"),
            _ => format!("k{number}"),
        }
    }

    fn block_mapping(&mut self, indent: usize, inline: bool) {
        let entries = 1 + self.choices.below(4);
        let odd = self.choices.below(12);
        for position in 0..entries {
            if position > 0 || !inline {
                if position > 0 || indent > 0 {
                    self.before_entry(indent);
                }
                self.pad(indent);
            }
            let mut key = self.fresh_key();
            if position == 0 {
                match odd {
                    9 => "on".clone_into(&mut key),
                    10 => "yes".clone_into(&mut key),
                    11 => "\"\"".clone_into(&mut key),
                    _ => {}
                }
            }
            if self.features == Features::Everything {
                if self.choices.one_in(12) && !self.mappings.is_empty() {
                    let anchor = self.choices.below(self.mappings.len());
                    let name = self.mappings[anchor].clone();
                    match self.choices.below(3) {
                        0 => self.out.push_str(&format!("<<: *{name}")),
                        1 => self.out.push_str(&format!("<<: [*{name}]")),
                        _ => self.out.push_str(&format!("<<: {{m: 1, k1: *{name}}}")),
                    }
                    self.end_of_line();
                    continue;
                }
                match self.choices.below(60) {
                    57 => "k1".clone_into(&mut key),
                    58 => self.out.push_str("!!str "),
                    59 => {
                        let name = self.anchor();
                        self.out.push_str(&format!("&{name} "));
                        self.scalars.push(name);
                    }
                    _ => {}
                }
            }
            if self.choices.one_in(25) {
                self.out.push_str(&format!("? {key}"));
                self.end_of_line();
                self.pad(indent);
                self.out.push(':');
            } else {
                self.out.push_str(&key);
                self.out.push_str(if self.choices.one_in(20) { " :" } else { ":" });
            }
            self.value(indent, true);
        }
    }

    fn block_sequence(&mut self, indent: usize, inline: bool) {
        let items = 1 + self.choices.below(4);
        for position in 0..items {
            if position > 0 || !inline {
                if position > 0 || indent > 0 {
                    self.before_entry(indent);
                }
                self.pad(indent);
            }
            self.out.push('-');
            let blanks = if self.choices.one_in(10) { 3 } else { 1 };
            let inner = indent + 1 + blanks;
            match self.choices.below(8) {
                4 | 5 if self.depth < 4 => {
                    self.pad(blanks);
                    self.nested(|writer| writer.block_mapping(inner, true));
                }
                6 if self.depth < 4 => {
                    self.pad(blanks);
                    self.nested(|writer| writer.block_sequence(inner, true));
                }
                _ => self.value(indent, false),
            }
        }
    }

    fn nested(&mut self, write: impl FnOnce(&mut Self)) {
        self.depth += 1;
        write(self);
        self.depth -= 1;
    }

    fn anchor(&mut self) -> String {
        self.next_anchor += 1;
        format!("a{}", self.next_anchor)
    }

    /// Writes what follows a colon or dash in column `indent`, to the end of the line.
    fn value(&mut self, indent: usize, in_mapping: bool) {
        let tame = self.features == Features::Tame;
        let mut kind = self.choices.below(16);
        if self.depth >= 4 && matches!(kind, 6..=9) {
            kind = 0;
        }
        let mut scalar_anchor = None;
        let mut mapping_anchor = None;
        if self.features == Features::Everything {
            let alias = self.choices.below(10);
            let names = if alias == 9 { self.scalars.clone() } else { self.mappings.clone() };
            if alias >= 8 && !names.is_empty() {
                let name = &names[self.choices.below(names.len())];
                self.out.push_str(&format!(" *{name}"));
                self.end_of_line();
                return;
            }
            if self.choices.one_in(7) {
                let name = self.anchor();
                self.out.push_str(&format!(" &{name}"));
                if kind == 6 || kind == 7 {
                    mapping_anchor = Some(name);
                } else {
                    scalar_anchor = Some(name);
                }
            }
            if self.choices.one_in(15) {
                let tag = match kind {
                    0..=5 => "!!str",
                    6 | 7 => "!!map",
                    8 | 9 => "!!seq",
                    _ => "!t",
                };
                self.out.push_str(&format!(" {tag}"));
            }
        }
        match kind {
            6 | 7 => {
                self.end_of_line();
                let inner = indent + [2, 2, 2, 1, 4][self.choices.below(5)];
                self.nested(|writer| writer.block_mapping(inner, false));
            }
            8 | 9 => {
                self.end_of_line();
                let widths = if in_mapping { [0, 0, 2, 2, 4] } else { [2, 2, 2, 1, 4] };
                let inner = indent + widths[self.choices.below(5)];
                self.nested(|writer| writer.block_sequence(inner, false));
            }
            10 | 11 => self.block_scalar(indent),
            12 if !tame => {
                self.out.push(' ');
                self.flow(2, indent + 2);
                self.end_of_line();
            }
            13 if !tame => {
                let empty = self.choices.pick(&[" {}", " []", " ~", " null", "", "", " { }"]);
                self.out.push_str(empty);
                self.end_of_line();
            }
            14 => {
                let inner = " ".repeat(indent + 1 + self.choices.below(3));
                let lines = match self.choices.below(3) {
                    0 => format!(" first\n{inner}second\n\n{inner}third"),
                    1 => format!(" 'first\n{inner}it''s\n{inner}'"),
                    _ => format!(" \"first \\\n{inner}second\n\n{inner}\\  x\""),
                };
                self.out.push_str(&lines);
                self.end_of_line();
            }
            _ => {
                let blanks = if self.choices.one_in(15) { 2 } else { 1 };
                self.pad(blanks);
                let scalar = self.scalar(false);
                self.out.push_str(&scalar);
                self.end_of_line();
            }
        }
        self.scalars.extend(scalar_anchor);
        self.mappings.extend(mapping_anchor);
    }

    fn scalar(&mut self, in_flow: bool) -> String {
        match self.choices.below(6) {
            4 => self.choices.pick(&SINGLE).to_owned(),
            5 => self.choices.pick(&DOUBLE).to_owned(),
            _ => {
                let text = self.choices.pick(&PLAIN);
                if NOT_PLAIN.contains(&text) || in_flow && BLOCK_SAFE_ONLY.contains(&text) {
                    return format!("'{text}'");
                }
                text.to_owned()
            }
        }
    }

    fn block_scalar(&mut self, indent: usize) {
        let style = self.choices.pick(&["|", ">"]);
        let chomping = self.choices.pick(&["", "-", "+"]);
        let width = 1 + self.choices.below(4);
        let explicit = self.choices.one_in(6);
        self.out.push_str(&format!(" {style}{chomping}"));
        if explicit {
            self.out.push_str(&width.to_string());
        }
        if self.choices.one_in(8) {
            self.out.push_str(" # header");
        }
        self.out.push('\n');
        let lines = 1 + self.choices.below(3);
        for line in 0..lines {
            if self.choices.one_in(5) {
                self.out.push('\n');
            }
            self.pad(indent + width);
            if explicit && line == 0 && self.choices.one_in(3) {
                self.out.push(' ');
            }
            let text = self.choices.pick(&["text", "- x", "k: v", "# no comment", "tail ", "é", "more: |"]);
            self.out.push_str(text);
            self.out.push('\n');
        }
        for _ in 0..self.choices.below(3) {
            self.out.push('\n');
        }
    }
}
