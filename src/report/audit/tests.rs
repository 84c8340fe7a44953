use super::*;
use crate::audit::{AuditRequest, PAGES, audit};
use crate::report::Painter;
use crate::stream::frame;

const TEXT: &str = "apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: baseline}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: main, image: example/main}]}}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress, Egress]
  ingress:
  - ports: [{port: 80}]
";

fn written(
    text: &str,
    write: impl FnOnce(&Audit, &[Input<'_>], &mut dyn std::io::Write) -> std::io::Result<()>,
) -> String {
    let found = audit(&[frame(text)], None, &AuditRequest::default()).unwrap();
    let mut out = Vec::new();
    write(&found, &[Input::file("shop.yaml", text)], &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn text_has_findings_in_their_source_and_a_table_for_each_namespace() {
    insta::assert_snapshot!(written(TEXT, |audit, inputs, out| write_audit_text(
        audit,
        inputs,
        &Painter::plain(),
        out
    )));
}

#[test]
fn markdown_has_a_table_for_everything() {
    insta::assert_snapshot!(written(TEXT, write_audit_markdown));
}

#[test]
fn json_is_the_contract() {
    insta::assert_snapshot!(written(TEXT, write_audit_json));
}

#[test]
fn html_is_one_page() {
    insta::assert_snapshot!(written(TEXT, write_audit_html));
}

#[test]
fn sarif_has_a_result_for_each_finding() {
    let log: serde_json::Value =
        serde_json::from_str(&written(TEXT, |audit, inputs, out| write_audit_sarif(audit, inputs, PAGES, out)))
            .unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    for result in results {
        let rule =
            &log["runs"][0]["tool"]["driver"]["rules"][usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "shop.yaml");
    }
}

/// Names of the input end up in markup: they are data there.
#[test]
fn names_cannot_become_markup() {
    let hostile = TEXT
        .replace("name: web", "name: \"<script>alert(1)</script>|x\\ny\"")
        .replace("namespace: shop", "namespace: '\"><img src=x>'");
    let page = written(&hostile, write_audit_html);
    assert_eq!(page.matches("<script>").count(), 1, "floe's own");
    assert!(!page.contains("<img") && page.contains("&lt;img src=x&gt;"), "{page}");
    let markdown = written(&hostile, write_audit_markdown);
    assert!(!markdown.contains("<script>") && !markdown.contains("<img"), "{markdown}");
    let (_, policies) = markdown.split_once("## Policies\n\n").unwrap();
    assert!(policies.trim_end().lines().all(|line| line.starts_with("| ") || line.starts_with("|---")), "{policies}");
}
