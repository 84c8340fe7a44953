//! Pod Security labels of namespaces: missing, or weaker than the configuration wants (FR-051 to FR-054).

use super::draft::Draft;
use super::model::{Model, Namespace};
use crate::config::NamespaceMode;
use crate::finding::{CheckId, Severity};
use crate::object::Level;
use crate::pod_security::{
    AUDIT_LEVEL_LABEL, AUDIT_VERSION_LABEL, ENFORCE_LEVEL_LABEL, ENFORCE_VERSION_LABEL, LevelVersion, Policy,
    WARN_LEVEL_LABEL, WARN_VERSION_LABEL, policy_to_evaluate,
};
use crate::reachability::Labels;

/// A namespace has no Pod Security label where it should have one.
pub(in crate::audit) const POD_SECURITY_LABEL_MISSING: CheckId = CheckId("pod-security-label-missing");

/// A namespace has a Pod Security label that is weaker than configured.
pub(in crate::audit) const POD_SECURITY_LABEL_WEAKER: CheckId = CheckId("pod-security-label-weaker");

pub(super) fn check(model: &Model<'_>) -> Vec<Draft> {
    let config = &model.config.pod_security;
    let mut found = Vec::new();
    for (name, namespace) in &model.namespaces {
        let labels = model.snapshot.namespaces.iter().filter(|it| it.name == *name).map(|it| &it.labels).next_back();
        let configured = model.config.managed(name);
        match (configured, labels) {
            (Some(managed), labels) if config.enabled && config.namespaces != NamespaceMode::Off => {
                let wanted = |level| LevelVersion { level, version: config.version };
                found.extend(compare(model, name, labels, wanted(managed.level), wanted(Level::Restricted)));
            }
            (None, Some(labels)) => found.extend(unlabelled(model, name, namespace, labels)),
            _ => {}
        }
    }
    found
}

/// A managed namespace against the configuration; each mode that is too weak, most severe first.
fn compare(
    model: &Model<'_>,
    name: &str,
    labels: Option<&Labels>,
    enforce: LevelVersion,
    notice: LevelVersion,
) -> Vec<Draft> {
    let draft = |severity, check, message| Draft {
        namespace: Some(name.to_owned()),
        severity,
        check,
        message,
        help: "let floe write the Namespace (`security.pod_security.namespaces`), or set the label".to_owned(),
        place: model.place_of_namespace(name),
    };
    let Some(labels) = labels else {
        let message = format!("the managed namespace {name} has no Namespace in the input, so no level is enforced");
        return vec![draft(Severity::Error, POD_SECURITY_LABEL_MISSING, message)];
    };
    let found = policy_to_evaluate(labels, Policy::default()).0;
    let all = [
        (ENFORCE_LEVEL_LABEL, ENFORCE_VERSION_LABEL, found.enforce, enforce, Severity::Error),
        (AUDIT_LEVEL_LABEL, AUDIT_VERSION_LABEL, found.audit, notice, Severity::Warning),
        (WARN_LEVEL_LABEL, WARN_VERSION_LABEL, found.warn, notice, Severity::Warning),
    ];
    all.into_iter()
        .filter_map(|(label, version_label, found, wanted, severity)| {
            let is_there = labels.contains_key(label);
            if !is_there && wanted.level > Level::Privileged {
                let message =
                    format!("the managed namespace {name} has no label {label}, which should be `{}`", wanted.level);
                return Some(draft(severity, POD_SECURITY_LABEL_MISSING, message));
            }
            if found.level < wanted.level {
                let message = format!(
                    "{label} of the managed namespace {name} is `{}`, weaker than `{}`",
                    found.level, wanted.level
                );
                return Some(draft(severity, POD_SECURITY_LABEL_WEAKER, message));
            }
            (found.level == wanted.level && is_there && found.version < wanted.version).then(|| {
                let message = format!(
                    "{version_label} of the managed namespace {name} is `{}`, older than `{}`",
                    found.version, wanted.version
                );
                draft(Severity::Warning, POD_SECURITY_LABEL_WEAKER, message)
            })
        })
        .collect()
}

/// A namespace that nobody configures, with pods, and without a level.
fn unlabelled(model: &Model<'_>, name: &str, namespace: &Namespace, labels: &Labels) -> Option<Draft> {
    if labels.contains_key(ENFORCE_LEVEL_LABEL) || namespace.pods.is_empty() {
        return None;
    }
    let severity = if namespace.is_managed { Severity::Error } else { Severity::Warning };
    Some(Draft {
        namespace: Some(name.to_owned()),
        severity,
        check: POD_SECURITY_LABEL_MISSING,
        message: format!("the namespace {name} has no label {ENFORCE_LEVEL_LABEL}, so privileged pods are admitted"),
        help: "label it `baseline`, or `restricted`; `floe pods check --enforce` says which pods that would reject"
            .to_owned(),
        place: model.place_of_namespace(name),
    })
}
