//! The law of what gets past floe: nothing. What kubectl, Helm, Argo CD or Kustomize take for a pod, a Namespace or a
//! policy in a stream, floe has seen as that, or it refuses the stream.
//!
//! `FLOE_FUZZ_CASES` multiplies the number of streams.

mod disguises;
mod readers;

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::Path;

use floe::config::Config;
use floe::object::{GroupVersionKind, Level, Version, Workloads};
use floe::plan::{Detail, Parts, Request, plan};
use floe::pod_security::LevelVersion;
use floe::snapshot::Snapshot;
use floe::stream::frame;
use floe::verdict::{CheckRequest, check};
use floe::yaml::Tree;
use serde_json::Value;

use crate::dice::Dice;
use crate::support::data_dir;
use readers::{Object, ask};

/// Streams that are judged in one run of the tests.
const STREAMS: usize = 5_000;
/// Streams that the judges are given at once.
const BATCH: usize = 2_500;

/// Larger files hold more of the same.
const LARGEST: usize = 32 << 10;

/// Of so many files one is judged; more in a long run.
const SAMPLE: usize = 4;

/// Kind, namespace and name.
type Seen = (String, String, String);

fn config() -> Config {
    let text = "apiVersion: floe.dev/v1\nkind: Manifest\ndomains: [{name: shop, namespace: shop}]\n";
    Config::from_manifest(&Tree::parse(text).unwrap()).unwrap()
}

/// What a reader calls an object that names no namespace.
fn of_reader(object: &Object) -> Seen {
    let namespace = match (object.kind.as_str(), object.namespace.as_str()) {
        ("Namespace", _) => String::new(),
        (_, "") => "default".to_owned(),
        (_, namespace) => namespace.to_owned(),
    };
    (object.kind.clone(), namespace, object.name.clone())
}

fn is_target(object: &Object, workloads: &Workloads) -> bool {
    let gvk = GroupVersionKind::new(&object.api_version, &object.kind);
    match (gvk.group.as_str(), gvk.kind.as_str()) {
        ("", "Namespace") | ("networking.k8s.io", "NetworkPolicy") => true,
        // Of what describes pods in part only what violates a level by itself is reported.
        _ => workloads.find(&gvk).is_some_and(floe::object::Workload::is_hardened),
    }
}

/// What floe has judged in a stream; absent if it refuses it.
fn judged(text: &str, config: &Config) -> Option<BTreeSet<Seen>> {
    let streams = [frame(text)];
    let workloads = Workloads::new(&[]);
    let request = CheckRequest {
        namespace: Some("default".to_owned()),
        enforce: Some(LevelVersion { level: Level::Restricted, version: Version::Latest }),
        ..CheckRequest::default()
    };
    let report = check(&streams, config, &request).ok().filter(|report| report.unreadable() == 0)?;
    let pods = report.pods.iter().map(|pod| &pod.object);
    let snapshot = Snapshot::take(&streams, &workloads, Some("default")).ok()?;
    let namespaces = snapshot.namespaces.iter().map(|it| ("Namespace".to_owned(), String::new(), it.name.clone()));
    let policies = snapshot
        .policies
        .iter()
        .map(|it| ("NetworkPolicy".to_owned(), it.policy.namespace.clone(), it.policy.name.clone()));
    let pods = pods.map(|id| {
        let namespace = id.namespace.clone().unwrap_or_else(|| "default".to_owned());
        (id.gvk.kind.clone(), namespace, id.name.clone())
    });
    Some(pods.chain(namespaces).chain(policies).collect())
}

/// Checks both laws on some streams; gives how many of them floe has read, and how many objects readers saw in those.
fn holds(streams: &[String]) -> Option<(usize, usize)> {
    let workloads = Workloads::new(&[]);
    let config = config();
    let answers = ask(streams, false)?;
    let (mut read, mut targets) = (0, 0);
    let mut missed: Vec<String> = Vec::new();
    let mut secured: Vec<(usize, String)> = Vec::new();
    for (number, (text, answers)) in streams.iter().zip(&answers).enumerate() {
        let request = Request { namespace: Some("default".to_owned()), parts: Parts::ALL, detail: Detail::Warnings };
        if let Ok(outcome) = plan(&frame(text), &config, &request)
            && !outcome.rejected
        {
            secured.push((number, outcome.output.to_string()));
        }
        let Some(judged) = judged(text, &config) else { continue };
        read += 1;
        for (reader, answer) in answers {
            for object in answer.objects.iter().filter(|object| is_target(object, &workloads)) {
                targets += 1;
                let seen = of_reader(object);
                // A pod without a name is created by none of them.
                if !seen.2.is_empty() && !judged.contains(&seen) {
                    missed.push(format!("{reader} applies {seen:?}, floe has judged {judged:?}, of {text:?}"));
                }
            }
        }
    }
    // What comes out of the filter, and is applied, is labelled and hardened.
    let outputs: Vec<String> = secured.iter().map(|(_, text)| text.clone()).collect();
    for ((number, output), answers) in secured.iter().zip(ask(&outputs, true)?) {
        for (reader, answer) in answers {
            for object in &answer.objects {
                if !is_secured(object) {
                    missed.push(format!("{reader} applies {object:?} of {output:?}, made of {:?}", streams[*number]));
                }
            }
        }
    }
    missed.sort_by_key(String::len);
    assert!(missed.is_empty(), "{} objects get past:\n{}", missed.len(), missed[..missed.len().min(20)].join("\n"));
    Some((read, targets))
}

/// Whether an object is as the filter should leave it: no privileged pod in a managed namespace, and no managed
/// Namespace without its label.
fn is_secured(object: &Object) -> bool {
    let text = |pointer: &str| object.value.pointer(pointer).and_then(Value::as_str);
    if object.api_version == "v1" && object.kind == "Namespace" && object.name == "shop" {
        return text("/metadata/labels/pod-security.kubernetes.io~1enforce") == Some("restricted");
    }
    let spec = match (object.api_version.as_str(), object.kind.as_str()) {
        ("v1", "Pod") => "/spec",
        ("apps/v1", "Deployment") => "/spec/template/spec",
        ("batch/v1", "CronJob") => "/spec/jobTemplate/spec/template/spec",
        _ => return true,
    };
    object.namespace != "shop" || object.value.pointer(&format!("{spec}/hostNetwork")) != Some(&Value::Bool(true))
}

/// How much more than in a usual run is to be done.
fn factor() -> usize {
    env::var("FLOE_FUZZ_CASES").map_or(1, |factor| factor.parse().unwrap())
}

#[test]
fn disguised_objects_do_not_get_past() {
    let count = STREAMS * factor();
    let seed = env::var("FLOE_FUZZ_SEED").map_or(1, |seed| seed.parse().unwrap());
    let mut dice = Dice(seed);
    let (mut done, mut read, mut targets) = (0, 0, 0);
    while done < count {
        let streams: Vec<String> = (0..BATCH.min(count - done)).map(|_| disguises::stream(&mut dice)).collect();
        let Some((of_batch, found)) = holds(&streams) else { return };
        done += streams.len();
        read += of_batch;
        targets += found;
    }
    eprintln!("{done} streams, {read} of them read, {targets} objects in those");
    // A law about streams that are all refused would say nothing.
    assert!(read * 5 > done && targets > done / 2, "{done} streams, {read} read, {targets} objects");
}

/// Whether a mark is a part of the first key depends on what stands before its separator.
#[test]
fn byte_order_marks_hide_nothing_wherever_a_document_begins() {
    let before = [
        "",
        "---\n",
        "---\r\n",
        "--- # c\n",
        "\n---\n",
        "\u{feff}---\n",
        "\u{feff}\n---\n",
        "# c\n---\n",
        "---\n# c\n",
        "---\n---\n",
        "---\n# c\n---\n",
        "%YAML 1.1\n---\n",
        "a: 1\n---\n",
        "a: 1\n---\n---\n",
        "a: 1\n---\n\n---\n",
        "a: 1\n--- # c\n---\n",
        "a: 1\n---\n# c\n---\n",
        "a: 1\n---\n---\n---\n",
        "a: 1\r\n---\r\n---\r\n",
        "a: 1\n \n---\n",
        "a: |\n  ---\n---\n",
        "{a: 1}\n---\n",
        "a: 1\n...\n---\n",
        "---",
        "--- ",
    ];
    let first = ["items: []\n", "kind: ConfigMap\n", "metadata: {namespace: elsewhere}\n", ""];
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: shop}\n\
               spec: {hostNetwork: true, containers: [{name: c, image: c, securityContext: {privileged: true}}]}\n";
    let behind = |before: &&str| first.map(|first| format!("{before}\u{feff}{first}{pod}"));
    let streams: Vec<String> = before.iter().flat_map(behind).collect();
    let Some((read, targets)) = holds(&streams) else { return };
    assert!(read > 5 && targets > read, "{read} of {} read, {targets} objects", streams.len());
}

#[test]
fn objects_of_the_test_data_do_not_get_past() {
    let Some(data) = data_dir() else { return };
    let mut streams = Vec::new();
    collect(&data, &mut streams);
    assert!(streams.len() > 500);
    let mut sample: Vec<String> = streams.into_iter().step_by((SAMPLE / factor()).max(1)).collect();
    collect(&data.join("reports"), &mut sample);
    for batch in sample.chunks(BATCH) {
        let Some((read, _)) = holds(batch) else { return };
        eprintln!("{} of {} files read", read, batch.len());
    }
}

fn collect(folder: &Path, streams: &mut Vec<String>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let is_manifest = path.extension().is_some_and(|it| it == "yaml" || it == "yml" || it == "json");
        if path.is_dir() {
            collect(&path, streams);
        } else if is_manifest
            && let Ok(text) = fs::read_to_string(&path)
            && text.len() <= LARGEST
        {
            streams.push(text);
        }
    }
}
