use crate::yaml::FieldPath;

use super::GroupVersionKind;

/// Kinds of Kubernetes and OpenShift with a pod template: groups, kind, path of the template. The path holds for every
/// version of the group; `extensions` is where `apps` kinds lived before Kubernetes 1.16.
const CORE: [(&[&str], &str, &[&str]); 10] = [
    (&[""], "Pod", &[]),
    (&[""], "PodTemplate", &["template"]),
    (&[""], "ReplicationController", &["spec", "template"]),
    (&["apps", "extensions"], "Deployment", &["spec", "template"]),
    (&["apps"], "StatefulSet", &["spec", "template"]),
    (&["apps", "extensions"], "DaemonSet", &["spec", "template"]),
    (&["apps", "extensions"], "ReplicaSet", &["spec", "template"]),
    (&["batch"], "Job", &["spec", "template"]),
    (&["batch"], "CronJob", &["spec", "jobTemplate", "spec", "template"]),
    (&["apps.openshift.io"], "DeploymentConfig", &["spec", "template"]),
];

/// The path of the pod template, the object that holds `metadata` and `spec`, in objects of a kind that floe knows by
/// itself; the root for a Pod, absent for a kind without a pod template.
pub fn template_path(gvk: &GroupVersionKind) -> Option<FieldPath> {
    CORE.iter()
        .find(|(groups, kind, _)| *kind == gvk.kind && groups.contains(&gvk.group.as_str()))
        .map(|(_, _, path)| FieldPath::of_keys(*path))
}

/// A further kind with a pod template, as `pod_security.workloads` lists it: mostly of a custom resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomWorkload {
    /// API group.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Path of the pod template (the object that holds `metadata` and `spec`), split at dots.
    pub path: Vec<String>,
}

/// One kind with a pod template.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Workload {
    group: String,
    kind: String,
    path: FieldPath,
}

/// All kinds with pod templates: those of Kubernetes, then those of `pod_security.workloads`.
///
/// A table by group and kind, not a search for `containers`: other kinds use that word for patches by name or for
/// containers of a cloud service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workloads {
    kinds: Vec<Workload>,
}

impl Workloads {
    /// Extends the kinds of Kubernetes with those of the configuration. Entries that repeat an earlier one are dropped.
    pub fn new(further: &[CustomWorkload]) -> Self {
        let core = CORE.iter().flat_map(|(groups, kind, path)| {
            groups.iter().map(|group| Workload {
                group: (*group).to_owned(),
                kind: (*kind).to_owned(),
                path: FieldPath::of_keys(*path),
            })
        });
        let further = further.iter().map(|it| Workload {
            group: it.group.clone(),
            kind: it.kind.clone(),
            path: FieldPath::of_keys(&it.path),
        });
        let mut kinds: Vec<Workload> = core.collect();
        for workload in further {
            if !kinds.contains(&workload) {
                kinds.push(workload);
            }
        }
        Self { kinds }
    }

    /// The path of the (first) pod template of a kind, in any version of its group; absent for a kind without one.
    pub fn template_path(&self, gvk: &GroupVersionKind) -> Option<&FieldPath> {
        self.template_paths(gvk).next()
    }

    /// The paths of all pod templates of a kind: the configuration may list a kind more than once, because some custom
    /// resources hold several templates (a leader's and a worker's).
    pub fn template_paths<'w>(&'w self, gvk: &GroupVersionKind) -> impl Iterator<Item = &'w FieldPath> {
        self.kinds.iter().filter(move |it| it.kind == gvk.kind && it.group == gvk.group).map(|it| &it.path)
    }

    /// The names of the kinds, for a classifier that looks at text before it parses. Names may repeat.
    pub fn kinds(&self) -> impl Iterator<Item = &str> {
        self.kinds.iter().map(|it| it.kind.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path_of(api_version: &str, kind: &str) -> Option<String> {
        template_path(&GroupVersionKind::new(api_version, kind)).map(|path| path.to_string())
    }

    #[test]
    fn knows_the_kinds_of_kubernetes_in_every_version() {
        assert_eq!(path_of("v1", "Pod").as_deref(), Some(""));
        assert_eq!(path_of("v1", "PodTemplate").as_deref(), Some("template"));
        assert_eq!(path_of("v1", "ReplicationController").as_deref(), Some("spec.template"));
        for api_version in ["apps/v1", "apps/v1beta2", "extensions/v1beta1"] {
            for kind in ["Deployment", "DaemonSet", "ReplicaSet"] {
                assert_eq!(path_of(api_version, kind).as_deref(), Some("spec.template"), "{api_version} {kind}");
            }
        }
        assert_eq!(path_of("apps/v1", "StatefulSet").as_deref(), Some("spec.template"));
        assert_eq!(path_of("batch/v1", "Job").as_deref(), Some("spec.template"));
        assert_eq!(path_of("batch/v1beta1", "CronJob").as_deref(), Some("spec.jobTemplate.spec.template"));
        assert_eq!(path_of("apps.openshift.io/v1", "DeploymentConfig").as_deref(), Some("spec.template"));
    }

    #[test]
    fn looks_at_the_group_and_the_kind() {
        assert_eq!(path_of("v1", "Service"), None);
        assert_eq!(path_of("serving.knative.dev/v1", "Deployment"), None);
        assert_eq!(path_of("extensions/v1beta1", "StatefulSet"), None);
        assert_eq!(path_of("apps/v1", "Pod"), None);
        assert_eq!(path_of("batch.volcano.sh/v1alpha1", "Job"), None);
    }

    fn entry(kind: &str, path: &[&str]) -> CustomWorkload {
        CustomWorkload {
            group: "example.com".to_owned(),
            kind: kind.to_owned(),
            path: path.iter().map(|&step| step.to_owned()).collect(),
        }
    }

    #[test]
    fn is_extended_by_the_configuration() {
        let workloads = Workloads::new(&[
            entry("Rollout", &["spec", "template"]),
            entry("LeaderWorkerSet", &["spec", "leader"]),
            entry("LeaderWorkerSet", &["spec", "worker"]),
            entry("LeaderWorkerSet", &["spec", "worker"]),
        ]);
        let path = |api_version: &str, kind: &str| {
            workloads.template_path(&GroupVersionKind::new(api_version, kind)).map(ToString::to_string)
        };
        assert_eq!(path("example.com/v1alpha1", "Rollout").as_deref(), Some("spec.template"));
        assert_eq!(path("example.org/v1alpha1", "Rollout"), None);
        assert_eq!(path("extensions/v1beta1", "Deployment").as_deref(), Some("spec.template"));
        let gvk = GroupVersionKind::new("example.com/v1", "LeaderWorkerSet");
        let paths: Vec<String> = workloads.template_paths(&gvk).map(ToString::to_string).collect();
        assert_eq!(paths, ["spec.leader", "spec.worker"]);
        assert!(workloads.kinds().any(|kind| kind == "Rollout"));
        assert!(workloads.kinds().any(|kind| kind == "CronJob"));
    }

    #[test]
    fn both_tables_agree() {
        let workloads = Workloads::new(&[]);
        for (groups, kind, _) in CORE {
            for group in groups {
                let gvk = GroupVersionKind { group: (*group).to_owned(), version: "v1".into(), kind: kind.to_owned() };
                assert_eq!(workloads.template_path(&gvk), template_path(&gvk).as_ref(), "{group} {kind}");
            }
        }
    }
}
