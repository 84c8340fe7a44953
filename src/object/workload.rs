use serde_json::Value;

use crate::yaml::FieldPath;

use super::GroupVersionKind;
use super::path_pattern::PathPattern;
use super::shape::Shape;
use super::workload_table::{CLUSTER_SCOPED, TABLE};

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

/// The path of the pod template, the object that holds `metadata` and `spec`, in objects of a kind of Kubernetes or
/// OpenShift; the root for a Pod, absent for a kind without a pod template.
pub fn template_path(gvk: &GroupVersionKind) -> Option<FieldPath> {
    core_path(&gvk.group, &gvk.kind)
}

fn core_path(group: &str, kind: &str) -> Option<FieldPath> {
    CORE.iter()
        .find(|(groups, name, _)| *name == kind && groups.contains(&group))
        .map(|(_, _, path)| FieldPath::of_keys(*path))
}

/// A further kind with a pod template, as `pod_security.workloads` lists it: mostly of a custom resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomWorkload {
    /// API group.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Path of the pod template (the object that holds `metadata` and `spec`), split at dots. A step may end in `[*]`:
    /// every item of that list.
    pub path: Vec<String>,
}

/// One place in an object from which pods are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodPlace {
    /// Where it is.
    pub path: FieldPath,
    /// What stands there.
    pub shape: Shape,
}

impl PodPlace {
    /// Turns a complete shape without containers into a part of a pod spec.
    fn demote(&mut self, object: &Value) {
        let spec_path = if self.shape.is_template() { self.path.child("spec") } else { self.path.clone() };
        let Some(spec) = object.pointer(&spec_path.to_pointer()).filter(|spec| spec.is_object()) else { return };
        let is_empty = match spec.get("containers") {
            None | Some(Value::Null) => true,
            Some(Value::Array(items)) => items.is_empty(),
            Some(_) => false,
        };
        if self.shape.is_hardened() && is_empty {
            *self = Self { path: spec_path, shape: Shape::PartialSpec };
        }
    }
}

/// Where objects of a kind live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    Namespaced,
    Cluster,
}

/// Who knows a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KnownBy {
    Kubernetes,
    Table,
    Configuration,
}

/// One kind that pods are made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    group: String,
    kind: String,
    scope: Scope,
    known_by: KnownBy,
    patterns: Vec<(PathPattern, Shape)>,
}

impl Workload {
    /// The places in one object, in the order of the table. A kind of Kubernetes has its template even where the object
    /// lacks it; elsewhere only what is there counts, and without containers it is part of a pod spec at most: a
    /// controller brings them.
    pub fn places(&self, object: &Value) -> Vec<PodPlace> {
        let own = if self.known_by == KnownBy::Kubernetes { core_path(&self.group, &self.kind) } else { None };
        let own = own.map(|path| PodPlace { path, shape: Shape::PodTemplate });
        let mut places: Vec<PodPlace> = own.into_iter().collect();
        for (pattern, shape) in &self.patterns {
            places.extend(pattern.expand(object).into_iter().map(|path| PodPlace { path, shape: *shape }));
        }
        if self.known_by == KnownBy::Table {
            for place in &mut places {
                place.demote(object);
            }
        }
        places
    }

    /// Whether objects of the kind have no namespace, so that where their pods run is not known.
    pub fn is_cluster_scoped(&self) -> bool {
        self.scope == Scope::Cluster
    }

    /// Whether any of its places can be hardened.
    pub fn is_hardened(&self) -> bool {
        self.known_by == KnownBy::Kubernetes || self.patterns.iter().any(|(_, shape)| shape.is_hardened())
    }
}

/// All kinds that pods are made from: those of Kubernetes, those of the table of custom resources, and those of
/// `pod_security.workloads`.
///
/// A table by group and kind, not a search for `containers`: other kinds use that word for patches by name or for
/// containers of a cloud service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workloads {
    /// Sorted by kind, then by group: the name of the kind is asked for in every document.
    kinds: Vec<Workload>,
}

impl Workloads {
    /// Extends the known kinds with those of the configuration. What the configuration says of a custom resource
    /// replaces what the table says of it; a kind of Kubernetes keeps its template.
    pub fn new(further: &[CustomWorkload]) -> Self {
        let mut workloads = Self { kinds: Vec::new() };
        for (groups, kind, _) in CORE {
            for group in groups {
                workloads.entry(group, kind, KnownBy::Kubernetes);
            }
        }
        for (group, kind, shape, paths) in TABLE {
            let workload = workloads.entry(group, kind, KnownBy::Table);
            workload.patterns.extend(paths.iter().map(|path| (PathPattern::parse(path), *shape)));
        }
        for it in further {
            let workload = workloads.entry(&it.group, &it.kind, KnownBy::Configuration);
            if workload.known_by == KnownBy::Table {
                workload.known_by = KnownBy::Configuration;
                workload.patterns.clear();
            }
            let written = it.path.join(".");
            let core = core_path(&it.group, &it.kind).is_some_and(|path| path.to_string() == written);
            let pattern = (PathPattern::parse(&written), Shape::PodTemplate);
            if !core && !workload.patterns.contains(&pattern) {
                workload.patterns.push(pattern);
            }
        }
        workloads
    }

    /// The entry of a kind, made where there is none; keeps the order.
    #[expect(clippy::indexing_slicing, reason = "the index was found, or its entry inserted, just before")]
    fn entry(&mut self, group: &str, kind: &str, known_by: KnownBy) -> &mut Workload {
        let place = self.position(group, kind);
        let new = || Workload {
            group: group.to_owned(),
            kind: kind.to_owned(),
            scope: if CLUSTER_SCOPED.contains(&(group, kind)) { Scope::Cluster } else { Scope::Namespaced },
            known_by,
            patterns: Vec::new(),
        };
        let index = place.unwrap_or_else(|index| {
            self.kinds.insert(index, new());
            index
        });
        &mut self.kinds[index]
    }

    fn position(&self, group: &str, kind: &str) -> Result<usize, usize> {
        self.kinds.binary_search_by(|it| (it.kind.as_str(), it.group.as_str()).cmp(&(kind, group)))
    }

    /// What is known of a kind, in any version of its group; absent for a kind that no pods are made from.
    pub fn find(&self, gvk: &GroupVersionKind) -> Option<&Workload> {
        self.position(&gvk.group, &gvk.kind).ok().and_then(|index| self.kinds.get(index))
    }

    /// Whether any group has such a kind, for a classifier that looks at text before it parses.
    pub fn has_kind(&self, kind: &str) -> bool {
        let first = self.kinds.partition_point(|it| it.kind.as_str() < kind);
        self.kinds.get(first).is_some_and(|it| it.kind == kind)
    }

    /// Group and kind of every entry, sorted by kind.
    pub fn kinds(&self) -> impl Iterator<Item = (&str, &str)> {
        self.kinds.iter().map(|it| (it.group.as_str(), it.kind.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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

    fn places(workloads: &Workloads, object: &Value) -> Vec<String> {
        let text = |key: &str| object[key].as_str().unwrap();
        let found = workloads.find(&GroupVersionKind::new(text("apiVersion"), text("kind")));
        let places = found.map(|workload| workload.places(object)).unwrap_or_default();
        places.into_iter().map(|place| format!("{:?} {}", place.shape, place.path)).collect()
    }

    #[test]
    fn is_extended_by_the_configuration() {
        let workloads = Workloads::new(&[
            entry("Rollout", &["spec", "template"]),
            entry("LeaderWorkerSet", &["spec", "leader"]),
            entry("LeaderWorkerSet", &["spec", "workers[*]", "template"]),
            entry("LeaderWorkerSet", &["spec", "leader"]),
        ]);
        let rollout = |api_version: &str| {
            places(&workloads, &json!({"apiVersion": api_version, "kind": "Rollout", "spec": {"template": {}}}))
        };
        assert_eq!(rollout("example.com/v1alpha1"), ["PodTemplate spec.template"]);
        assert_eq!(rollout("example.org/v1alpha1"), [] as [&str; 0]);
        let object = json!({
            "apiVersion": "example.com/v1", "kind": "LeaderWorkerSet",
            "spec": {"leader": {}, "workers": [{"template": {}}, {"template": {}}]},
        });
        assert_eq!(
            places(&workloads, &object),
            ["PodTemplate spec.leader", "PodTemplate spec.workers[0].template", "PodTemplate spec.workers[1].template"]
        );
    }

    #[test]
    fn a_template_without_containers_is_part_of_one() {
        let workloads = Workloads::new(&[]);
        let rollout = |template: Value| {
            let object = json!({"apiVersion": "argoproj.io/v1", "kind": "Rollout", "spec": {"template": template}});
            places(&workloads, &object)
        };
        assert_eq!(rollout(json!({"spec": {"containers": [{}]}})), ["PodTemplate spec.template"]);
        assert_eq!(rollout(json!({"spec": {"containers": {}}})), ["PodTemplate spec.template"]);
        assert_eq!(rollout(json!({"metadata": {}})), ["PodTemplate spec.template"]);
        assert_eq!(rollout(json!({"spec": {"containers": []}})), ["PartialSpec spec.template.spec"]);
        assert_eq!(rollout(json!(null)), [] as [&str; 0]);
        let object = json!({
            "apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": {"name": "m"},
            "spec": {"predictor": {"model": {"image": "x"}}, "transformer": {"containers": [{"image": "x"}]}},
        });
        assert_eq!(
            places(&workloads, &object),
            ["PartialSpec spec.predictor", "ReducedSpec spec.transformer", "Container spec.predictor.model"]
        );
    }

    #[test]
    fn the_configuration_replaces_the_table_but_not_kubernetes() {
        let of = |group: &str, kind: &str, path: &str| CustomWorkload {
            group: group.to_owned(),
            kind: kind.to_owned(),
            path: vec![path.to_owned()],
        };
        let workloads =
            Workloads::new(&[of("postgresql.cnpg.io", "Pooler", "mine"), of("apps", "Deployment", "other")]);
        let pooler = json!({
            "apiVersion": "postgresql.cnpg.io/v1", "kind": "Pooler", "mine": {}, "spec": {"template": {"spec": {}}},
        });
        assert_eq!(places(&workloads, &pooler), ["PodTemplate mine"]);
        assert_eq!(places(&Workloads::new(&[]), &pooler), ["Opaque spec", "PartialSpec spec.template.spec"]);
        let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "other": {}});
        assert_eq!(places(&workloads, &deployment), ["PodTemplate spec.template", "PodTemplate other"]);
    }

    #[test]
    fn a_kind_of_several_groups_is_told_apart_by_its_group() {
        let workloads = Workloads::new(&[]);
        let found = |api_version: &str, kind: &str| {
            workloads.find(&GroupVersionKind::new(api_version, kind)).map(|it| it.group.as_str())
        };
        assert_eq!(found("v1", "Service"), None);
        assert_eq!(found("serving.knative.dev/v1", "Service"), Some("serving.knative.dev"));
        assert_eq!(found("batch/v1", "Job"), Some("batch"));
        assert_eq!(found("batch.volcano.sh/v1alpha1", "Job"), Some("batch.volcano.sh"));
        assert_eq!(found("apps/v1", "StatefulSet"), Some("apps"));
        assert_eq!(found("apps.kruise.io/v1beta1", "StatefulSet"), Some("apps.kruise.io"));
        assert_eq!(found("example.com/v1", "Task"), None);
        for kind in ["Service", "Job", "Rollout", "CronJob", "Workload"] {
            assert!(workloads.has_kind(kind), "{kind}");
        }
        for kind in ["", "A", "ConfigMap", "Jobs", "Zz"] {
            assert!(!workloads.has_kind(kind), "{kind}");
        }
    }

    #[test]
    fn the_table_is_sound() {
        let workloads = Workloads::new(&[]);
        assert!(workloads.kinds.is_sorted_by_key(|it| (it.kind.clone(), it.group.clone())));
        for (group, kind, shape, paths) in TABLE {
            assert!(group.contains('.') && !paths.is_empty(), "{group} {kind} {shape:?}");
            assert_eq!(path_of(&format!("{group}/v1"), kind), None, "{group} {kind} is no custom resource");
        }
        for (group, kind) in CLUSTER_SCOPED {
            let known = workloads.kinds().any(|it| it == (group, kind));
            assert!(known, "{group} {kind} is not in the table");
        }
    }

    #[test]
    fn both_tables_agree() {
        let workloads = Workloads::new(&[]);
        for (groups, kind, _) in CORE {
            for group in groups {
                let gvk = GroupVersionKind { group: (*group).to_owned(), version: "v1".into(), kind: kind.to_owned() };
                let places = workloads.find(&gvk).unwrap().places(&json!({}));
                let [place] = places.as_slice() else { panic!("{group} {kind}") };
                assert_eq!(Some(&place.path), template_path(&gvk).as_ref(), "{group} {kind}");
            }
        }
    }
}
