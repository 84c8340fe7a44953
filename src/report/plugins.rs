//! The network plugins of a cluster, and whether policies are enforced: for people and for programs.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::escape::{one_line, start_of_line};
use crate::cni::{
    Detection, Enforced, Enforcers, Evidence, Except, NodePool, Profile, Reach, Support, Translation, TwoDirections,
    plugin,
};

/// Writes what was found for people: a line that says it all, then the plugins with what they were recognised by, then
/// groups of nodes.
pub fn write_enforcers_text(enforcers: &Enforcers, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "floe: {}", summary(enforcers))?;
    if enforcers.detections.is_empty() {
        // Such plugins have no agent in the cluster, or one that nobody has looked at.
        let remediation = plugin("unknown").map_or("", |it| it.remediation);
        writeln!(out, "  help: {remediation}")?;
    }
    for detection in &enforcers.detections {
        write_detection(detection, out)?;
    }
    if !enforcers.node_pools.is_empty() {
        writeln!(out, "\nnodes:")?;
        let width = enforcers.node_pools.iter().map(|pool| pool.title().chars().count()).max().unwrap_or_default();
        for pool in &enforcers.node_pools {
            let reason = pool.reason.map(|reason| format!(": {reason}")).unwrap_or_default();
            let title = pool.title();
            writeln!(out, "  {:width$}  {:>4}  {}{reason}", start_of_line(&title), pool.nodes, pool.enforced.as_str())?;
        }
    }
    if !enforcers.notes.is_empty() {
        writeln!(out)?;
    }
    for note in &enforcers.notes {
        writeln!(out, "note: {}", one_line(note))?;
    }
    Ok(())
}

fn summary(enforcers: &Enforcers) -> String {
    let name = enforcers.decisive().map_or("", |it| it.plugin.name);
    let exceptions: usize = enforcers.exceptions().map(|pool| pool.nodes).sum();
    let all: usize = enforcers.node_pools.iter().map(|pool| pool.nodes).sum();
    match (enforcers.enforced(), exceptions) {
        (Enforced::Yes, 0) => format!("network policies are enforced, by {name}"),
        (Enforced::Yes, _) => {
            format!("network policies are enforced, by {name}, but not known to be on {exceptions} of {all} nodes")
        }
        (Enforced::No, _) => format!("network policies are not enforced: {name} accepts them, and they do nothing"),
        (Enforced::Unknown, _) if name.is_empty() => {
            "it is not known whether network policies are enforced: no plugin was recognised".to_owned()
        }
        (Enforced::Unknown, _) => format!("it is not known whether network policies are enforced ({name})"),
    }
}

fn write_detection(detection: &Detection, out: &mut dyn Write) -> io::Result<()> {
    let Detection { plugin, enforced, confidence, evidence, remediation } = detection;
    writeln!(out, "\n{}: enforced {}, confidence {}", plugin.name, enforced.as_str(), confidence.as_str())?;
    for evidence in evidence {
        writeln!(out, "  {}", start_of_line(&evidence.to_string()))?;
    }
    if *enforced != Enforced::No {
        let words = [
            ("endPort", support(plugin.end_port)),
            ("SCTP", support(plugin.sctp)),
            ("named ports", support(plugin.named_ports)),
            ("IPv6", support(plugin.ipv6)),
            ("ipBlock matches pods", reach(plugin).to_owned()),
        ];
        let words: Vec<String> = words.iter().map(|(what, word)| format!("{what}: {word}")).collect();
        writeln!(out, "  {}", words.join("; "))?;
    }
    match remediation {
        Some(remediation) => writeln!(out, "  help: {remediation}"),
        None => Ok(()),
    }
}

fn support(support: Support) -> String {
    match support {
        Support::Yes => "yes".to_owned(),
        Support::No => "no".to_owned(),
        Support::Unknown => "unknown".to_owned(),
        Support::Conditional(how) => how.to_owned(),
    }
}

const fn reach(plugin: &Profile) -> &'static str {
    match plugin.ip_block_reach {
        Reach::InsideToo => "yes",
        Reach::OutsideOnly => "no",
        Reach::Unknown => "unknown",
    }
}

/// Writes what was found as one JSON document: the contract of `docs/schema/network-check-cni.schema.json`.
///
/// `unseen` says what the user may not see.
pub fn write_enforcers_json(enforcers: &Enforcers, unseen: &[String], out: &mut dyn Write) -> io::Result<()> {
    let mut value = Map::new();
    value.insert("enforced".to_owned(), json!(enforcers.enforced().as_str()));
    value.insert("everywhere".to_owned(), json!(enforcers.is_enforced_everywhere()));
    if let Some(decisive) = enforcers.decisive() {
        value.insert("plugin".to_owned(), json!(decisive.plugin.id));
        value.insert("confidence".to_owned(), json!(decisive.confidence.as_str()));
    }
    value.insert("plugins".to_owned(), enforcers.detections.iter().map(json_detection).collect());
    value.insert("nodePools".to_owned(), enforcers.node_pools.iter().map(json_pool).collect());
    value.insert("notes".to_owned(), json!(enforcers.notes));
    value.insert("unseen".to_owned(), json!(unseen));
    serde_json::to_writer_pretty(&mut *out, &value)?;
    out.write_all(b"\n")
}

fn json_detection(detection: &Detection) -> Value {
    let Detection { plugin, enforced, confidence, evidence, remediation } = detection;
    let evidence: Vec<Value> = evidence
        .iter()
        .map(|Evidence { object, field, value }| json!({"object": object, "field": field, "value": value}))
        .collect();
    let mut value = Map::new();
    let mut set = |key: &str, content: Value| value.insert(key.to_owned(), content);
    set("id", json!(plugin.id));
    set("name", json!(plugin.name));
    set("enforced", json!(enforced.as_str()));
    set("confidence", json!(confidence.as_str()));
    set("evidence", json!(evidence));
    set("capabilities", json_capabilities(plugin));
    if let Some(remediation) = remediation {
        set("remediation", json!(remediation));
    }
    Value::Object(value)
}

fn json_capabilities(plugin: &Profile) -> Value {
    let support = |support: Support| match support {
        Support::Yes => json!({"support": "yes"}),
        Support::No => json!({"support": "no"}),
        Support::Unknown => json!({"support": "unknown"}),
        Support::Conditional(how) => json!({"support": "conditional", "condition": how}),
    };
    let mut value = Map::new();
    let mut set = |key: &str, content: Value| value.insert(key.to_owned(), content);
    set("endPort", support(plugin.end_port));
    set("sctp", support(plugin.sctp));
    set("namedPorts", support(plugin.named_ports));
    set("ipv6", support(plugin.ipv6));
    set("ipBlockMatchesPods", json!(reach(plugin)));
    set("directionsApart", json!(plugin.two_directions == TwoDirections::Apart));
    set("exceptIsExact", json!(plugin.except == Except::OwnBlock));
    set("egressJudgedAfterTranslation", json!(plugin.judged == Translation::After));
    if let Some(most) = plugin.max_ip_blocks {
        set("maxIpBlocks", json!(most));
    }
    Value::Object(value)
}

fn json_pool(pool: &NodePool) -> Value {
    let mut value = Map::new();
    if let Some(name) = &pool.name {
        value.insert("name".to_owned(), json!(name));
    }
    value.insert("os".to_owned(), json!(pool.os));
    value.insert("nodes".to_owned(), json!(pool.nodes));
    value.insert("enforced".to_owned(), json!(pool.enforced.as_str()));
    if let Some(reason) = pool.reason {
        value.insert("reason".to_owned(), json!(reason));
    }
    Value::Object(value)
}
