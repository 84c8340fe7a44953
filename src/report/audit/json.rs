use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::Input;
use crate::audit::{Audit, AuditFinding, Exposure, Isolation, NamespaceAudit, PolicyAudit, Zone};
use crate::finding::Severity;
use crate::report::findings::set_place;

/// Writes an audit as one JSON document: the contract of `docs/schema/network-audit.schema.json`.
///
/// `inputs` are the texts of the streams, in their order.
pub fn write_audit_json(audit: &Audit, inputs: &[Input<'_>], out: &mut dyn Write) -> io::Result<()> {
    let traffic = audit.traffic.iter().map(
        |it| json!({"source": zone(&it.source), "destination": zone(&it.destination), "ports": it.ports.to_list()}),
    );
    let document = json!({
        "summary": {
            "errors": audit.count(Severity::Error),
            "warnings": audit.count(Severity::Warning),
            "notes": audit.count(Severity::Info),
        },
        "ipBlocksMatchPods": audit.ip_blocks_match_pods,
        "findings": audit.findings.iter().map(|it| finding(it, inputs)).collect::<Vec<_>>(),
        "namespaces": audit.namespaces.iter().map(namespace).collect::<Vec<_>>(),
        "traffic": traffic.collect::<Vec<_>>(),
        "exposures": audit.exposures.iter().map(exposure).collect::<Vec<_>>(),
        "policies": audit.policies.iter().map(policy).collect::<Vec<_>>(),
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

fn zone(zone: &Zone) -> Value {
    match zone {
        Zone::Namespace(name) => json!({"zone": "namespace", "name": name}),
        Zone::Internet => json!({"zone": "internet"}),
    }
}

fn isolation(isolation: &Isolation) -> Value {
    json!({"defaultDeny": isolation.default_deny, "open": isolation.open})
}

fn namespace(namespace: &NamespaceAudit) -> Value {
    let mut value = json!({
        "name": namespace.name,
        "managed": namespace.is_managed,
        "workloads": namespace.workloads,
        "policies": namespace.policies,
        "ingress": isolation(&namespace.ingress),
        "egress": isolation(&namespace.egress),
    });
    if let (Some(enforce), Some(value)) = (&namespace.enforce, value.as_object_mut()) {
        value.insert("enforce".to_owned(), json!(enforce));
    }
    value
}

fn exposure(exposure: &Exposure) -> Value {
    let rules = exposure
        .rules
        .iter()
        .map(|it| json!({"policy": it.policy, "direction": it.direction.rules_field(), "rule": it.rule}));
    json!({
        "namespace": exposure.namespace,
        "workload": exposure.workload,
        "opening": exposure.opening.as_str(),
        "ports": exposure.ports.to_list(),
        "rules": rules.collect::<Vec<_>>(),
    })
}

fn policy(policy: &PolicyAudit) -> Value {
    let rules = policy.rules.iter().map(
        |it| json!({"direction": it.direction.rules_field(), "rule": it.rule, "peers": it.peers, "ports": it.ports}),
    );
    json!({
        "namespace": policy.namespace,
        "name": policy.name,
        "own": policy.is_own,
        "selects": policy.selects,
        "workloads": policy.workloads,
        "isolates": policy.isolates.iter().map(|it| it.rules_field()).collect::<Vec<_>>(),
        "rules": rules.collect::<Vec<_>>(),
    })
}

fn finding(AuditFinding { namespace, finding }: &AuditFinding, inputs: &[Input<'_>]) -> Value {
    let mut value = Map::new();
    let mut set = |key: &str, content: Value| value.insert(key.to_owned(), content);
    set("check", json!(finding.check.0));
    set("severity", json!(finding.severity.as_str()));
    if let Some(namespace) = namespace {
        set("namespace", json!(namespace));
    }
    set("message", json!(finding.message));
    if let Some(object) = &finding.object {
        set("object", json!({"apiVersion": object.gvk.api_version(), "kind": object.gvk.kind, "name": object.name}));
    }
    set_place(&mut value, finding, inputs);
    Value::Object(value)
}
