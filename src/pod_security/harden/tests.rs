use json_patch::patch;
use serde_json::{Value, json};

use super::*;
use crate::finding::Severity;
use crate::object::template_path;

/// The built-in configuration, without writable paths: for tests of the security contexts alone.
fn contexts_only() -> PodSecurityConfig {
    PodSecurityConfig { writable_paths: Vec::new(), ..PodSecurityConfig::default() }
}

pub(super) fn harden_core(object: &Value, config: &PodSecurityConfig) -> Result<Hardening, HardenError> {
    let text = |key: &str| object[key].as_str().unwrap();
    let kind = GroupVersionKind::new(text("apiVersion"), text("kind"));
    harden(object, &template_path(&kind).unwrap(), &kind, config)
}

pub(super) fn apply(object: &Value, hardening: &Hardening) -> Value {
    let mut patched = object.clone();
    patch(&mut patched, &hardening.patch).unwrap();
    patched
}

fn pod(spec: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec})
}

fn annotated(annotations: &Value, spec: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "annotations": annotations}, "spec": spec})
}

/// The spec of a hardened Pod; checks on the way that hardening is idempotent.
fn hardened(object: &Value, config: &PodSecurityConfig) -> Value {
    let first = harden_core(object, config).unwrap();
    let patched = apply(object, &first);
    let second = harden_core(&patched, config).unwrap();
    assert_eq!(second.patch, [], "not idempotent: {patched:#}");
    assert_eq!(second.actions, []);
    assert_eq!(second.findings, first.findings);
    patched["spec"].clone()
}

fn contexts(spec: &Value) -> Value {
    hardened(&pod(spec), &contexts_only())
}

fn checks(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().map(|it| it.check.0).collect()
}

const POD_CONTEXT: &str = r#"{
    "runAsNonRoot": true, "runAsUser": 1000, "runAsGroup": 1000, "fsGroup": 1000,
    "fsGroupChangePolicy": "OnRootMismatch", "seccompProfile": {"type": "RuntimeDefault"}
}"#;

fn pod_context() -> Value {
    serde_json::from_str(POD_CONTEXT).unwrap()
}

fn container_context() -> Value {
    json!({"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]}})
}

#[test]
fn a_bare_pod_gets_everything_in_the_order_of_the_document() {
    let object = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"template": {"spec": {"containers": [{"name": "a", "image": "x"}]}}},
    });
    let hardening = harden_core(&object, &PodSecurityConfig::default()).unwrap();
    assert_eq!(
        serde_json::to_value(&hardening.patch).unwrap(),
        json!([
            {"op": "add", "path": "/spec/template/spec/containers/0/securityContext", "value": container_context()},
            {"op": "add", "path": "/spec/template/spec/containers/0/volumeMounts", "value": [
                {"name": "floe-tmp", "mountPath": "/tmp"}, {"name": "floe-home-floe", "mountPath": "/home/floe"},
            ]},
            {"op": "add", "path": "/spec/template/spec/securityContext", "value": pod_context()},
            {"op": "add", "path": "/spec/template/spec/volumes", "value": [
                {"name": "floe-tmp", "emptyDir": {}}, {"name": "floe-home-floe", "emptyDir": {}},
            ]},
        ])
    );
    let keys: Vec<&String> = hardening.patch.iter().find_map(pod_level_value).unwrap().keys().collect();
    assert_eq!(keys, ["runAsNonRoot", "runAsUser", "runAsGroup", "fsGroup", "fsGroupChangePolicy", "seccompProfile"]);
    let changes: Vec<String> = hardening.changes.iter().map(|it| format!("{}: {}", it.path, it.what)).collect();
    assert_eq!(changes[0], "spec.template.spec.containers[0].securityContext.allowPrivilegeEscalation: set to false");
    assert_eq!(changes[3], "spec.template.spec.containers[0].volumeMounts: mount the emptyDir volume floe-tmp at /tmp");
    assert_eq!(changes.last().unwrap(), "spec.template.spec.volumes: add the emptyDir volume floe-home-floe");
    assert_eq!(checks(&hardening.actions), ["filled-run-as-user"]);
    assert_eq!(hardening.actions[0].object.as_ref().unwrap().name, "web");
    assert!(hardening.findings.is_empty() && !hardening.opted_out);
}

fn pod_level_value(operation: &PatchOperation) -> Option<&serde_json::Map<String, Value>> {
    match operation {
        PatchOperation::Add(add) if add.path.as_str().ends_with("spec/securityContext") => add.value.as_object(),
        _ => None,
    }
}

#[test]
fn all_three_lists_of_containers_are_hardened() {
    let spec = json!({
        "initContainers": [{"name": "i"}, {"name": "sidecar", "restartPolicy": "Always"}],
        "containers": [{"name": "c"}],
        "ephemeralContainers": [{"name": "e", "targetContainerName": "c"}],
    });
    let result = hardened(&pod(&spec), &PodSecurityConfig::default());
    for (list, count) in [("initContainers", 2), ("containers", 1), ("ephemeralContainers", 1)] {
        for index in 0..count {
            assert_eq!(result[list][index]["securityContext"], container_context(), "{list}[{index}]");
            assert_eq!(result[list][index]["volumeMounts"].as_array().unwrap().len(), 2, "{list}[{index}]");
        }
    }
    assert_eq!(result["volumes"].as_array().unwrap().len(), 2);
}

#[test]
fn explicit_values_stay_and_gaps_between_them_are_filled() {
    let result = contexts(&json!({
        "securityContext": {"runAsUser": 65532, "fsGroup": 7, "seccompProfile": {"type": "Unconfined"}},
        "containers": [{"securityContext": {
            "allowPrivilegeEscalation": true, "readOnlyRootFilesystem": false, "capabilities": {"add": ["NET_RAW"]},
        }}],
    }));
    assert_eq!(
        result["securityContext"],
        json!({
            "runAsUser": 65532, "fsGroup": 7, "seccompProfile": {"type": "Unconfined"},
            "runAsNonRoot": true, "runAsGroup": 1000,
        })
    );
    assert_eq!(
        result["containers"][0]["securityContext"],
        json!({
            "allowPrivilegeEscalation": true, "readOnlyRootFilesystem": false,
            "capabilities": {"add": ["NET_RAW"], "drop": ["ALL"]},
        })
    );
}

#[test]
fn null_and_empty_count_as_absent_except_an_empty_drop() {
    for blank in [json!(null), json!({})] {
        let result = contexts(&json!({"securityContext": blank, "containers": [{"securityContext": blank}]}));
        assert_eq!(result["securityContext"], pod_context());
        assert_eq!(result["containers"][0]["securityContext"], container_context());
    }
    let result = contexts(&json!({
        "securityContext": {"runAsUser": null, "seccompProfile": {"type": null}},
        "initContainers": null,
        "containers": [
            {"securityContext": {"capabilities": null}},
            {"securityContext": {"capabilities": {"drop": null}}},
            {"securityContext": {"capabilities": {"drop": []}}},
            {"securityContext": {"capabilities": {"drop": ["all"]}}},
        ],
    }));
    assert_eq!(result["securityContext"], pod_context());
    let drop = |index: usize| result["containers"][index]["securityContext"]["capabilities"]["drop"].clone();
    assert_eq!([drop(0), drop(1), drop(2), drop(3)], [json!(["ALL"]), json!(["ALL"]), json!([]), json!(["all"])]);
}

#[test]
fn an_fs_group_change_policy_comes_only_with_an_fs_group() {
    let policy = |context: Value| {
        contexts(&json!({"securityContext": context}))["securityContext"]["fsGroupChangePolicy"].clone()
    };
    assert_eq!(policy(json!({"fsGroup": 5})), Value::Null);
    assert_eq!(policy(json!({"fsGroupChangePolicy": "Always"})), json!("Always"));
}

#[test]
fn a_seccomp_profile_that_would_be_rejected_is_not_written() {
    let profile = |annotation: Value, profile: Value| {
        let annotations = json!({"seccomp.security.alpha.kubernetes.io/pod": annotation});
        let object = annotated(&annotations, &json!({"securityContext": {"seccompProfile": profile}}));
        hardened(&object, &contexts_only())["securityContext"]["seccompProfile"].clone()
    };
    let filled = json!({"type": "RuntimeDefault"});
    assert_eq!(profile(json!(null), json!(null)), filled);
    assert_eq!(profile(json!("runtime/default"), json!(null)), filled);
    assert_eq!(profile(json!("docker/default"), json!(null)), filled);
    assert_eq!(profile(json!("unconfined"), json!(null)), json!(null));
    assert_eq!(profile(json!("localhost/x.json"), json!(null)), json!(null));
    let file = json!({"localhostProfile": "x.json"});
    assert_eq!(profile(json!(null), file.clone()), file);
}

#[test]
fn escalation_is_not_forbidden_where_the_api_server_would_reject_it() {
    let escalation = |context: Value| {
        let result = contexts(&json!({"containers": [{"securityContext": context}]}));
        result["containers"][0]["securityContext"]["allowPrivilegeEscalation"].clone()
    };
    assert_eq!(escalation(json!({"privileged": true})), Value::Null);
    assert_eq!(escalation(json!({"capabilities": {"add": ["CAP_SYS_ADMIN"]}})), Value::Null);
    assert_eq!(escalation(json!({"privileged": false})), json!(false));
    assert_eq!(escalation(json!({"capabilities": {"add": ["SYS_ADMIN"]}})), json!(false));
}

#[test]
fn all_capabilities_that_are_asked_for_are_not_dropped() {
    for add in ["ALL", "all"] {
        let context = json!({"capabilities": {"add": [add]}});
        let result = contexts(&json!({"containers": [{"securityContext": context}]}));
        assert_eq!(result["containers"][0]["securityContext"]["capabilities"], context["capabilities"]);
    }
}

/// Contexts of the pod and of two containers, and what becomes of `runAsNonRoot/runAsUser/runAsGroup` in each.
#[test]
fn identity_goes_to_the_pod_or_past_the_containers_that_ask_for_root() {
    let all = "true/1000/1000";
    let none = "-/-/-";
    let cases = [
        (json!({}), json!({}), json!({}), [all, none, none]),
        // A container with a user of its own inherits nothing that could hurt it.
        (json!({}), json!({"runAsUser": 1001, "runAsGroup": 0}), json!({}), [all, "-/1001/0", none]),
        // Root by number.
        (json!({}), json!({"runAsUser": 0}), json!({}), ["-/1000/-", "-/0/-", "true/-/1000"]),
        (json!({"runAsUser": 0}), json!({}), json!({}), ["-/0/-", none, none]),
        (json!({"runAsUser": 0}), json!({"runAsUser": 5}), json!({}), ["-/0/-", "true/5/1000", none]),
        // Root by permission, the user left to the image.
        (json!({}), json!({"runAsNonRoot": false}), json!({}), ["true/-/-", "false/-/-", "-/1000/1000"]),
        (json!({"runAsNonRoot": false}), json!({}), json!({}), ["false/-/-", none, none]),
        (
            json!({"runAsNonRoot": false}),
            json!({"runAsNonRoot": true}),
            json!({}),
            ["false/-/-", "true/1000/1000", none],
        ),
        // Permission that is not used.
        (json!({}), json!({"runAsNonRoot": false, "runAsUser": 5}), json!({}), [all, "false/5/-", none]),
        (json!({"runAsUser": 5, "runAsNonRoot": false}), json!({}), json!({}), ["false/5/1000", none, none]),
        // A contradiction of the author's own.
        (json!({"runAsNonRoot": true}), json!({"runAsUser": 0}), json!({}), ["true/1000/-", "-/0/-", "-/-/1000"]),
        // Values of a wrong type are explicit.
        (json!({"runAsUser": "0"}), json!({}), json!({}), ["true/\"0\"/1000", none, none]),
    ];
    for (pod_context, first, second, expected) in cases {
        let spec = json!({
            "securityContext": pod_context,
            "containers": [{"securityContext": first}, {"securityContext": second}],
        });
        let result = contexts(&spec);
        let shown = |context: &Value| {
            let keys = ["runAsNonRoot", "runAsUser", "runAsGroup"];
            keys.map(|key| context.get(key).map_or("-".to_owned(), ToString::to_string)).join("/")
        };
        let actual = [
            shown(&result["securityContext"]),
            shown(&result["containers"][0]["securityContext"]),
            shown(&result["containers"][1]["securityContext"]),
        ];
        assert_eq!(actual, expected, "{spec}");
    }
}

#[test]
fn every_filled_user_is_reported() {
    let spec = json!({"containers": [{"securityContext": {"runAsNonRoot": false}}, {}, {}]});
    let actions = harden_core(&pod(&spec), &contexts_only()).unwrap().actions;
    let reported: Vec<String> =
        actions.iter().map(|it| format!("{} {}", it.check, it.location.as_ref().unwrap().path)).collect();
    assert_eq!(
        reported,
        [
            "filled-run-as-user spec.containers[1].securityContext.runAsUser",
            "filled-run-as-user spec.containers[2].securityContext.runAsUser",
            "pod-spec-immutable ",
        ]
    );
    let spec = json!({"securityContext": {"runAsUser": 7}});
    assert_eq!(
        checks(&harden_core(&pod(&spec), &contexts_only()).unwrap().actions),
        ["filled-run-as-group", "pod-spec-immutable"]
    );
}

#[test]
fn windows_gets_run_as_non_root_and_nothing_else() {
    let only = json!({"runAsNonRoot": true});
    let containers = json!([{"name": "c"}]);
    for sign in [json!({"os": {"name": "windows"}}), json!({"nodeSelector": {"kubernetes.io/os": "windows"}})] {
        let mut spec = sign;
        spec["containers"] = containers.clone();
        let result = hardened(&pod(&spec), &PodSecurityConfig::default());
        assert_eq!(result["securityContext"], only);
        assert_eq!((&result["containers"], result.get("volumes")), (&containers, None));
    }
    let undeclared = pod(&json!({"nodeSelector": {"kubernetes.io/os": "windows"}}));
    assert_eq!(
        checks(&harden_core(&undeclared, &PodSecurityConfig::default()).unwrap().findings),
        ["windows-without-os"]
    );
    assert_eq!(
        harden_core(&pod(&json!({"os": {"name": "windows"}})), &PodSecurityConfig::default()).unwrap().findings,
        []
    );
}

#[test]
fn windows_administrators_and_host_processes_are_left_alone() {
    let administrator = json!({"windowsOptions": {"runAsUserName": "ContainerAdministrator"}});
    let result = contexts(&json!({
        "os": {"name": "windows"}, "containers": [{"securityContext": administrator}, {"name": "other"}],
    }));
    assert_eq!(result.get("securityContext"), None);
    assert_eq!(result["containers"][0]["securityContext"], administrator);
    assert_eq!(result["containers"][1]["securityContext"], json!({"runAsNonRoot": true}));
    let host = pod(&json!({
        "os": {"name": "windows"}, "hostNetwork": true, "containers": [{"name": "c"}],
        "securityContext": {"windowsOptions": {"hostProcess": true}},
    }));
    assert_eq!(harden_core(&host, &PodSecurityConfig::default()).unwrap().patch, []);
}

fn mounts(container: &Value) -> Vec<String> {
    let list = container["volumeMounts"].as_array().into_iter().flatten();
    list.map(|it| format!("{}:{}", it["name"].as_str().unwrap_or("?"), it["mountPath"].as_str().unwrap_or("?")))
        .collect()
}

/// What a container mounts, and what it mounts after hardening for `/tmp` and `/home/floe`.
#[test]
fn a_path_that_is_taken_is_left_alone() {
    let cases: [(Value, &[&str]); 10] = [
        (json!({}), &["floe-tmp:/tmp", "floe-home-floe:/home/floe"]),
        (json!({"volumeMounts": [{"name": "t", "mountPath": "/tmp"}]}), &["t:/tmp", "floe-home-floe:/home/floe"]),
        (
            json!({"volumeMounts": [{"name": "t", "mountPath": "//tmp/./"}]}),
            &["t://tmp/./", "floe-home-floe:/home/floe"],
        ),
        (json!({"volumeMounts": [{"name": "t", "mountPath": "tmp"}]}), &["t:tmp", "floe-home-floe:/home/floe"]),
        (json!({"volumeMounts": [{"name": "t", "mountPath": "/home"}]}), &["t:/home", "floe-tmp:/tmp"]),
        (json!({"volumeMounts": [{"name": "t", "mountPath": "/"}]}), &["t:/"]),
        (
            json!({"volumeMounts": [{"name": "t", "mountPath": "/tmp/x"}]}),
            &["t:/tmp/x", "floe-tmp:/tmp", "floe-home-floe:/home/floe"],
        ),
        (
            json!({"volumeMounts": [{"name": "t", "mountPath": "/tmpfs"}]}),
            &["t:/tmpfs", "floe-tmp:/tmp", "floe-home-floe:/home/floe"],
        ),
        (json!({"volumeDevices": [{"name": "d", "devicePath": "/tmp/"}]}), &["floe-home-floe:/home/floe"]),
        (json!({"volumeDevices": [{"name": "d", "devicePath": "/home/floe/sda"}]}), &["floe-tmp:/tmp"]),
    ];
    for (container, expected) in cases {
        let result = hardened(&pod(&json!({"containers": [container]})), &PodSecurityConfig::default());
        assert_eq!(mounts(&result["containers"][0]), expected, "{container}");
    }
}

#[test]
fn only_read_only_roots_get_mounts_and_only_mounted_volumes_are_made() {
    let writable = json!({"securityContext": {"readOnlyRootFilesystem": false}});
    let explicit = json!({"securityContext": {"readOnlyRootFilesystem": true}});
    let result = hardened(&pod(&json!({"containers": [writable, explicit]})), &PodSecurityConfig::default());
    assert_eq!(mounts(&result["containers"][0]), [""; 0]);
    assert_eq!(mounts(&result["containers"][1]).len(), 2);
    let result = hardened(&pod(&json!({"containers": [writable], "volumes": []})), &PodSecurityConfig::default());
    assert_eq!(result["volumes"], json!([]));
    let result = hardened(
        &pod(&json!({"containers": [{"volumeMounts": [{"name": "t", "mountPath": "/tmp"}]}],
                "volumes": [{"name": "t"}]})),
        &PodSecurityConfig::default(),
    );
    assert_eq!(result["volumes"], json!([{"name": "t"}, {"name": "floe-home-floe", "emptyDir": {}}]));
}

#[test]
fn volume_names_do_not_collide() {
    let tmp = PodSecurityConfig { writable_paths: vec!["/tmp".into()], ..PodSecurityConfig::default() };
    let name = |volumes: Value, mounts: Value| {
        let spec = json!({"volumes": volumes, "containers": [{"volumeMounts": mounts}, {}]});
        let result = hardened(&pod(&spec), &tmp);
        result["containers"][1]["volumeMounts"][0]["name"].as_str().unwrap().to_owned()
    };
    let hashed = "floe-tmp-2a8dc53e";
    assert_eq!(name(json!([]), json!([])), "floe-tmp");
    // Made by floe before.
    assert_eq!(name(json!([{"name": "floe-tmp", "emptyDir": {}}]), json!([])), "floe-tmp");
    assert_eq!(
        name(json!([{"name": "floe-tmp", "emptyDir": {}}]), json!([{"name": "floe-tmp", "mountPath": "/tmp/"}])),
        "floe-tmp"
    );
    // Somebody else's.
    let foreign = name(json!([{"name": "floe-tmp", "secret": {"secretName": "s"}}]), json!([]));
    assert!(foreign.starts_with("floe-tmp-") && foreign.len() == hashed.len(), "{foreign}");
    let elsewhere = json!([{"name": "floe-tmp", "mountPath": "/data"}]);
    assert_eq!(name(json!([{"name": "floe-tmp", "emptyDir": {}}]), elsewhere), foreign);
    let both = json!([{"name": "floe-tmp", "secret": {}}, {"name": foreign, "secret": {}}]);
    assert_eq!(name(both, json!([])), format!("{foreign}-2"));
}

#[test]
fn claims_of_a_stateful_set_own_their_names() {
    let object = json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"},
        "spec": {
            "volumeClaimTemplates": [{"metadata": {"name": "floe-tmp"}}],
            "template": {"spec": {"containers": [{"name": "c"}]}},
        },
    });
    let spec = &hardened(&object, &PodSecurityConfig::default())["template"]["spec"];
    let name = spec["volumes"][0]["name"].as_str().unwrap();
    assert!(name.starts_with("floe-tmp-"), "{name}");
    assert_eq!(spec["volumes"][1]["name"], json!("floe-home-floe"));
}

#[test]
fn paths_come_from_the_configuration_and_the_annotation() {
    let annotations = json!({"floe.dev/writable-paths": " /var/cache/, ,/tmp/x,relative,/a/../b,/tmp"});
    let object = annotated(&annotations, &json!({"containers": [{}]}));
    let limited = PodSecurityConfig { writable_size_limit: Some("64Mi".into()), ..PodSecurityConfig::default() };
    let result = hardened(&object, &limited);
    assert_eq!(
        mounts(&result["containers"][0]),
        ["floe-tmp:/tmp", "floe-home-floe:/home/floe", "floe-var-cache:/var/cache"]
    );
    assert_eq!(result["volumes"][2], json!({"name": "floe-var-cache", "emptyDir": {"sizeLimit": "64Mi"}}));
    let findings = harden_core(&object, &limited).unwrap().findings;
    assert_eq!(checks(&findings), ["writable-paths-annotation"; 2]);
    assert!(findings[0].message.contains("\"relative\"") && findings[1].message.contains("\"/a/../b\""));
}

#[test]
fn an_opt_out_on_the_template_or_the_object_leaves_everything_alone() {
    // Even a shape that could not be edited is no error then.
    let spec = json!({"containers": "broken"});
    for value in [json!("false"), json!(false)] {
        let annotations = json!({"floe.dev/harden": value});
        let on_object = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"annotations": annotations},
            "spec": {"template": {"spec": spec}},
        });
        let on_template = json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "spec": {"template": {"metadata": {"annotations": annotations}, "spec": spec}},
        });
        for object in [on_object, on_template] {
            let hardening = harden_core(&object, &PodSecurityConfig::default()).unwrap();
            assert!(hardening.opted_out && hardening.patch.is_empty() && hardening.actions.is_empty());
            assert_eq!(checks(&hardening.findings), ["harden-opted-out"]);
        }
    }
}

#[test]
fn other_values_of_the_opt_out_are_reported() {
    for (value, expected) in
        [(json!("true"), 0), (json!(null), 0), (json!("no"), 1), (json!("False"), 1), (json!(""), 1)]
    {
        let object = annotated(&json!({"floe.dev/harden": value}), &json!({"containers": [{}]}));
        let hardening = harden_core(&object, &PodSecurityConfig::default()).unwrap();
        assert!(!hardening.opted_out && !hardening.patch.is_empty());
        assert_eq!(checks(&hardening.findings).len(), expected, "{value}");
    }
}

#[test]
fn a_changed_job_is_reported_unless_it_is_made_anew() {
    let job = |metadata: Value, ttl: Value| {
        let object = json!({
            "apiVersion": "batch/v1", "kind": "Job", "metadata": metadata,
            "spec": {"ttlSecondsAfterFinished": ttl, "template": {"spec": {"containers": [{}]}}},
        });
        harden_core(&object, &PodSecurityConfig::default())
            .unwrap()
            .actions
            .into_iter()
            .any(|it| it.check == JOB_TEMPLATE_IMMUTABLE && it.severity == Severity::Warning)
    };
    let annotated = |key: &str, value: &str| json!({"name": "j", "annotations": {key: value}});
    assert!(job(json!({"name": "j"}), json!(null)));
    assert!(job(annotated("argocd.argoproj.io/sync-options", "Replace=true"), json!(null)));
    assert!(!job(json!({"name": "j"}), json!(0)));
    assert!(!job(json!({"generateName": "j-"}), json!(null)));
    assert!(!job(annotated("helm.sh/hook", "post-install"), json!(null)));
    assert!(!job(annotated("argocd.argoproj.io/hook", "PreSync"), json!(null)));
    assert!(!job(annotated("argocd.argoproj.io/sync-options", "Prune=false, Force=true"), json!(null)));
    assert!(!job(annotated("kustomize.toolkit.fluxcd.io/force", "enabled"), json!(null)));
}

#[test]
fn injected_containers_are_reported_from_annotations_and_labels() {
    let injected = |map: &str, key: &str, value: &str| {
        let object = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", map: {key: value}}, "spec": {"containers": []},
        });
        checks(&harden_core(&object, &PodSecurityConfig::default()).unwrap().findings) == ["injected-sidecars"]
    };
    assert!(injected("annotations", "sidecar.istio.io/inject", "true"));
    assert!(injected("labels", "sidecar.istio.io/inject", "true"));
    assert!(injected("annotations", "linkerd.io/inject", "ingress"));
    assert!(!injected("annotations", "sidecar.istio.io/inject", "False"));
    assert!(!injected("annotations", "linkerd.io/inject", "disabled"));
}

#[test]
fn a_wrong_shape_is_an_error_with_its_path() {
    let cases = [
        (json!({"securityContext": []}), "spec.securityContext must be a mapping, but is a list"),
        (json!({"containers": {}}), "spec.containers must be a list, but is a mapping"),
        (json!({"containers": [{}, "c"]}), "spec.containers[1] must be a mapping, but is a string"),
        (json!({"initContainers": [null]}), "spec.initContainers[0] must be a mapping, but is a null"),
        (
            json!({"containers": [{"securityContext": true}]}),
            "spec.containers[0].securityContext must be a mapping, but is a boolean",
        ),
        (
            json!({"containers": [{"securityContext": {"capabilities": ["ALL"]}}]}),
            "spec.containers[0].securityContext.capabilities must be a mapping, but is a list",
        ),
        (
            json!({"containers": [{"volumeMounts": {}}]}),
            "spec.containers[0].volumeMounts must be a list, but is a mapping",
        ),
        (json!({"containers": [{}], "volumes": 3}), "spec.volumes must be a list, but is a number"),
    ];
    for (spec, expected) in cases {
        assert_eq!(
            harden_core(&pod(&spec), &PodSecurityConfig::default()).unwrap_err().to_string(),
            expected,
            "{spec}"
        );
    }
    let object = json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": []});
    assert_eq!(
        harden_core(&object, &PodSecurityConfig::default()).unwrap_err().to_string(),
        "spec must be a mapping, but is a list"
    );
}

#[test]
fn an_object_without_a_template_is_left_alone() {
    for object in [
        json!({"apiVersion": "apps/v1", "kind": "Deployment"}),
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": null}}),
        json!({"apiVersion": "v1", "kind": "ReplicationController", "spec": {"template": {"metadata": {}}}}),
    ] {
        assert_eq!(harden_core(&object, &PodSecurityConfig::default()).unwrap(), Hardening::default());
    }
}

#[test]
fn a_user_that_no_container_would_get_is_neither_written_nor_reported() {
    let own = json!({"name": "a", "securityContext": {"runAsUser": 65534, "runAsGroup": 65534}});
    let bare = json!({"name": "b"});
    for (spec, user, group, reported) in [
        (json!({"containers": [own]}), false, false, &[][..]),
        (json!({"containers": [own], "initContainers": [own]}), false, false, &[]),
        (json!({"containers": [own], "initContainers": [bare]}), true, true, &["filled-run-as-user"]),
        (
            json!({"containers": [{"name": "a", "securityContext": {"runAsUser": 65534}}]}),
            false,
            true,
            &["filled-run-as-group"],
        ),
    ] {
        let hardening = harden_core(&pod(&spec), &contexts_only()).unwrap();
        let context = contexts(&spec)["securityContext"].clone();
        assert_eq!(context.get("runAsUser").is_some(), user, "{spec}: {context}");
        assert_eq!(context.get("runAsGroup").is_some(), group, "{spec}: {context}");
        let filled: Vec<_> = checks(&hardening.actions).into_iter().filter(|it| it.starts_with("filled")).collect();
        assert_eq!(filled, reported, "{spec}");
    }
}
