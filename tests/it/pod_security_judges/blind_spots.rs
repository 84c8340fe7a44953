//! Rules that upstream's own fixtures leave untried: removing one of them changes no verdict there. Ephemeral
//! containers, checks that override others, `hostProcess` alone, and the versions 1.31 and 1.34 to 1.37.

use floe::object::{Level, Version};
use floe::pod_security::{Evaluator, Pod};
use serde_json::{Value, json};

use super::api_server;
use super::corpus::Sample;
use super::psa_judge;
use super::{Policy, policies};

/// The versions just before and at each change of a rule below.
const VERSIONS: [Version; 13] = [
    Version::Minor(18),
    Version::Minor(19),
    Version::Minor(21),
    Version::Minor(22),
    Version::Minor(24),
    Version::Minor(25),
    Version::Minor(30),
    Version::Minor(31),
    Version::Minor(33),
    Version::Minor(34),
    Version::Minor(35),
    Version::Minor(36),
    Version::Minor(37),
];

/// What violates a level at a minor version, as ids joined by blanks; nothing where it is empty.
type Expected = (Level, u32, &'static str);

/// A pod and what it violates.
struct Case {
    name: &'static str,
    /// A pod that restricted admits, but for these fields.
    pod: Value,
    expected: Vec<Expected>,
    /// Whether the API server would take it if it had no Pod Security: it refuses ephemeral containers on create, and
    /// fields that contradict each other.
    valid: bool,
}

/// A pod that restricted admits in every version; `fields` replace those of the container and `spec` those of the pod.
fn pod(spec: &Value, fields: &Value, context: &Value) -> Value {
    let mut container = json!({
        "name": "a",
        "image": "example.com/a",
        "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
    });
    merge(&mut container["securityContext"], context);
    merge(&mut container, fields);
    let mut pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {
            "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [container],
        },
    });
    merge(&mut pod["spec"], spec);
    pod
}

/// Sets fields; null removes one.
fn merge(into: &mut Value, fields: &Value) {
    for (key, value) in fields.as_object().unwrap() {
        if value.is_null() {
            into.as_object_mut().unwrap().remove(key);
        } else {
            into[key] = value.clone();
        }
    }
}

fn cases() -> Vec<Case> {
    let none = json!({});
    let case = |name, pod, expected| Case { name, pod, expected, valid: true };
    let (b, r) = (Level::Baseline, Level::Restricted);
    let mut cases = container_cases();
    cases.extend([
        Case {
            name: "an ephemeral container that says nothing",
            pod: pod(
                &json!({"securityContext": {}, "ephemeralContainers": [{"name": "e", "image": "x"}]}),
                &none,
                &json!({
                    "runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"},
                }),
            ),
            expected: vec![
                (b, 37, ""),
                (r, 37, "allowPrivilegeEscalation capabilities_restricted runAsNonRoot seccompProfile_restricted"),
            ],
            valid: false,
        },
        Case {
            name: "hostProcess alone",
            pod: pod(
                &json!({"os": {"name": "windows"}, "securityContext": {"runAsNonRoot": true}}),
                &json!({
                    "securityContext": {"windowsOptions": {"hostProcess": true}},
                }),
                &none,
            ),
            expected: vec![
                (b, 37, "windowsHostProcess"),
                (
                    r,
                    24,
                    "windowsHostProcess allowPrivilegeEscalation capabilities_restricted seccompProfile_restricted",
                ),
                (r, 25, "windowsHostProcess"),
            ],
            valid: false,
        },
        case(
            "hostProcess as the API server takes it",
            pod(
                &json!({
                    "os": {"name": "windows"},
                    "hostNetwork": true,
                    "securityContext": {"runAsNonRoot": true, "windowsOptions": {"hostProcess": true}},
                }),
                &json!({"securityContext": null}),
                &none,
            ),
            vec![(b, 37, "hostNamespaces windowsHostProcess"), (r, 37, "hostNamespaces windowsHostProcess")],
        ),
        case(
            "a windows pod without what windows does not have",
            pod(
                &json!({"os": {"name": "windows"}, "securityContext": {"runAsNonRoot": true}}),
                &json!({"securityContext": null}),
                &none,
            ),
            vec![
                (b, 37, ""),
                (r, 24, "allowPrivilegeEscalation capabilities_restricted seccompProfile_restricted"),
                (r, 25, ""),
            ],
        ),
        case(
            "a hostPath volume",
            pod(&json!({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}), &none, &none),
            vec![(b, 18, "hostPathVolumes"), (r, 18, "restrictedVolumes"), (r, 37, "restrictedVolumes")],
        ),
        case(
            "sysctls of 1.37",
            pod(
                &json!({"securityContext": {
                    "runAsNonRoot": true,
                    "seccompProfile": {"type": "RuntimeDefault"},
                    "sysctls": [{"name": "net.ipv4.tcp_slow_start_after_idle", "value": "0"}],
                }}),
                &none,
                &none,
            ),
            vec![(b, 36, "sysctls"), (r, 36, "sysctls"), (b, 37, ""), (r, 37, "")],
        ),
        case(
            "root in a user namespace",
            pod(
                &json!({"hostUsers": false, "securityContext": {
                    "runAsNonRoot": false, "runAsUser": 0, "seccompProfile": {"type": "RuntimeDefault"},
                }}),
                &none,
                &none,
            ),
            vec![(r, 22, "runAsNonRoot"), (r, 34, "runAsNonRoot runAsUser"), (r, 35, ""), (b, 34, "")],
        ),
    ]);
    cases
}

/// What a container alone is about.
fn container_cases() -> Vec<Case> {
    let none = json!({});
    let case = |name, pod, expected| Case { name, pod, expected, valid: true };
    let (b, r) = (Level::Baseline, Level::Restricted);
    vec![
        case(
            "the SELinux type of container engines",
            pod(&none, &none, &json!({"seLinuxOptions": {"type": "container_engine_t"}})),
            vec![(b, 30, "seLinuxOptions"), (r, 30, "seLinuxOptions"), (b, 31, ""), (r, 31, "")],
        ),
        case(
            "an added capability",
            pod(&none, &none, &json!({"capabilities": {"drop": ["ALL"], "add": ["NET_RAW"]}})),
            vec![
                (b, 37, "capabilities_baseline"),
                (r, 21, "capabilities_baseline"),
                (r, 22, "capabilities_restricted"),
                (r, 37, "capabilities_restricted"),
            ],
        ),
        case(
            "an unconfined seccomp profile",
            pod(&none, &none, &json!({"seccompProfile": {"type": "Unconfined"}})),
            vec![
                (b, 18, ""),
                (r, 18, ""),
                (b, 19, "seccompProfile_baseline"),
                (r, 19, "seccompProfile_restricted"),
                (r, 37, "seccompProfile_restricted"),
            ],
        ),
        case(
            "an unmasked procMount in a user namespace",
            pod(&json!({"hostUsers": false}), &none, &json!({"procMount": "Unmasked"})),
            vec![
                (b, 34, "procMount"),
                (r, 34, "procMount"),
                (b, 35, ""),
                (r, 35, "procMount_restricted"),
                (r, 37, "procMount_restricted"),
            ],
        ),
        case(
            "a probe of another host",
            pod(&none, &json!({"livenessProbe": {"httpGet": {"port": 80, "host": "10.0.0.1"}}}), &none),
            vec![
                (b, 33, ""),
                (r, 33, ""),
                (b, 34, "hostProbesAndHostLifecycle"),
                (r, 34, "hostProbesAndHostLifecycle"),
                (r, 37, "hostProbesAndHostLifecycle"),
            ],
        ),
        case(
            "a lifecycle hook of another host",
            pod(&none, &json!({"lifecycle": {"preStop": {"tcpSocket": {"port": 80, "host": "b"}}}}), &none),
            vec![(b, 33, ""), (b, 34, "hostProbesAndHostLifecycle")],
        ),
    ]
}

fn samples(cases: Vec<Case>) -> Vec<Sample> {
    cases.into_iter().map(|it| Sample { origin: it.name.to_owned(), pod: it.pod }).collect()
}

#[test]
fn verdicts_change_at_their_version_and_nowhere_else() {
    for Case { name, pod, expected, .. } in cases() {
        for (level, minor, checks) in expected {
            let violations = Evaluator::default().judge(Pod::new(&pod).unwrap(), level, Version::Minor(minor));
            let found: Vec<_> = violations.iter().map(|violation| violation.check.0).collect();
            assert_eq!(found.join(" "), checks, "{name} at {level}:v1.{minor}");
        }
    }
}

/// Each field that a check of containers looks at, in an ephemeral container: no fixture of upstream has one.
#[test]
fn ephemeral_containers_are_judged_as_others() {
    for case in container_cases() {
        let mut moved = case.pod.clone();
        let spec = moved["spec"].as_object_mut().unwrap();
        let container = spec["containers"][0].take();
        let innocent = pod(&json!({}), &json!({"name": "innocent"}), &json!({}));
        spec["containers"] = innocent["spec"]["containers"].clone();
        spec.insert("ephemeralContainers".to_owned(), json!([container]));
        for policy in policies(&VERSIONS) {
            assert_eq!(policy.judge(&case.pod), policy.judge(&moved), "{} {policy:?}", case.name);
        }
    }
}

#[test]
fn upstream_agrees_on_the_blind_spots() {
    let all: Vec<Policy> = policies(&VERSIONS);
    let jobs: Vec<_> = samples(cases()).into_iter().map(|sample| (sample, all.clone())).collect();
    if let Some(comparisons) = psa_judge::compare(&jobs) {
        psa_judge::report("blind spots", comparisons);
    }
}

#[test]
fn the_api_server_agrees_on_the_blind_spots() {
    let valid = cases().into_iter().filter(|case| case.valid).collect();
    api_server::agrees("blind spots", &samples(valid), &policies(&VERSIONS));
}
