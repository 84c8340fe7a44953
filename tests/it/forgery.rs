//! Names, labels, messages and file names of others are data in every output: no line of a report is theirs, no terminal
//! or CI runner obeys them, and no text turns around.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::support::{Ran, floe, run_with};

/// As an escaped string of YAML: line breaks, commands to a CI runner, colours, a C1 control, and bidi overrides.
const EVIL: &str = "x\\n::error title=t::forged\\r##[error]forged\\e[31m\\x9b31m\\x7f\\u2028::warning::y\\u202e\\n# forged\\n```\\n<img src=x>|";

fn world(evil: &str) -> String {
    format!(
        r#"apiVersion: v1
kind: Namespace
metadata: {{name: "{evil}", labels: {{"pod-security.kubernetes.io/enforce": restricted, "{evil}": "{evil}"}}}}
---
apiVersion: v1
kind: Namespace
metadata: {{name: "::error::shop", labels: {{"pod-security.kubernetes.io/enforce": "{evil}"}}}}
---
apiVersion: v1
kind: Pod
metadata: {{name: "{evil}", namespace: "{evil}", labels: {{app: "{evil}"}}, annotations: {{"{evil}": "{evil}", floe.dev/harden: "{evil}"}}}}
spec:
  hostNetwork: true
  serviceAccountName: "{evil}"
  volumes: [{{name: "{evil}", hostPath: {{path: "{evil}"}}}}]
  containers: [{{name: "{evil}", image: "{evil}", securityContext: {{privileged: true, capabilities: {{add: ["{evil}"]}}, seccompProfile: {{type: "{evil}"}}}}}}]
---
apiVersion: v1
kind: Pod
metadata: {{name: web, namespace: "::error::shop", labels: {{app: web}}}}
spec: {{containers: [{{name: web, image: web, ports: [{{name: "{evil}", containerPort: 80}}]}}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: "{evil}", namespace: "::error::shop"}}
spec: {{template: {{metadata: {{labels: {{app: "{evil}"}}}}, spec: {{containers: [{{name: a, image: a}}]}}}}}}
---
apiVersion: v1
kind: Service
metadata: {{name: "{evil}", namespace: "::error::shop"}}
spec: {{selector: {{app: web}}, ports: [{{name: "{evil}", port: 80, targetPort: "{evil}"}}]}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: "{evil}", namespace: "::error::shop"}}
spec: {{rules: [{{host: "{evil}", http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: "{evil}", port: {{number: 81}}}}}}}}]}}}}]}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: "{evil}", namespace: "::error::shop", labels: {{a: "{evil}"}}}}
spec:
  podSelector: {{matchLabels: {{app: web}}}}
  ingress: [{{from: [{{podSelector: {{matchLabels: {{app: "{evil}"}}}}, namespaceSelector: {{matchLabels: {{"{evil}": "{evil}"}}}}}}], ports: [{{port: 80}}]}}]
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {{name: calico-node, namespace: kube-system, labels: {{k8s-app: calico-node}}}}
spec: {{template: {{metadata: {{labels: {{a: "{evil}"}}}}, spec: {{containers: [{{name: calico-node, image: "calico/node:{evil}", env: [{{name: "{evil}", value: "{evil}"}}]}}]}}}}}}
---
apiVersion: v1
kind: Node
metadata: {{name: "{evil}", labels: {{kubernetes.io/os: windows, cloud.google.com/gke-nodepool: "{evil}", eks.amazonaws.com/nodegroup: "::error::x"}}}}
status: {{nodeInfo: {{operatingSystem: "{evil}", kubeletVersion: "{evil}"}}}}
"#
    )
}

fn is_harmless(character: char) -> bool {
    !(character.is_control() && character != '\n' && character != '\t'
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
}

fn check(arguments: &[&str], ran: &Ran) {
    for text in [&ran.stdout, &ran.stderr] {
        // Lines of CSV end in CRLF, those of JSON hold no raw control, and a diff for `patch` holds lines as they are.
        let text = text.replace("\r\n", "\n");
        let found = text.chars().find(|it| !is_harmless(*it));
        let json = arguments.iter().any(|it| ["json", "sarif"].contains(it));
        assert!(found.is_none_or(|it| json && !it.is_ascii()), "{arguments:?}: {found:?} in {text}");
        for line in text.lines().map(str::trim_start) {
            let forged = ["::error", "::warning", "##[", "# forged", "<img"].iter().find(|it| line.starts_with(**it));
            assert!(forged.is_none(), "{arguments:?}: {line}\nin {text}");
        }
        assert_ne!(ran.code, Some(70), "{text}");
    }
}

const REPORTS: &[&[&str]] = &[
    &["--dry-run", "-o", "plan", "-f"],
    &["--conflicts", "warn", "--dry-run", "-o", "plan", "-v", "-f"],
    &["--conflicts", "warn", "--dry-run", "-o", "plan", "-vv", "-f"],
    &["--namespace", "a", "--log-format", "json", "--dry-run", "-o", "plan", "-f"],
    &["pods", "check", "-f"],
    &["pods", "check", "--enforce", "restricted", "-f"],
    &["pods", "check", "-o", "json", "-f"],
    &["pods", "check", "-o", "sarif", "-f"],
    &["network", "connections", "-f"],
    &["network", "connections", "--ipblock-matches-pods", "both", "-f"],
    &["network", "connections", "-o", "json", "-f"],
    &["network", "connections", "-o", "csv", "-f"],
    &["network", "connections", "-o", "md", "-f"],
    &["network", "connections", "-o", "dot", "-f"],
    &["network", "connections", "-o", "svg", "-f"],
    &["network", "explain", "::error::shop/web", "::error::shop/web", "-f"],
    &["network", "validate", "-f"],
    &["network", "validate", "-o", "json", "-f"],
    &["network", "validate", "-o", "sarif", "-f"],
    &["network", "audit", "-f"],
    &["network", "audit", "-o", "md", "-f"],
    &["network", "audit", "-o", "html", "-f"],
    &["network", "audit", "-o", "json", "-f"],
    &["network", "audit", "-o", "sarif", "-f"],
    &["network", "check-cni", "-f"],
    &["network", "check-cni", "-o", "json", "-f"],
    &["network", "generate", "-f"],
    &["compile", "--dry-run", "-f"],
    &["deploy", "--dry-run=client", "-f"],
];

fn run_in(folder: &Path, arguments: &[&str]) -> Ran {
    run_with(floe().current_dir(folder).args(arguments), "")
}

#[test]
fn no_report_obeys_names_of_others() {
    let folder = TempDir::new().unwrap();
    let file = "m\n::error::file\u{1b}[31m.yaml";
    fs::write(folder.path().join(file), world(EVIL)).unwrap();
    fs::write(folder.path().join("web.yaml"), world("web")).unwrap();
    for report in REPORTS {
        let arguments = [report, &[file][..]].concat();
        let ran = run_in(folder.path(), &arguments);
        check(&arguments, &ran);
        assert!(matches!(ran.code, Some(0 | 1)), "{arguments:?}: {}", ran.stderr);
    }
    for form in ["text", "md", "json"] {
        for sides in [["web.yaml", file], [file, "web.yaml"], ["config:", file]] {
            let arguments = [&["network", "diff", "-o", form][..], &sides].concat();
            let ran = run_in(folder.path(), &arguments);
            check(&arguments, &ran);
            assert!(matches!(ran.code, Some(0 | 1)), "{arguments:?}: {}", ran.stderr);
        }
    }
}

/// Errors, too: of manifests, of configurations, and of what was asked for.
#[test]
fn no_error_obeys_names_of_others() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let head = "apiVersion: floe.dev/v1alpha1\nkind: Manifest\nmetadata: {name: a}\n";
    write("section.yaml", &format!("{head}security: {{\"{EVIL}\": 1}}\n"));
    write("value.yaml", &format!("{head}security: {{pod_security: {{namespaces: \"{EVIL}\"}}}}\n"));
    write("domain.yaml", &format!("{head}domains: [{{name: \"{EVIL}\"}}]\n"));
    write("raw.yaml", &format!("{head}security: {{pod_security: {{namespaces: \u{202e}a\u{2028}b\u{9b}31m}}}}\n"));
    for name in ["section.yaml", "value.yaml", "domain.yaml", "raw.yaml"] {
        let ran = run_in(folder.path(), &["network", "generate", "-c", name]);
        check(&[name], &ran);
    }
    write(
        "pod.yaml",
        &format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: \"{EVIL}\", namespace: a}}\nspec: {{containers: 1, \"{EVIL}\": 1}}\n"
        ),
    );
    write("broken.yaml", "a: \u{9b}b\u{2028}c\u{202e}\n\"b: [\n");
    for file in ["pod.yaml", "broken.yaml", "missing\n::error::x\u{1b}.yaml"] {
        for command in [&[][..], &["pods", "check"], &["network", "validate"], &["network", "audit"], &["compile"]] {
            let arguments = [command, &["-f", file]].concat();
            let ran = run_in(folder.path(), &arguments);
            assert!(ran.code != Some(0) || file == "pod.yaml", "{arguments:?}");
            check(&arguments, &ran);
        }
    }
    let evil = "a\n::error::b\u{1b}[31m";
    for arguments in [
        &["explain", evil][..],
        &["network", "explain", evil, "b", "-f", "pod.yaml"],
        &["network", "connections", "--focus", evil, "-f", "pod.yaml"],
        &["network", "generate", "--out", evil, "--dry-run"],
    ] {
        check(arguments, &run_in(folder.path(), arguments));
    }
}

/// The summary that stands beside policies.
#[test]
fn the_summary_is_no_ones_page() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("m.yaml"), world(EVIL)).unwrap();
    let ran = run_in(folder.path(), &["network", "generate", "--out", "out", "-f", "m.yaml"]);
    check(&["generate"], &ran);
    let text = fs::read_to_string(folder.path().join("out/NETWORK-POLICY-SUMMARY.md")).unwrap();
    check(&["summary"], &Ran { code: Some(0), stdout: text, stderr: String::new() });
}
