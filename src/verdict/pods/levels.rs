use std::collections::{BTreeMap, BTreeSet};

use super::CheckRequest;
use crate::config::{Config, ManagedNamespace};
use crate::object::{Level, NamespaceFacts};
use crate::pod_security::{
    AUDIT_LEVEL_LABEL, AUDIT_VERSION_LABEL, ENFORCE_LEVEL_LABEL, ENFORCE_VERSION_LABEL, LevelVersion, Policy,
    WARN_LEVEL_LABEL, WARN_VERSION_LABEL, policy_to_evaluate,
};

type Labels = BTreeMap<String, String>;

/// What applies in each namespace.
#[derive(Debug)]
pub(super) struct Levels {
    by_namespace: BTreeMap<String, Policy>,
    /// Namespaces whose enforce level is named somewhere.
    known: BTreeSet<String>,
    /// What applies in all others.
    elsewhere: Policy,
    /// The request names the enforce level of every namespace.
    given: bool,
}

impl Levels {
    /// The levels of the request count as labels of every namespace, and the role of a namespace as the default of a
    /// server for it. Of two Namespaces with one name the first counts, as in the filter.
    pub(super) fn new<'f>(
        config: &Config,
        request: &CheckRequest,
        facts: impl Iterator<Item = &'f NamespaceFacts>,
    ) -> Self {
        let mut labels: BTreeMap<&str, &Labels> = BTreeMap::new();
        for facts in facts {
            labels.entry(&facts.name).or_insert(&facts.labels);
        }
        let managed = |name: &str| config.managed(name).filter(|_| config.pod_security.enabled);
        let none = Labels::new();
        let mut levels = Self {
            by_namespace: BTreeMap::new(),
            known: BTreeSet::new(),
            elsewhere: policy(&none, None, config, request),
            given: request.enforce.is_some(),
        };
        for name in labels.keys().copied().chain(config.namespaces.iter().map(|managed| managed.name.as_str())) {
            let labels = labels.get(name).copied().unwrap_or(&none);
            let managed = managed(name);
            levels.by_namespace.insert(name.to_owned(), policy(labels, managed, config, request));
            if managed.is_some() || labels.contains_key(ENFORCE_LEVEL_LABEL) {
                levels.known.insert(name.to_owned());
            }
        }
        levels
    }

    /// What applies to pods of a namespace.
    pub(super) fn of(&self, namespace: &str) -> Policy {
        self.by_namespace.get(namespace).copied().unwrap_or(self.elsewhere)
    }

    /// Whether anything names the enforce level of a namespace.
    pub(super) fn is_known(&self, namespace: &str) -> bool {
        self.given || self.known.contains(namespace)
    }
}

fn policy(labels: &Labels, managed: Option<&ManagedNamespace>, config: &Config, request: &CheckRequest) -> Policy {
    let defaults = managed.map_or_else(Policy::default, |managed| {
        let at = |level| LevelVersion { level, version: config.pod_security.version };
        Policy { enforce: at(managed.level), audit: at(Level::Restricted), warn: at(Level::Restricted) }
    });
    let mut labels = labels.clone();
    for (given, level, version) in [
        (request.enforce, ENFORCE_LEVEL_LABEL, ENFORCE_VERSION_LABEL),
        (request.audit, AUDIT_LEVEL_LABEL, AUDIT_VERSION_LABEL),
        (request.warn, WARN_LEVEL_LABEL, WARN_VERSION_LABEL),
    ] {
        if let Some(given) = given {
            labels.insert(level.to_owned(), given.level.to_string());
            labels.insert(version.to_owned(), given.version.to_string());
        }
    }
    policy_to_evaluate(&labels, defaults).0
}
