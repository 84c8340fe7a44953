//! What a run removes, replaces or raises stands on standard error, in the results of a `ResourceList` and in the summary;
//! a second run, which changes nothing, leaves the words of the first.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Ran, run};

const WEAK: &str = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: floe-jobs\n  labels:\n    \
                    pod-security.kubernetes.io/enforce: privileged\n";
const POD: &str = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: floe-jobs}\nspec: {containers: [{name: a, \
                   image: a}]}\n";

fn summary_of(stream: &str) -> Value {
    let mut documents = stream.split("---\n").filter(|it| it.contains("name: floe-network-security"));
    let text = documents.next().unwrap();
    let tree = floe::yaml::Tree::parse(text).unwrap();
    tree.value(tree.root().unwrap()).unwrap()
}

fn changes(stream: &str) -> String {
    summary_of(stream)["data"]["changes"].as_str().unwrap_or_default().to_owned()
}

fn again(ran: &Ran, arguments: &[&str]) -> Ran {
    let second = run(arguments, ran.stdout.clone());
    assert_eq!(second.stdout, ran.stdout, "a second run changes something");
    second
}

#[test]
fn raised_levels_stay_in_the_summary() {
    let first = run(&[], format!("{WEAK}{POD}"));
    assert!(first.stderr.contains("level-raised"), "{}", first.stderr);
    let told = changes(&first.stdout);
    assert!(told.starts_with("warning level-raised: ") && told.contains("floe-jobs"), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
    again(&first, &[]);
}

#[test]
fn removed_and_replaced_objects_are_named_until_the_next_change() {
    let dir = TempDir::new().unwrap();
    let config = dir.path().join("manifest.yaml");
    let with_domain = "apiVersion: floe.dev/v1\nkind: Manifest\ndomains: [{name: sales}]\n";
    fs::write(&config, with_domain).unwrap();
    let arguments = ["--config", config.to_str().unwrap()];
    let first = run(&arguments, POD);
    assert_eq!(changes(&first.stdout), "", "nothing was there before");

    fs::write(&config, with_domain.replace("[{name: sales}]", "[]")).unwrap();
    let second = run(&arguments, first.stdout.clone());
    let told = changes(&second.stdout);
    assert!(told.contains("object-removed") && told.contains("floe-sales-domain"), "{told}");
    assert!(!told.contains("ConfigMap"), "the summary is no change: {told}");
    again(&second, &arguments);

    let third = run(&arguments, second.stdout + &POD.replace("name: a,", "name: b,"));
    assert_eq!(changes(&third.stdout), "", "this run has hardened a pod, and removed nothing");
    again(&third, &arguments);
}

#[test]
fn results_of_a_resource_list_tell_it_too() {
    let indented = |text: &str| text.trim_start_matches("---\n").trim_end().replace('\n', "\n  ");
    let list = format!(
        "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- {}\n- {}\n",
        indented(WEAK),
        indented(POD)
    );
    let first = run(&[], list);
    let checks = |ran: &Ran| {
        let tree = floe::yaml::Tree::parse(&ran.stdout).unwrap();
        let value = tree.value(tree.root().unwrap()).unwrap();
        let results = value["results"].as_array().unwrap().iter();
        results.map(|it| it["tags"]["floe.dev/check"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(checks(&first)[0], "level-raised", "{:?}", checks(&first));
    again(&first, &[]);
}
