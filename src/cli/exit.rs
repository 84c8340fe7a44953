use std::process::ExitCode;

/// Exit codes; `docs/exit-codes.md` has the same table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// Done and clean.
    Done,
    /// Pods would be rejected at admission, differences, faults or conflicts were found, or a connection is denied.
    Findings,
    /// Usage or configuration.
    Usage,
    /// The input cannot be processed, or a stream fails.
    Input,
    /// The cluster cannot be reached, refuses, or shows only a part.
    Cluster,
    /// A fault of floe.
    Internal,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Findings => 1,
            Exit::Usage => 2,
            Exit::Input => 3,
            Exit::Cluster => 4,
            Exit::Internal => 70,
        })
    }
}
