//! Live pods go by the name of what people made, and are judged by what floe keeps of them as by all that there is.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use super::Installation;
use crate::cluster::{Cluster, cluster};

/// The pods of a Deployment and of a `CronJob` as their controllers make them, one of a bare ReplicaSet, and one of
/// nobody.
fn workloads(cluster: &Cluster, namespace: &str) {
    cluster.namespace(namespace, &[]);
    let client = cluster.client();
    let create = |object: &Value| {
        let reply = client.create(object);
        assert!(reply.is_accepted(), "{}: {object:#}", reply.message());
        reply.body
    };
    let owner = |api_version: &str, kind: &str, name: &str, uid: &str| json!([{"apiVersion": api_version, "kind": kind, "name": name, "uid": uid, "controller": true}]);
    let template = |app: &str| {
        json!({"metadata": {"labels": {"app": app}}, "spec": {"restartPolicy": "Never",
            "containers": [{"name": "c", "image": "i"}]}})
    };
    let pod = |name: &str, app: &str, owners: Value| {
        let metadata = json!({"name": name, "namespace": namespace, "labels": {"app": app}, "ownerReferences": owners});
        create(&json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata,
                "spec": {"containers": [{"name": "c", "image": "i"}]}}));
    };
    let set = |name: &str, app: &str, owners: Value| {
        let metadata = json!({"name": name, "namespace": namespace, "ownerReferences": owners});
        let mut template = template(app);
        template["spec"]["restartPolicy"] = json!("Always");
        let spec = json!({"selector": {"matchLabels": {"app": app}}, "template": template});
        create(&json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": metadata, "spec": spec}))
    };
    let made = |object: &Value| object["metadata"]["uid"].as_str().unwrap().to_owned();
    let web =
        set("web-5d4f9c7b6d", "web", owner("apps/v1", "Deployment", "web", "00000000-0000-4000-8000-000000000001"));
    pod("web-5d4f9c7b6d-x2x4z", "web", owner("apps/v1", "ReplicaSet", "web-5d4f9c7b6d", &made(&web)));
    let bare = set("bare", "bare", json!([]));
    pod("bare-abcde", "bare", owner("apps/v1", "ReplicaSet", "bare", &made(&bare)));
    let metadata = json!({
        "name": "nightly-29000000", "namespace": namespace,
        "ownerReferences": owner("batch/v1", "CronJob", "nightly", "00000000-0000-4000-8000-000000000002"),
    });
    let job = create(&json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata,
            "spec": {"template": template("nightly")}}));
    pod("nightly-29000000-7k2lq", "nightly", owner("batch/v1", "Job", "nightly-29000000", &made(&job)));
    pod("alone", "alone", json!([]));
}

fn workload_names(report: &str, namespace: &str) -> BTreeSet<String> {
    let prefix = format!("{namespace}/");
    let words = report.split(|it: char| it.is_whitespace() || "\"',;:()".contains(it));
    words.filter(|word| word.starts_with(&prefix) && word.ends_with(']')).map(str::to_owned).collect()
}

#[test]
fn live_pods_are_called_by_what_people_made() {
    let Some(cluster) = cluster() else { return };
    let it = Installation::new(cluster, "owners");
    workloads(cluster, "owners-apps");
    let ran = it.run(&["network", "audit", "-n", "owners-apps", "-o", "json"], "");
    assert!(matches!(ran.code, Some(0 | 1)), "{}", ran.stderr);
    let expected = ["web[Deployment]", "bare[ReplicaSet]", "nightly[CronJob]", "alone[Pod]"];
    let expected: BTreeSet<String> = expected.iter().map(|it| format!("owners-apps/{it}")).collect();
    assert_eq!(workload_names(&ran.stdout, "owners-apps"), expected, "{}", ran.stdout);
}

/// Findings of one namespace: check, severity and words.
fn findings(report: &str) -> BTreeSet<String> {
    let report: Value = serde_json::from_str(report).unwrap();
    // Whether a cluster enforces is no matter of objects, and other tests change its nodes.
    let findings = report["findings"].as_array().unwrap().iter().filter(|it| it["check"] != "policies-unenforced");
    findings.map(|it| format!("{} {} {}", it["check"], it["severity"], it["message"])).collect()
}

/// What floe does not keep of live objects changes no finding: the same objects, whole, from a file.
#[test]
fn what_is_kept_of_live_objects_is_enough() {
    let Some(cluster) = cluster() else { return };
    let it = Installation::new(cluster, "kept");
    cluster.namespace("kept-jobs", &[]);
    let pods = [
        json!({"hostNetwork": true, "containers": [{"name": "c", "image": "i",
            "ports": [{"containerPort": 80, "hostPort": 80}]}]}),
        json!({"hostPID": true, "containers": [{"name": "c", "image": "i", "securityContext": {"privileged": true}}]}),
        json!({"volumes": [{"name": "h", "hostPath": {"path": "/"}}],
            "containers": [{"name": "c", "image": "i", "volumeMounts": [{"name": "h", "mountPath": "/h"}]}]}),
        json!({"volumes": [{"name": "p", "projected": {"sources": [{"configMap": {"name": "c"}}]}}],
            "containers": [{"name": "c", "image": "i"}]}),
        json!({"initContainers": [{"name": "s", "image": "i", "restartPolicy": "Always",
            "ports": [{"containerPort": 9000}]}], "containers": [{"name": "c", "image": "i",
            "livenessProbe": {"tcpSocket": {"host": "127.0.0.1", "port": 1}}}]}),
        json!({"securityContext": {"sysctls": [{"name": "kernel.msgmax", "value": "1"}],
            "seLinuxOptions": {"user": "u"}}, "containers": [{"name": "c", "image": "i",
                "securityContext": {"capabilities": {"add": ["NET_ADMIN"]}, "procMount": "Default"}}]}),
    ];
    for (number, spec) in pods.iter().enumerate() {
        let profile = if number == 3 { "unconfined" } else { "runtime/default" };
        let annotations = json!({"container.apparmor.security.beta.kubernetes.io/c": profile});
        let metadata = json!({"name": format!("p{number}"), "namespace": "kept-jobs",
            "labels": {"n": format!("{number}")}, "annotations": annotations});
        let reply =
            cluster.client().create(&json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}));
        assert!(reply.is_accepted(), "{}", reply.message());
    }
    let relabelled = json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}});
    assert_eq!(cluster.client().merge("/api/v1/namespaces/kept-jobs", &relabelled).status, 200);
    let arguments = ["network", "audit", "-n", "kept-jobs", "-o", "json"];
    let live = it.run(&arguments, "");
    assert!(matches!(live.code, Some(0 | 1)), "{}", live.stderr);

    let mut items = Vec::new();
    for (path, api_version, kind) in [
        ("/api/v1/namespaces", "v1", "Namespace"),
        ("/api/v1/namespaces/kept-jobs/pods", "v1", "Pod"),
        ("/apis/networking.k8s.io/v1/namespaces/kept-jobs/networkpolicies", "networking.k8s.io/v1", "NetworkPolicy"),
    ] {
        for mut item in cluster.client().get(path).body["items"].as_array().unwrap().clone() {
            item["apiVersion"] = api_version.into();
            item["kind"] = kind.into();
            if kind != "Namespace" || item["metadata"]["name"] == "kept-jobs" {
                items.push(item);
            }
        }
    }
    let file = it.folder.path().join("whole.json");
    fs::write(&file, json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()).unwrap();
    let whole = it.run(&[&arguments[..], &["-f", "whole.json"]].concat(), "");
    assert!(matches!(whole.code, Some(0 | 1)), "{}", whole.stderr);
    let (live, whole) = (findings(&live.stdout), findings(&whole.stdout));
    let rejected = whole.iter().filter(|it| it.contains("pod-rejected")).count();
    assert_eq!(rejected, pods.len(), "{whole:#?}");
    assert_eq!(live, whole);
}
