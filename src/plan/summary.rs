//! The summary `ConfigMap`: what a cluster, or a host that hides standard error, can still read of a run (decision on:
//! Results stand in three places).
//!
//! Holds what is true of the result, and what the last run that changed an object took away or replaced, so that running
//! floe on its own result changes nothing. Small, because a Helm release must fit into 1 MiB.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::decide::PodCounts;
use super::notices::is_told;
use crate::config::Config;
use crate::finding::Finding;
use crate::network_policy::{Endpoint, Flow};
use crate::object::own::SUMMARY_KEY;
use crate::object::{COMPONENT, COMPONENT_LABEL};
use crate::pod_security::LevelVersion;

/// Findings that are listed; the rest is counted.
const LISTED_FINDINGS: usize = 50;

/// The key of what was removed, replaced or raised.
const TOLD_KEY: &str = "changes";

/// What the summary tells.
pub(super) struct Facts<'f> {
    pub(super) config: &'f Config,
    pub(super) levels: &'f BTreeMap<String, LevelVersion>,
    pub(super) flows: &'f [Flow],
    pub(super) findings: &'f [Finding],
    pub(super) objects: usize,
    pub(super) policies: usize,
    pub(super) pods: PodCounts,
    pub(super) digest: &'f str,
    /// What `told` gives of this run, or `told_in` of the one before.
    pub(super) told: &'f str,
}

/// The `ConfigMap`.
pub(super) fn summary(facts: &Facts<'_>) -> Value {
    let config = facts.config;
    let mut summary = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": config.summary.name,
            "namespace": config.summary.namespace,
            "labels": {"app.kubernetes.io/managed-by": "floe", COMPONENT_LABEL: COMPONENT},
        },
        "data": {
            "version": env!("CARGO_PKG_VERSION"),
            SUMMARY_KEY: facts.digest,
            "counts": counts(facts),
            "namespaces": namespaces(facts),
            "findings": findings(facts.findings),
        },
    });
    if let Some(data) = summary.get_mut("data").and_then(Value::as_object_mut).filter(|_| !facts.told.is_empty()) {
        data.insert(TOLD_KEY.to_owned(), facts.told.into());
    }
    summary
}

/// What a run has removed, replaced or raised, a line each; empty if nothing.
pub(super) fn told(actions: &[Finding]) -> String {
    let told: Vec<&Finding> = actions.iter().filter(|it| is_told(it.check.0)).collect();
    lines(&told, |it| it.object.as_ref().map(|id| format!("{id}: ")).unwrap_or_default())
}

/// What the summary of an earlier run tells of that.
pub(super) fn told_in(object: &Value) -> Option<&str> {
    object.pointer("/data").filter(|data| data.get(SUMMARY_KEY).is_some())?.get(TOLD_KEY)?.as_str()
}

fn counts(facts: &Facts<'_>) -> String {
    format!(
        "objects: {}\npods: {}\npods hardened: {}\npods opted out: {}\nnetwork policies: {}\nfindings: {}\n",
        facts.objects,
        facts.pods.seen,
        facts.pods.hardened,
        facts.pods.opted_out,
        facts.policies,
        facts.findings.len()
    )
}

/// One paragraph for each namespace: its role and level, then the flows that begin or end there.
fn namespaces(facts: &Facts<'_>) -> String {
    let mut text = String::new();
    for managed in &facts.config.namespaces {
        let _ = write!(text, "{} ({})", managed.name, managed.role.kind());
        if let Some(level) = facts.levels.get(&managed.name) {
            let _ = write!(text, ": enforce {level}");
        }
        text.push('\n');
        let here = |end: &Endpoint| matches!(end, Endpoint::Pods { namespace, .. } if *namespace == managed.name);
        for flow in facts.flows.iter().filter(|flow| here(&flow.source) || here(&flow.destination)) {
            let _ = writeln!(text, "- {flow}");
        }
    }
    text
}

/// The namespaces that a summary lists.
pub(super) fn listed_namespaces(text: &str) -> impl Iterator<Item = &str> {
    let paragraphs = text.lines().filter(|line| !line.starts_with("- "));
    paragraphs.filter_map(|line| line.split_once(" (")).map(|(name, _)| name)
}

fn findings(findings: &[Finding]) -> String {
    let text = lines(&findings.iter().collect::<Vec<_>>(), |_| String::new());
    if text.is_empty() { "none\n".to_owned() } else { text }
}

/// Findings, a line each, with what `subject` writes before their messages.
fn lines(findings: &[&Finding], subject: impl Fn(&Finding) -> String) -> String {
    let mut text = String::new();
    for finding in findings.iter().take(LISTED_FINDINGS) {
        let _ = writeln!(text, "{} {}: {}{}", finding.severity, finding.check, subject(finding), finding.message);
    }
    if findings.len() > LISTED_FINDINGS {
        let _ = writeln!(text, "and {} more", findings.len() - LISTED_FINDINGS);
    }
    text
}
