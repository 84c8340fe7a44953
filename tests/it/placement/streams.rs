//! Streams of documents.

use floe::document::Error;
use floe::plan::Parts;
use insta::assert_snapshot;

use super::{CONFIG, POD, config, outline, placed, placed_by, secure};

const CRD: &str =
    "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.example.com}\n";
const PRIORITY: &str = "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: high}\nvalue: 1\n";
const NAMESPACE: &str = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: floe-jobs\n";

#[test]
fn helm_3_stream() {
    let input =
        format!("---\n# Source: shop/templates/config.yaml\n{CONFIG}---\n# Source: shop/templates/pod.yaml\n{POD}");
    assert_snapshot!(placed(&input));
}

/// Once in full: what a user sees of a Helm 3 release.
#[test]
fn helm_3_stream_in_full() {
    let job = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: load   # nightly\n  namespace: floe-jobs\n\
               spec:\n  template:\n    \
               spec:\n      restartPolicy: Never\n      containers:\n        - name: load\n          image: 'load:1'\n";
    let input = format!("---\n# Source: shop/templates/job.yaml\n{job}");
    let output = secure(&input, &config("security: {network_policies: {enabled: false}}\n"), Parts::ALL).unwrap();
    assert_snapshot!(output);
}

#[test]
fn helm_4_stream() {
    let document = |name: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  namespace: shop\n  annotations:\n    \
             postrenderer.helm.sh/postrender-filename: 'shop/templates/{name}.yaml'\n"
        )
    };
    assert_snapshot!(placed(&format!("{}---\n{}", document("a"), document("b"))));
}

#[test]
fn plain_stream() {
    assert_snapshot!(placed(&format!("---\n{CONFIG}---\n{POD}")));
}

#[test]
fn first_document_without_separator() {
    assert_snapshot!(placed(&format!("{CONFIG}---\n{POD}")));
}

#[test]
fn comment_in_front() {
    assert_snapshot!(placed(&format!("# Licence: do as you like.\n\n---\n{CONFIG}")));
}

#[test]
fn comment_in_front_of_the_first_object() {
    assert_snapshot!(placed(&format!("# Settings of the shop.\n{CONFIG}")));
}

#[test]
fn byte_order_mark() {
    assert_snapshot!("byte_order_mark_before_a_separator", placed(&format!("\u{feff}---\n{CONFIG}")));
    assert_snapshot!("byte_order_mark_before_an_object", placed(&format!("\u{feff}{CONFIG}")));
}

#[test]
fn crlf() {
    let output = placed(&format!("---\n{CONFIG}---\n{POD}").replace('\n', "\r\n"));
    assert_snapshot!(output);
    assert!(output.lines().all(|line| line.ends_with("<CR>")), "a line end is not CRLF");
}

#[test]
fn what_has_to_be_applied_before_namespaces_stays_in_front() {
    assert_snapshot!(placed(&format!("---\n{PRIORITY}---\n{CRD}---\n{CONFIG}---\n{CRD}")));
}

#[test]
fn only_what_has_to_be_applied_before_namespaces() {
    assert_snapshot!(placed(&format!("---\n{CRD}")));
}

#[test]
fn directives_stay_with_their_document() {
    assert_snapshot!(placed(&format!("%YAML 1.1\n---\n{CONFIG}---\n{POD}")));
}

#[test]
fn namespace_in_the_input_is_labelled() {
    assert_snapshot!(placed(&format!("---\n{NAMESPACE}---\n{CONFIG}")));
}

#[test]
fn stricter_namespace_stays() {
    let strict = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: floe-platform\n  labels:\n    \
                  pod-security.kubernetes.io/enforce: restricted   # on purpose\n    \
                  pod-security.kubernetes.io/enforce-version: v1.30\n";
    assert_snapshot!(placed(&format!("---\n{strict}---\n{CONFIG}")));
}

#[test]
fn policies_come_behind_a_late_namespace() {
    assert_snapshot!(placed(&format!("---\n{CONFIG}---\n{POD}---\n{NAMESPACE}---\n{CONFIG}")));
}

#[test]
fn namespaces_are_not_appended_where_they_are_only_to_be_patched_or_left() {
    let input = format!("---\n{NAMESPACE}---\n{CONFIG}");
    let by = |mode: &str| {
        let config = config(&format!(
            "security: {{network_policies: {{enabled: false}}, pod_security: {{namespaces: {mode}}}}}\n"
        ));
        placed_by(&input, &config, Parts::ALL)
    };
    assert_snapshot!("namespaces_patch", by("patch"));
    assert_snapshot!("namespaces_off", by("off"));
}

#[test]
fn no_final_newline() {
    let input = format!("---\n{CONFIG}---\n{}", POD.trim_end());
    assert_snapshot!(placed(&input));
}

#[test]
fn no_final_newline_and_a_block_scalar_at_the_end() {
    // A line break behind `text` would change its value.
    let input = format!("---\n{CONFIG}---\n{CONFIG}data:\n  script: |\n    exit 1");
    assert_snapshot!("block_scalar_at_the_end", placed(&input));
    let only = format!("{CONFIG}data:\n  script: |\n    exit 1");
    assert_snapshot!("block_scalar_at_the_end_of_the_only_document", placed(&only));
}

#[test]
fn an_empty_document_at_the_end() {
    assert_snapshot!("separator_at_the_end", placed(&format!("---\n{CONFIG}---\n")));
    assert_snapshot!("separator_at_the_end_without_newline", placed(&format!("---\n{CONFIG}---")));
    assert_snapshot!("document_end_marker", placed(&format!("---\n{CONFIG}...\n---\n{POD}...\n")));
}

#[test]
fn glued_separators() {
    assert_snapshot!(placed(&format!("---{CONFIG}---{POD}---\n{CONFIG}")));
}

#[test]
fn a_comment_behind_the_separator() {
    assert_snapshot!(placed(&format!("--- # settings\n{CONFIG}--- # pod\n{POD}")));
}

#[test]
fn nothing_is_appended_to_hooks() {
    let hook = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: migrate\n  namespace: floe-jobs\n  \
                annotations:\n    \
                helm.sh/hook: pre-install\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      \
                containers:\n      - {name: migrate, image: migrate}\n";
    assert_snapshot!("hooks_only", placed(&format!("---\n# Source: shop/templates/hook.yaml\n{hook}")));
    // With anything else beside them, everything is as usual.
    let mixed = placed(&format!(
        "---\n# Source: shop/templates/hook.yaml\n{hook}---\n# Source: shop/templates/c.yaml\n{CONFIG}"
    ));
    assert!(mixed.contains("<NetworkPolicy floe-jobs/"), "{mixed}");
}

#[test]
fn nothing_is_appended_to_comments() {
    let comments = "# one\n---\n# two\n";
    assert_eq!(outline(comments), placed(comments));
}

#[test]
fn json_documents() {
    let input =
        "{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"a\", \"namespace\": \"shop\"}}\n";
    assert_snapshot!(placed(input));
}

/// Who an object is may stand elsewhere, too.
#[test]
fn merged_metadata_counts() {
    let only = config(
        "security: {network_policies: {enabled: false}, summary: {enabled: false}, pod_security: {namespaces: off}}\n",
    );
    let pod = |head: &str| format!("{head}spec:\n  containers:\n  - name: a\n    image: a\n");
    for (head, hardened) in [
        ("x: &m {namespace: floe-jobs}\nkind: Pod\napiVersion: v1\nmetadata: {<<: *m, name: a}\n", true),
        (
            "x: &m {namespace: floe-jobs}\nkind: Pod\napiVersion: v1\nmetadata: {<<: *m, namespace: shop, name: a}\n",
            false,
        ),
        (
            "x: &m {namespace: shop}\nkind: Pod\napiVersion: v1\nmetadata: {<<: *m, namespace: floe-jobs, name: a}\n",
            true,
        ),
    ] {
        let output = placed_by(&pod(head), &only, Parts::ALL);
        assert_eq!(output.contains("runAsNonRoot"), hardened, "{output}");
    }
    // Of a merge behind the key some readers take the one, and some the other.
    let behind =
        "x: &m {namespace: shop}\nkind: Pod\napiVersion: v1\nmetadata: {namespace: floe-jobs, <<: *m, name: a}\n";
    let Err(Error::Input(problem)) = secure(&pod(behind), &only, Parts::ALL) else { panic!("this is not certain") };
    assert!(problem.message.contains("`namespace`"), "{problem:?}");
}

/// The order of documents counts also where they are written in another style.
#[test]
fn quoted_kinds_are_kinds() {
    let quoted = |text: &str| text.replace("kind: ", "\"kind\": ");
    let input = |document: &dyn Fn(&str) -> String| {
        format!("---\n{}---\n{}---\n{CONFIG}---\n{}", document(CRD), document(PRIORITY), document(NAMESPACE))
    };
    let kinds = |output: String| output.replace("\"kind\": ", "kind: ");
    assert_eq!(kinds(placed(&input(&quoted))), placed(&input(&str::to_owned)));
}
