use serde_json::{Value, json};

use crate::config::PodSecurityConfig;
use crate::pod_security::HardenError;
use crate::pod_security::draft::Draft;
use crate::yaml::FieldPath;

use super::platform::Platform;
use super::template::{Context, Template};

/// A user or group that was filled in.
pub(super) struct FilledIdentity {
    /// The field.
    pub(super) path: FieldPath,
    /// `runAsUser` or `runAsGroup`.
    pub(super) key: &'static str,
    /// The number.
    pub(super) value: i64,
}

/// Fills `runAsNonRoot`, `runAsUser` and `runAsGroup` (FR-060). Linux gets all three, Windows the first.
///
/// These fields are inherited from the pod, so a value on the pod reaches every container that has none of its own. It
/// must not reach one that asks for root: `runAsNonRoot: true` makes the kubelet refuse user 0, and another user or
/// group breaks a program that was written for root. User and group are not written at all where every container has its
/// own. So a value goes to the pod if it suits everything that would
/// inherit it, else to each container that it suits. A container that asks for root keeps exactly what it has; that it
/// violates its level is for the Pod Security checks to say.
pub(super) fn fill(
    draft: &mut Draft<'_>,
    template: &Template<'_>,
    platform: &Platform,
    config: &PodSecurityConfig,
) -> Result<Vec<FilledIdentity>, HardenError> {
    let asks_for_root = match platform {
        Platform::Linux => is_linux_root,
        Platform::Windows | Platform::UndeclaredWindows(_) => is_windows_administrator,
        Platform::HostProcess => return Ok(Vec::new()),
    };
    spread(draft, template, asks_for_root, "runAsNonRoot", &json!(true))?;
    let mut filled = Vec::new();
    if *platform == Platform::Linux {
        for (key, value) in [("runAsUser", config.run_as_user), ("runAsGroup", config.run_as_group)] {
            let paths = spread(draft, template, asks_for_root, key, &json!(value))?;
            filled.extend(paths.into_iter().map(|path| FilledIdentity { path, key, value }));
        }
    }
    Ok(filled)
}

/// Writes a value to the pod, or to the containers that it suits; returns where it was written.
fn spread(
    draft: &mut Draft<'_>,
    template: &Template<'_>,
    asks_for_root: fn(&Context<'_>, Option<&Context<'_>>) -> bool,
    key: &str,
    value: &Value,
) -> Result<Vec<FieldPath>, HardenError> {
    let pod = &template.context;
    if pod.get(key).is_some() {
        return Ok(Vec::new());
    }
    // Where every container has its own, a value on the pod would reach none of them, and only those that are injected.
    if key != "runAsNonRoot" && template.all_have(key) {
        return Ok(Vec::new());
    }
    let heirs = || template.containers.iter().map(|it| &it.context).filter(|it| it.get(key).is_none());
    // The pod stands for containers that come later and bring nothing of their own: injected and ephemeral ones.
    let suits_all = template.shape.has_pod_fields()
        && !asks_for_root(pod, None)
        && !heirs().any(|container| asks_for_root(pod, Some(container)));
    let paths: Vec<FieldPath> = if suits_all {
        vec![pod.path_of(key)]
    } else {
        heirs().filter(|it| !asks_for_root(pod, Some(*it))).map(|it| it.path_of(key)).collect()
    };
    for path in &paths {
        draft.set(path.clone(), value.clone())?;
    }
    Ok(paths)
}

/// Whether the effective user is 0, or the user is left to the image while `runAsNonRoot: false` allows root.
fn is_linux_root(pod: &Context<'_>, container: Option<&Context<'_>>) -> bool {
    match effective(pod, container, "runAsUser") {
        Some(user) => user.as_f64() == Some(0.0),
        None => effective(pod, container, "runAsNonRoot") == Some(&Value::Bool(false)),
    }
}

/// Whether the effective user is one that the kubelet refuses beside `runAsNonRoot: true` on Windows.
fn is_windows_administrator(pod: &Context<'_>, container: Option<&Context<'_>>) -> bool {
    let user = |context: &Context<'_>| context.get("windowsOptions")?.get("runAsUserName")?.as_str().map(str::to_owned);
    let name = container.and_then(user).or_else(|| user(pod));
    name.is_some_and(|name| name.eq_ignore_ascii_case("ContainerAdministrator")) || is_linux_root(pod, container)
}

/// The value that holds for a container: its own, else the pod's.
fn effective<'v>(pod: &Context<'v>, container: Option<&Context<'v>>, key: &str) -> Option<&'v Value> {
    container.and_then(|it| it.get(key)).or_else(|| pod.get(key))
}
