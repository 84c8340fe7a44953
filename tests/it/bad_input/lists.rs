//! A host that sends a `ResourceList` gets its items back, with the reason among the `results`.

use serde_json::Value;

use crate::support::{Ran, lost_line, run};

const POD: &str = "- apiVersion: v1\n  kind: Pod\n  metadata: {name: web, namespace: floe-jobs}\n  spec:\n    \
                   containers:\n    - {name: web, image: web:1}\n";

fn list(items: &str, function_config: &str) -> String {
    format!("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n{items}{function_config}")
}

fn read(text: &str) -> Value {
    let tree = floe::yaml::Tree::parse(text).unwrap();
    tree.value(tree.root().unwrap()).unwrap()
}

/// Checks that a list failed as hosts need it: all items as they were, a result that says why, an exit code.
fn assert_returned(ran: &Ran, input: &str, code: i32, words: &[&str]) -> Value {
    assert_eq!(ran.code, Some(code), "{ran:?}");
    assert_eq!(lost_line(input, &ran.stdout), None, "{}", ran.stdout);
    let mut output = read(&ran.stdout);
    let results = output.as_object_mut().unwrap().shift_remove("results").unwrap();
    assert_eq!(output, read(input), "the items are not what they were");
    let results = results.as_array().unwrap();
    assert!(results.iter().any(|result| result["severity"] == "error"), "{results:#?}");
    let messages: String = results.iter().map(|result| result["message"].as_str().unwrap()).collect();
    for word in words {
        assert!(messages.contains(word), "no `{word}` in {messages}");
        assert!(ran.stderr.contains(word), "no `{word}` in {}", ran.stderr);
    }
    results.iter().find(|result| result["severity"] == "error").cloned().unwrap()
}

fn assert_list_fails(input: &str, arguments: &[&str], code: i32, words: &[&str]) -> Value {
    assert_returned(&run(arguments, input), input, code, words)
}

#[test]
fn a_pod_whose_namespace_is_unknown() {
    let pod = POD.replace(", namespace: floe-jobs", "");
    let result = assert_list_fails(&list(&pod, ""), &[], 3, &["namespace of Pod web"]);
    assert_eq!(result["resourceRef"]["kind"], "Pod");
    assert_eq!(result["resourceRef"]["name"], "web");
}

#[test]
fn a_document_that_cannot_be_edited() {
    let pod = POD.replace("image: web:1", "image: web:1, image: web:2, <<: {tty: true}");
    assert_list_fails(&list(&pod, ""), &[], 3, &["certainty"]);
    let pod = POD.replace("{name: web, image: web:1}", "web");
    assert_list_fails(&list(&pod, ""), &[], 3, &["spec.containers"]);
}

#[test]
fn pods_that_admission_would_reject() {
    let pod = POD.replace("  spec:\n", "  spec:\n    hostNetwork: true\n");
    let result = assert_list_fails(&list(&pod, ""), &[], 1, &["hostNetwork"]);
    assert_eq!(result["field"]["path"], "spec.hostNetwork");
    let warned = run(&["--conflicts", "warn"], list(&pod, ""));
    assert_eq!(warned.code, Some(0), "{}", warned.stderr);
    assert!(warned.stdout.contains("severity: warning"));
}

#[test]
fn a_function_config_that_is_wrong() {
    let wrong = |config: &str| list(POD, &format!("functionConfig:\n{config}"));
    let misspelt = "  apiVersion: floe.dev/v1\n  kind: NetworkSecurity\n  spec:\n    pod_securty: {}\n";
    assert_list_fails(&wrong(misspelt), &[], 2, &["pod_securty"]);
    let foreign = "  apiVersion: example.com/v1\n  kind: NetworkSecurit\n";
    assert_list_fails(&wrong(foreign), &[], 2, &["NetworkSecurit", "did you mean"]);
    let other_data = "  apiVersion: v1\n  kind: ConfigMap\n  data: {namespace: x}\n";
    assert_list_fails(&wrong(other_data), &[], 2, &["namespace", "security"]);
    let broken_text = "  apiVersion: v1\n  kind: ConfigMap\n  data:\n    security: |\n      pod_security: [\n";
    assert_list_fails(&wrong(broken_text), &[], 2, &[]);
    assert_list_fails(&wrong("  [1]\n"), &[], 2, &["functionConfig"]);
}

#[test]
fn a_config_map_without_arguments_means_the_defaults() {
    // kpt sends `data: {}` when it is given no arguments.
    for data in ["", "  data: {}\n", "  data:\n", "  data:\n    security: \"\"\n"] {
        let config = format!("functionConfig:\n  apiVersion: v1\n  kind: ConfigMap\n  metadata: {{name: a}}\n{data}");
        let ran = run(&[], list(POD, &config));
        assert_eq!(ran.code, Some(0), "{data:?} {}", ran.stderr);
        assert!(ran.stdout.contains("runAsNonRoot: true"));
    }
}

#[test]
fn a_configuration_file_that_is_wrong_or_missing() {
    let input = list(POD, "");
    assert_list_fails(&input, &["--config", "/nowhere/floe.yaml"], 2, &["/nowhere/floe.yaml"]);
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("floe.yaml");
    std::fs::write(&file, "apiVersion: floe.dev/v1\nkind: Manifest\nsecurity: {pods: 1}\n").unwrap();
    assert_list_fails(&input, &["--config", file.to_str().unwrap()], 2, &["pods"]);
}

#[test]
fn a_name_that_is_taken() {
    let taken =
        "- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: floe-network-security, namespace: floe-platform}\n";
    assert_list_fails(&list(&format!("{POD}{taken}"), ""), &[], 3, &["floe-network-security"]);
}

#[test]
fn results_are_replaced_and_not_piled_up() {
    let input = list(&POD.replace(", namespace: floe-jobs", ""), "");
    let once = run(&[], input.as_str());
    let twice = run(&[], once.stdout.as_str());
    assert_eq!(twice.code, Some(3));
    assert_eq!(once.stdout, twice.stdout);
    let foreign = format!("{input}results:\n- {{message: not ours, severity: info}}\n");
    let ran = run(&[], foreign.as_str());
    assert_eq!(read(&ran.stdout)["results"].as_array().unwrap().len(), 2, "{}", ran.stdout);
}

#[test]
fn a_list_in_json_stays_json() {
    let input = serde_json::to_string_pretty(&read(&list(&POD.replace(", namespace: floe-jobs", ""), ""))).unwrap();
    let ran = run(&[], input.as_str());
    let mut output: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(output["results"][0]["severity"], "error");
    output.as_object_mut().unwrap().shift_remove("results");
    assert_eq!(output, serde_json::from_str::<Value>(&input).unwrap());
}

#[test]
fn a_list_that_is_no_yaml_is_refused() {
    for broken in [
        "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: [\n",
        "kind: ResourceList\nitems:\n- a: b: c\n",
        "{\"kind\": \"ResourceList\", \"items\": [{\"kind\": \"Pod\"",
    ] {
        super::assert_refused(broken, &[], &["ResourceList", "<stdin>:"]);
    }
    let pod = "apiVersion: v1\nkind: ResourceList\nitems: 7\n";
    let ran = run(&[], pod);
    assert!(matches!(ran.code, Some(0 | 3)), "{ran:?}");
}
