use std::io::{self, Write};

use crate::report::escape::{one_line, start_of_line};
use crate::snapshot::ConnectionList;

/// Writes one line for each pair, as `netpol-analyzer list` does: `source => destination : TCP 80,443`.
///
/// Where both readings of `ipBlock` are taken and differ, the line is that of the reading in which it matches no pods,
/// and ends in ` # depends on the CNI: ...` with what passes in the other.
pub fn write_connections_text(list: &ConnectionList, out: &mut dyn Write) -> io::Result<()> {
    list.write_lines(out, &|connection, line| {
        let (source, destination) = (&connection.source.name, &connection.destination.name);
        let (source, destination) = (&*start_of_line(source), &*one_line(destination));
        for part in [source, " => ", destination, " : ", &connection.passing.text] {
            line.extend_from_slice(part.as_bytes());
        }
        if let Some(more) = connection.with_pods {
            for part in [" # depends on the CNI: ", &more.text, " where ipBlock matches pods"] {
                line.extend_from_slice(part.as_bytes());
            }
        }
        line.push(b'\n');
    })
}
