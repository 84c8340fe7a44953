//! Lists: `kind: List` in a stream, and the `ResourceList` of KRM functions.

use floe::plan::Parts;
use insta::assert_snapshot;

use super::{CONFIG, config, placed, placed_by};

/// Without policies there are no findings, and so no `results`.
fn placed_without_policies(input: &str) -> String {
    placed_by(input, &config("security: {network_policies: {enabled: false}}\n"), Parts::ALL)
}

fn indented(text: &str) -> String {
    text.lines().fold(String::new(), |text, line| text + "  " + line + "\n")
}

fn item(object: &str) -> String {
    format!("- {}", indented(object).trim_start())
}

fn list(version: &str, items: &str) -> String {
    format!("apiVersion: config.kubernetes.io/{version}\nkind: ResourceList\n{items}")
}

#[test]
fn the_only_list_of_a_stream_takes_the_new_objects() {
    assert_snapshot!("list", placed(&format!("apiVersion: v1\nkind: List\nitems:\n{}", item(CONFIG))));
    assert_snapshot!("list_without_items", placed("apiVersion: v1\nkind: List\nitems: []\n"));
    assert_snapshot!("typed_list", placed(&format!("apiVersion: v1\nkind: ConfigMapList\nitems:\n{}", item(CONFIG))));
}

#[test]
fn a_list_in_json_stays_json() {
    let object =
        "{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"a\", \"namespace\": \"shop\"}}";
    let wide = format!("{{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"List\",\n  \"items\": [\n    {object}\n  ]\n}}\n");
    let narrow = format!("{{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[{object}]}}");
    for (name, input) in [("list_in_json", &wide), ("list_in_narrow_json", &narrow)] {
        assert_snapshot!(name, placed(input));
        let output = super::secure(input, &floe::config::Config::default(), Parts::ALL).unwrap();
        assert!(serde_json::from_str::<serde_json::Value>(&output).is_ok(), "no JSON:\n{output}");
    }
}

#[test]
fn a_list_among_documents_is_a_document() {
    assert_snapshot!(placed(&format!("---\napiVersion: v1\nkind: List\nitems:\n{}---\n{CONFIG}", item(CONFIG))));
}

#[test]
fn resource_lists_of_both_versions() {
    for version in ["v1", "v1beta1"] {
        let input = list(version, &format!("items:\n{}", item(CONFIG)));
        assert_snapshot!(format!("resource_list_{version}"), placed(&input));
    }
}

#[test]
fn a_resource_list_without_items() {
    for (name, items) in
        [("absent", ""), ("empty", "items: []\n"), ("null", "items:\n"), ("tilde", "items: ~  # none\n")]
    {
        assert_snapshot!(format!("resource_list_items_{name}"), placed_without_policies(&list("v1", items)));
    }
}

#[test]
fn a_resource_list_in_json_stays_json() {
    let input = "{\"apiVersion\": \"config.kubernetes.io/v1\", \"kind\": \"ResourceList\", \"items\": [\n  \
                 {\"apiVersion\": \"v1\", \
                 \"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"a\", \"namespace\": \"shop\"}}\n]}\n";
    assert_snapshot!(placed(input));
    let output = super::secure(input, &floe::config::Config::default(), Parts::ALL).unwrap();
    assert!(serde_json::from_str::<serde_json::Value>(&output).is_ok(), "no JSON:\n{output}");
}

#[test]
fn a_list_in_a_resource_list() {
    let nested = item(&format!("apiVersion: v1\nkind: List\nitems:\n{}", item(CONFIG)));
    assert_snapshot!(placed_without_policies(&list("v1", &format!("items:\n{nested}{}", item(CONFIG)))));
}

/// What kpt sends: the Kptfile, the functionConfig's own file, and comments.
#[test]
fn a_package_of_kpt() {
    let kptfile = "# the package\napiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: shop\n  annotations:\n    \
                   config.kubernetes.io/local-config: \"true\"\n    internal.config.kubernetes.io/path: 'Kptfile'\n";
    let function = "apiVersion: floe.dev/v1\nkind: NetworkSecurity\nmetadata:\n  name: floe\n  annotations:\n    \
                    config.kubernetes.io/local-config: \"true\"\n    internal.config.kubernetes.io/path: 'floe.yaml'\n\
                    spec:\n  network_policies: {enabled: false}\n";
    let local_pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: local\n  namespace: floe-jobs\n  annotations:\n    \
                     config.kubernetes.io/local-config: \"true\"\nspec:\n  containers: [{name: a, image: a}]\n";
    let pod = local_pod.replace("\"true\"", "\"false\"").replace("name: local", "name: real");
    let items = format!("items:\n{}{}{}{}", item(kptfile), item(function), item(local_pod), item(&pod));
    let function_config: String = indented(function);
    let input = list("v1", &format!("{items}functionConfig:\n{function_config}"));
    assert_snapshot!(placed_without_policies(&input));
}

#[test]
fn wide_sequences_stay_wide() {
    let items: String = indented(&item(CONFIG));
    assert_snapshot!(placed_without_policies(&list("v1", &format!("items:\n{items}"))));
}

/// The API server names the kind of a list's items once, in the kind of the list.
#[test]
fn items_without_a_kind_are_what_their_list_says() {
    let only = config("security: {network_policies: {enabled: false}, summary: {enabled: false}}\n");
    let list = "apiVersion: apps/v1\nkind: DeploymentList\nitems:\n- metadata: {name: web, namespace: floe-jobs}\n  \
                spec:\n    template:\n      spec:\n        containers:\n        - name: web\n          image: web\n";
    let namespaces = "apiVersion: v1\nkind: NamespaceList\nitems:\n- metadata:\n    name: floe-jobs\n";
    assert_snapshot!("items_without_a_kind", placed_by(&format!("---\n{list}---\n{namespaces}"), &only, Parts::ALL));
    let other = list.replace("DeploymentList", "ThingList");
    assert!(!placed_by(&other, &only, Parts::ALL).contains("runAsNonRoot"));
}
