//! `floe network audit`, as people run it, and its rules on fixtures and real manifests.

mod law;
mod not_known;
mod page;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use floe::audit::{Audit, AuditRequest, PAGES, SHARED, audit};
use floe::config::Config;
use floe::finding::CheckId;
use floe::plan::{DECLARED_FLOW_CLOSED, INPUT, NAMESPACE_NOT_MANAGED, POLICY_UNREADABLE, POLICY_WIDENS};
use floe::report::{Input, write_audit_json};
use floe::stream::frame;
use floe::verdict::NAMESPACE_LABEL;
use floe::yaml::Tree;
use serde_json::Value;
use tempfile::TempDir;

use crate::json_schema::faults;
use crate::support::{Ran, data_dir, floe, project, run, run_with};

fn fixtures() -> PathBuf {
    project().join("tests/fixtures/audit")
}

/// The rules of the audit, and those of others that it applies itself.
fn rules() -> impl Iterator<Item = CheckId> {
    let passed_on =
        [DECLARED_FLOW_CLOSED, INPUT, NAMESPACE_LABEL, NAMESPACE_NOT_MANAGED, POLICY_UNREADABLE, POLICY_WIDENS];
    // What concerns a cluster as a whole has no line.
    let of_clusters = ["policies-not-seen", "policies-unenforced"];
    let rules =
        PAGES.iter().map(|page| page.id).chain(SHARED.iter().copied().filter(move |it| !passed_on.contains(it)));
    rules.filter(move |rule| !of_clusters.contains(&rule.0))
}

/// An audit with the configuration that lies beside the file, if there is one.
fn audited(file: &Path) -> (String, Audit) {
    let text = fs::read_to_string(file).unwrap();
    let manifest = fs::read_to_string(file.with_file_name("manifest.yaml")).ok();
    let config = manifest.map(|manifest| Config::from_manifest(&Tree::parse(&manifest).unwrap()).unwrap());
    let audit = audit(&[frame(&text)], config.as_ref(), &AuditRequest::default()).unwrap();
    (text, audit)
}

fn line_of(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

/// Each rule has a folder with input that it finds nothing in, and input in which it finds exactly the lines marked
/// `# finding`.
#[test]
fn every_rule_has_fixtures_that_pass_and_that_fail() {
    let mut left: BTreeSet<String> =
        fs::read_dir(fixtures()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    for rule in rules() {
        assert!(left.remove(rule.0), "{rule} has no fixtures");
        for (file, fails) in [("pass.yaml", false), ("fail.yaml", true)] {
            let (text, audit) = audited(&fixtures().join(rule.0).join(file));
            let of_rule = audit.findings.iter().filter(|it| it.finding.check == rule);
            let mut lines: Vec<usize> =
                of_rule.map(|it| line_of(&text, it.finding.location.as_ref().unwrap().span.unwrap().start)).collect();
            lines.sort_unstable();
            let marked: Vec<usize> =
                text.lines().zip(1..).filter(|(line, _)| line.ends_with("# finding")).map(|(_, at)| at).collect();
            assert_eq!(lines, marked, "{rule} {file}");
            assert_eq!(!marked.is_empty(), fails, "{rule} {file}");
            for finding in audit.findings.iter().map(|it| &it.finding) {
                let page = PAGES.iter().find(|page| page.id == finding.check);
                assert!(
                    page.is_none_or(|page| page.severity <= finding.severity),
                    "severer than its page: {finding:?}"
                );
            }
        }
    }
    assert!(left.is_empty(), "fixtures of no rule: {left:?}");
}

#[test]
fn json_follows_its_schema() {
    let schema: Value =
        serde_json::from_str(&fs::read_to_string(project().join("docs/schema/network-audit.schema.json")).unwrap())
            .unwrap();
    for rule in rules() {
        let (text, audit) = audited(&fixtures().join(rule.0).join("fail.yaml"));
        let mut out = Vec::new();
        write_audit_json(&audit, &[Input::file("fail.yaml", &text)], &mut out).unwrap();
        let document: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(faults(&schema, &document), [""; 0], "{rule}");
        assert!(document["findings"].as_array().unwrap().iter().any(|it| it["check"] == rule.0));
    }
}

fn audit_command(more: &[&str], input: &str) -> Ran {
    let mut arguments = vec!["network", "audit", "-f", "-"];
    arguments.extend(more);
    run(&arguments, input)
}

fn fixture(check: &str, file: &str) -> String {
    fs::read_to_string(fixtures().join(check).join(file)).unwrap()
}

#[test]
fn the_exit_code_says_what_was_found() {
    let warned = fixture("ingress-from-internet", "fail.yaml");
    assert_eq!(audit_command(&[], &warned).code, Some(0));
    assert_eq!(audit_command(&["--fail-on", "warning"], &warned).code, Some(1));
    assert_eq!(audit_command(&[], &fixture("pod-rejected", "fail.yaml")).code, Some(1));
    let clean = fixture("default-deny-missing", "pass.yaml");
    let ran = audit_command(&["--fail-on", "warning"], &clean);
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    for (more, input, code) in [
        (&["--cni", "celium"][..], clean.as_str(), 2),
        (&["--cluster-version", "2"], &clean, 2),
        (&["--config", "missing.yaml"], &clean, 2),
        (&["-o", "xml"], &clean, 2),
        (&[], "", 3),
        (&["-n", "shpo"], &clean, 3),
    ] {
        let ran = audit_command(more, input);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(code), ""), "{more:?} {}", ran.stderr);
    }
    let meaningless = "kind: NetworkPolicy\napiVersion: networking.k8s.io/v1\nspec: {ingress: [{from: [{}]}]}\n";
    let ran = audit_command(&[], meaningless);
    assert!(ran.code == Some(1) && ran.stdout.contains("policy-unreadable"), "{ran:?}");
    assert!(audit_command(&["--cni", "celium"], &clean).stderr.contains("did you mean `cilium`?"));
    assert_eq!(run(&["network", "audit"], "").code, Some(2), "it reads nothing that is not named");
}

#[test]
fn directions_that_mix_are_an_error_on_the_plugins_that_mix_them() {
    let mixed = fixture("policy-mixes-directions", "fail.yaml");
    for (cni, code) in [("kube-router", 1), ("k3s", 1), ("calico", 0)] {
        assert_eq!(audit_command(&["--cni", cni], &mixed).code, Some(code), "{cni}");
    }
    assert_eq!(audit_command(&[], &mixed).code, Some(0));
}

#[test]
fn a_namespace_can_be_chosen() {
    let ran = audit_command(&["-n", "lab", "-o", "json"], &fixture("policy-mixes-directions", "fail.yaml"));
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["namespaces"].as_array().unwrap().len(), 1);
    assert!(report["findings"].as_array().unwrap().iter().all(|it| it["namespace"] == "lab"), "{report:#}");
}

/// SC-008: a managed namespace without default-deny fails the audit; what floe installs does not.
#[test]
fn sc_008_a_managed_namespace_without_default_deny_fails() {
    let manifest = project().join("examples/platform/manifest.yaml");
    let manifest = manifest.to_str().unwrap();
    let installed = fs::read_to_string(project().join("examples/platform/expected.yaml")).unwrap();
    let arguments = ["--config", manifest, "--fail-on", "warning"];
    let ran = audit_command(&arguments, &installed);
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    let documents: Vec<&str> = installed.split("\n---\n").collect();
    let denies = |it: &&&str| it.contains("name: default-deny\n") && it.contains("kind: NetworkPolicy\n");
    assert_eq!(documents.iter().filter(denies).count(), 3);
    for deny in documents.iter().filter(denies) {
        let rest: Vec<&str> = documents.iter().filter(|it| *it != deny).copied().collect();
        // With the configuration, and by floe's mark on what is left.
        for (more, check) in [(&arguments[..], "policy-missing"), (&[], "default-deny-missing")] {
            let ran = audit_command(more, &rest.join("\n---\n"));
            assert_eq!(ran.code, Some(1), "{}", ran.stdout);
            assert!(ran.stdout.contains(&format!("error[{check}]")), "{}", ran.stdout);
            assert!(ran.stdout.contains("error[default-deny-missing]"), "{}", ran.stdout);
        }
    }
}

/// FR-092: any other namespace without it is a warning.
#[test]
fn fr_092_a_namespace_without_default_deny_is_warned_about() {
    let ran = audit_command(&[], &fixture("default-deny-missing", "fail.yaml"));
    assert!(ran.stdout.contains("warning[default-deny-missing]: the namespace shop"), "{}", ran.stdout);
}

/// 100 namespaces with 2,000 pods and 500 policies, as `kubectl get -o yaml` would give them.
fn cluster() -> String {
    let mut text = String::new();
    for n in 0..100 {
        let tier = n % 5;
        writeln!(text, "apiVersion: v1\nkind: Namespace\nmetadata: {{name: team-{n}, labels: {{tier: t{tier}}}}}\n---")
            .unwrap();
        for p in 0..20 {
            writeln!(
                text,
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: pod-{p}, namespace: team-{n}, labels: {{app: app-{}, \
                 version: v{p}}}}}\n\
                 spec:\n  containers:\n  - {{name: main, image: example/main, ports: [{{name: http, containerPort: \
                 8080}}]}}\n\
                 status: {{phase: Running, podIPs: [{{ip: 10.{n}.0.{}}}]}}\n---",
                p % 10,
                p + 1
            )
            .unwrap();
        }
        let app = |shift: usize| format!("podSelector: {{matchLabels: {{app: app-{}}}}}", (n + shift) % 10);
        let specs = [
            "podSelector: {}\n  policyTypes: [Ingress, Egress]".to_owned(),
            "podSelector: {}\n  policyTypes: [Egress]\n  egress:\n  - to: [{namespaceSelector: {matchLabels: \
             {kubernetes.io/metadata.name: team-0}}, podSelector: {matchLabels: {app: app-0}}}]\n    ports: [{port: \
             53}]"
                .to_owned(),
            format!(
                "{}\n  ingress:\n  - from: [{{namespaceSelector: {{}}}}]\n    ports: [{{port: http}}]\n  - from: \
                     [{{podSelector: {{}}}}]",
                app(0)
            ),
            format!(
                "{}\n  policyTypes: [Egress]\n  egress:\n  - to: [{{ipBlock: {{cidr: 0.0.0.0/0, except: \
                 [10.{n}.0.0/16]}}}}]\n    \
                 ports: [{{port: 443}}]\n  - to: [{{podSelector: {{matchLabels: {{app: app-3}}}}}}]",
                app(1)
            ),
            format!(
                "{}\n  policyTypes: [Ingress, Egress]\n  ingress:\n  - from: [{{namespaceSelector: {{matchLabels: \
                 {{tier: t{tier}}}}}}}]\n  egress:\n  - to: [{{podSelector: {{}}}}]",
                app(2)
            ),
        ];
        for (number, spec) in specs.iter().enumerate() {
            writeln!(
                text,
                "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: policy-{number}, namespace: \
                 team-{n}}}\n\
                 spec:\n  {spec}\n---"
            )
            .unwrap();
        }
    }
    text
}

/// SC-005 allows 30 seconds. The time that it takes to read the same input with `pods check` is measured beside it, so
/// that the ratio says how much of it is the audit, on any machine.
#[test]
fn sc_005_a_hundred_namespaces_are_audited_in_time() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("cluster.yaml");
    fs::write(&file, cluster()).unwrap();
    let timed = |arguments: &[&str]| -> (Duration, Ran) {
        let started = Instant::now();
        let ran = run_with(floe().current_dir(folder.path()).args(arguments), "");
        (started.elapsed(), ran)
    };
    let (read, _) = timed(&["pods", "check", "-f", "cluster.yaml", "-o", "json"]);
    let (took, ran) = timed(&["network", "audit", "-f", "cluster.yaml", "-o", "json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["namespaces"].as_array().unwrap().len(), 100);
    assert_eq!(report["policies"].as_array().unwrap().len(), 500);
    let ratio = took.as_secs_f64() / read.as_secs_f64();
    println!("audit of 100 namespaces, 2,000 pods, 500 policies: {took:?}, {ratio:.1} times `pods check`");
    assert!(took < Duration::from_secs(30), "{took:?}");
    assert!(ratio < 40.0, "{took:?} against {read:?}");
}

/// No chart stops an audit, and every form of the report can be written.
#[test]
fn real_charts_are_audited() {
    let Some(data) = data_dir() else { return };
    let mut audits = 0;
    for folder in ["charts", "floe"] {
        let mut files: Vec<PathBuf> =
            fs::read_dir(data.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files {
            let name = file.file_name().unwrap().to_str().unwrap();
            if file.extension().is_none_or(|it| it != "yaml") || matches!(name, "manifest.yaml" | "floe.yaml") {
                continue;
            }
            let text = fs::read_to_string(&file).unwrap();
            let found = audit(&[frame(&text)], None, &AuditRequest::default())
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            for it in &found.findings {
                assert!(
                    PAGES.iter().any(|page| page.id == it.finding.check) || SHARED.contains(&it.finding.check),
                    "{name} {it:?}"
                );
                assert!(it.finding.help.is_some(), "{name} {it:?}");
            }
            page::check(&found, &text);
            audits += 1;
        }
    }
    assert!(audits > 60, "{audits}");
}
