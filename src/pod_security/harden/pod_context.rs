use serde_json::{Value, json};

use crate::config::PodSecurityConfig;
use crate::pod_security::HardenError;
use crate::pod_security::draft::Draft;

use super::platform::Platform;
use super::template::{Context, Template};

/// The annotation that held the seccomp profile of a pod before Kubernetes 1.19.
const SECCOMP_ANNOTATION: &str = "seccomp.security.alpha.kubernetes.io/pod";

/// Fills the fields that only a pod has, or that suit the whole pod: `fsGroup` with `fsGroupChangePolicy` (FR-060) and
/// `seccompProfile` (FR-062). Linux only.
pub(super) fn fill(
    draft: &mut Draft<'_>,
    template: &Template<'_>,
    platform: &Platform,
    config: &PodSecurityConfig,
) -> Result<(), HardenError> {
    if *platform != Platform::Linux {
        return Ok(());
    }
    let context = &template.context;
    if !template.shape.has_pod_fields() {
        // What the pod says is inherited, so it decides for its containers.
        for container in template.containers.iter().filter(|_| lacks_seccomp_profile(template)) {
            if lacks_profile(&container.context) {
                draft.set(container.context.path_of("seccompProfile").child("type"), json!("RuntimeDefault"))?;
            }
        }
        return Ok(());
    }
    if context.get("fsGroup").is_none() {
        draft.set(context.path_of("fsGroup"), json!(config.fs_group))?;
        // Without it every start changes the owner of every file of every volume, which can take longer than the
        // start may.
        if context.get("fsGroupChangePolicy").is_none() {
            draft.set(context.path_of("fsGroupChangePolicy"), json!("OnRootMismatch"))?;
        }
    }
    if lacks_seccomp_profile(template) {
        draft.set(context.path_of("seccompProfile").child("type"), json!("RuntimeDefault"))?;
    }
    Ok(())
}

fn lacks_seccomp_profile(template: &Template<'_>) -> bool {
    // The API server rejects a pod whose annotation and field differ, so another annotation is an explicit value.
    let annotated = template.metadata("annotations", SECCOMP_ANNOTATION);
    if annotated.is_some_and(|value| value != "runtime/default" && value != "docker/default") {
        return false;
    }
    lacks_profile(&template.context)
}

fn lacks_profile(context: &Context<'_>) -> bool {
    match context.get("seccompProfile") {
        None => true,
        // A profile without a type is rejected; one that names a file must be of type Localhost, which is not ours to
        // say.
        Some(Value::Object(profile)) => profile.values().all(Value::is_null),
        Some(_) => false,
    }
}
