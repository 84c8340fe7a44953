use std::io::{self, Write};

use serde_json::{Map, Value, json};

use crate::object::Protocol;
use crate::reachability::PortRange;
use crate::snapshot::{ConnectionList, Endpoint, EndpointKind, HOST_NETWORK, Passing};

/// Writes one JSON document: the contract of `docs/schema/network-connections.schema.json`. One connection a line.
pub fn write_connections_json(list: &ConnectionList, out: &mut dyn Write) -> io::Result<()> {
    let involved = list.is_focused().then(|| list.involved());
    let is_shown = |index: usize| involved.as_ref().is_none_or(|it| it.get(index).copied().unwrap_or(false));
    writeln!(out, "{{\n\"ipBlockMatchesPods\": {},", json!(list.readings.as_str()))?;
    writeln!(out, "\"finishedPods\": {},", list.finished)?;
    if list.incomplete.is_some() {
        writeln!(out, "\"incomplete\": true,")?;
    }
    let undefined: Vec<Value> =
        list.undefined().map(|it| json!({"workload": it.name, "reason": HOST_NETWORK})).collect();
    writeln!(out, "\"undefined\": {},", Value::Array(undefined))?;
    let differing: Vec<&str> = list.differing().iter().map(|it| it.name.as_str()).collect();
    writeln!(out, "\"differing\": {},", json!(differing))?;
    writeln!(out, "\"endpoints\": [")?;
    let mut after_first = AfterFirst { out, skipped: false };
    for endpoint in (0..).zip(&list.endpoints).filter(|(index, _)| is_shown(*index)).map(|(_, endpoint)| endpoint) {
        write!(after_first, ",\n{}", of_endpoint(endpoint))?;
    }
    writeln!(after_first.out, "\n],\n\"connections\": [")?;
    after_first.skipped = false;
    list.write_lines(&mut after_first, &|connection, line| {
        let mut value = Map::new();
        value.insert("source".to_owned(), json!(connection.source.name));
        value.insert("destination".to_owned(), json!(connection.destination.name));
        value.extend(of_passing(connection.passing));
        if let Some(more) = connection.with_pods {
            value.insert("whereIpBlockMatchesPods".to_owned(), Value::Object(of_passing(more)));
        }
        if connection.source.is_host_network() || connection.destination.is_host_network() {
            value.insert("undefined".to_owned(), json!(true));
        }
        line.extend_from_slice(b",\n");
        line.extend_from_slice(Value::Object(value).to_string().as_bytes());
    })?;
    writeln!(out, "\n]\n}}")
}

fn of_endpoint(endpoint: &Endpoint) -> Value {
    let id = &endpoint.name;
    match &endpoint.kind {
        EndpointKind::Workload { namespace, name, kind, host_network, .. } => json!({
            "id": id, "type": "workload",
            "namespace": namespace, "name": name, "kind": kind, "hostNetwork": host_network,
        }),
        EndpointKind::External { first, last } => {
            json!({"id": id, "type": "external", "first": first.to_string(), "last": last.to_string()})
        }
        EndpointKind::IngressController => json!({"id": id, "type": "ingress-controller"}),
    }
}

/// `all` and `ports`: what passes.
pub(super) fn of_passing(passing: &Passing) -> Map<String, Value> {
    let range = |(protocol, range): (Protocol, PortRange)| json!({"protocol": protocol.as_str(), "first": range.first, "last": range.last});
    let ports: Vec<Value> = if passing.is_all() { Vec::new() } else { passing.ports.ranges().map(range).collect() };
    Map::from_iter([("all".to_owned(), json!(passing.is_all())), ("ports".to_owned(), Value::Array(ports))])
}

/// Passes everything on but the first byte, which is a comma with nothing before it.
struct AfterFirst<'w> {
    out: &'w mut dyn Write,
    skipped: bool,
}

impl Write for AfterFirst<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match bytes.split_first() {
            Some((_, rest)) if !self.skipped => {
                self.skipped = true;
                self.out.write_all(rest)?;
                Ok(bytes.len())
            }
            _ => self.out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
