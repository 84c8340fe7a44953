use std::fmt;

/// The side of a pod that a policy rule speaks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Connections that the selected pods open.
    Egress,
    /// Connections that the selected pods accept.
    Ingress,
}

impl Direction {
    /// Both directions.
    pub const ALL: [Self; 2] = [Self::Egress, Self::Ingress];

    /// The word of `policyTypes`.
    pub const fn policy_type(self) -> &'static str {
        match self {
            Self::Egress => "Egress",
            Self::Ingress => "Ingress",
        }
    }

    /// The field of `spec` that holds the rules.
    pub const fn rules_field(self) -> &'static str {
        match self {
            Self::Egress => "egress",
            Self::Ingress => "ingress",
        }
    }

    /// The field of a rule that holds the peers.
    pub const fn peers_field(self) -> &'static str {
        match self {
            Self::Egress => "to",
            Self::Ingress => "from",
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.rules_field())
    }
}
