use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::config::PodSecurityConfig;
use crate::pod_security::HardenError;
use crate::pod_security::draft::{Draft, list_of_mappings};
use crate::yaml::{FieldPath, Segment};

use super::container_context::has_read_only_root;
use super::mount_path::MountPath;
use super::platform::Platform;
use super::template::{Container, Template};
use super::volume_name;

/// The annotation of a pod template with further writable paths, separated by commas.
pub(super) const ANNOTATION: &str = "floe.dev/writable-paths";

/// The paths that a pod asks for in [`ANNOTATION`], and the entries that are no usable path.
pub(super) fn annotated<'v>(template: &Template<'v>) -> (Vec<MountPath>, Vec<&'v str>) {
    let text = template.metadata("annotations", ANNOTATION).and_then(Value::as_str).unwrap_or_default();
    let (mut paths, mut unusable) = (Vec::new(), Vec::new());
    for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        match MountPath::wanted(entry) {
            Some(path) => paths.push(path),
            None => unusable.push(entry),
        }
    }
    (paths, unusable)
}

/// Mounts an `emptyDir` at every writable path of the configuration and the pod's own annotation, in every container
/// whose root file system is read-only after hardening (FR-063, FR-064). Linux only.
///
/// A path is left alone in a container that mounts it, or something above it, already: what is there is explicit, and a
/// mount inside a foreign volume would leave a folder in it. Mounts below the path are no obstacle, because runtimes
/// mount outer paths first. One volume serves a path in all containers of the pod.
pub(super) fn fill(
    draft: &mut Draft<'_>,
    template: &Template<'_>,
    platform: &Platform,
    claims: &BTreeSet<&str>,
    config: &PodSecurityConfig,
) -> Result<(), HardenError> {
    let paths = wanted(template, config);
    if *platform != Platform::Linux || paths.is_empty() || !template.shape.has_pod_fields() {
        return Ok(());
    }
    let mut mounts: Vec<(&Container<'_>, &MountPath)> = Vec::new();
    for container in template.containers.iter().filter(|it| has_read_only_root(it)) {
        let mounted = paths_of(container, "volumeMounts", "mountPath")?;
        let devices = paths_of(container, "volumeDevices", "devicePath")?;
        let free = |path: &&MountPath| {
            !mounted.iter().any(|it| it.covers(path)) && !devices.iter().any(|it| it.covers(path) || path.covers(it))
        };
        mounts.extend(paths.iter().filter(free).map(|path| (container, path)));
    }
    let mut volumes = Volumes::of(template, claims)?;
    let mut names: BTreeMap<&MountPath, String> = BTreeMap::new();
    for path in paths.iter().filter(|path| mounts.iter().any(|(_, it)| it == path)) {
        let (name, is_new) = volumes.name_for(path);
        if is_new {
            let source = config.writable_size_limit.as_ref().map_or(json!({}), |limit| json!({"sizeLimit": limit}));
            let what = format!("add the emptyDir volume {name}");
            draft.append(template.spec_path.child("volumes"), json!({"name": name, "emptyDir": source}), what)?;
        }
        names.insert(path, name);
    }
    for (container, path) in mounts {
        let Some(name) = names.get(path) else { continue };
        let mount = json!({"name": name, "mountPath": path.to_string()});
        let what = format!("mount the emptyDir volume {name} at {path}");
        draft.append(container.path.child("volumeMounts"), mount, what)?;
    }
    Ok(())
}

/// The names of the volumes that a workload makes from claims. A StatefulSet's pods get them beside the template's own
/// volumes, and they win over those of the same name. Other kinds with the field mean the same by it.
pub(super) fn claim_names<'v>(object: &'v Value, template: &FieldPath) -> BTreeSet<&'v str> {
    let Some((Segment::Key(_), parent)) = template.segments().split_last() else { return BTreeSet::new() };
    let parent: FieldPath = parent.iter().cloned().collect();
    let claims = object.pointer(&parent.to_pointer()).and_then(|it| it.get("volumeClaimTemplates")?.as_array());
    claims.into_iter().flatten().filter_map(|claim| claim.pointer("/metadata/name")?.as_str()).collect()
}

/// The wanted paths without those that another one covers: the configuration's first, then the pod's own.
fn wanted(template: &Template<'_>, config: &PodSecurityConfig) -> Vec<MountPath> {
    let configured = config.writable_paths.iter().filter_map(|path| MountPath::wanted(path));
    let mut all: Vec<MountPath> = Vec::new();
    for path in configured.chain(annotated(template).0) {
        if !all.contains(&path) {
            all.push(path);
        }
    }
    let outermost = |path: &&MountPath| !all.iter().any(|other| other != *path && other.covers(path));
    all.iter().filter(outermost).cloned().collect()
}

fn paths_of(container: &Container<'_>, list: &str, key: &str) -> Result<Vec<MountPath>, HardenError> {
    let entries = list_of_mappings(container.fields, list, &container.path)?;
    Ok(entries.into_iter().filter_map(|(_, entry)| entry.get(key)?.as_str().map(MountPath::mounted)).collect())
}

/// The volume names of a pod.
struct Volumes<'v> {
    /// The pod's own volumes.
    own: Vec<(&'v str, &'v Map<String, Value>)>,
    /// Where each volume is mounted, in all containers.
    mounts: Vec<(&'v str, MountPath)>,
    /// All names in use.
    taken: BTreeSet<String>,
}

impl<'v> Volumes<'v> {
    fn of(template: &Template<'v>, claims: &BTreeSet<&str>) -> Result<Self, HardenError> {
        let own: Vec<_> = list_of_mappings(template.spec, "volumes", &template.spec_path)?
            .into_iter()
            .filter_map(|(_, volume)| Some((volume.get("name")?.as_str()?, volume)))
            .collect();
        let mut mounts = Vec::new();
        for container in &template.containers {
            let list = container.fields.get("volumeMounts").and_then(Value::as_array);
            mounts.extend(list.into_iter().flatten().filter_map(|mount| {
                Some((mount.get("name")?.as_str()?, MountPath::mounted(mount.get("mountPath")?.as_str()?)))
            }));
        }
        let taken = own.iter().map(|(name, _)| *name).chain(claims.iter().copied()).map(str::to_owned).collect();
        Ok(Self { own, mounts, taken })
    }

    /// The name of the volume for a path, and whether the volume has yet to be made.
    fn name_for(&mut self, path: &MountPath) -> (String, bool) {
        let mut name = String::new();
        for candidate in volume_name::candidates(path) {
            if self.is_ours(&candidate, path) {
                return (candidate, false);
            }
            if !self.taken.contains(&candidate) {
                name = candidate;
                break;
            }
        }
        self.taken.insert(name.clone());
        (name, true)
    }

    /// Whether floe made that volume for that path before: an `emptyDir` of that name, mounted nowhere else.
    fn is_ours(&self, name: &str, path: &MountPath) -> bool {
        let is_empty_dir = |volume: &Map<String, Value>| volume.get("emptyDir").is_some_and(Value::is_object);
        self.own.iter().any(|(it, volume)| *it == name && is_empty_dir(volume))
            && self.mounts.iter().all(|(it, mounted)| *it != name || mounted == path)
    }
}
