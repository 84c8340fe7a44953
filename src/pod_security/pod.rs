use serde_json::Value;

use crate::yaml::{FieldPath, Segment};

/// Which list of a pod spec a container stands in, in the order in which Pod Security visits them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContainerKind {
    /// `initContainers`, native sidecars included.
    Init,
    /// `containers`.
    Regular,
    /// `ephemeralContainers`; the API sets them only on running pods.
    Ephemeral,
}

impl ContainerKind {
    /// All lists, in the order of visit (upstream `policy/visitor.go`).
    pub const ALL: [Self; 3] = [Self::Init, Self::Regular, Self::Ephemeral];

    /// The field of the pod spec.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Init => "initContainers",
            Self::Regular => "containers",
            Self::Ephemeral => "ephemeralContainers",
        }
    }
}

/// A pod, or the pod that a template makes, borrowed from its object.
///
/// A value of a wrong type counts as absent everywhere: the API server rejects it before any check sees it.
#[derive(Debug, Clone, Copy)]
pub struct Pod<'a> {
    /// The template's own `metadata`, not that of the workload around it.
    pub metadata: Option<&'a Value>,
    /// The pod spec.
    pub spec: &'a Value,
    /// The lists of containers in the order of visit: nearly every check walks them.
    lists: [&'a [Value]; 3],
}

/// One container of a pod.
#[derive(Debug, Clone, Copy)]
pub struct Container<'a> {
    /// The list it stands in.
    pub kind: ContainerKind,
    /// Its position there, from 0.
    pub index: usize,
    /// Its name; empty where it has none.
    pub name: &'a str,
    /// The container itself.
    pub value: &'a Value,
}

/// One volume of a pod.
#[derive(Debug, Clone, Copy)]
pub struct Volume<'a> {
    /// Its position in `volumes`, from 0.
    pub index: usize,
    /// Its name; empty where it has none.
    pub name: &'a str,
    /// The volume itself.
    pub value: &'a Value,
}

/// A `securityContext` and who it belongs to.
#[derive(Debug, Clone, Copy)]
pub(super) struct SecurityContext<'a> {
    /// The container; absent for the pod's own.
    pub(super) container: Option<Container<'a>>,
    /// The context itself, an object.
    pub(super) value: &'a Value,
}

impl<'a> Pod<'a> {
    /// Reads a template: an object that holds `spec`, and `metadata` if it has any. A `Pod` is its own template.
    /// Absent if there is no `spec`.
    pub fn new(template: &'a Value) -> Option<Self> {
        Some(Self::of(object(template, &["metadata"]), object(template, &["spec"])?))
    }

    fn of(metadata: Option<&'a Value>, spec: &'a Value) -> Self {
        let list = |kind: ContainerKind| spec.get(kind.key()).and_then(Value::as_array).map(Vec::as_slice);
        Self { metadata, spec, lists: ContainerKind::ALL.map(|kind| list(kind).unwrap_or_default()) }
    }

    /// The same pod with another spec: that with the API server's defaults.
    pub(super) fn with_spec<'s>(self, spec: &'s Value) -> Pod<'s>
    where
        'a: 's,
    {
        Pod::of(self.metadata, spec)
    }

    /// The containers of all three lists, in the order in which Pod Security visits them.
    pub fn containers(self) -> impl Iterator<Item = Container<'a>> {
        ContainerKind::ALL.into_iter().zip(self.lists).flat_map(|(kind, list)| {
            let objects = list.iter().enumerate().filter(|(_, value)| value.is_object());
            objects.map(move |(index, value)| Container { kind, index, name: name(value), value })
        })
    }

    /// Its volumes, in order.
    pub fn volumes(self) -> impl Iterator<Item = Volume<'a>> {
        items(self.spec, &["volumes"]).filter(|(_, value)| value.is_object()).map(|(index, value)| Volume {
            index,
            name: name(value),
            value,
        })
    }

    /// Keys and values of its annotations, as they stand in the template.
    pub fn annotations(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.metadata
            .and_then(|metadata| metadata.get("annotations")?.as_object())
            .into_iter()
            .flatten()
            .filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
    }

    /// The value of one annotation.
    pub fn annotation(self, key: &str) -> Option<&'a str> {
        self.metadata?.get("annotations")?.get(key)?.as_str()
    }

    /// `os.name: windows`. A node selector for windows does not count.
    pub(super) fn is_windows(self) -> bool {
        text(self.spec, &["os", "name"]) == Some("windows")
    }

    /// `hostUsers: false`: its root is not the node's.
    pub(super) fn has_user_namespace(self) -> bool {
        boolean(self.spec, &["hostUsers"]) == Some(false)
    }

    /// The security contexts that exist: the pod's own, then the containers' in the order of visit.
    pub(super) fn security_contexts(self) -> impl Iterator<Item = SecurityContext<'a>> {
        let own = object(self.spec, &["securityContext"]).map(|value| SecurityContext { container: None, value });
        let of_containers = self.containers().filter_map(|container| {
            let value = object(container.value, &["securityContext"])?;
            Some(SecurityContext { container: Some(container), value })
        });
        own.into_iter().chain(of_containers)
    }

    /// A path relative to the template, cut back to the closest parent that exists.
    pub(super) fn closest(self, path: &FieldPath) -> FieldPath {
        let mut segments = path.segments().iter();
        let mut value = match segments.next() {
            Some(Segment::Key(key)) if key == "metadata" => self.metadata,
            _ => Some(self.spec),
        };
        let below = segments.take_while(|segment| {
            value = value.and_then(|value| match segment {
                Segment::Key(key) => value.get(key.as_str()),
                Segment::Index(index) => value.get(index),
            });
            value.is_some_and(|value| !value.is_null())
        });
        path.segments().iter().take(1).chain(below).cloned().collect()
    }

    /// The path of a field below `spec`, relative to the template, as far as the field exists: a caret needs
    /// something to point at.
    pub(super) fn path_to(self, keys: &[&str]) -> FieldPath {
        existing(vec!["spec".into()], self.spec, keys)
    }
}

impl Container<'_> {
    /// The path of a field below the container, such as `spec.initContainers[0].image`, relative to the template and as
    /// far as the field exists.
    pub(super) fn path_to(self, keys: &[&str]) -> FieldPath {
        existing(vec!["spec".into(), self.kind.key().into(), self.index.into()], self.value, keys)
    }
}

impl Volume<'_> {
    /// The path of a field of the volume, as far as the field exists.
    pub(super) fn path_to(self, keys: &[&str]) -> FieldPath {
        existing(vec!["spec".into(), "volumes".into(), self.index.into()], self.value, keys)
    }
}

impl SecurityContext<'_> {
    /// The path of a field of the context, as far as the field exists.
    pub(super) fn path_to(self, keys: &[&str]) -> FieldPath {
        let start = match self.container {
            Some(container) => vec!["spec".into(), container.kind.key().into(), container.index.into()],
            None => vec!["spec".into()],
        };
        existing([start, vec!["securityContext".into()]].concat(), self.value, keys)
    }
}

/// `start` followed by those of `keys` that lead to something other than null.
fn existing(mut start: Vec<Segment>, value: &Value, keys: &[&str]) -> FieldPath {
    let mut value = value;
    for key in keys {
        match value.get(key) {
            Some(child) if !child.is_null() => value = child,
            _ => break,
        }
        start.push((*key).into());
    }
    start.into_iter().collect()
}

fn name(value: &Value) -> &str {
    text(value, &["name"]).unwrap_or_default()
}

/// The value below `value` at `keys`.
pub(super) fn field<'a>(value: &'a Value, keys: &[&str]) -> Option<&'a Value> {
    keys.iter().try_fold(value, |value, key| value.get(key))
}

/// The object there. Null and other types count as absent; an empty object is present.
pub(super) fn object<'a>(value: &'a Value, keys: &[&str]) -> Option<&'a Value> {
    field(value, keys).filter(|found| found.is_object())
}

/// The string there.
pub(super) fn text<'a>(value: &'a Value, keys: &[&str]) -> Option<&'a str> {
    field(value, keys)?.as_str()
}

/// The boolean there.
pub(super) fn boolean(value: &Value, keys: &[&str]) -> Option<bool> {
    field(value, keys)?.as_bool()
}

/// The integer there. Helm prints large numbers as floats; the API reads a float without fraction as an integer.
pub(super) fn integer(value: &Value, keys: &[&str]) -> Option<i64> {
    let number = field(value, keys)?;
    number.as_i64().or_else(|| {
        let float = number.as_f64().filter(|float| float.fract() == 0.0)?;
        format!("{float:.0}").parse().ok()
    })
}

/// The items of the list there, with their positions.
pub(super) fn items<'a>(value: &'a Value, keys: &[&str]) -> impl Iterator<Item = (usize, &'a Value)> + use<'a> {
    field(value, keys).and_then(Value::as_array).into_iter().flatten().enumerate()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn visits_init_regular_and_ephemeral_containers_in_this_order() {
        let template = json!({"spec": {
            "containers": [{"name": "main"}, "not a container", {"name": 7}],
            "ephemeralContainers": [{"name": "debug"}],
            "initContainers": [{"name": "init"}],
        }});
        let pod = Pod::new(&template).unwrap();
        let seen: Vec<_> =
            pod.containers().map(|container| (container.name, container.path_to(&[]).to_string())).collect();
        let expected = [
            ("init", "spec.initContainers[0]"),
            ("main", "spec.containers[0]"),
            ("", "spec.containers[2]"),
            ("debug", "spec.ephemeralContainers[0]"),
        ];
        assert_eq!(seen, expected.map(|(name, path)| (name, path.to_owned())));
    }

    #[test]
    fn paths_go_as_far_as_the_field_exists() {
        let template = json!({"spec": {
            "containers": [{"securityContext": {"privileged": "yes", "capabilities": null}}, {}],
        }});
        let pod = Pod::new(&template).unwrap();
        let path = |index: usize, keys: &[&str]| pod.containers().nth(index).unwrap().path_to(keys).to_string();
        assert_eq!(path(0, &["securityContext", "privileged"]), "spec.containers[0].securityContext.privileged");
        assert_eq!(path(0, &["securityContext", "capabilities", "drop"]), "spec.containers[0].securityContext");
        assert_eq!(path(1, &["securityContext", "privileged"]), "spec.containers[1]");
        assert_eq!(pod.path_to(&["securityContext", "runAsUser"]).to_string(), "spec");
    }

    #[test]
    fn wrong_types_count_as_absent() {
        for template in [json!(null), json!("pod"), json!({}), json!({"spec": []}), json!({"spec": null})] {
            assert!(Pod::new(&template).is_none(), "{template}");
        }
        let template = json!({"metadata": "x", "spec": {
            "containers": {"name": "a"}, "volumes": "x", "os": "windows", "hostUsers": "false", "securityContext": [],
        }});
        let pod = Pod::new(&template).unwrap();
        assert_eq!(pod.containers().count() + pod.volumes().count() + pod.annotations().count(), 0);
        assert!(!pod.is_windows() && !pod.has_user_namespace());
        assert_eq!(pod.security_contexts().count(), 0);
    }

    #[test]
    fn floats_without_fraction_are_integers() {
        for (value, expected) in [(json!(0), Some(0)), (json!(0.0), Some(0)), (json!(1e6), Some(1_000_000))] {
            assert_eq!(integer(&json!({"n": value}), &["n"]), expected);
        }
        for value in [json!(0.5), json!("0"), json!(null), json!(1e300)] {
            assert_eq!(integer(&json!({"n": value}), &["n"]), None);
        }
    }
}
