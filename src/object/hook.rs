//! Annotations by which Helm and Argo CD keep an object apart from the release.

use serde_json::Value;

/// Events of Helm at which what is installed is created.
const HELM_INSTALLS: [&str; 5] = ["pre-install", "post-install", "pre-upgrade", "post-upgrade", "crd-install"];

/// Phases of Argo CD at which a sync creates an object.
const ARGOCD_SYNCS: [&str; 3] = ["PreSync", "Sync", "PostSync"];

/// Whether annotations keep an object out of the cluster, or let it go again as soon as it is there: Argo CD's
/// `hook: Skip`, Helm's tests, hooks of deletion, and hooks that are deleted when they have succeeded.
pub fn is_kept_out(object: &Value) -> bool {
    let annotation = |key: &str| {
        let annotations = object.get("metadata")?.get("annotations")?;
        annotations.get(key)?.as_str().filter(|text| !text.trim().is_empty())
    };
    let words = |text: &'_ str| text.split(',').map(|word| word.trim().to_owned()).collect::<Vec<_>>();
    let hook = |key: &str, policy: &str, created: &[&str], succeeded: &str| {
        annotation(key).is_some_and(|events| {
            let is_created = words(events).iter().any(|event| created.contains(&event.as_str()));
            let policies = annotation(policy).map(words).unwrap_or_default();
            !is_created || policies.iter().any(|it| it == succeeded)
        })
    };
    hook("helm.sh/hook", "helm.sh/hook-delete-policy", &HELM_INSTALLS, "hook-succeeded")
        || hook("argocd.argoproj.io/hook", "argocd.argoproj.io/hook-delete-policy", &ARGOCD_SYNCS, "HookSucceeded")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hooks_that_install_are_in_the_cluster() {
        let with = |annotations: Value| is_kept_out(&json!({"metadata": {"annotations": annotations}}));
        for kept in [
            json!({"argocd.argoproj.io/hook": "Skip"}),
            json!({"helm.sh/hook": "test"}),
            json!({"helm.sh/hook": "test-success, post-delete"}),
            json!({"helm.sh/hook": "pre-install", "helm.sh/hook-delete-policy": "before-hook-creation,hook-succeeded"}),
            json!({"argocd.argoproj.io/hook": "PreSync", "argocd.argoproj.io/hook-delete-policy": "HookSucceeded"}),
            json!({"argocd.argoproj.io/hook": "PostDelete"}),
        ] {
            assert!(with(kept.clone()), "{kept}");
        }
        for there in [
            json!({}),
            json!({"helm.sh/hook": ""}),
            json!({"helm.sh/hook": "pre-install,test"}),
            json!({"helm.sh/hook": "pre-install", "helm.sh/hook-delete-policy": "before-hook-creation"}),
            json!({"argocd.argoproj.io/hook": "PreSync"}),
        ] {
            assert!(!with(there.clone()), "{there}");
        }
    }
}
