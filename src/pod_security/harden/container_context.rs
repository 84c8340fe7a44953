use serde_json::{Value, json};

use crate::pod_security::HardenError;
use crate::pod_security::draft::Draft;

use super::platform::Platform;
use super::template::{Container, Template};

/// Fills `allowPrivilegeEscalation: false`, `readOnlyRootFilesystem: true` and `capabilities.drop: [ALL]` in every
/// container of all three lists (FR-061). Linux only.
pub(super) fn fill(draft: &mut Draft<'_>, template: &Template<'_>, platform: &Platform) -> Result<(), HardenError> {
    if *platform != Platform::Linux {
        return Ok(());
    }
    for container in &template.containers {
        let context = &container.context;
        if context.get("allowPrivilegeEscalation").is_none() && may_forbid_escalation(container) {
            draft.set(context.path_of("allowPrivilegeEscalation"), json!(false))?;
        }
        // No level asks for it, and a reduced shape cannot be given the writable folders that programs then need.
        if template.shape.has_pod_fields() && context.get("readOnlyRootFilesystem").is_none() {
            draft.set(context.path_of("readOnlyRootFilesystem"), json!(true))?;
        }
        let dropped = context.get("capabilities").and_then(|it| it.get("drop")).filter(|it| !it.is_null());
        // `drop: [ALL]` beside `add: [ALL]` would leave nothing of what the container explicitly asks for. An explicit
        // `drop`, an empty one too, is a value like any other.
        if dropped.is_none() && !added(container).any(|it| it.eq_ignore_ascii_case("ALL")) {
            draft.set(context.path_of("capabilities").child("drop"), json!(["ALL"]))?;
        }
    }
    Ok(())
}

/// Whether the root file system will be read-only after [`fill`].
pub(super) fn has_read_only_root(container: &Container<'_>) -> bool {
    container.context.get("readOnlyRootFilesystem").is_none_or(|value| *value == Value::Bool(true))
}

/// Whether the API server accepts `allowPrivilegeEscalation: false`: it rejects it beside `privileged: true` and beside
/// an added capability spelt exactly `CAP_SYS_ADMIN`.
fn may_forbid_escalation(container: &Container<'_>) -> bool {
    !container.context.is_true("privileged") && !added(container).any(|it| it == "CAP_SYS_ADMIN")
}

fn added<'v>(container: &Container<'v>) -> impl Iterator<Item = &'v str> {
    let list = container.context.get("capabilities").and_then(|it| it.get("add")).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str)
}
