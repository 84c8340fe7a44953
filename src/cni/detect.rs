//! Which plugins a cluster runs, and whether policies do anything there (US8): judged by objects, dumped or live.
//!
//! A plugin is known by the exact name of its `DaemonSet`, its containers and their images, in any namespace, never by
//! parts of names. Each has a function beside its profile.

use std::fmt;

use serde_json::Value;

use super::agent::Agent;
use super::node_pool::{NodePool, node_pools};
use super::{DETECTORS, Observed, Profile};

/// Whether policies are enforced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Enforced {
    /// They are.
    Yes,
    /// What is there does not tell.
    Unknown,
    /// They are accepted and do nothing.
    No,
}

impl Enforced {
    /// `yes`, `no` or `unknown`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Unknown => "unknown",
            Self::No => "no",
        }
    }
}

/// How sure a verdict is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// It rests on traces that other setups leave as well.
    Low,
    /// One sign is there and another, or a setting that matters, was not seen.
    Medium,
    /// Name, image and settings all say so.
    High,
}

impl Confidence {
    /// `low`, `medium` or `high`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// A field that a verdict rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The object: `DaemonSet kube-system/calico-node`.
    pub object: String,
    /// The field in words of `kubectl`: `spec.template.spec.containers[0].image`.
    pub field: String,
    /// What it says; empty if it is not there.
    pub value: String,
}

impl Evidence {
    /// A field of an object.
    pub(super) fn of(object: &Value, kind: &str, field: impl Into<String>, value: impl Into<String>) -> Self {
        Self { object: name_of(object, kind), field: field.into(), value: value.into() }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value.as_str() {
            "" => write!(f, "{}: {} is not set", self.object, self.field),
            value => write!(f, "{}: {} is {value}", self.object, self.field),
        }
    }
}

/// `DaemonSet kube-system/calico-node`; `Node worker` without a namespace.
fn name_of(object: &Value, kind: &str) -> String {
    let (namespace, name) = (text(object, "/metadata/namespace"), text(object, "/metadata/name"));
    if namespace.is_empty() { format!("{kind} {name}") } else { format!("{kind} {namespace}/{name}") }
}

/// A plugin that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detection {
    /// Which one.
    pub plugin: &'static Profile,
    /// Whether it enforces policies.
    pub enforced: Enforced,
    /// How sure that is.
    pub confidence: Confidence,
    /// What it rests on; the deciding field comes last.
    pub evidence: Vec<Evidence>,
    /// What to do; absent if nothing is to be done.
    pub remediation: Option<&'static str>,
}

impl Detection {
    /// One that enforces, or does not, by a sign that is no agent.
    pub(super) fn by(
        plugin: &'static Profile,
        enforced: Enforced,
        confidence: Confidence,
        evidence: Vec<Evidence>,
    ) -> Self {
        let remediation = (enforced != Enforced::Yes).then_some(plugin.remediation);
        Self { plugin, enforced, confidence, evidence, remediation }
    }

    /// One that enforces where its agent runs.
    pub(super) fn running(plugin: &'static Profile, agent: &Agent<'_>) -> Self {
        let mut found = Self::by(plugin, Enforced::Yes, agent.confidence, agent.evidence.clone());
        if let Some(evidence) = agent.idle() {
            found.enforced = Enforced::Unknown;
            found.evidence.push(evidence);
            found.remediation = Some("find out why no pod of its agent is ready");
        }
        found
    }

    /// Turned off by a setting.
    pub(super) fn off(mut self, evidence: Evidence, remediation: &'static str) -> Self {
        self.enforced = Enforced::No;
        self.evidence.push(evidence);
        self.remediation = Some(remediation);
        self
    }

    /// As it is, for one more reason.
    pub(super) fn because(mut self, evidence: Evidence) -> Self {
        self.evidence.push(evidence);
        self
    }

    /// The controller of a plugin, or its definitions, without the agent that enforces.
    pub(super) fn without_agent(plugin: &'static Profile, evidence: Evidence, remediation: &'static str) -> Self {
        let found = Self::by(plugin, Enforced::Unknown, Confidence::Low, vec![evidence]);
        Self { remediation: Some(remediation), ..found }
    }

    /// Not known, because a setting that decides was not seen.
    pub(super) fn doubtful(mut self, evidence: Evidence, remediation: &'static str) -> Self {
        self.enforced = Enforced::Unknown;
        self.evidence.push(evidence);
        self.remediation = Some(remediation);
        self.at_most(Confidence::Medium)
    }

    /// Less sure, because a setting that matters was not seen.
    pub(super) fn at_most(mut self, confidence: Confidence) -> Self {
        self.confidence = self.confidence.min(confidence);
        self
    }

    /// Something has to be done even though it enforces.
    pub(super) const fn advising(mut self) -> Self {
        self.remediation = Some(self.plugin.remediation);
        self
    }
}

/// What a cluster does with policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enforcers {
    /// The plugins that were found; the first one decides.
    pub detections: Vec<Detection>,
    /// Groups of nodes, by name and operating system.
    pub node_pools: Vec<NodePool>,
    /// What else counts: objects that come before policies, networks that no policy reaches.
    pub notes: Vec<String>,
}

impl Enforcers {
    /// Whether some plugin enforces: one that does wins over those that do not, beside which it runs.
    pub fn enforced(&self) -> Enforced {
        self.decisive().map_or(Enforced::Unknown, |it| it.enforced)
    }

    /// The plugin that decides; absent if none is known.
    pub fn decisive(&self) -> Option<&Detection> {
        self.detections.first()
    }

    /// The plugin whose reading of policies counts: one that is there for sure. Absent if none is known.
    pub fn plugin(&self) -> Option<&'static Profile> {
        let is_there = |it: &&Detection| it.confidence > Confidence::Low;
        self.decisive().filter(is_there).map(|it| it.plugin)
    }

    /// The groups of nodes where policies are not known to be enforced.
    pub fn exceptions(&self) -> impl Iterator<Item = &NodePool> {
        self.node_pools.iter().filter(|pool| pool.enforced != Enforced::Yes)
    }

    /// Whether policies are enforced on all nodes that were seen.
    pub fn is_enforced_everywhere(&self) -> bool {
        self.enforced() == Enforced::Yes && self.exceptions().next().is_none()
    }
}

/// Finds the plugins of a cluster.
pub fn detect(observed: &Observed) -> Enforcers {
    let mut detections: Vec<Detection> = DETECTORS.iter().filter_map(|detector| detector(observed)).collect();
    // Stable: equals stay in the order of the registry.
    detections.sort_by_key(|it| (rank(it), std::cmp::Reverse(it.confidence)));
    let node_pools = node_pools(observed, &detections);
    let notes = observed.notes();
    Enforcers { detections, node_pools, notes }
}

/// Which of several plugins decides: one that enforces, then one that may. Traces of one whose agent is not there do not
/// outweigh a plugin that is there and does not enforce.
fn rank(detection: &Detection) -> u8 {
    match (detection.enforced, detection.confidence) {
        (Enforced::Yes, _) => 0,
        (Enforced::Unknown, Confidence::Medium | Confidence::High) => 1,
        (Enforced::No, _) => 2,
        (Enforced::Unknown, Confidence::Low) => 3,
    }
}

/// The text at a JSON pointer; empty if there is none.
pub(super) fn text<'v>(object: &'v Value, path: &str) -> &'v str {
    object.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// Whether a text is false as Go reads switches.
pub(super) fn is_false(value: &str) -> bool {
    matches!(value, "0" | "f" | "F" | "false" | "False" | "FALSE")
}

/// Whether a text is true as Go reads switches.
pub(super) fn is_true(value: &str) -> bool {
    matches!(value, "1" | "t" | "T" | "true" | "True" | "TRUE")
}
