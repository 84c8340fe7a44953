//! A plugin that was found in a cluster, and what becomes of the verdict with each further sign.

use super::Profile;
use super::agent::Agent;
use super::evidence::{Confidence, Enforced, Evidence};

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
