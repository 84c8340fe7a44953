use super::*;
use crate::object::{Level, Version};
use crate::stream::frame_all;

fn run(texts: &[&str], config: &Config, request: &CheckRequest) -> Report {
    let streams: Vec<Stream<'_>> = frame_all(texts.iter().copied());
    check(&streams, config, request).unwrap()
}

fn restricted() -> CheckRequest {
    CheckRequest { enforce: Some(level(Level::Restricted)), ..CheckRequest::default() }
}

fn level(level: Level) -> LevelVersion {
    LevelVersion { level, version: Version::Latest }
}

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: a\n";

fn pod_in(namespace: &str) -> String {
    POD.replace("{name: p}", &format!("{{name: p, namespace: {namespace}}}"))
}

fn namespace(name: &str, labels: &str) -> String {
    format!("---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n  labels: {{{labels}}}\n")
}

fn policies(report: &Report) -> Vec<String> {
    report.pods.iter().map(|pod| format!("{} {} {}", pod.enforce.policy, pod.audit.policy, pod.warn.policy)).collect()
}

#[test]
fn labels_come_before_roles_and_the_request_before_both() {
    let config = Config::default();
    let request = CheckRequest::default();
    let jobs = pod_in("floe-jobs");
    assert_eq!(policies(&run(&[&jobs], &config, &request)), ["restricted:latest restricted:latest restricted:latest"]);
    let labelled = namespace("floe-jobs", "pod-security.kubernetes.io/enforce: baseline");
    // The Namespace may stand in another stream, and behind the pod.
    let report = run(&[&jobs, &labelled], &config, &request);
    assert_eq!(policies(&report), ["baseline:latest restricted:latest restricted:latest"]);
    let given = CheckRequest { enforce: Some(level(Level::Privileged)), ..CheckRequest::default() };
    assert_eq!(
        policies(&run(&[&jobs, &labelled], &config, &given)),
        ["privileged:latest restricted:latest restricted:latest"]
    );
    let other = run(&[&pod_in("elsewhere")], &config, &request);
    assert_eq!(policies(&other), ["privileged:latest privileged:latest privileged:latest"]);
    assert_eq!((other.without_level, other.rejected()), (1, 0));
    assert_eq!(run(&[&pod_in("elsewhere")], &config, &restricted()).without_level, 0);
}

#[test]
fn a_namespace_is_found_for_every_pod() {
    let home = |texts: &[&str], config: &Config, request: &CheckRequest| -> Vec<String> {
        run(texts, config, request).pods.into_iter().map(|pod| pod.namespace).collect()
    };
    let config = Config::default();
    let request = CheckRequest::default();
    assert_eq!(home(&[POD], &config, &request), ["default"]);
    let other = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: shop}\n";
    assert_eq!(home(&[&format!("{POD}{other}")], &config, &request), ["shop"]);
    assert_eq!(home(&[POD, other], &config, &request), ["shop"]);
    let third = other.replace("shop", "bank");
    assert_eq!(home(&[POD, other, &third], &config, &request), ["default"]);
    let release = Config { release_namespace: Some("release".into()), ..Config::default() };
    assert_eq!(home(&[POD, other], &release, &request), ["release"]);
    let given = CheckRequest { namespace: Some("given".into()), ..CheckRequest::default() };
    assert_eq!(home(&[POD, other, &pod_in("own")], &release, &given), ["given", "own"]);
}

#[test]
fn pods_keep_the_order_of_the_input_when_some_wait_for_a_namespace() {
    let text = format!("{POD}---\n{}---\n{POD}", pod_in("shop"));
    let report = run(&[&text], &Config::default(), &CheckRequest::default());
    assert_eq!(report.pods.iter().map(|pod| pod.document).collect::<Vec<_>>(), [0, 1, 2]);
    assert!(report.pods.iter().all(|pod| pod.namespace == "shop"));
}

fn fixes(text: &str) -> Vec<(String, String, Option<String>, Fix)> {
    let report = run(&[text], &Config::default(), &restricted());
    let violations = report.pods.into_iter().flat_map(|pod| pod.violations);
    violations
        .flat_map(|violation| {
            let check = violation.check.to_string();
            violation.fields.into_iter().map(move |field| (check.clone(), field.field, field.container, field.fix))
        })
        .collect()
}

#[test]
fn says_truly_what_hardening_cures() {
    let text = "apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
spec:
  template:
    spec:
      hostNetwork: true
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      containers:
      - name: a
        securityContext: {allowPrivilegeEscalation: true, capabilities: {add: [NET_RAW]}}
      - name: b
        securityContext: {capabilities: {drop: [ALL]}}
";
    let container = |index: usize| format!("spec.template.spec.containers[{index}].securityContext");
    let row =
        |check: &str, field: String, name: Option<&str>, fix| (check.to_owned(), field, name.map(str::to_owned), fix);
    assert_eq!(
        fixes(text),
        [
            row("hostNamespaces", "spec.template.spec.hostNetwork".into(), None, Fix::NeedsChange),
            row("allowPrivilegeEscalation", container(0) + ".allowPrivilegeEscalation", Some("a"), Fix::NeedsChange),
            row("allowPrivilegeEscalation", container(1), Some("b"), Fix::FilledByFloe),
            row("capabilities_restricted", container(0) + ".capabilities", Some("a"), Fix::FilledByFloe),
            row("capabilities_restricted", container(0) + ".capabilities.add[0]", Some("a"), Fix::NeedsChange),
        ]
    );
    let opted_out = POD.replace("{name: p}", "{name: p, annotations: {floe.dev/harden: \"false\"}}");
    assert!(fixes(&opted_out).iter().all(|(.., fix)| *fix == Fix::NeedsChange));
    assert!(fixes(POD).iter().all(|(.., fix)| *fix == Fix::FilledByFloe));
    assert_eq!(fixes(POD).len(), 4);
}

#[test]
fn latest_depends_on_the_cluster() {
    let text = POD.to_owned() + "    livenessProbe: {httpGet: {host: example.com, port: 80}}\n";
    let baseline = |cluster| CheckRequest {
        enforce: Some(level(Level::Baseline)),
        evaluator: Evaluator::emulating(cluster),
        ..CheckRequest::default()
    };
    assert_eq!(run(&[&text], &Config::default(), &baseline(Version::Minor(33))).rejected(), 0);
    assert_eq!(run(&[&text], &Config::default(), &baseline(Version::Minor(34))).rejected(), 1);
    assert_eq!(run(&[&text], &Config::default(), &baseline(Version::Latest)).rejected(), 1);
}

#[test]
fn each_mode_has_its_words_and_each_check_stands_once() {
    let request = CheckRequest {
        enforce: Some(level(Level::Baseline)),
        audit: Some(level(Level::Restricted)),
        ..CheckRequest::default()
    };
    let text = POD.replace("spec:\n", "spec:\n  hostPID: true\n");
    let report = run(&[&text], &Config::default(), &request);
    let pod = &report.pods[0];
    let host = "host namespaces (hostPID=true)";
    assert_eq!(pod.enforce.message, Some(format!("violates PodSecurity \"baseline:latest\": {host}")));
    // As with labels, warn follows enforce.
    assert_eq!(pod.warn.message, Some(format!("would violate PodSecurity \"baseline:latest\": {host}")));
    let audit = pod.audit.message.as_deref().unwrap();
    assert!(
        audit.starts_with(&format!("would violate PodSecurity \"restricted:latest\": {host}, allowPriv")),
        "{audit}"
    );
    let modes: Vec<_> = pod.violations.iter().map(|it| (it.check.0, it.mode)).collect();
    assert_eq!(modes[..2], [("hostNamespaces", Mode::Enforce), ("allowPrivilegeEscalation", Mode::Audit)]);
    assert_eq!(modes.len(), 5);
}

#[test]
fn bad_labels_are_named_where_they_stand() {
    let text = namespace("shop", "pod-security.kubernetes.io/enforce: Baseline") + "---\n" + &pod_in("shop");
    let report = run(&[&text], &Config::default(), &CheckRequest::default());
    // The server fails closed.
    assert_eq!(policies(&report), ["restricted:latest privileged:latest privileged:latest"]);
    let finding = &report.notices[0];
    assert_eq!(finding.check, NAMESPACE_LABEL);
    let span = finding.location.as_ref().unwrap().span.unwrap();
    assert_eq!(text.get(span.range()), Some("Baseline"));
}

/// The one thing that cannot be read.
fn unread(texts: &[&str]) -> Finding {
    let report = run(texts, &Config::default(), &restricted());
    let pods = texts.iter().filter(|text| **text == POD).count();
    assert_eq!((report.unreadable(), report.pods.len()), (1, pods), "{report:?}");
    report.notices.into_iter().find(|it| it.check == INPUT).unwrap()
}

#[test]
fn what_cannot_be_judged_is_told_and_all_else_is_judged() {
    for broken in ["kind: Deployment\nspec: [\n", "{\"kind\": \"Pod\", ", "kind: Pod\nspec: *x\n"] {
        let location = unread(&[POD, broken]).location.unwrap();
        assert_eq!((location.stream, location.document), (1, 0), "{broken}");
    }
    let problem = unread(&["apiVersion: apps/v1\nkind: Deployment\nspec: {template: {}}\n"]);
    assert_eq!(problem.message, "spec.template.spec.containers is missing");
    // Of a text that cannot be read nobody knows what it is, unless its lines are certain of a kind.
    let problem = unread(&["a: [\n"]);
    assert!(problem.message.contains("cannot be read"), "{problem:?}");
    let report = run(&["kind: ConfigMap\na: [\n---\nkind: Pot\n"], &Config::default(), &restricted());
    assert_eq!(report, Report::default());
}

#[test]
fn objects_in_lists_and_kinds_of_the_configuration_are_judged() {
    let item = "{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: n}, spec: {containers: [{name: a}]}}";
    let list = format!("apiVersion: v1\nkind: List\nitems:\n- {item}\n- {item}\n");
    let report = run(&[&list], &Config::default(), &restricted());
    assert_eq!(report.pods.iter().map(|pod| pod.document).collect::<Vec<_>>(), [0, 0]);
    assert!(report.pods[1].violations[0].fields[0].field.starts_with("items[1].spec.containers[0]"));
    let list = format!("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- {item}\n- {item}\n");
    let report = run(&[&list], &Config::default(), &restricted());
    assert_eq!(report.pods.iter().map(|pod| pod.document).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(report.pods[1].violations[0].fields[0].field, "spec.containers[0]");

    let mut config = Config::default();
    config.pod_security.workloads = ["leader", "worker"]
        .map(|path| crate::object::CustomWorkload {
            group: "example.com".into(),
            kind: "Set".into(),
            path: vec!["spec".into(), path.into()],
        })
        .into();
    let set = "apiVersion: example.com/v1\nkind: Set\nmetadata: {name: s}\nspec:\n  worker: {spec: {containers: \
               [{name: a}]}}\n";
    let report = run(&[set], &config, &restricted());
    assert_eq!(report.pods.len(), 1);
    assert_eq!(report.pods[0].violations[0].fields[0].field, "spec.worker.spec.containers[0]");
}

fn notices(report: &Report) -> Vec<(&str, String)> {
    let path = |finding: &Finding| finding.location.as_ref().map(|it| it.path.to_string()).unwrap_or_default();
    report.notices.iter().map(|finding| (finding.check.0, path(finding))).collect()
}

#[test]
fn templates_of_custom_resources_are_judged_as_those_of_kubernetes() {
    let ray = "apiVersion: ray.io/v1
kind: RayCluster
metadata: {name: r}
spec:
  headGroupSpec: {template: {spec: {containers: [{name: head}]}}}
  workerGroupSpecs:
  - template: {spec: {hostPID: true, containers: [{name: worker}]}}
";
    let report = run(&[ray], &Config::default(), &restricted());
    assert_eq!(notices(&report), []);
    assert_eq!((report.pods.len(), report.rejected()), (2, 2));
    let message = |index: usize| report.pods[index].enforce.message.clone().unwrap();
    assert!(message(0).contains("container \"head\" must set"), "{}", message(0));
    assert!(message(1).contains("host namespaces (hostPID=true)"), "{}", message(1));
    let host = &report.pods[1].violations[0].fields[0];
    assert_eq!(host.field, "spec.workerGroupSpecs[0].template.spec.hostPID");
    assert_eq!(ray.get(host.span.range()), Some("true"));
    // The pod spec itself: fields and containers stand right below the place.
    let revision =
        "apiVersion: serving.knative.dev/v1\nkind: Revision\nmetadata: {name: k}\nspec: {containers: [{name: a}]}\n";
    let report = run(&[revision], &Config::default(), &restricted());
    let field = &report.pods[0].violations[0].fields[0];
    assert_eq!((field.container.as_deref(), field.field.as_str()), (Some("a"), "spec.containers[0]"));
    assert_eq!(field.fix, Fix::FilledByFloe);
}

#[test]
fn of_pods_described_in_part_only_explicit_values_are_judged() {
    let workflow = "apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: w}
spec:
  templates:
  - container: {name: main, image: x}
  - container: {name: bad, image: x, securityContext: {privileged: true}}
";
    let report = run(&[workflow], &Config::default(), &restricted());
    assert_eq!(notices(&report), [("partly-judged", "spec.templates[0]".to_owned())]);
    assert_eq!(report.notices[0].severity, Severity::Info);
    assert_eq!(report.pods.len(), 1);
    let violation = &report.pods[0].violations[0];
    let field = &violation.fields[0];
    assert_eq!((violation.check.0, field.container.as_deref()), ("privileged", Some("bad")));
    assert_eq!(field.field, "spec.templates[1].container.securityContext.privileged");
    assert_eq!(field.fix, Fix::NeedsChange);
    let allowed = CheckRequest { enforce: Some(level(Level::Privileged)), ..CheckRequest::default() };
    assert_eq!(run(&[workflow], &Config::default(), &allowed).pods, []);
}

#[test]
fn a_kind_without_a_namespace_is_named_and_not_judged() {
    let runtime = "apiVersion: trainer.kubeflow.org/v1alpha1
kind: ClusterTrainingRuntime
metadata: {name: r}
spec: {template: {spec: {replicatedJobs: [{template: {spec: {template: {spec: {containers: [{name: a}]}}}}}]}}}
";
    let report = run(&[runtime], &Config::default(), &restricted());
    assert_eq!(report.pods, []);
    assert_eq!(notices(&report).len(), 1);
    assert!(report.notices[0].message.contains("names no namespace"), "{}", report.notices[0].message);
}
