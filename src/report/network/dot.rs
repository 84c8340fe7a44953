use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::report::escape::one_line;
use crate::snapshot::{ConnectionList, Endpoint, EndpointKind};

/// Writes a graph for Graphviz, as `netpol-analyzer` does: workloads in one cluster for each namespace. Workloads
/// without a connection are there too, unless only some lines are wanted.
///
/// An edge is dashed where it depends on the CNI, and then says what passes in both readings of `ipBlock`.
pub fn write_dot(list: &ConnectionList, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "digraph {{")?;
    let (clusters, others) = nodes(list);
    for (namespace, endpoints) in clusters {
        writeln!(out, "\tsubgraph {} {{", quoted(&format!("cluster_{namespace}")))?;
        writeln!(out, "\t\tcolor=\"black\"\n\t\tfontcolor=\"black\"")?;
        for endpoint in endpoints {
            let label = quoted(&label(endpoint));
            let name = quoted(&endpoint.name);
            writeln!(out, "\t\t{name} [label={label} color=\"blue\" fontcolor=\"blue\"]")?;
        }
        writeln!(out, "\t\tlabel={}\n\t}}", quoted(namespace))?;
    }
    for endpoint in others {
        let label = quoted(&label(endpoint));
        writeln!(out, "\t{} [label={label} color=\"red2\" fontcolor=\"red2\"]", quoted(&endpoint.name))?;
    }
    list.write_lines(out, &|connection, line| {
        let (label, style) = match connection.with_pods {
            None => (connection.passing.text.clone(), ""),
            Some(more) => (
                format!("{} (where ipBlock matches pods: {})", connection.passing.text, more.text),
                " style=\"dashed\"",
            ),
        };
        let (source, destination) = (quoted(&connection.source.name), quoted(&connection.destination.name));
        let edge = format!(
            "\t{source} -> {destination} [label={} color=\"gold2\" fontcolor=\"darkgreen\"{style}]\n",
            quoted(&label)
        );
        line.extend_from_slice(edge.as_bytes());
    })?;
    writeln!(out, "}}")
}

/// The endpoints of a drawing: workloads by namespace, and the rest.
pub(super) fn nodes(list: &ConnectionList) -> (BTreeMap<&str, Vec<&Endpoint>>, Vec<&Endpoint>) {
    let involved = list.involved();
    let mut clusters: BTreeMap<&str, Vec<&Endpoint>> = BTreeMap::new();
    let mut others = Vec::new();
    for (endpoint, is_involved) in list.endpoints.iter().zip(involved) {
        match &endpoint.kind {
            EndpointKind::Workload { namespace, .. } if is_involved || !list.is_focused() => {
                clusters.entry(namespace).or_default().push(endpoint);
            }
            EndpointKind::External { .. } | EndpointKind::IngressController if is_involved => others.push(endpoint),
            _ => {}
        }
    }
    (clusters, others)
}

/// What a node is called inside its namespace.
pub(super) fn label(endpoint: &Endpoint) -> String {
    match &endpoint.kind {
        EndpointKind::Workload { name, kind, .. } => format!("{name}[{kind}]"),
        EndpointKind::External { first, last } => format!("{first}-{last}"),
        EndpointKind::IngressController => endpoint.name.clone(),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", one_line(text).replace('\\', "\\\\").replace('"', "\\\""))
}
