use std::io::{self, Write};

use super::WITH_PODS_COLUMN;
use crate::report::escape::table_cell;
use crate::snapshot::{ConnectionList, Readings};

/// Writes a table with the columns `src`, `dst` and `conn`; where both readings of `ipBlock` are taken there is a
/// fourth.
pub fn write_markdown(list: &ConnectionList, out: &mut dyn Write) -> io::Result<()> {
    let both = list.readings == Readings::Both;
    if both {
        writeln!(out, "| src | dst | conn | {WITH_PODS_COLUMN} |\n|-----|-----|------|------|")?;
    } else {
        writeln!(out, "| src | dst | conn |\n|-----|-----|------|")?;
    }
    list.write_lines(out, &|connection, line| {
        let with_pods = connection.with_pods.unwrap_or(connection.passing);
        let fields = [&connection.source.name, &connection.destination.name, &connection.passing.text, &with_pods.text];
        for field in fields.into_iter().take(if both { 4 } else { 3 }) {
            line.extend_from_slice(b"| ");
            line.extend_from_slice(table_cell(field).as_bytes());
            line.push(b' ');
        }
        line.extend_from_slice(b"|\n");
    })
}
