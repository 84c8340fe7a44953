/// A part of floe's work that can be chosen alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Pod Security labels of Namespaces.
    Namespaces,
    /// Network policies.
    Network,
    /// Pod templates.
    Pods,
    /// The summary `ConfigMap`.
    Summary,
}

impl Part {
    /// All parts.
    pub const ALL: [Self; 4] = [Self::Namespaces, Self::Network, Self::Pods, Self::Summary];
}

/// A set of parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts([bool; 4]);

impl Parts {
    /// Everything.
    pub const ALL: Self = Self([true; 4]);

    /// These parts only.
    pub fn only(parts: &[Part]) -> Self {
        Self(Part::ALL.map(|part| parts.contains(&part)))
    }

    /// Whether a part is in the set.
    pub fn contains(self, part: Part) -> bool {
        Part::ALL.into_iter().zip(self.0).any(|(other, chosen)| chosen && other == part)
    }
}

/// What a run is asked to do, beside the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What a document without a namespace means; before `security.release_namespace`.
    pub namespace: Option<String>,
    /// The parts to do.
    pub parts: Parts,
    /// How much is to be told of each change.
    pub detail: Detail,
}

/// How much a run tells of what it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Warnings; notes are counted.
    Warnings,
    /// Every change.
    Everything,
}
