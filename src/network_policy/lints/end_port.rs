//! `endPort` is younger than some plugins, and those open one port or none.

use super::{Lint, Subject, Surroundings};
use crate::finding::CheckId;

/// A range of ports that not every plugin understands.
pub(in crate::network_policy) const END_PORT: CheckId = CheckId("end-port");

pub(super) fn check(subject: &Subject<'_>, surroundings: &Surroundings<'_>) -> Vec<Lint> {
    let Some((severity, where_not)) = surroundings.unsupported(|plugin| plugin.end_port) else { return Vec::new() };
    let found = subject
        .ports()
        .filter_map(|(path, port)| port.get("endPort").filter(|end| !end.is_null()).map(|_| path.child("endPort")));
    let lint = |path| Lint {
        severity,
        check: END_PORT,
        path,
        message: format!("ranges of ports do not work everywhere: {where_not}"),
        help: "name each port, or make sure of the plugin and its version".to_owned(),
    };
    found.map(lint).collect()
}
