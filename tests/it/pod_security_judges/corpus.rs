//! The pods of the test data: upstream's fixtures, and the pod templates of real charts.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use floe::object::{Level, ResourceId, Version, template_path};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{documents, floe, judge, snapshot};

/// A pod, and where it comes from.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) origin: String,
    /// An object of kind Pod.
    pub(super) pod: Value,
}

/// Every distinct content of upstream's fixtures; each goes by the first file that has it.
pub(super) fn fixtures(data: &Path) -> Vec<Sample> {
    let mut distinct = BTreeMap::new();
    for (path, text) in snapshot(&data.join("pod-security")) {
        distinct.entry(text).or_insert(path);
    }
    let mut found: Vec<_> = distinct.into_iter().map(|(text, path)| (path.display().to_string(), text)).collect();
    found.sort();
    assert!(found.len() >= 354, "only {} distinct fixtures", found.len());
    let texts: Vec<_> = found.iter().map(|(_, text)| text).collect();
    let pods = judge(&texts).expect("the caller has looked for yamljudge");
    found.iter().zip(pods).map(|((origin, _), pod)| Sample { origin: origin.clone(), pod: pod.unwrap() }).collect()
}

/// Upstream's fixtures that fail, each content once for each level, by the first version that it fails at.
pub(super) fn failing_fixtures(data: &Path) -> Vec<(Level, Version, Sample)> {
    let mut distinct = BTreeMap::new();
    for (path, text) in snapshot(&data.join("pod-security")) {
        let parts: Vec<_> = path.iter().filter_map(|part| part.to_str()).collect();
        if let &[level, version, "fail", _] = parts.as_slice() {
            let (level, version): (Level, Version) = (Level::parse(level).unwrap(), Version::parse(version).unwrap());
            let first = distinct.entry((level, text)).or_insert((version, path.clone()));
            *first = (version, path.clone()).min(first.clone());
        }
    }
    let texts: Vec<_> = distinct.keys().map(|(_, text)| text.clone()).collect();
    let pods = judge(&texts).expect("the caller has looked for yamljudge");
    let sample = |(((level, _), (version, path)), pod): ((_, (_, std::path::PathBuf)), Result<Value, String>)| {
        (level, version, Sample { origin: path.display().to_string(), pod: pod.unwrap() })
    };
    distinct.into_iter().zip(pods).map(sample).collect()
}

/// The streams of rendered charts: name and text.
pub(super) fn streams(data: &Path) -> Vec<(String, String)> {
    let mut streams = Vec::new();
    for folder in ["charts", "floe"] {
        for (path, text) in snapshot(&data.join(folder)) {
            streams.push((format!("{folder}/{}", path.display()), text));
        }
    }
    assert!(streams.len() >= 60, "only {} streams", streams.len());
    streams
}

/// The pod templates of a stream, as the pods that they make.
pub(super) fn templates(name: &str, stream: &str) -> Vec<Sample> {
    let objects = documents(stream).expect("the caller has looked for yamljudge");
    objects.iter().filter_map(|object| template(name, object)).collect()
}

/// The pod that an object is or makes; absent for a kind without a pod template.
fn template(name: &str, object: &Value) -> Option<Sample> {
    let id = ResourceId::of(object)?;
    let template = object.pointer(&template_path(&id.gvk)?.to_pointer())?;
    let mut metadata = template["metadata"].as_object().cloned().unwrap_or_default();
    metadata.remove("namespace");
    metadata.remove("generateName");
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]});
    add_claims(&mut pod["spec"], &object["spec"]["volumeClaimTemplates"]);
    Some(Sample { origin: format!("{name}: {id}"), pod })
}

/// Adds the volumes of a StatefulSet's claims, which its controller adds to every pod: their mounts need them.
fn add_claims(spec: &mut Value, claims: &Value) {
    let names: Vec<_> = claims.as_array().into_iter().flatten().map(|claim| &claim["metadata"]["name"]).collect();
    if names.is_empty() {
        return;
    }
    let mut volumes = spec["volumes"].as_array().cloned().unwrap_or_default();
    volumes.retain(|volume| !names.contains(&&volume["name"]));
    volumes.extend(names.into_iter().map(|name| json!({"name": name, "persistentVolumeClaim": {"claimName": name}})));
    spec["volumes"] = volumes.into();
}

/// The templates of all rendered charts.
pub(super) fn chart_templates(data: &Path) -> Vec<Sample> {
    let all: Vec<_> = streams(data).iter().flat_map(|(name, stream)| templates(name, stream)).collect();
    assert!(all.len() >= 127, "only {} pod templates", all.len());
    all
}

/// The streams of rendered charts before and after floe: name, what Helm rendered, what floe made of it.
///
/// Every pod of a managed namespace is patched, those of the platform too; what still violates its level goes on.
pub(super) fn hardened_streams(data: &Path) -> Vec<(String, String, String)> {
    let dir = TempDir::new().unwrap();
    let config = dir.path().join("manifest.yaml");
    let manifest = "apiVersion: floe.dev/v1\nkind: Manifest\nmetadata: {name: t}\n\
        security: {pod_security: {harden: [jobs, domain, platform]}}\n";
    fs::write(&config, manifest).unwrap();
    let rendered =
        streams(data).into_iter().filter(|(name, _)| !matches!(name.as_str(), "floe/manifest.yaml" | "floe/floe.yaml"));
    let hardened = rendered.map(|(name, before)| {
        let mut command = floe();
        command.args(["--namespace", "floe-jobs", "--conflicts", "warn", "--config"]).arg(&config);
        let output = command.write_stdin(before.as_str()).output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        (name, before, String::from_utf8(output.stdout).unwrap())
    });
    hardened.collect()
}
