//! What floe keeps of the objects of a list: what it reads, and nothing that only grows.
//!
//! Most of what a server sends of a pod is who has set which field, environment variables and conditions. It is skipped
//! while a page is parsed, so that a cluster with tens of thousands of pods fits into memory.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::yaml::{Style, block};

/// What is kept of a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Keep {
    /// All of it.
    Whole,
    /// None of it.
    Nothing,
    /// All entries, some of them in part.
    But(&'static [(&'static str, Keep)]),
    /// These entries only, some of them in part.
    Only(&'static [(&'static str, Keep)]),
    /// The entries whose keys begin so.
    Beginning(&'static [&'static str]),
    /// Of each item of a list.
    Each(&'static Keep),
}

/// Metadata without the record of who has set what, which `kubectl get` does not show either.
const UNMANAGED: Keep = Keep::But(&[("managedFields", Keep::Nothing)]);

/// Any object.
pub(super) const OBJECT: Keep = Keep::But(&[("metadata", UNMANAGED)]);

/// An object of which only its name and its owners are wanted.
pub(super) const OWNED: Keep = Keep::Only(&[(
    "metadata",
    Keep::Only(&[("name", Keep::Whole), ("namespace", Keep::Whole), ("ownerReferences", Keep::Whole)]),
)]);

/// Annotations of pods that mean something: to Pod Security (AppArmor and, up to v1.26, seccomp), to hosts and to floe.
const POD_ANNOTATIONS: Keep = Keep::Beginning(&[
    "container.apparmor.security.beta.kubernetes.io/",
    "container.seccomp.security.alpha.kubernetes.io/",
    "seccomp.security.alpha.kubernetes.io/",
    "config.kubernetes.io/",
    "floe.dev/",
]);

/// What no check of Pod Security and no policy looks at in a container.
const CONTAINER: Keep = Keep::But(&[
    ("args", Keep::Nothing),
    ("command", Keep::Nothing),
    ("env", Keep::Nothing),
    ("envFrom", Keep::Nothing),
    ("image", Keep::Nothing),
    ("imagePullPolicy", Keep::Nothing),
    ("resources", Keep::Nothing),
    ("terminationMessagePath", Keep::Nothing),
    ("terminationMessagePolicy", Keep::Nothing),
    ("volumeMounts", Keep::Nothing),
]);

/// A pod. Pod Security looks at the sources of volumes by their names only.
pub(super) const POD: Keep = Keep::But(&[
    (
        "metadata",
        Keep::But(&[
            ("annotations", POD_ANNOTATIONS),
            ("creationTimestamp", Keep::Nothing),
            ("managedFields", Keep::Nothing),
            ("resourceVersion", Keep::Nothing),
            ("uid", Keep::Nothing),
            ("ownerReferences", Keep::Each(&Keep::But(&[("uid", Keep::Nothing)]))),
        ]),
    ),
    (
        "spec",
        Keep::But(&[
            ("affinity", Keep::Nothing),
            ("containers", Keep::Each(&CONTAINER)),
            ("dnsConfig", Keep::Nothing),
            ("ephemeralContainers", Keep::Each(&CONTAINER)),
            ("hostAliases", Keep::Nothing),
            ("imagePullSecrets", Keep::Nothing),
            ("initContainers", Keep::Each(&CONTAINER)),
            ("readinessGates", Keep::Nothing),
            ("tolerations", Keep::Nothing),
            ("topologySpreadConstraints", Keep::Nothing),
            ("volumes", Keep::Each(&Keep::But(&[("projected", Keep::Only(&[("defaultMode", Keep::Whole)]))]))),
        ]),
    ),
    (
        "status",
        Keep::Only(&[
            ("hostIP", Keep::Whole),
            ("hostIPs", Keep::Whole),
            ("phase", Keep::Whole),
            ("podIP", Keep::Whole),
            ("podIPs", Keep::Whole),
        ]),
    ),
]);

/// Reads a list and keeps part of each item.
pub(super) fn read(text: &str, of_each: Keep) -> Result<Value, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let list = Kept { keep: Keep::Whole, of_items: Some(of_each) }.deserialize(&mut reader)?;
    reader.end()?;
    Ok(list)
}

/// A list as the text that is read on: in block style, which is read several times as fast as JSON and has a line for
/// each field, so that places in it can be shown.
pub(super) fn written(list: &Value) -> String {
    let mut text = String::new();
    block(list, 0, Style::default(), &mut text);
    text
}

/// A value of which part is kept.
#[derive(Clone, Copy)]
struct Kept {
    keep: Keep,
    /// The value is a list of the API; what is kept of each item.
    of_items: Option<Keep>,
}

impl Kept {
    const fn of(keep: Keep) -> Self {
        Self { keep, of_items: None }
    }

    /// Of an entry; absent if it is skipped.
    fn entry(self, key: &str) -> Option<Self> {
        if let (Some(of_items), "items") = (self.of_items, key) {
            let items = Self { keep: Keep::Whole, of_items: Some(of_items) };
            return Some(items);
        }
        let listed = |entries: &[(&str, Keep)]| entries.iter().find(|(name, _)| *name == key).map(|(_, keep)| *keep);
        let keep = match self.keep {
            Keep::Whole | Keep::Each(_) => Keep::Whole,
            Keep::But(entries) => listed(entries).unwrap_or(Keep::Whole),
            Keep::Only(entries) => listed(entries).unwrap_or(Keep::Nothing),
            Keep::Beginning(starts) if starts.iter().any(|start| key.starts_with(start)) => Keep::Whole,
            Keep::Nothing | Keep::Beginning(_) => Keep::Nothing,
        };
        (!matches!(keep, Keep::Nothing)).then_some(Self::of(keep))
    }

    fn item(self) -> Self {
        match (self.of_items, self.keep) {
            (Some(of_items), _) => Self::of(of_items),
            (None, Keep::Each(keep)) => Self::of(*keep),
            (None, _) => Self::of(Keep::Whole),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Kept {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Kept {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut kept = Vec::new();
        while let Some(item) = items.next_element_seed(self.item())? {
            kept.push(item);
        }
        Ok(kept.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut kept = Map::new();
        while let Some(key) = entries.next_key::<Cow<'_, str>>()? {
            match self.entry(&key) {
                Some(value) => {
                    let value = entries.next_value_seed(value)?;
                    kept.insert(key.into_owned(), value);
                }
                None => {
                    entries.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(kept.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::yaml::Tree;

    fn kept(object: &Value, keep: Keep) -> Value {
        let list = json!({"kind": "PodList", "metadata": {"continue": "x"}, "items": [object]});
        let read = read(&list.to_string(), keep).unwrap();
        assert_eq!((&read["kind"], &read["metadata"]["continue"]), (&json!("PodList"), &json!("x")));
        read["items"][0].clone()
    }

    #[test]
    fn of_a_pod_stays_what_is_read() {
        let pod = json!({
            "metadata": {
                "name": "web", "labels": {"app": "web"}, "managedFields": [{"manager": "kubelet"}],
                "annotations": {"a": "b", "floe.dev/harden": "false"},
                "ownerReferences": [{"kind": "ReplicaSet", "name": "web-1", "controller": true, "uid": "u"}],
            },
            "spec": {
                "hostNetwork": true, "tolerations": [{}], "nodeName": "n",
                "containers": [{"name": "c", "image": "i", "env": [{"name": "A"}], "ports": [{"containerPort": 80}],
                    "securityContext": {}}],
                "volumes": [{"name": "t", "projected": {"sources": [{}], "defaultMode": 420}}, {"name": "e",
                    "emptyDir": {}}],
            },
            "status": {"phase": "Running", "podIPs": [{"ip": "10.0.0.1"}], "conditions": [{}]},
        });
        let expected = json!({
            "metadata": {
                "name": "web", "labels": {"app": "web"}, "annotations": {"floe.dev/harden": "false"},
                "ownerReferences": [{"kind": "ReplicaSet", "name": "web-1", "controller": true}],
            },
            "spec": {
                "hostNetwork": true, "nodeName": "n",
                "containers": [{"name": "c", "ports": [{"containerPort": 80}], "securityContext": {}}],
                "volumes": [{"name": "t", "projected": {"defaultMode": 420}}, {"name": "e", "emptyDir": {}}],
            },
            "status": {"phase": "Running", "podIPs": [{"ip": "10.0.0.1"}]},
        });
        assert_eq!(kept(&pod, POD), expected);
    }

    #[test]
    fn anything_else_loses_only_who_has_set_what() {
        let service =
            json!({"metadata": {"uid": "u", "annotations": {"a": "b"}}, "spec": {"x": [1, -1, 1.5, null, true]}});
        let mut sent = service.clone();
        sent["metadata"]["managedFields"] = json!([{}]);
        assert_eq!(kept(&sent, OBJECT), service);
        assert_eq!(kept(&sent, OWNED), json!({"metadata": {}}));
        assert!(read("{\"items\": [", OBJECT).is_err() && read("{} {}", OBJECT).is_err());
    }

    #[test]
    fn what_is_written_is_read_back() {
        let list = json!({"items": [{"a\u{2028}b\u{85}c\u{7f}": "ä: #", "on": "yes"}, {"x": {}, "y": []}, "0644",
            "line\nline\n"]});
        let text = written(&list);
        let tree = Tree::parse(&text).unwrap();
        assert_eq!(tree.value(tree.root().unwrap()).unwrap(), list, "{text}");
    }
}
