use serde_json::Value;

use crate::finding::{CheckId, Finding, Location, Severity};
use crate::object::{GroupVersionKind, ResourceId};
use crate::yaml::FieldPath;

use super::identity::FilledIdentity;
use super::platform::Platform;
use super::template::Template;
use super::{OPT_OUT_ANNOTATION, writable_paths};

/// A user was filled in.
pub(in crate::pod_security) const FILLED_RUN_AS_USER: CheckId = CheckId("filled-run-as-user");
/// A group was filled in where the user is explicit.
pub(in crate::pod_security) const FILLED_RUN_AS_GROUP: CheckId = CheckId("filled-run-as-group");
/// The template of a Job changes, which the API server refuses for a Job that is still there.
pub(in crate::pod_security) const JOB_TEMPLATE_IMMUTABLE: CheckId = CheckId("job-template-immutable");
/// The spec of a Pod changes, which the API server refuses for a Pod that is still there.
pub(in crate::pod_security) const POD_SPEC_IMMUTABLE: CheckId = CheckId("pod-spec-immutable");
/// A workload asks not to be hardened.
pub(in crate::pod_security) const HARDEN_OPTED_OUT: CheckId = CheckId("harden-opted-out");
/// The opt-out annotation has a value that means nothing.
pub(in crate::pod_security) const HARDEN_ANNOTATION: CheckId = CheckId("harden-annotation");
/// The annotation with writable paths has an entry that is no usable path.
pub(in crate::pod_security) const WRITABLE_PATHS_ANNOTATION: CheckId = CheckId("writable-paths-annotation");
/// Containers that are injected in the cluster are neither hardened nor judged.
pub(in crate::pod_security) const INJECTED_SIDECARS: CheckId = CheckId("injected-sidecars");
/// Pods of Windows nodes that do not declare `spec.os`.
pub(in crate::pod_security) const WINDOWS_WITHOUT_OS: CheckId = CheckId("windows-without-os");
/// A controller makes pods of a shape that floe knows, but not well enough to harden it.
pub(in crate::pod_security) const WORKLOAD_NOT_HARDENED: CheckId = CheckId("workload-not-hardened");

/// Keys in the annotations or labels of a pod that make a webhook inject containers, and who injects.
const INJECTION: [(&str, &str); 6] = [
    ("sidecar.istio.io/inject", "Istio"),
    ("linkerd.io/inject", "Linkerd"),
    ("kuma.io/sidecar-injection", "Kuma"),
    ("consul.hashicorp.com/connect-inject", "Consul"),
    ("vault.hashicorp.com/agent-inject", "Vault"),
    ("dapr.io/enabled", "Dapr"),
];

/// Values of those keys that switch injection off.
const OFF: [&str; 6] = ["", "0", "false", "no", "off", "disabled"];

/// Makes findings about one object. The position in the stream is not known here: `document` stays 0.
pub(super) struct Reporter {
    id: ResourceId,
}

impl Reporter {
    pub(super) fn new(object: &Value, kind: &GroupVersionKind) -> Self {
        let nameless = || ResourceId { gvk: kind.clone(), namespace: None, name: String::new() };
        Self { id: ResourceId::of(object).unwrap_or_else(nameless) }
    }

    fn finding(&self, severity: Severity, check: CheckId, path: FieldPath, message: impl Into<String>) -> Finding {
        Finding::new(severity, check, message).at(&self.id, Location { path, ..Location::default() })
    }

    pub(super) fn opted_out(&self, path: FieldPath) -> Finding {
        let message = format!("is not hardened: {OPT_OUT_ANNOTATION} is \"false\"");
        self.finding(Severity::Info, HARDEN_OPTED_OUT, path, message)
    }

    pub(super) fn not_hardened(&self, path: FieldPath) -> Finding {
        let kind = &self.id.gvk.kind;
        let message = format!("is not hardened: the controller of {kind} completes its pods in the cluster");
        self.finding(Severity::Warning, WORKLOAD_NOT_HARDENED, path, message).help(format!(
            "secure the pods in the settings of {kind} or of its controller; to confirm that this is done, annotate \
             the object with {OPT_OUT_ANNOTATION}: \"false\""
        ))
    }

    /// The users that were filled in, and the groups where no user was.
    pub(super) fn filled(&self, filled: &[FilledIdentity]) -> Vec<Finding> {
        let users = || filled.iter().filter(|it| it.key == "runAsUser");
        let groups = filled.iter().filter(|it| it.key == "runAsGroup");
        let mut findings: Vec<Finding> = Vec::new();
        for user in users() {
            let message = format!("runs as user {}, which the manifest left to the image", user.value);
            findings.push(
                self.finding(Severity::Info, FILLED_RUN_AS_USER, user.path.clone(), message).help(
                    "if the image's files belong to another user, set runAsUser to that user in the pod template",
                ),
            );
        }
        if users().next().is_none() {
            for group in groups {
                let message = format!("runs as group {}, which the manifest left to the image", group.value);
                findings.push(self.finding(Severity::Info, FILLED_RUN_AS_GROUP, group.path.clone(), message).help(
                    "if the image's files belong to another group, set runAsGroup to that group in the pod template",
                ));
            }
        }
        findings
    }

    /// A changed template that the API server will refuse on the next upgrade, if the old object is still there.
    pub(super) fn immutable(&self, object: &Value, template: &Template<'_>) -> Option<Finding> {
        let gvk = &self.id.gvk;
        let (check, what, remedy) = match (gvk.group.as_str(), gvk.kind.as_str()) {
            ("batch", "Job") => {
                if object.pointer("/spec/ttlSecondsAfterFinished").is_some_and(Value::is_number) {
                    return None;
                }
                let remedy = "set ttlSecondsAfterFinished, make it a hook, or delete the Job before the upgrade";
                (JOB_TEMPLATE_IMMUTABLE, "the template of a Job", remedy)
            }
            ("", "Pod") => (POD_SPEC_IMMUTABLE, "the spec of a Pod", "delete the Pod before the upgrade"),
            _ => return None,
        };
        (!is_made_anew(object)).then(|| {
            let message = format!("{what} is immutable: applying the change to one that is still in the cluster fails");
            self.finding(Severity::Warning, check, template.path.clone(), message).help(remedy)
        })
    }

    /// Facts about the object as it stands, which hold after hardening as before.
    pub(super) fn state(&self, template: &Template<'_>, platform: &Platform) -> Vec<Finding> {
        let mut findings = Vec::new();
        if let Some(value) = template.metadata("annotations", OPT_OUT_ANNOTATION).filter(|it| *it != "true") {
            let message = format!("{OPT_OUT_ANNOTATION} is {value}, which means nothing: the pods are hardened");
            let path = template.metadata_path("annotations", OPT_OUT_ANNOTATION);
            let finding = self.finding(Severity::Warning, HARDEN_ANNOTATION, path, message);
            findings.push(finding.help("write \"false\" to leave the pods alone, or remove the annotation"));
        }
        for entry in writable_paths::annotated(template).1 {
            let message = format!("{} names no usable path with {entry:?}", writable_paths::ANNOTATION);
            let path = template.metadata_path("annotations", writable_paths::ANNOTATION);
            let finding = self.finding(Severity::Warning, WRITABLE_PATHS_ANNOTATION, path, message);
            findings.push(
                finding.help("write absolute paths below the root, separated by commas, without \"..\" or \":\""),
            );
        }
        if let Platform::UndeclaredWindows(path) = platform {
            let message = "runs on Windows, but spec.os.name does not say so: only runAsNonRoot is filled, and Pod \
                           Security Admission judges the pods by the rules for Linux";
            let finding = self.finding(Severity::Warning, WINDOWS_WITHOUT_OS, path.clone(), message);
            findings.push(finding.help("set spec.os.name to windows in the pod template"));
        }
        findings.extend(self.injection(template));
        findings
    }

    fn injection(&self, template: &Template<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (key, injector) in INJECTION {
            let is_on = |map: &str| {
                let value = template.metadata(map, key).and_then(Value::as_str);
                value.is_some_and(|value| !OFF.iter().any(|off| value.eq_ignore_ascii_case(off)))
            };
            if let Some(map) = ["annotations", "labels"].into_iter().find(|map| is_on(map)) {
                let message = format!("{injector} injects containers in the cluster, which are not hardened here");
                let path = template.metadata_path(map, key);
                findings.push(self.finding(Severity::Info, INJECTED_SIDECARS, path, message));
            }
        }
        findings
    }
}

/// Whether every upgrade makes the object anew, so that nothing immutable is ever changed: hooks of Helm and Argo CD,
/// generated names, and tools that are told to replace it by force.
fn is_made_anew(object: &Value) -> bool {
    let metadata = |key: &str| object.get("metadata").and_then(|it| it.get(key));
    let annotation = |key: &str| metadata("annotations")?.get(key)?.as_str();
    let generated =
        metadata("name").is_none_or(Value::is_null) && metadata("generateName").is_some_and(Value::is_string);
    let forced = annotation("argocd.argoproj.io/sync-options")
        .is_some_and(|options| options.split(',').any(|option| option.trim().eq_ignore_ascii_case("Force=true")));
    generated
        || forced
        || annotation("helm.sh/hook").is_some()
        || annotation("argocd.argoproj.io/hook").is_some()
        || annotation("kustomize.toolkit.fluxcd.io/force") == Some("enabled")
}
