//! SCTP is optional for plugins.

use super::{Lint, Subject, Surroundings};
use crate::finding::CheckId;

/// A port of SCTP, which not every plugin handles.
pub(in crate::network_policy) const SCTP_PROTOCOL: CheckId = CheckId("sctp-protocol");

pub(super) fn check(subject: &Subject<'_>, surroundings: &Surroundings<'_>) -> Vec<Lint> {
    let Some((severity, where_not)) = surroundings.unsupported(|plugin| plugin.sctp) else { return Vec::new() };
    let found = subject
        .ports()
        .filter_map(|(path, port)| port.get("protocol").filter(|it| *it == "SCTP").map(|_| path.child("protocol")));
    let lint = |path| Lint {
        severity,
        check: SCTP_PROTOCOL,
        path,
        message: format!("SCTP does not work everywhere: {where_not}"),
        help: "make sure that the plugin handles SCTP".to_owned(),
    };
    found.map(lint).collect()
}
