use std::io::{self, Write};

use super::WITH_PODS_COLUMN;
use crate::report::escape::{one_line, start_of_line};
use crate::snapshot::{ConnectionList, Readings};

/// Writes RFC 4180: `src,dst,conn`, lines end in CRLF. Where both readings of `ipBlock` are taken there is a fourth
/// column.
pub fn write_csv(list: &ConnectionList, out: &mut dyn Write) -> io::Result<()> {
    let both = list.readings == Readings::Both;
    let more = if both { format!(",{WITH_PODS_COLUMN}") } else { String::new() };
    write!(out, "src,dst,conn{more}\r\n")?;
    list.write_lines(out, &|connection, line| {
        let with_pods = connection.with_pods.unwrap_or(connection.passing);
        let fields = [&connection.source.name, &connection.destination.name, &connection.passing.text, &with_pods.text];
        for (position, field) in fields.into_iter().take(if both { 4 } else { 3 }).enumerate() {
            if position > 0 {
                line.push(b',');
            }
            push_field(&if position == 0 { start_of_line(field) } else { one_line(field) }, line);
        }
        line.extend_from_slice(b"\r\n");
    })
}

fn push_field(field: &str, line: &mut Vec<u8>) {
    if field.contains([',', '"', '\r', '\n']) {
        line.push(b'"');
        line.extend_from_slice(field.replace('"', "\"\"").as_bytes());
        line.push(b'"');
    } else {
        line.extend_from_slice(field.as_bytes());
    }
}
