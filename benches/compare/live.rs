//! Commands that talk to a cluster, against kubectl and a real API server with its etcd: equal objects, in one run.
//!
//! The pods are what controllers and kubelets make of a Deployment: with owners, a projected volume, probes,
//! environment variables, conditions, and the record of who has set what, which the server keeps itself.

use std::env;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::cluster::{Cluster, cluster};
use super::measure::{Job, median, output, peak_memory};
use super::table::{Table, Target, milliseconds};
use super::{Bench, support};

/// Requests at the same time while the cluster is filled.
const AT_ONCE: usize = 12;

/// Pods of a namespace, and the Deployments that they are of.
const PODS: usize = 50;
const DEPLOYMENTS: usize = 10;

/// How many namespaces.
struct Sizes {
    /// With ten policies each: what SC-005 speaks of.
    audited: usize,
    /// All in all; the others have three policies each.
    all: usize,
    /// Objects to deploy.
    deployed: usize,
}

pub(crate) fn rows(bench: &Bench, table: &mut Table, quick: bool) {
    let (Some(cluster), Some(kubectl)) = (cluster(), support::tool("kubectl")) else { return };
    let sizes = if quick {
        Sizes { audited: 2, all: 4, deployed: 20 }
    } else {
        Sizes { audited: 100, all: 1_000, deployed: 1_000 }
    };
    deploy(bench, table, cluster, &kubectl, sizes.deployed);
    fill(cluster, 0..sizes.audited, 10);
    audit(bench, table, cluster, &kubectl, sizes.audited);
    fill(cluster, sizes.audited..sizes.all, 3);
    memory(bench, table, cluster, sizes.all);
}

fn kubectl_job(kubectl: &Path, cluster: &Cluster) -> Job {
    Job::new(kubectl).arg("--kubeconfig").arg(cluster.kubeconfig())
}

fn audit_job(cluster: &Cluster) -> Job {
    let job = Job::new(support::floe_path()).exits_with(AUDIT_FINDS);
    ["network", "audit", "--request-timeout=120s", "-o", "json", "--kubeconfig"]
        .into_iter()
        .fold(job, Job::arg)
        .arg(cluster.kubeconfig())
}

/// The audit finds nothing that is an error.
const AUDIT_FINDS: i32 = 0;

/// The audit of a live cluster: beside what kubectl takes to print the same objects, and against the limit of SC-005.
fn audit(bench: &Bench, table: &mut Table, cluster: &Cluster, kubectl: &Path, namespaces: usize) {
    let nothing = bench.input("nothing", |_| Ok(()));
    let kinds = "namespaces,networkpolicies,pods,services,ingresses,replicasets,jobs";
    let get = ["get", kinds, "-A", "-o", "json"].into_iter().fold(kubectl_job(kubectl, cluster), Job::arg);
    let floe = audit_job(cluster);
    let (printed, theirs) = output(&get, &nothing);
    let listed: Value = serde_json::from_slice(&printed).unwrap();
    let count = |kind: &str| listed["items"].as_array().unwrap().iter().filter(|it| it["kind"] == kind).count();
    assert_eq!(count("Pod"), namespaces * PODS);
    let policies = count("NetworkPolicy");
    let (report, ours) = output(&floe, &nothing);
    let report: Value = serde_json::from_slice(&report).unwrap();
    assert_eq!(report["policies"].as_array().unwrap().len(), policies, "both have seen the same policies");
    let sink = super::Sink::Pipe;
    let (ours, theirs) = (median(&floe, ours, &nothing, &sink), median(&get, theirs, &nothing, &sink));
    let what = format!("audit of {namespaces} live namespaces, {} pods, {policies} policies", namespaces * PODS);
    let bytes = printed.len() as u64;
    let beyond = ours.as_secs_f64() - theirs.as_secs_f64();
    table.sized_row(
        &format!("{what}, against kubectl get and 1 s"),
        bytes,
        [&milliseconds(ours), &milliseconds(theirs + Duration::from_secs(1))],
        ours.as_secs_f64() / (theirs.as_secs_f64() + 1.0),
        Some(Target::AtMost { ratio: 1.0, aim: 0.5 }),
    );
    eprintln!("beyond kubectl get: {beyond:.2} s");
    table.sized_row(
        &format!("{what}, against 30 s (SC-005)"),
        bytes,
        [&milliseconds(ours), "30 s"],
        ours.as_secs_f64() / 30.0,
        Some(Target::AtMost { ratio: 1.0, aim: 0.2 }),
    );
}

/// Peak memory and time of the audit of a large cluster.
fn memory(bench: &Bench, table: &mut Table, cluster: &Cluster, namespaces: usize) {
    const BYTES: f64 = 1e9;
    let nothing = bench.input("nothing", |_| Ok(()));
    let floe = audit_job(cluster);
    let (_, time) = output(&floe, &nothing);
    let peak = peak_memory(&floe, &nothing);
    table.sized_row(
        &format!(
            "peak memory, audit of {namespaces} live namespaces with {} pods (it takes {})",
            namespaces * PODS,
            milliseconds(time)
        ),
        0,
        [&format!("{:.1} MB", peak as f64 / 1e6), &format!("{:.1} MB", BYTES / 1e6)],
        peak as f64 / BYTES,
        Some(Target::AtMost { ratio: 1.0, aim: 0.5 }),
    );
}

/// Applying new objects: both tools get the same ones, each in namespaces of its own.
fn deploy(bench: &Bench, table: &mut Table, cluster: &Cluster, kubectl: &Path, count: usize) {
    let nothing = bench.input("nothing", |_| Ok(()));
    let config = bench.input("deploy.yaml", |file| {
        use std::io::Write as _;
        let domains: Vec<String> =
            ["ours", "theirs"].iter().map(|side| format!("{{name: {side}, namespace: deploy-{side}}}")).collect();
        write!(
            file,
            "apiVersion: floe.dev/v1\nkind: Manifest\nsecurity: {{namespaces: {{platform: deploy-platform, jobs: \
             deploy-jobs}}}}\n\
             domains: [{}]\n",
            domains.join(", ")
        )
    });
    let manifests = |side: &str| {
        bench.input(&format!("deploy-{side}.json"), |file| {
            use std::io::Write as _;
            let items: Vec<Value> = (0..count)
                .map(|n| {
                    json!({
                        "apiVersion": "v1", "kind": "ConfigMap",
                        "metadata": {"name": format!("settings-{n}"), "namespace": format!("deploy-{side}")},
                        "data": {"application.yaml": format!("log: info\nnumber: {n}\n").repeat(20)},
                    })
                })
                .collect();
            write!(file, "{}", json!({"apiVersion": "v1", "kind": "List", "items": items}))
        })
    };
    let floe = |file: &Path| {
        let job = Job::new(support::floe_path()).arg("deploy").arg("--config").arg(&config);
        job.arg("--kubeconfig").arg(cluster.kubeconfig()).arg("-f").arg(file)
    };
    // The namespaces and policies are there before both.
    let empty = bench.input("empty.yaml", |file| {
        use std::io::Write as _;
        write!(file, "apiVersion: v1\nkind: List\nitems: []\n")
    });
    output(&floe(&empty), &nothing);
    let (ours_file, theirs_file) = (manifests("ours"), manifests("theirs"));
    let (_, ours) = output(&floe(&ours_file), &nothing);
    let apply = ["apply", "--server-side", "-f"].into_iter().fold(kubectl_job(kubectl, cluster), Job::arg);
    let (_, theirs) = output(&apply.arg(&theirs_file), &nothing);
    for side in ["ours", "theirs"] {
        let listed = cluster.client().get(&format!("/api/v1/namespaces/deploy-{side}/configmaps?limit=5000"));
        assert_eq!(listed.body["items"].as_array().unwrap().len(), count, "{side}");
    }
    table.sized_row(
        &format!("deploy of {count} objects, against kubectl apply --server-side"),
        std::fs::metadata(&ours_file).unwrap().len(),
        [&milliseconds(ours), &milliseconds(theirs)],
        theirs.as_secs_f64() / ours.as_secs_f64(),
        Some(Target::AtLeast { ratio: 1.0, aim: 5.0 }),
    );
}

/// Makes namespaces with pods, their `ReplicaSet`s, and so many policies each.
fn fill(cluster: &Cluster, namespaces: std::ops::Range<usize>, policies: usize) {
    let began = std::time::Instant::now();
    let next = AtomicUsize::new(namespaces.start);
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= namespaces.end {
                        return;
                    }
                    fill_namespace(cluster, n, policies);
                }
            });
        }
    });
    if env::var_os("FLOE_BENCH_QUICK").is_none() {
        eprintln!("{} namespaces filled in {:.0} s", namespaces.len(), began.elapsed().as_secs_f64());
    }
}

fn fill_namespace(cluster: &Cluster, n: usize, policies: usize) {
    let client = cluster.client();
    let name = format!("team-{n}");
    let create = |object: &Value| {
        let reply = client.create(object);
        assert!(reply.is_accepted(), "{}: {object:#}", reply.message());
        reply.body
    };
    let labels = json!({"tier": format!("t{}", n % 5), "pod-security.kubernetes.io/enforce": "restricted"});
    create(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}));
    for app in 0..DEPLOYMENTS {
        let template = json!({"metadata": {"labels": pod_labels(app)}, "spec": pod_spec(n)});
        let set = json!({
            "apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {
                "name": format!("app-{app}-{HASH}"), "namespace": name, "labels": pod_labels(app),
                "annotations": {"deployment.kubernetes.io/desired-replicas": "5",
                    "deployment.kubernetes.io/revision": "1"},
                "ownerReferences": [owner("apps/v1", "Deployment", &format!("app-{app}"), &uid(n, app))],
            },
            "spec": {"replicas": PODS / DEPLOYMENTS, "selector": {"matchLabels": pod_labels(app)},
                "template": template},
        });
        let made = create(&set);
        let set_uid = made["metadata"]["uid"].as_str().unwrap();
        for number in 0..PODS / DEPLOYMENTS {
            let pod = format!("app-{app}-{HASH}-{number:05}");
            create(&json!({
                "apiVersion": "v1", "kind": "Pod",
                "metadata": {
                    "name": pod, "generateName": format!("app-{app}-{HASH}-"), "namespace": name,
                    "labels": pod_labels(app),
                    "annotations": {"prometheus.io/scrape": "true", "checksum/config": "5b3c1f".repeat(10)},
                    "ownerReferences": [owner("apps/v1", "ReplicaSet", &format!("app-{app}-{HASH}"), set_uid)],
                },
                "spec": pod_spec(n),
            }));
            let address = format!("10.{}.{}.{}", n / 250, n % 250, app * (PODS / DEPLOYMENTS) + number + 1);
            let path = format!("/api/v1/namespaces/{name}/pods/{pod}/status");
            assert_eq!(client.merge(&path, &json!({"status": pod_status(&address)})).status, 200);
        }
    }
    for (number, spec) in policy_specs(n).into_iter().take(policies).enumerate() {
        create(&json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": format!("policy-{number}"), "namespace": name}, "spec": spec,
        }));
    }
}

/// What the Deployment controller puts behind the name of a ReplicaSet.
const HASH: &str = "5d4f9c7b6d";

fn uid(n: usize, app: usize) -> String {
    format!("00000000-0000-4000-8000-{n:06}{app:06}")
}

fn owner(api_version: &str, kind: &str, name: &str, uid: &str) -> Value {
    json!({"apiVersion": api_version, "kind": kind, "name": name, "uid": uid, "controller": true,
        "blockOwnerDeletion": true})
}

fn pod_labels(app: usize) -> Value {
    json!({
        "app.kubernetes.io/name": format!("app-{app}"), "app.kubernetes.io/instance": format!("app-{app}"),
        "app.kubernetes.io/managed-by": "Helm", "pod-template-hash": HASH,
    })
}

fn pod_spec(n: usize) -> Value {
    let probe = |path: &str| json!({"httpGet": {"path": path, "port": "http"}, "periodSeconds": 10});
    let variable = |name: &str| json!({"name": name, "value": format!("{name} of team-{n}")});
    json!({
        "nodeName": format!("node-{}", n % 100), "serviceAccountName": "default",
        "securityContext": {"runAsNonRoot": true, "runAsUser": 1000, "fsGroup": 1000,
            "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [{
            "name": "main", "image": format!("registry.example.com/team-{n}/app:1.2.3"),
            "args": ["--listen=:8080", "--log=json"],
            "env": (0..8).map(|it| variable(&format!("SETTING_{it}"))).collect::<Vec<_>>(),
            "ports": [{"name": "http", "containerPort": 8080}],
            "livenessProbe": probe("/healthz"), "readinessProbe": probe("/ready"),
            "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
            "securityContext": {
                "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]},
            },
            "volumeMounts": [
                {"name": "tmp", "mountPath": "/tmp"},
                {"name": "kube-api-access", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
                    "readOnly": true},
            ],
        }],
        "tolerations": [
            {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute",
                "tolerationSeconds": 300},
            {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute",
                "tolerationSeconds": 300},
        ],
        "volumes": [
            {"name": "tmp", "emptyDir": {}},
            {"name": "kube-api-access", "projected": {"sources": [
                {"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}},
                {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
                {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]}},
            ]}},
        ],
    })
}

fn pod_status(address: &str) -> Value {
    let condition = |kind: &str| json!({"type": kind, "status": "True", "lastTransitionTime": "2025-01-01T00:00:00Z"});
    let conditions = ["PodScheduled", "Initialized", "ContainersReady", "Ready"].map(condition);
    json!({
        "phase": "Running", "hostIP": "192.0.2.1", "hostIPs": [{"ip": "192.0.2.1"}],
        "podIP": address, "podIPs": [{"ip": address}], "startTime": "2025-01-01T00:00:00Z", "qosClass": "Burstable",
        "conditions": conditions,
        "containerStatuses": [{
            "name": "main", "image": "registry.example.com/app:1.2.3", "ready": true, "started": true,
            "restartCount": 0,
            "imageID": format!("registry.example.com/app@sha256:{}", "0123456789abcdef".repeat(4)),
            "containerID": format!("containerd://{}", "0123456789abcdef".repeat(4)),
            "state": {"running": {"startedAt": "2025-01-01T00:00:00Z"}},
        }],
    })
}

/// Ten policies of a namespace: default-deny, DNS, named ports, other namespaces by label, and the outside.
fn policy_specs(n: usize) -> Vec<Value> {
    let app =
        |shift: usize| json!({"matchLabels": {"app.kubernetes.io/name": format!("app-{}", (n + shift) % DEPLOYMENTS)}});
    let dns = json!({
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
    });
    let mut specs = vec![
        json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}),
        json!({
            "podSelector": {}, "policyTypes": ["Egress"],
            "egress": [{"to": [dns], "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}],
        }),
        json!({"podSelector": app(0), "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"podSelector": app(1)}], "ports": [{"port": "http"}]}]}),
    ];
    specs.extend((0..3).map(|k| {
        let outside = json!({"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}});
        json!({
            "podSelector": app(k), "policyTypes": ["Egress"],
            "egress": [{"to": [{"podSelector": app(k + 1)}], "ports": [{"port": 8080}]}, {"to": [outside],
                "ports": [{"port": 443}]}],
        })
    }));
    specs.extend((0..4).map(|k| {
        let tier = json!({"namespaceSelector": {"matchLabels": {"tier": format!("t{k}")}}});
        json!({"podSelector": app(k + 2), "policyTypes": ["Ingress"],
            "ingress": [{"from": [tier], "ports": [{"port": 8080}]}]})
    }));
    specs
}
