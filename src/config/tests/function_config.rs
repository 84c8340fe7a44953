//! The three forms of a functionConfig, and where their errors point.

use super::rendered;
use crate::config::{Config, ConfigError, ConfigErrorKind};
use crate::object::Level;
use crate::yaml::Tree;

fn read(text: &str) -> Result<Config, ConfigError> {
    let tree = Tree::parse(text).unwrap();
    let result = Config::from_function_config(&tree, tree.root().unwrap());
    super::schema::assert_agrees(&tree, result.as_ref());
    result
}

#[track_caller]
fn assert_error(text: &str, expected: &str) {
    let error = read(text).expect_err(text);
    assert_eq!(error.kind, ConfigErrorKind::Invalid);
    assert_eq!(rendered(text, &error), expected, "{text}");
}

#[test]
fn all_forms_mean_the_same() {
    let forms = [
        "apiVersion: floe.dev/v1\nkind: Manifest\nmetadata: {name: x}\nother: 1\nsecurity:\n  namespaces: {jobs: j}\n\
         domains: [{name: sales}]\n",
        "apiVersion: floe.dev/v1\nkind: NetworkSecurity\nmetadata: {name: x}\n\
         spec:\n  namespaces: {jobs: j}\n  domains: [{name: sales}]\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  security: |\n    namespaces: {jobs: j}\n  \
         domains: |\n    - name: sales\n",
        r#"{"apiVersion":"v1","kind":"ConfigMap","data":{"security":"{\"namespaces\":{\"jobs\":\"j\"}}","domains":"[{name: sales}]"}}"#,
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {annotations: &a {security: 'namespaces: {jobs: j}'}}\n\
         data: {<<: *a, domains: '[{name: sales}]'}\n",
    ];
    for text in forms {
        let config = read(text).unwrap();
        let names: Vec<&str> = config.namespaces.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["floe-platform", "j", "floe-sales-domain"], "{text}");
    }
}

#[test]
fn nothing_means_the_defaults() {
    let texts = [
        "~",
        "apiVersion: floe.dev/v1\nkind: NetworkSecurity\n",
        "apiVersion: floe.dev/v1\nkind: NetworkSecurity\nspec:\n",
        "metadata: {name: function-input}\ndata: {}\nkind: ConfigMap\napiVersion: v1\n",
        "kind: ConfigMap\napiVersion: v1\n",
        "kind: ConfigMap\napiVersion: v1\ndata:\n",
        "kind: ConfigMap\napiVersion: v1\ndata: {security: '', domains: '# none'}\n",
        "kind: ConfigMap\napiVersion: v1\ndata: {security: '~'}\n",
    ];
    for text in texts {
        assert_eq!(read(text).unwrap(), Config::default(), "{text}");
    }
}

#[test]
fn reads_a_node_inside_a_resource_list() {
    let text = "kind: ResourceList\nitems: []\nfunctionConfig:\n  apiVersion: floe.dev/v1\n  kind: NetworkSecurity\n  \
                spec: {pod_security: {jobs_level: baseline}}\n";
    let tree = Tree::parse(text).unwrap();
    let node = tree.get(tree.root().unwrap(), "functionConfig").unwrap();
    let config = Config::from_function_config(&tree, node).unwrap();
    assert_eq!(config.namespaces[1].level, Level::Baseline);
    let text = text.replace("baseline", "low");
    let tree = Tree::parse(&text).unwrap();
    let node = tree.get(tree.root().unwrap(), "functionConfig").unwrap();
    let error = Config::from_function_config(&tree, node).unwrap_err();
    assert!(rendered(&text, &error).starts_with("6:37 spec.pod_security.jobs_level: unknown level `low`"), "{error:?}");
}

#[test]
fn unknown_kinds_and_versions() {
    let cases = [
        (
            "apiVersion: floe.dev/v1\nkind: NetworkSecurty",
            "2:7 kind: floe takes no functionConfig of kind `NetworkSecurty`\nhelp: did you mean `NetworkSecurity`?",
        ),
        (
            "apiVersion: v1\nkind: Secret",
            "2:7 kind: floe takes no functionConfig of kind `Secret`\nhelp: use `Manifest`, `NetworkSecurity`, \
             `ConfigMap`",
        ),
        (
            "apiVersion: v1\nkind: NetworkSecurity",
            "1:13 apiVersion: `v1` is not the apiVersion of a NetworkSecurity\nhelp: write `apiVersion: floe.dev/v1`",
        ),
        (
            "apiVersion: floe.dev/v1beta1\nkind: Manifest",
            "1:13 apiVersion: the version `floe.dev/v1beta1` is not supported\nhelp: write `apiVersion: floe.dev/v1`",
        ),
        (
            "apiVersion: floe.dev/v1\nkind: ConfigMap",
            "1:13 apiVersion: `floe.dev/v1` is not the apiVersion of a ConfigMap\nhelp: write `apiVersion: v1`",
        ),
        ("kind: ConfigMap", "1:1 apiVersion: the functionConfig has no `apiVersion`\nhelp: write `apiVersion: v1`"),
        (
            "spec: {}",
            "1:1 : the functionConfig has no `kind`\nhelp: write `apiVersion: floe.dev/v1` and `kind: NetworkSecurity`",
        ),
        (
            "[]",
            "1:1 : the functionConfig has no `kind`\nhelp: write `apiVersion: floe.dev/v1` and `kind: NetworkSecurity`",
        ),
    ];
    for (text, expected) in cases {
        assert_error(text, expected);
    }
}

#[test]
fn network_security() {
    let cases = [
        (
            "security: {}",
            "3:1 security: unknown key `security`, expected one of `apiVersion`, `kind`, `metadata`, `spec`",
        ),
        ("spec: {domain: []}", "3:8 spec.domain: unknown key `domain`, did you mean `domains`?"),
        (
            "spec:\n  domains: [{name: a}]\n  namespaces: {jobs: floe-a-domain}",
            "4:20 spec.domains[0].name: the namespace `floe-a-domain` is meant for the domain `a`, but it is the one \
             of jobs already\nhelp: give each role a namespace of its own\n5:22 the namespace of jobs",
        ),
    ];
    for (rest, expected) in cases {
        assert_error(&format!("apiVersion: floe.dev/v1\nkind: NetworkSecurity\n{rest}"), expected);
    }
}

#[test]
fn config_maps() {
    // An unknown key in `data` is an error with and without a known one beside it.
    let cases = [
        ("data: {security: '', domain: ''}", "3:22 data.domain: unknown key `domain`, did you mean `domains`?"),
        ("data: {securty: ''}", "3:8 data.securty: unknown key `securty`, did you mean `security`?"),
        ("data: {namespace: a}", "3:8 data.namespace: unknown key `namespace`, expected one of `security`, `domains`"),
        (
            "security: ''",
            "3:1 security: unknown key `security`, expected one of `apiVersion`, `kind`, `metadata`, `immutable`, \
             `data`",
        ),
        ("data: {security: {}}", "3:18 data.security: expected a string, found a mapping"),
        ("data: {security: 1}", "3:18 data.security: expected a string, found the number `1` (write it in quotes)"),
        ("data: {security: '1'}", "3:19 data.security: expected a mapping, found the number `1`"),
    ];
    for (rest, expected) in cases {
        let text = format!("apiVersion: v1\nkind: ConfigMap\n{rest}");
        assert_error(&text, expected);
    }
}

#[test]
fn positions_inside_texts() {
    let cases = [
        // Literal block: by line and column.
        (
            "data:\n  security: |\n    # about\n\n    pod_security:\n      jobs_level: low\n",
            "8:19 data.security.pod_security.jobs_level: unknown level `low`, expected one of `privileged`, \
             `baseline`, `restricted`",
        ),
        (
            "data:\n  security: |-\r\n    summary:\r\n      nam: x\r\n",
            "6:7 data.security.summary.nam: unknown key `nam`, did you mean `name`?",
        ),
        // Written as it is, quoted or plain.
        (
            "data: {security: 'summary: {nam: x}'}",
            "3:29 data.security.summary.nam: unknown key `nam`, did you mean `name`?",
        ),
        ("data:\n  domains: '[{nam: x}]'", "4:15 data.domains[0].nam: unknown key `nam`, did you mean `name`?"),
        // Escaped or folded: the whole scalar.
        (
            "data: {security: \"summary: {\\\"nam\\\": x}\"}",
            "3:18 data.security.summary.nam: unknown key `nam`, did you mean `name`?",
        ),
        (
            "data:\n  security: >\n    summary:\n      nam: x\n",
            "4:13 data.security.summary.nam: unknown key `nam`, did you mean `name`?",
        ),
        // No YAML at all.
        ("data:\n  security: |\n    a: 1\n    b: [\n", "6:8 data.security: "),
        // Contradictions between the two texts.
        (
            "data:\n  domains: |\n    - {name: a, namespace: j}\n  security: |\n    namespaces:\n      jobs: j\n",
            "5:28 data.domains[0].namespace: the namespace `j` is meant for the domain `a`, but it is the one of jobs \
             already\n\
             help: give each role a namespace of its own\n8:13 the namespace of jobs",
        ),
        // A text from elsewhere: the mapping that takes it.
        (
            "metadata: &m {security: 'summary: {nam: x}'}\ndata: {<<: *m}\n",
            "4:7 data.security.summary.nam: unknown key `nam`, did you mean `name`?",
        ),
    ];
    for (rest, expected) in cases {
        let text = format!("apiVersion: v1\nkind: ConfigMap\n{rest}");
        let error = read(&text).expect_err(rest);
        assert!(rendered(&text, &error).starts_with(expected), "{rest}\n{}\n{expected}", rendered(&text, &error));
    }
}
