use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::json::of_passing;
use crate::finding::Location;
use crate::report::NamedText;
use crate::snapshot::{ConnectionQuery, PolicyTrace, RuleTrace, SideTrace, Trace};

/// Writes one JSON document: the contract of `docs/schema/network-explain.schema.json`.
///
/// `inputs` are the texts of the streams.
pub fn write_explanation_json(traces: &[Trace], inputs: &[NamedText<'_>], out: &mut dyn Write) -> io::Result<()> {
    let traces: Vec<Value> = traces.iter().map(|trace| of_trace(trace, inputs)).collect();
    serde_json::to_writer_pretty(&mut *out, &json!({ "explanations": traces }))?;
    out.write_all(b"\n")
}

fn of_trace(trace: &Trace, inputs: &[NamedText<'_>]) -> Value {
    let mut value = Map::new();
    let mut set = |key: &str, content: Value| value.insert(key.to_owned(), content);
    set("source", json!(trace.source));
    set("destination", json!(trace.destination));
    if let Some(via) = &trace.via {
        let mut service = json!({"name": via.service});
        if let (Some(port), Some(service)) = (via.port, service.as_object_mut()) {
            service.insert("port".to_owned(), json!(port));
        }
        set("service", service);
    }
    if let ConnectionQuery::Port(protocol, port) = trace.question {
        set("protocol", json!(protocol.as_str()));
        set("port", json!(port));
    }
    set("allowed", json!(trace.is_allowed()));
    set("dependsOnCni", json!(trace.depends_on_cni()));
    set("passes", Value::Object(of_passing(&trace.passing)));
    set("passesWhereIpBlockMatchesPods", Value::Object(of_passing(&trace.with_pods)));
    set("egress", of_side(&trace.egress, inputs));
    set("ingress", of_side(&trace.ingress, inputs));
    if trace.is_incomplete {
        set("incomplete", json!(true));
    }
    set("notes", json!(trace.caveats));
    Value::Object(value)
}

fn of_side(side: &SideTrace, inputs: &[NamedText<'_>]) -> Value {
    let (state, policies) = match side {
        SideTrace::Outside => ("outside", &[][..]),
        SideTrace::NotIsolated => ("not-isolated", &[][..]),
        SideTrace::Isolated(policies) => ("isolated", policies.as_slice()),
    };
    let policies: Vec<Value> = policies.iter().map(|policy| of_policy(policy, inputs)).collect();
    json!({"state": state, "policies": policies})
}

fn of_policy(policy: &PolicyTrace, inputs: &[NamedText<'_>]) -> Value {
    let mut value = Map::from_iter([("name".to_owned(), json!(policy.name))]);
    place(policy.location.as_ref(), inputs, &mut value);
    let rules: Vec<Value> = policy.rules.iter().map(|rule| of_rule(rule, inputs)).collect();
    value.insert("rules".to_owned(), Value::Array(rules));
    Value::Object(value)
}

fn of_rule(rule: &RuleTrace, inputs: &[NamedText<'_>]) -> Value {
    let mut value = Map::from_iter([("field".to_owned(), json!(rule.path.to_string()))]);
    place(rule.location.as_ref(), inputs, &mut value);
    let mut set = |key: &str, content: Value| value.insert(key.to_owned(), content);
    set("allows", json!(rule.allows()));
    set("peerMatches", json!(rule.peer_matches));
    set("peerMatchesWhereIpBlockMatchesPods", json!(rule.peer_matches_with_pods));
    set("portMatches", json!(rule.port_matches));
    set("ports", Value::Object(of_passing(&rule.ports)));
    Value::Object(value)
}

fn place(location: Option<&Location>, inputs: &[NamedText<'_>], value: &mut Map<String, Value>) {
    let Some((location, input)) = location.and_then(|it| Some((it, inputs.get(it.stream)?))) else { return };
    value.insert("file".to_owned(), json!(input.name));
    if let Some(span) = location.span {
        let place = input.line_column(span.start);
        value.insert("line".to_owned(), json!(place.line));
        value.insert("column".to_owned(), json!(place.column));
    }
}
