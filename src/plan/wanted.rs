//! The objects that floe adds, and which of them an earlier run has already added.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value};

use super::generate::Generated;
use super::request::{Part, Parts};
use super::summary;
use super::survey::{OwnObject, Position, Survey};
use crate::config::{Config, NamespaceMode, is_default_namespace};
use crate::network_policy::file_name;
use crate::object::ResourceId;
use crate::object::own::is_host_annotation;
use crate::pod_security::namespace_object;

/// Where a new object stands in a stream (decision on: Placement).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Placement {
    /// Before everything that lives in a namespace.
    Namespace,
    /// Behind the Namespaces, before the first other document.
    Policy,
    /// At the end.
    Summary,
}

/// An object that the result is to hold.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) place: Placement,
    /// File name for hosts that want one, without folder.
    pub(super) file: String,
    /// Why it is wanted, for the audit trail (FR-091).
    pub(super) reason: String,
    pub(super) value: Value,
}

/// Namespaces that have to be appended: the input has none of that name.
pub(super) fn namespaces(config: &Config, survey: &Survey, parts: Parts) -> Vec<Wanted> {
    let security = &config.pod_security;
    if !security.enabled || security.namespaces != NamespaceMode::Append || !parts.contains(Part::Namespaces) {
        return Vec::new();
    }
    let present = |name: &str| survey.documents.iter().flat_map(|it| &it.namespaces).any(|facts| facts.name == name);
    let missing = config.namespaces.iter().filter(|managed| !present(&managed.name));
    missing
        .map(|managed| Wanted {
            place: Placement::Namespace,
            file: format!("{}-namespace.yaml", managed.name),
            reason: format!("Pod Security: enforce {}", managed.level.as_str()),
            value: namespace_object(managed, config),
        })
        .collect()
}

/// The policies as objects.
pub(super) fn policies(generated: &Generated) -> Vec<Wanted> {
    let wanted = |policy| Wanted {
        place: Placement::Policy,
        file: file_name(policy),
        reason: generated.reason(policy),
        value: policy.to_value(),
    };
    generated.policies.iter().map(wanted).collect()
}

/// What is done with an object that floe makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// It is new.
    Add,
    /// It stands in place of the one that an earlier run added.
    Replace,
    /// An earlier run added it, and it is no longer wanted.
    Remove,
}

impl Action {
    /// The word of plans and of the audit trail.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Replace => "replace",
            Self::Remove => "remove",
        }
    }
}

/// An object that floe makes, what is done with it and why (FR-091).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectAction {
    /// What is done.
    pub action: Action,
    /// The object.
    pub object: ResourceId,
    /// Why it is there, or why it is not any more.
    pub reason: String,
}

impl fmt::Display for ObjectAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.action.as_str(), self.object)
    }
}

/// The difference between what is wanted and what is there.
#[derive(Debug, Default)]
pub(super) struct Difference {
    pub(super) new: Vec<Wanted>,
    pub(super) replace: Vec<(Position, Wanted)>,
    pub(super) remove: Vec<(Position, ResourceId)>,
    /// Objects of floe in namespaces that this configuration does not manage and no summary names: they stay.
    pub(super) kept: Vec<(Position, ResourceId)>,
}

impl Difference {
    /// What happens to generated objects.
    pub(super) fn actions(&self) -> Vec<ObjectAction> {
        let of = |action, wanted: &Wanted| {
            let reason = wanted.reason.clone();
            ResourceId::of(&wanted.value).map(|object| ObjectAction { action, object, reason })
        };
        let added = self.new.iter().filter_map(|wanted| of(Action::Add, wanted));
        let replaced = self.replace.iter().filter_map(|(_, wanted)| of(Action::Replace, wanted));
        let removed = self.remove.iter().map(|(_, object)| ObjectAction {
            action: Action::Remove,
            object: object.clone(),
            reason: "no longer wanted".to_owned(),
        });
        added.chain(replaced).chain(removed).collect()
    }

    /// Whether more changes than the summary, which tells of it.
    pub(super) fn changes_objects(&self) -> bool {
        let mut written = self.new.iter().chain(self.replace.iter().map(|(_, wanted)| wanted));
        !self.remove.is_empty() || written.any(|wanted| wanted.place != Placement::Summary)
    }

    /// Compares by identity; floe's objects of parts that are switched off stay as they are.
    pub(super) fn of(wanted: impl Iterator<Item = Wanted>, survey: &Survey, config: &Config, parts: Parts) -> Self {
        let mut own: Vec<Option<&OwnObject>> =
            survey.documents.iter().flat_map(|it| &it.own_objects).map(Some).collect();
        let mut difference = Self::default();
        for mut wanted in wanted {
            let id = ResourceId::of(&wanted.value);
            let twin = own.iter_mut().find(|it| it.is_some_and(|it| Some(&it.id) == id.as_ref()));
            match twin.and_then(Option::take) {
                None => difference.new.push(wanted),
                Some(twin) if without_host_annotations(&twin.value) == wanted.value => {}
                Some(twin) => {
                    copy_host_annotations(&twin.value, &mut wanted.value);
                    difference.replace.push((twin.at, wanted));
                }
            }
        }
        let in_scope = |it: &&OwnObject| {
            parts.contains(match it.id.gvk.kind.as_str() {
                "Namespace" => Part::Namespaces,
                "NetworkPolicy" => Part::Network,
                _ => Part::Summary,
            })
        };
        let namespaces = namespaces_of_floe(config, survey);
        let is_known = |it: &&OwnObject| match it.id.gvk.kind.as_str() {
            "Namespace" => namespaces.contains(it.id.name.as_str()),
            "NetworkPolicy" => it.id.namespace.as_deref().is_some_and(|namespace| namespaces.contains(namespace)),
            _ => true,
        };
        let rest = own.into_iter().flatten().filter(in_scope);
        let (remove, kept) = rest.partition::<Vec<_>, _>(is_known);
        let named = |it: &OwnObject| (it.at, it.id.clone());
        difference.remove = remove.into_iter().map(named).collect();
        difference.kept = kept.into_iter().map(named).collect();
        difference
    }
}

/// What the summary of an earlier run tells of its changes; empty if there is none.
pub(super) fn told_before(survey: &Survey) -> &str {
    let mut own = survey.documents.iter().flat_map(|it| &it.own_objects);
    own.find_map(|it| summary::told_in(&it.value)).unwrap_or_default()
}

/// The namespaces that floe may have made objects for: those of the configuration, those of its own names, and those
/// that a summary in the input lists.
fn namespaces_of_floe<'s>(config: &'s Config, survey: &'s Survey) -> BTreeSet<&'s str> {
    let own = || survey.documents.iter().flat_map(|it| &it.own_objects);
    let listed =
        own().filter_map(|it| it.value.pointer("/data/namespaces")?.as_str()).flat_map(summary::listed_namespaces);
    let by_name = own().flat_map(|it| [Some(it.id.name.as_str()), it.id.namespace.as_deref()]).flatten();
    let managed = config.namespaces.iter().map(|it| it.name.as_str());
    managed.chain(listed).chain(by_name.filter(|name| is_default_namespace(name))).collect()
}

/// The object without the annotations that belong to its host.
pub(super) fn without_host_annotations(object: &Value) -> Value {
    let mut object = object.clone();
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return object };
    let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) else { return object };
    let before = annotations.len();
    annotations.retain(|key, _| !is_host_annotation(key));
    if annotations.is_empty() && before > 0 {
        metadata.shift_remove("annotations");
    }
    object
}

fn copy_host_annotations(from: &Value, to: &mut Value) {
    let annotations = from.pointer("/metadata/annotations").and_then(Value::as_object);
    for (key, value) in annotations.into_iter().flatten().filter(|(key, _)| is_host_annotation(key)) {
        annotate(to, key, value.clone());
    }
}

/// Sets an annotation.
pub(super) fn annotate(object: &mut Value, key: &str, value: Value) {
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    let annotations = metadata.entry("annotations").or_insert_with(|| Value::Object(Map::new()));
    if let Some(annotations) = annotations.as_object_mut() {
        annotations.insert(key.to_owned(), value);
    }
}
