//! The laws on real manifests.

use std::fs;
use std::path::{Path, PathBuf};

use json_patch::Patch;
use serde_json::{Value, json};

use super::laws::{agrees_with_itself, edit, only_adds_lines, read};
use crate::support::{data_dir, judge};

/// One document of a file.
pub(super) struct Document {
    pub(super) file: PathBuf,
    pub(super) text: String,
}

/// Every YAML document of the test data, in the order of the paths. `None` after reporting the skip.
pub(super) fn documents() -> Option<Vec<Document>> {
    let dir = data_dir()?;
    let mut files = Vec::new();
    for folder in ["charts", "cyclonus", "floe", "netpol", "pod-security"] {
        collect(&dir.join(folder), &mut files);
    }
    files.sort();
    let documents = files.into_iter().flat_map(|file| {
        let text = fs::read_to_string(&file).unwrap();
        split(&text).into_iter().map(move |text| Document { file: file.clone(), text }).collect::<Vec<_>>()
    });
    Some(documents.collect())
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            files.push(path);
        }
    }
}

/// Splits before each line that begins a document; a document keeps its `---`.
fn split(text: &str) -> Vec<String> {
    let mut texts = vec![String::new()];
    for line in text.split_inclusive('\n') {
        if line.trim_end() == "---" || line.starts_with("--- ") {
            texts.push(String::new());
        }
        texts.last_mut().unwrap().push_str(line);
    }
    texts.retain(|text| !text.is_empty());
    texts
}

#[test]
fn every_real_document_is_read_as_kubernetes_reads_it() {
    let Some(documents) = documents() else { return };
    let mut empty = 0;
    for document in &documents {
        match read(&document.text) {
            Ok(value) => empty += usize::from(value.is_null()),
            Err(error) => panic!("{}: {error}\n{}", document.file.display(), document.text),
        }
    }
    eprintln!("{} real documents are read, {empty} of them empty; none is refused", documents.len());
    assert!(documents.len() > 4_000);
    let texts: Vec<&str> = documents.iter().map(|document| document.text.as_str()).collect();
    let Some(verdicts) = judge(&texts) else { return };
    for (document, verdict) in documents.iter().zip(verdicts) {
        assert_eq!(read(&document.text).unwrap(), verdict.unwrap(), "{}", document.file.display());
    }
}

#[test]
fn real_documents_agree_with_themselves() {
    let Some(documents) = documents() else { return };
    for document in documents {
        if let Err(error) = agrees_with_itself(&document.text) {
            panic!("{}: {error}", document.file.display());
        }
    }
}

/// The pointer to the pod template, or pod, of a workload and the one to its pod spec.
fn pod(object: &Value) -> Option<(&'static str, String)> {
    let pod = match object["kind"].as_str()? {
        "Pod" => "",
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" | "ReplicationController" => "/spec/template",
        "CronJob" => "/spec/jobTemplate/spec/template",
        _ => return None,
    };
    let spec = format!("{pod}/spec");
    object.pointer(&spec)?.as_object()?;
    Some((pod, spec))
}

/// What hardening adds to a workload: every operation fills a gap, none overwrites.
fn harden(object: &Value) -> Option<Patch> {
    let (pod, spec) = pod(object)?;
    let mut operations = Vec::new();
    fill(&mut operations, object, &format!("{pod}/metadata"), &json!({"labels": {"floe.dev/hardened": "true"}}));
    let context = json!({"securityContext": {
        "runAsNonRoot": true, "runAsUser": 1000, "fsGroup": 1000, "seccompProfile": {"type": "RuntimeDefault"},
    }});
    fill(&mut operations, object, &spec, &context);
    append(&mut operations, object, &format!("{spec}/volumes"), &json!({"name": "floe-tmp", "emptyDir": {}}));
    for list in ["initContainers", "containers"] {
        let list = format!("{spec}/{list}");
        let count = object.pointer(&list).and_then(Value::as_array).map_or(0, Vec::len);
        for container in (0..count).map(|index| format!("{list}/{index}")) {
            let context = json!({"securityContext": {
                "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": true,
            }});
            fill(&mut operations, object, &container, &context);
            let mount = json!({"name": "floe-tmp", "mountPath": "/tmp"});
            append(&mut operations, object, &format!("{container}/volumeMounts"), &mount);
        }
    }
    Some(serde_json::from_value(Value::from(operations)).unwrap())
}

/// Adds what a mapping lacks, down to the leaves.
fn fill(operations: &mut Vec<Value>, object: &Value, at: &str, wanted: &Value) {
    match (object.pointer(at), wanted) {
        (None | Some(Value::Null), _) => operations.push(json!({"op": "add", "path": at, "value": wanted})),
        (Some(Value::Object(_)), Value::Object(wanted)) => {
            for (key, wanted) in wanted {
                fill(operations, object, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), wanted);
            }
        }
        _ => {}
    }
}

fn append(operations: &mut Vec<Value>, object: &Value, at: &str, item: &Value) {
    operations.push(match object.pointer(at) {
        Some(Value::Array(_)) => json!({"op": "add", "path": format!("{at}/-"), "value": item}),
        _ => json!({"op": "add", "path": at, "value": [item]}),
    });
}

#[test]
fn real_workloads_are_hardened_without_refusal() {
    let Some(documents) = documents() else { return };
    let (mut workloads, mut lines_only) = (0, 0);
    let mut targets = Vec::new();
    let mut texts = Vec::new();
    for document in documents {
        let object = read(&document.text).unwrap();
        let Some(patch) = harden(&object) else { continue };
        let mut target = object;
        json_patch::patch(&mut target, &patch).unwrap();
        let edited = match edit(&document.text, &target) {
            Ok(Ok(edited)) => edited,
            Ok(Err(refusal)) => panic!("{}: refused: {refusal}\n{}", document.file.display(), document.text),
            Err(error) => panic!("{}: {error}", document.file.display()),
        };
        // Only what was null or empty may lose a byte.
        let replaced = edited.edits.iter().map(|edit| document.text[edit.span.range()].trim());
        let kept = |token: &str| token.is_empty() || ["{}", "[]", "null", "~"].contains(&token);
        for token in replaced.clone() {
            assert!(kept(token), "{}: {token:?} is gone", document.file.display());
        }
        if replaced.clone().all(str::is_empty) {
            only_adds_lines(&document.text, &edited)
                .unwrap_or_else(|error| panic!("{}: {error}", document.file.display()));
            lines_only += 1;
        }
        let again = edit(&edited.text, &target).unwrap().unwrap();
        assert!(again.edits.is_empty(), "{}: a second run changes something", document.file.display());
        workloads += 1;
        targets.push(target);
        texts.push(edited.text);
    }
    eprintln!("{workloads} real workloads hardened, {lines_only} by whole lines only, none refused");
    assert!(workloads > 1_000);
    let Some(verdicts) = judge(&texts) else { return };
    for ((text, target), verdict) in texts.iter().zip(&targets).zip(verdicts) {
        assert_eq!(verdict.as_ref(), Ok(target), "{text}");
    }
}
