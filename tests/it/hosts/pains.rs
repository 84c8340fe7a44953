//! What users complain of and no other file of this folder has a place for.

use std::fs;
use std::str;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::majors::{DEPLOYMENT, Helm, post_renderer, write_chart};
use super::{assert_hardened, find, first, write_kustomization};
use crate::cluster::cluster;
use crate::support::{OnPath, documents, floe, run, run_with, tool};

/// `helm template` of a chart with floe, in the namespace `floe-jobs`.
fn rendered(helm: &Helm, templates: &[(&str, &str)], more: &[&str]) -> crate::support::Ran {
    let folder = TempDir::new().unwrap();
    write_chart(folder.path(), templates);
    let mut arguments = vec!["template", "web", "chart"];
    arguments.extend(post_renderer(&["--namespace", "floe-jobs"]));
    arguments.extend(more);
    helm.run(folder.path(), &arguments)
}

#[test]
fn pain_03_hooks_that_helm_3_hides_are_judged_through_the_pipe() {
    let Some(helm) = Helm::three() else { return };
    let folder = TempDir::new().unwrap();
    let hook = DEPLOYMENT
        .replace(
            "metadata:\n  name: {{ .Release.Name }}\n",
            "metadata:\n  name: hook\n  annotations: {helm.sh/hook: test}\n",
        )
        .replace("image: web\n", "image: web\n          securityContext: {privileged: true}\n");
    write_chart(folder.path(), &[("web.yaml", DEPLOYMENT), ("hook.yaml", &hook)]);
    let plain = helm.run(folder.path(), &["template", "web", "chart"]);
    assert_eq!(plain.code, Some(0), "{}", plain.stderr);
    let judged = run(&["pods", "check", "--enforce", "baseline", "-n", "floe-jobs", "-f", "-"], plain.stdout);
    assert_eq!(judged.code, Some(1), "{}{}", judged.stdout, judged.stderr);
    assert!(judged.stdout.contains("hook") && judged.stdout.contains("privileged"), "{}", judged.stdout);
}

#[test]
fn pain_07_an_unknown_namespace_is_asked_for() {
    let Some(helm) = Helm::three() else { return };
    let folder = TempDir::new().unwrap();
    write_chart(folder.path(), &[("web.yaml", DEPLOYMENT)]);
    let mut arguments = vec!["template", "web", "chart", "-n", "floe-jobs"];
    arguments.extend(post_renderer(&[]));
    let ran = helm.run(folder.path(), &arguments);
    assert_ne!(ran.code, Some(0), "Helm tells the namespace now:\n{}", ran.stdout);
    for way in ["--namespace", "FLOE_NAMESPACE", "release_namespace"] {
        assert!(ran.stderr.contains(way), "{way} is not named: {}", ran.stderr);
    }
    let ran = run_with(helm.command(folder.path(), &arguments).env("FLOE_NAMESPACE", "floe-jobs"), "");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
}

/// In the cluster: the policy is older than the pods, also with Helm 3, which applies in printed order.
#[test]
fn pain_08_policies_are_in_force_before_pods_come() {
    let (Some(cluster), Some(helms)) = (cluster(), Helm::both()) else { return };
    for helm in &helms {
        let folder = TempDir::new().unwrap();
        write_chart(folder.path(), &[("web.yaml", DEPLOYMENT)]);
        let jobs = format!("order{}-jobs", helm.major);
        let configuration = format!(
            "apiVersion: floe.dev/v1\nkind: Manifest\nsecurity: {{namespaces: {{jobs: {jobs}, platform: \
             order{}-platform}}}}\n",
            helm.major
        );
        fs::write(folder.path().join("manifest.yaml"), configuration).unwrap();
        cluster.namespace(&jobs, &[]);
        let mut arguments = vec!["install", "web", "chart", "--take-ownership", "-n", &jobs, "--kubeconfig"];
        arguments.push(cluster.kubeconfig().to_str().unwrap());
        arguments.extend(post_renderer(&["--namespace", &jobs]));
        let ran = helm.run(folder.path(), &arguments);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        // Versions of resources of one server grow with time.
        let version = |path: &str| -> u64 {
            let object = cluster.client().get(path).body;
            let version = object["metadata"]["resourceVersion"].as_str().unwrap_or_else(|| panic!("{object:#}"));
            version.parse().unwrap()
        };
        let policy = version(&format!("/apis/networking.k8s.io/v1/namespaces/{jobs}/networkpolicies/default-deny"));
        let workload = version(&format!("/apis/apps/v1/namespaces/{jobs}/deployments/web"));
        assert!(policy < workload, "Helm {}: the policy comes after the pods", helm.major);
    }
}

#[test]
fn pain_09_helm_3_finds_templates_by_their_source_lines() {
    let (Some(helm), Some(_)) = (Helm::three(), tool("yamljudge")) else { return };
    let ran = rendered(&helm, &[("web.yaml", DEPLOYMENT)], &["--show-only", "templates/web.yaml"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let documents = documents(&ran.stdout).unwrap();
    assert_eq!(documents.len(), 1, "{}", ran.stdout);
    assert_hardened(&documents[0]);
}

/// A list whose pod is rejected: the exit code says so, standard error says why, and so do the results.
#[test]
fn pain_15_an_error_among_the_results_fails_the_run() {
    let Some(_) = tool("yamljudge") else { return };
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "floe-jobs"},
        "spec": {"containers": [{"name": "c", "image": "i", "securityContext": {"privileged": true}}]}});
    let list = json!({"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": [pod]});
    let results = |stdout: &str| -> Vec<Value> {
        documents(stdout).unwrap()[0]["results"].as_array().cloned().unwrap_or_default()
    };
    let severities =
        |stdout: &str, severity: &str| results(stdout).iter().filter(|result| result["severity"] == severity).count();
    let failed = run(&[], list.to_string());
    assert_eq!(failed.code, Some(1));
    assert!(severities(&failed.stdout, "error") > 0, "{}", failed.stdout);
    assert!(failed.stderr.contains("privileged"), "{}", failed.stderr);

    let warned = run(&["--conflicts", "warn"], list.to_string());
    assert_eq!(warned.code, Some(0), "{}", warned.stderr);
    assert_eq!(severities(&warned.stdout, "error"), 0, "{}", warned.stdout);
    assert!(severities(&warned.stdout, "warning") > 0, "{}", warned.stdout);
}

/// An upgrade with nothing new changes nothing in the cluster.
#[test]
fn pain_17_the_same_release_twice_changes_nothing() {
    let Some(helms) = Helm::both() else { return };
    for helm in &helms {
        let once = rendered(helm, &[("web.yaml", DEPLOYMENT)], &[]);
        assert_eq!(once.code, Some(0), "{}", once.stderr);
        let twice = rendered(helm, &[("web.yaml", DEPLOYMENT)], &[]);
        assert_eq!(once.stdout, twice.stdout, "Helm {}", helm.major);
        let again = run(&["--namespace", "floe-jobs"], once.stdout.as_str());
        assert_eq!(again.code, Some(0), "{}", again.stderr);
        // Helm 4 sorts and prints the documents anew: blank lines, and the digest in the summary, are of another text.
        let text = |stream: &str| -> Vec<String> {
            let is_new = |line: &str| helm.major == 4 && (line.is_empty() || line.contains("input-digest"));
            stream.split('\n').filter(|line| !is_new(line)).map(str::to_owned).collect()
        };
        assert_eq!(text(&again.stdout), text(&once.stdout), "Helm {}", helm.major);
    }
}

#[test]
fn pain_18_comments_and_quotes_of_a_chart_stay() {
    let Some(helms) = Helm::both() else { return };
    let settings = "# for operators\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings # theirs\n  \
                    namespace: floe-jobs\n\
                    data:\n  mode: '0644'\n  script: |\n    #!/bin/sh\n    exit 0\n";
    for helm in &helms {
        let ran = rendered(helm, &[("web.yaml", DEPLOYMENT), ("settings.yaml", settings)], &[]);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let kept =
            ["# the only one", "# for operators", "# theirs", "mode: '0644'", "script: |\n    #!/bin/sh\n    exit 0"];
        for kept in kept {
            assert!(ran.stdout.contains(kept), "Helm {} lost {kept:?}:\n{}", helm.major, ran.stdout);
        }
        let chart = DEPLOYMENT.replace("{{ .Release.Name }}", "web");
        let lost = crate::support::lost_line(&chart, &ran.stdout);
        assert!(helm.major == 4 || lost.is_none(), "{lost:?}");
    }
}

/// What charts in the wild contain: lists, glued separators, JSON, documents of comments, CRLF, merges.
#[test]
fn pain_19_oddities_of_yaml_pass_through_helm() {
    let (Some(helms), Some(_)) = (Helm::both(), tool("yamljudge")) else { return };
    let deployment = |name: &str| DEPLOYMENT.replace("{{ .Release.Name }}", name);
    let indented = deployment("of-list").trim_end().replace('\n', "\n    ");
    let list = format!("apiVersion: v1\nkind: List\nitems:\n  - {indented}\n");
    let glued = format!(
        "{}---apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: glued, namespace: floe-jobs}}\n",
        deployment("before-glue")
    );
    let value = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "of-json"}, "spec": {
        "selector": {"matchLabels": {"app": "of-json"}}, "template": {"metadata": {"labels": {"app": "of-json"}},
        "spec": {"containers": [{"name": "web", "image": "web"}]}}}});
    let json = value.to_string().replace("{{", "{ {").replace("}}", "} }");
    let crlf = deployment("of-crlf").replace('\n', "\r\n");
    let merged = "x-labels: &labels {app: of-merge}\n".to_owned()
        + &deployment("of-merge").replace("labels: {app: of-merge}", "labels: {<<: *labels}");
    let templates = [
        ("list.yaml", list.as_str()),
        ("glued.yaml", &glued),
        ("json.yaml", &json),
        ("comments.yaml", "# nothing here\n---\n# nor here\n"),
        ("crlf.yaml", &crlf),
        ("merged.yaml", &merged),
    ];
    for helm in &helms {
        let ran = rendered(helm, &templates, &[]);
        assert_eq!(ran.code, Some(0), "Helm {}: {}", helm.major, ran.stderr);
        let mut documents = documents(&ran.stdout).unwrap();
        let items: Vec<Value> = documents.iter().filter_map(|it| it["items"].as_array()).flatten().cloned().collect();
        documents.extend(items);
        for name in ["of-list", "before-glue", "of-json", "of-crlf", "of-merge"] {
            assert_hardened(find(&documents, "Deployment", name));
        }
        find(&documents, "ConfigMap", "glued");
    }
}

/// floe in the outermost layer sees names as they will be, and nobody renames what it adds.
#[test]
fn pain_20_the_outermost_layer_runs_floe() {
    let (Some(kustomize), Some(_)) = (tool("kustomize"), tool("yamljudge")) else { return };
    let folder = TempDir::new().unwrap();
    write_kustomization(folder.path(), "namePrefix: x-\n");
    let on_path = OnPath::new();
    let mut command = on_path.command(&kustomize);
    command.current_dir(folder.path()).args(["build", "--enable-alpha-plugins", "--enable-exec", "."]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let documents = documents(str::from_utf8(&output.stdout).unwrap()).unwrap();
    assert_hardened(find(&documents, "Deployment", "x-web"));
    first(&documents, "NetworkPolicy");
    let generated = documents.iter().filter(|it| it["metadata"]["labels"]["floe.dev/component"].is_string());
    let names: Vec<&str> = generated.map(|it| it["metadata"]["name"].as_str().unwrap()).collect();
    assert!(names.len() > 5 && names.iter().all(|name| !name.starts_with("x-")), "{names:?}");
}

/// A pipe whose first command fails gives floe nothing, and floe says what that may mean.
#[test]
fn pain_10_an_empty_pipe_is_an_error() {
    let folder = TempDir::new().unwrap();
    let ran = run_with(floe().current_dir(folder.path()), "");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""));
    for cause in ["--output-dir", "pipefail", "--allow-empty"] {
        assert!(ran.stderr.contains(cause), "{cause}: {}", ran.stderr);
    }
}
