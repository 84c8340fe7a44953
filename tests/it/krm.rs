//! The function's declaration, its entry for catalogs, and the schema of its configuration.

use floe::config::{Config, schema};
use floe::yaml::Tree;
use serde_json::{Value, json};

use crate::documentation::blocks;
use crate::json_schema::faults;
use crate::support::{floe, project, text};

fn yaml(text: &str) -> Value {
    let tree = Tree::parse(text).unwrap();
    tree.value(tree.root().unwrap()).unwrap()
}

#[test]
fn schema_is_the_committed_one() {
    let printed = floe().arg("schema").assert().success().get_output().stdout.clone();
    let printed = String::from_utf8(printed).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&printed).unwrap(), schema());
    assert!(printed == text("krm/schema.json"), "krm/schema.json is old: floe schema > krm/schema.json");
}

/// Every configuration that the project shows is one to the schema.
#[test]
fn shown_configurations_fit_the_schema() {
    let mut shown: Vec<String> = blocks(&text("krm/README.md"), "yaml");
    assert_eq!(shown.len(), 3, "one for each form");
    let forms: Vec<Config> = shown
        .iter()
        .map(|form| {
            let tree = Tree::parse(form).unwrap();
            Config::from_function_config(&tree, tree.root().unwrap()).unwrap()
        })
        .collect();
    assert!(forms.windows(2).all(|pair| pair[0] == pair[1]), "the three forms mean different things");
    for page in ["README.md", "docs/configuration.md"] {
        shown.extend(blocks(&text(page), "yaml").into_iter().filter(|block| block.contains("kind: Manifest")));
    }
    for example in
        ["kustomize-exec/floe", "kustomize-container/floe", "kpt/floe", "platform/manifest", "helm3/manifest"]
    {
        shown.push(text(&format!("examples/{example}.yaml")));
    }
    assert!(shown.len() >= 10);
    for document in shown {
        assert_eq!(faults(&schema(), &yaml(&document)), [""; 0], "{document}");
    }
}

#[test]
fn declaration_has_the_form_of_the_registry() {
    let form = yaml(&text("tests/fixtures/krm-function-definition.yaml"));
    let declaration = yaml(&text("krm/function.yaml"));
    assert_eq!(faults(&form, &declaration), [""; 0]);

    let version = &declaration["spec"]["versions"][0];
    let api_version =
        format!("{}/{}", declaration["spec"]["group"].as_str().unwrap(), version["name"].as_str().unwrap());
    for example in ["kustomize-exec", "kustomize-container", "kpt", "kpt-container"] {
        let config = yaml(&text(&format!("examples/{example}/floe.yaml")));
        assert_eq!(
            (&config["apiVersion"], &config["kind"]),
            (&json!(api_version), &declaration["spec"]["names"]["kind"])
        );
        assert_eq!(faults(&version["schema"]["openAPIV3Schema"], &config), [""; 0], "{example}");
    }
    let pages = version["examples"].as_array().unwrap().iter().chain([&version["usage"]]);
    for page in pages {
        assert!(project().join(page.as_str().unwrap()).is_file(), "{page} is not there");
    }
    let metadata = yaml(&text("krm/metadata.yaml"));
    let image = format!("{}:{}", metadata["image"].as_str().unwrap(), env!("CARGO_PKG_VERSION"));
    assert_eq!(version["runtime"]["container"]["image"], image);
}
