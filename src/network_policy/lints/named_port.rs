//! A named port resolves on each destination pod, and not every plugin does that.

use super::{Lint, Subject, Surroundings};
use crate::finding::CheckId;

/// A port by name, which not every plugin resolves as the API says.
pub(in crate::network_policy) const NAMED_PORT: CheckId = CheckId("named-port");

pub(super) fn check(subject: &Subject<'_>, surroundings: &Surroundings<'_>) -> Vec<Lint> {
    let Some((severity, where_not)) = surroundings.unsupported(|plugin| plugin.named_ports) else { return Vec::new() };
    let found = subject
        .ports()
        .filter_map(|(path, port)| port.get("port").filter(|port| port.is_string()).map(|_| path.child("port")));
    let lint = |path| Lint {
        severity,
        check: NAMED_PORT,
        path,
        message: format!("named ports do not work everywhere: {where_not}"),
        help: "name the number of the port at the pod".to_owned(),
    };
    found.map(lint).collect()
}
