//! Every file of the test data, in each namespace that matters.

use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde_json::Value;

use super::{assert_laws, is_kept, is_own, lossless, without_hardening};
use crate::support::{data_dir, judge, run_with, tool};

/// A managed namespace whose pods are patched, one whose pods are judged, and one that is nobody's.
const NAMESPACES: [&str; 3] = ["floe-jobs", "floe-platform", "default"];

/// The folders whose files are rendered manifests.
const FOLDERS: [&str; 4] = ["charts", "floe", "cyclonus", "netpol"];

/// The manifests of some folders of the test data, by path.
pub(super) fn manifests(data: &Path, folders: &[&str]) -> Vec<(PathBuf, String)> {
    let mut paths: Vec<PathBuf> = Vec::new();
    let mut open: Vec<PathBuf> = folders.iter().map(|folder| data.join(folder)).collect();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
            if path.is_dir() {
                open.push(path);
            } else if matches!(extension, "yaml" | "yml" | "json") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

/// The documents of a text for the other reader, which splits as Helm does.
fn documents(text: &str) -> Vec<String> {
    let mut documents = vec![String::new()];
    for line in text.split_inclusive('\n') {
        if line.starts_with("---") {
            documents.push(String::new());
        } else if let Some(document) = documents.last_mut() {
            document.push_str(line);
        }
    }
    documents
}

#[test]
fn laws_hold_for_every_manifest() {
    let Some(data) = data_dir() else { return };
    let files = manifests(&data, &FOLDERS);
    assert!(files.len() > 500, "only {} files", files.len());
    let counts: Vec<usize> = files
        .par_iter()
        .map(|(path, text)| {
            for namespace in NAMESPACES {
                assert_laws(&path.display().to_string(), text, namespace);
            }
            documents(text).iter().filter(|document| !document.trim().is_empty()).count()
        })
        .collect();
    let count: usize = counts.iter().sum();
    println!("laws checked: {} files with {count} documents, each in {} namespaces", files.len(), NAMESPACES.len());
    assert!(count > 2_000, "only {count} documents");
}

/// Another reader finds the input's objects in the output, equal but for what was planned, and floe's own beside them.
#[test]
fn another_reader_finds_every_value_as_it_was() {
    let (Some(data), Some(_)) = (data_dir(), tool("yamljudge")) else { return };
    let files = manifests(&data, &FOLDERS);
    let mut compared = 0;
    for namespace in NAMESPACES {
        let (before, after): (Vec<Vec<String>>, Vec<Vec<String>>) =
            files.par_iter().map(|(_, text)| (documents(text), documents(&lossless(text, namespace).unwrap()))).unzip();
        let read = |texts: &[Vec<String>]| -> Vec<Vec<Result<Value, String>>> {
            let mut verdicts = judge(&texts.concat()).unwrap().into_iter();
            texts.iter().map(|documents| verdicts.by_ref().take(documents.len()).collect()).collect()
        };
        for (((path, _), before), after) in files.iter().zip(read(&before)).zip(read(&after)) {
            let objects = |verdicts: Vec<Result<Value, String>>| -> Vec<Result<Value, String>> {
                verdicts.into_iter().filter(|it| it.as_ref().is_ok_and(|it| !it.is_null()) || it.is_err()).collect()
            };
            let (before, mut after) = (objects(before), objects(after));
            after.retain(|object| !object.as_ref().is_ok_and(is_own));
            assert_eq!(before.len(), after.len(), "{}", path.display());
            for (before, after) in before.iter().zip(&after) {
                match (before, after) {
                    (Ok(before), Ok(after)) => {
                        assert!(is_kept(before, after), "{} in {namespace}: {before:#}{after:#}", path.display());
                        let (before, after) = (without_hardening(before), without_hardening(after));
                        assert!(before == without_own_items(&after), "{} in {namespace}", path.display());
                        compared += 1;
                    }
                    // What is no YAML is the same text, as the laws have shown.
                    (Err(_), Err(_)) => {}
                    _ => panic!("{}: {before:?} became {after:?}", path.display()),
                }
            }
        }
    }
    println!("values compared by sigs.k8s.io/yaml: {compared} documents");
    assert!(compared > 6_000, "only {compared}");
}

/// A list without the items that floe added.
fn without_own_items(value: &Value) -> Value {
    let mut value = value.clone();
    if let Some(items) = value.get_mut("items").and_then(Value::as_array_mut) {
        items.retain(|item| !is_own(item));
    }
    value
}

/// The binary gives the bytes that the library gives, on one thread and on all.
#[test]
fn the_same_input_gives_the_same_bytes() {
    let Some(data) = data_dir() else { return };
    for (path, text) in manifests(&data, &["charts", "floe"]).iter().filter(|(_, text)| text.len() > 40_000) {
        let run = |threads: &str| {
            let mut floe = crate::support::floe();
            floe.env("RAYON_NUM_THREADS", threads).current_dir(std::env::temp_dir());
            let ran = run_with(floe.args(["--namespace", "floe-jobs", "--conflicts", "warn"]), text.as_str());
            assert_eq!(ran.code, Some(0), "{}: {}", path.display(), ran.stderr);
            (ran.stdout, ran.stderr)
        };
        let (one, all) = (run("1"), run("4"));
        assert!(one == all && all == run("4"), "{} depends on threads", path.display());
        assert!(one.0 == lossless(text, "floe-jobs").unwrap(), "{}", path.display());
    }
}
