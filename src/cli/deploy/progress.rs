#![expect(clippy::disallowed_methods, reason = "an edge module: it looks at the terminal")]

//! One line on a terminal that says how far a step has come; it is gone when the step is done.

use std::io::{self, IsTerminal as _, Write};

use serde_json::Value;

use crate::object::ResourceId;
use crate::plan::Phase;

/// The longest name that is shown: a line that wraps cannot be wiped.
const LONGEST: usize = 50;

/// How far a step has come.
pub(super) struct Progress<W = io::Stderr> {
    /// Absent where nobody looks on: plain lines on standard output say what was done.
    terminal: Option<W>,
    step: &'static str,
    done: usize,
    of: usize,
}

impl Progress {
    /// A step of so many objects. It is shown where standard error is a terminal that can move its cursor.
    pub(super) fn new(phase: Phase, of: usize) -> Self {
        let is_dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
        let terminal = Some(io::stderr()).filter(|stderr| stderr.is_terminal() && !is_dumb);
        Self { terminal, step: step(phase), done: 0, of }
    }
}

impl<W: Write> Progress<W> {
    /// One more object is done, whether it went well or not.
    pub(super) fn done(&mut self, object: &Value) {
        self.done += 1;
        let Some(terminal) = &mut self.terminal else { return };
        let name = ResourceId::of(object).map(|id| id.to_string()).unwrap_or_default();
        let name: String = name.chars().filter(|it| !it.is_control()).take(LONGEST).collect();
        // A terminal that is gone is no reason to stop.
        let _ = write!(terminal, "\r\x1b[K{}: {}/{} {name}", self.step, self.done, self.of);
        let _ = terminal.flush();
    }

    /// Wipes the line, so that what follows stands alone.
    pub(super) fn clear(mut self) {
        if let Some(terminal) = self.terminal.as_mut().filter(|_| self.done > 0) {
            let _ = write!(terminal, "\r\x1b[K");
            let _ = terminal.flush();
        }
    }
}

const fn step(phase: Phase) -> &'static str {
    match phase {
        Phase::Namespaces => "namespaces",
        Phase::Definitions => "definitions",
        Phase::Allow => "policies that allow",
        Phase::Deny => "policies that deny",
        Phase::Workloads(_) => "other objects",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(terminal: Option<&mut Vec<u8>>) {
        let mut progress = Progress { terminal, step: step(Phase::Deny), done: 0, of: 2 };
        for name in ["a", "b"] {
            progress.done(&json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "shop"}}));
        }
        progress.clear();
    }

    #[test]
    fn a_terminal_sees_each_object_and_nothing_in_the_end() {
        let mut terminal = Vec::new();
        shown(Some(&mut terminal));
        let seen = String::from_utf8(terminal).unwrap();
        let lines: Vec<&str> = seen.split("\r\x1b[K").collect();
        assert_eq!(lines, ["", "policies that deny: 1/2 Pod shop/a", "policies that deny: 2/2 Pod shop/b", ""]);
        shown(None);
    }
}
