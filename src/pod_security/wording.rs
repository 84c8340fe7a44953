//! The phrases that the messages of the checks are made of (upstream `policy/helpers.go`).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::check::Forbidden;
use super::pod::{Container, SecurityContext};
use crate::yaml::FieldPath;

/// Singular for exactly one, else plural.
pub(super) const fn plural(count: usize, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}

/// `"a", "b"`. Upstream does not escape here.
pub(super) fn quoted<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> String {
    let mut joined = String::new();
    for item in items {
        let separator = if joined.is_empty() { "" } else { ", " };
        joined.extend([separator, "\"", item.as_ref(), "\""]);
    }
    joined
}

/// `container "a"` or `containers "a", "b"`.
pub(super) fn containers_named<S: AsRef<str>>(names: &[S]) -> String {
    format!("{} {}", plural(names.len(), "container", "containers"), quoted(names))
}

/// Go's `%q`, which upstream uses for the values of annotations and labels.
pub(super) fn go_quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{b}' => quoted.push_str("\\v"),
            _ if is_printable(char) => quoted.push(char),
            // Writing to a String cannot fail.
            _ if char < ' ' || char == '\u{7f}' => _ = write!(quoted, "\\x{:02x}", u32::from(char)),
            _ if u32::from(char) < 0x1_0000 => _ = write!(quoted, "\\u{:04x}", u32::from(char)),
            _ => _ = write!(quoted, "\\U{:08x}", u32::from(char)),
        }
    }
    quoted.push('"');
    quoted
}

/// Go's `strconv.IsPrint`: letters, marks, numbers, punctuation, symbols and the ASCII space. Rust's escaping of a
/// string knows the same classes; it escapes a mark only at the start of a string, hence the letter before it.
fn is_printable(char: char) -> bool {
    if char.is_ascii() {
        return char == ' ' || char.is_ascii_graphic();
    }
    String::from_iter(['a', char]).escape_debug().count() == 2
}

/// Who set forbidden values, which ones, and where.
#[derive(Debug, Default)]
pub(super) struct Offenders<'a> {
    /// The pod's own security context is among them.
    pub(super) pod: bool,
    /// Names of containers, in the order of visit.
    pub(super) containers: Vec<&'a str>,
    /// The values, sorted as upstream's sets are.
    pub(super) values: BTreeSet<&'a str>,
    /// The fields.
    pub(super) paths: Vec<FieldPath>,
}

impl<'a> Offenders<'a> {
    /// Whether nobody offends.
    pub(super) fn is_empty(&self) -> bool {
        !self.pod && self.containers.is_empty()
    }

    /// Adds a container that offends at one field.
    pub(super) fn add_container(&mut self, container: Container<'a>, keys: &[&str]) {
        self.containers.push(container.name);
        self.paths.push(container.path_to(keys));
    }

    /// Adds the owner of a security context that offends at one field of it.
    pub(super) fn add_context(&mut self, context: SecurityContext<'a>, keys: &[&str]) {
        self.add_owner(context);
        self.paths.push(context.path_to(keys));
    }

    /// Adds the owner of a security context; the fields are added apart.
    pub(super) fn add_owner(&mut self, context: SecurityContext<'a>) {
        match context.container {
            Some(container) => self.containers.push(container.name),
            None => self.pod = true,
        }
    }

    /// Any of `pod` and `container "a"`, joined by ` and `.
    pub(super) fn setters(&self) -> String {
        match (self.pod, self.containers.is_empty()) {
            (true, true) => "pod".to_owned(),
            (true, false) => format!("pod and {}", containers_named(&self.containers)),
            (false, _) => containers_named(&self.containers),
        }
    }

    /// The verdict: absent if nobody offends.
    pub(super) fn forbid(self, reason: &'static str, detail: impl FnOnce(&Self) -> String) -> Option<Forbidden> {
        (!self.is_empty()).then(|| Forbidden { reason, detail: detail(&self), paths: self.paths })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_decide_between_singular_and_plural() {
        assert_eq!(plural(0, "uses", "use"), "use");
        assert_eq!(containers_named(&["a"]), r#"container "a""#);
        assert_eq!(containers_named(&["a", "b\"c"]), r#"containers "a", "b"c""#);
    }

    #[test]
    fn quotes_as_go_does() {
        for (text, expected) in [
            ("unconfined", r#""unconfined""#),
            ("a\"b\\c", r#""a\"b\\c""#),
            ("\u{7}\u{8}\u{c}\n\r\t\u{b}\u{1}\u{7f}", r#""\a\b\f\n\r\t\v\x01\x7f""#),
            ("größe e\u{301} 日本", "\"größe e\u{301} 日本\""),
            ("\u{a0}\u{200b}\u{feff}\u{85}", r#""\u00a0\u200b\ufeff\u0085""#),
            ("\u{e0001}\u{1f600}", "\"\\U000e0001\u{1f600}\""),
        ] {
            assert_eq!(go_quoted(text), expected);
        }
    }
}
