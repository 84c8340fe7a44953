//! What a profile says.

/// Whether policies are enforced at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enforcement {
    /// They are.
    Yes,
    /// They are accepted and do nothing.
    No,
    /// It depends; how.
    Conditional(&'static str),
    /// Nobody knows.
    Unknown,
}

/// Whether something works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    /// It does.
    Yes,
    /// It does with a setting or from a version on; which.
    Conditional(&'static str),
    /// It does not.
    No,
    /// Nobody has looked.
    Unknown,
}

/// Whether an `ipBlock` matches addresses inside the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The addresses of pods and nodes as any others.
    InsideToo,
    /// Only addresses outside, whatever the block says.
    OutsideOnly,
    /// Nobody has looked.
    Unknown,
}

/// What becomes of one object with rules in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TwoDirections {
    /// What the API says.
    Apart,
    /// A rule of one direction opens the other as well between pods that the object selects.
    Mixed,
}

/// What becomes of `except`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Except {
    /// What the API says.
    OwnBlock,
    /// It cuts the other blocks of the same rule too.
    WholeRule,
    /// It is not to be relied on; why.
    Doubtful(&'static str),
}

/// When egress to a Service is judged, and so which port a rule has to name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Translation {
    /// Before the address of the Service is translated: the Service's port.
    Before,
    /// After it: the port of the pod.
    After,
}

/// What a network plugin makes of policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// The name on the command line.
    pub id: &'static str,
    /// The name for people.
    pub name: &'static str,
    /// Other names on the command line.
    pub aliases: &'static [&'static str],
    /// Whether it enforces policies.
    pub enforcement: Enforcement,
    /// Ranges of ports, `endPort`.
    pub end_port: Support,
    /// The protocol SCTP.
    pub sctp: Support,
    /// Ports by name.
    pub named_ports: Support,
    /// Whether a named port that no pod of the rule resolves opens every port.
    pub unresolved_name_opens_all: bool,
    /// Whether an `ipBlock` matches pods and nodes.
    pub ip_block_reach: Reach,
    /// Objects with rules in both directions.
    pub two_directions: TwoDirections,
    /// `except` of an `ipBlock`.
    pub except: Except,
    /// When egress to a Service is judged.
    pub judged: Translation,
    /// Blocks of IPv6 addresses.
    pub ipv6: Support,
    /// The most blocks that a policy may have; absent without a limit.
    pub max_ip_blocks: Option<usize>,
    /// What to do where it does not do what is needed.
    pub remediation: &'static str,
    /// Where this is known from.
    pub source: &'static str,
}

impl Profile {
    /// A plugin that does what the API says; a profile names what differs.
    pub(super) const fn conforming(id: &'static str, name: &'static str) -> Self {
        Self {
            id,
            name,
            aliases: &[],
            enforcement: Enforcement::Yes,
            end_port: Support::Yes,
            sctp: Support::Yes,
            named_ports: Support::Yes,
            unresolved_name_opens_all: false,
            ip_block_reach: Reach::InsideToo,
            two_directions: TwoDirections::Apart,
            except: Except::OwnBlock,
            judged: Translation::After,
            ipv6: Support::Yes,
            max_ip_blocks: None,
            remediation: "nothing to do",
            source: "",
        }
    }

    /// Everything that it is called.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        [self.id, self.name].into_iter().chain(self.aliases.iter().copied())
    }
}
