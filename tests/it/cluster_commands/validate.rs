//! `floe network validate --cluster` against a real API server.

use serde_json::{Value, json};

use super::Installation;
use super::proxy::{Fate, Proxy};
use crate::cluster::cluster;
use crate::json_schema::faults;
use crate::support::{Ran, project};

const GOOD: &str = "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: good
  namespace: validated
spec:
  podSelector: {}
  policyTypes: [Ingress]
";

const BAD: &str = "apiVersion: v1
kind: List
items:
- apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata:
    name: backwards
    namespace: validated
  spec:
    podSelector: {}
    ingress:
    - ports:
      - port: 80
        endPort: 79
- apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata:
    name: misspelt
    namespace: validated
  spec:
    podSelector: {}
    ingress:
    - form: []
- apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata:
    name: homeless
    namespace: not-there
  spec:
    podSelector: {}
    policyTypes: [Ingress]
";

fn findings(ran: &Ran) -> Vec<(String, String, u64)> {
    let value: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}{}", ran.stdout, ran.stderr));
    let schema = std::fs::read(project().join("docs/schema/network-validate.schema.json")).unwrap();
    assert_eq!(faults(&serde_json::from_slice(&schema).unwrap(), &value), [""; 0]);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let found = value["findings"].as_array().unwrap().iter();
    found.map(|it| (text(&it["check"]), text(&it["name"]), it["line"].as_u64().unwrap_or_default())).collect()
}

fn of(check: &str, name: &str, line: u64) -> (String, String, u64) {
    (check.to_owned(), name.to_owned(), line)
}

/// FR-081.
#[test]
fn the_server_has_its_say_and_stores_nothing() {
    let Some(cluster) = cluster() else { return };
    let it = Installation::new(cluster, "validate");
    cluster.namespace("validated", &[]);
    let arguments = ["network", "validate", "-f", "-", "--cluster", "-o", "json", "--config", "none.yaml"];
    std::fs::write(
        it.folder.path().join("none.yaml"),
        "apiVersion: floe.dev/v1\nkind: Manifest\nsecurity: {network_policies: {enabled: false}}\n",
    )
    .unwrap();
    let ran = it.run(&arguments, GOOD);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(findings(&ran), [of("policies-unenforced", "", 0)], "no plugin is there to be found");
    assert_eq!(it.run(&[&arguments[..], &["--fail-on", "warning"]].concat(), GOOD).code, Some(1));

    let ran = it.run(&arguments, BAD);
    assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
    let found = findings(&ran);
    for expected in [
        of("policy-invalid", "backwards", 14),
        of("policy-refused", "backwards", 14),
        of("policy-unknown-field", "misspelt", 23),
        of("policy-refused", "misspelt", 23),
        of("policy-not-judged", "homeless", 27),
    ] {
        assert!(found.contains(&expected), "{expected:?} is not among {found:#?}\n{}", ran.stdout);
    }
    assert!(ran.stdout.contains("must be greater than or equal to `port`"), "{}", ran.stdout);
    let stored = cluster.client().get("/apis/networking.k8s.io/v1/namespaces/validated/networkpolicies");
    assert_eq!(stored.body["items"], json!([]));
}

/// What an admission policy of the cluster forbids, no offline rule knows.
#[test]
fn admission_of_the_cluster_counts() {
    let Some(cluster) = cluster() else { return };
    let it = Installation::new(cluster, "admission");
    cluster.namespace("admitted", &[("guarded", "yes")]);
    let group = "admissionregistration.k8s.io/v1";
    let policy = json!({
        "apiVersion": group, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": "no-policy-without-team"},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [{
                "apiGroups": ["networking.k8s.io"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"],
                "resources": ["networkpolicies"],
            }]},
            "validations": [{"expression": "has(object.metadata.labels) && 'team' in object.metadata.labels",
                "message": "name a team"}],
        },
    });
    let binding = json!({
        "apiVersion": group, "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": "no-policy-without-team"},
        "spec": {
            "policyName": "no-policy-without-team", "validationActions": ["Deny"],
            "matchResources": {"namespaceSelector": {"matchLabels": {"guarded": "yes"}}},
        },
    });
    for object in [policy, binding] {
        let reply = cluster.client().create(&object);
        assert!(reply.is_accepted(), "{}", reply.message());
    }
    let guarded = GOOD.replace("namespace: validated", "namespace: admitted");
    let arguments = ["network", "validate", "-f", "-", "--cluster", "-o", "json"];
    std::fs::remove_file(it.folder.path().join("manifest.yaml")).unwrap();
    // The server takes a moment to heed a new binding.
    let start = std::time::Instant::now();
    let ran = loop {
        let ran = it.run(&arguments, &guarded);
        if ran.code != Some(0) || start.elapsed() > std::time::Duration::from_secs(60) {
            break ran;
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
    };
    assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
    assert!(findings(&ran).contains(&of("policy-refused", "good", 4)), "{}", ran.stdout);
    assert!(ran.stdout.contains("name a team"), "{}", ran.stdout);
    let labelled = guarded.replace("  name: good", "  labels: {team: a}\n  name: good");
    assert_eq!(it.run(&arguments, &labelled).code, Some(0));
}

#[test]
fn another_plugin_than_the_named_one_is_a_finding() {
    let Some(cluster) = cluster() else { return };
    let it = Installation::new(cluster, "named");
    cluster.namespace("validated", &[]);
    std::fs::remove_file(it.folder.path().join("manifest.yaml")).unwrap();
    let proxy = Proxy::start(cluster, |_, path, _| {
        if !path.starts_with("/apis/apps/v1/daemonsets") {
            return Fate::Pass;
        }
        let daemon_set = json!({
            "metadata": {"name": "kube-router", "namespace": "kube-system"},
            "spec": {"template": {"spec": {"containers": [{"name": "r",
                "image": "cloudnativelabs/kube-router:v2.5.0"}]}}},
        });
        Fate::Json(json!({"apiVersion": "apps/v1", "kind": "DaemonSetList", "items": [daemon_set]}).to_string())
    });
    let both = GOOD.replace("  policyTypes: [Ingress]\n", "  ingress: [{}]\n  egress: [{}]\n");
    let run = |more: &[&str]| {
        let arguments = [&["network", "validate", "-f", "-", "--cluster", "-o", "json"], more].concat();
        it.run_at(proxy.kubeconfig(), &arguments, &both)
    };
    // The plugin that is there decides what policies mean: kube-router mixes directions.
    let found = findings(&run(&[]));
    assert!(found.iter().any(|it| it.0 == "policy-mixes-directions" || it.0 == "two-directions"), "{found:?}");
    assert!(!found.iter().any(|it| it.0.starts_with("pl") || it.0 == "policies-unenforced"), "{found:?}");
    let found = findings(&run(&["--cni", "calico"]));
    assert!(found.contains(&of("plugin-differs", "", 0)), "{found:?}");
    assert!(!findings(&run(&["--cni", "kube-router"])).contains(&of("plugin-differs", "", 0)));
}

#[test]
fn a_missing_right_is_no_verdict_on_the_policy() {
    let Some(cluster) = cluster() else { return };
    let it = Installation::new(cluster, "no-right");
    cluster.namespace("validated", &[]);
    let ran = it.run(&["network", "validate", "-f", "-", "--cluster", "--as", "nobody-validates"], GOOD);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(4), ""), "{}", ran.stderr);
    assert!(ran.stderr.contains("User \"nobody-validates\" cannot"), "{}", ran.stderr);
    let ran = it.run_at("/missing".as_ref(), &["network", "validate", "-f", "-", "--cluster"], GOOD);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
}
