//! The Markdown table that the benchmark prints.

use std::fmt;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// What a ratio must reach, and what we hope for.
#[derive(Clone, Copy)]
pub(crate) enum Target {
    /// The rival must take at least this many times as long.
    AtLeast { ratio: f64, aim: f64 },
    /// floe may take at most this many times as much.
    AtMost { ratio: f64, aim: f64 },
}

impl Target {
    fn cell(self, reached: f64) -> String {
        let (sign, ratio, aim, met, aimed) = match self {
            Self::AtLeast { ratio, aim } => ('≥', ratio, aim, reached >= ratio, reached >= aim),
            Self::AtMost { ratio, aim } => ('≤', ratio, aim, reached <= ratio, reached <= aim),
        };
        let verdict = match (met, aimed) {
            (true, true) => "met, aim met",
            (true, false) => "met",
            (false, _) => "MISSED",
        };
        format!("{sign} {ratio} (aim {aim}): {verdict}")
    }
}

/// Rows in the order of measuring.
#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<[String; 6]>,
}

impl Table {
    /// Adds a row; it also goes to stderr at once, because the whole takes minutes.
    pub(crate) fn row(
        &mut self,
        what: &str,
        input: &Path,
        floe: &str,
        rival: &str,
        ratio: f64,
        target: Option<Target>,
    ) {
        self.sized_row(what, fs::metadata(input).unwrap().len(), [floe, rival], ratio, target);
    }

    /// Adds a row on input that is no file, with its size in bytes.
    pub(crate) fn sized_row(
        &mut self,
        what: &str,
        bytes: u64,
        [floe, rival]: [&str; 2],
        ratio: f64,
        target: Option<Target>,
    ) {
        let row = [
            what.to_owned(),
            megabytes(bytes),
            floe.to_owned(),
            rival.to_owned(),
            if ratio < 100.0 { format!("{ratio:.2}") } else { format!("{ratio:.0}") },
            target.map_or_else(|| "-".to_owned(), |target| target.cell(ratio)),
        ];
        eprintln!("{}", row.join(" | "));
        self.rows.push(row);
    }

    /// Adds a row on memory: the peak against the size of the input.
    pub(crate) fn memory(&mut self, what: &str, input: &Path, peak: u64) {
        let size = fs::metadata(input).unwrap().len();
        let target = Target::AtMost { ratio: 3.0, aim: 1.5 };
        self.row(what, input, &megabytes(peak), &megabytes(size), peak as f64 / size as f64, Some(target));
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| what | input | floe | other | ratio | target |")?;
        writeln!(f, "| --- | ---: | ---: | ---: | ---: | --- |")?;
        self.rows.iter().try_for_each(|row| writeln!(f, "| {} |", row.join(" | ")))
    }
}

/// A size in decimal megabytes.
fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// A time in milliseconds.
pub(crate) fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}
