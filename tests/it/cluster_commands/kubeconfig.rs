use std::fs;
use std::net::TcpListener;
use std::path::Path;

use serde_json::{Value, json};

use super::{Installation, administrator, write_kubeconfig};
use crate::cluster::cluster;
use crate::support::{Ran, floe, run_with};

/// Runs a comparison that needs a cluster, with an environment of its own.
fn diff(it: &Installation, environment: &[(&str, &Path)], arguments: &[&str]) -> Ran {
    let mut command = floe();
    command.env_remove("KUBECONFIG").env("HOME", it.folder.path()).current_dir(it.folder.path());
    command.envs(environment.iter().copied()).args(["network", "diff", "config:"]);
    if !arguments.iter().any(|it| it.starts_with("cluster:")) {
        command.arg("cluster:");
    }
    run_with(command.args(arguments), "")
}

fn fails(ran: &Ran, code: i32, words: &str) {
    assert_eq!(ran.code, Some(code), "{}", ran.stderr);
    assert!(ran.headline().contains(words), "{words} is missing in {}", ran.stderr);
    assert!(ran.stderr.contains("help: "), "{}", ran.stderr);
}

#[test]
fn the_cluster_is_found_as_kubectl_finds_it() {
    let Some(cluster) = cluster() else { return };
    let it = Installation::new(cluster, "found");
    it.deploy();
    let path = |name: &str| it.folder.path().join(name);
    let whole = administrator(cluster);
    let part = |keys: &[&str]| -> Value {
        let kept = whole.as_object().unwrap().iter().filter(|(key, _)| keys.contains(&key.as_str()));
        Value::Object(kept.map(|(key, value)| (key.clone(), value.clone())).collect())
    };
    fs::write(path("clusters"), part(&["apiVersion", "kind", "clusters"]).to_string()).unwrap();
    fs::write(path("rest"), part(&["apiVersion", "kind", "users", "contexts", "current-context"]).to_string()).unwrap();
    let files = std::env::join_paths([path("clusters"), path("missing"), path("rest")]).unwrap();
    let ran = diff(&it, &[("KUBECONFIG", Path::new(&files))], &[]);
    assert_eq!(ran.code, Some(0), "several files, one of them missing: {}", ran.stderr);
    fs::create_dir(path(".kube")).unwrap();
    fs::copy(cluster.kubeconfig(), path(".kube/config")).unwrap();
    assert_eq!(diff(&it, &[], &[]).code, Some(0), "~/.kube/config");
    assert_eq!(diff(&it, &[], &["--context", "t"]).code, Some(0));
    fails(&diff(&it, &[], &["--context", "other"]), 2, "there is no context `other`; it has t");
    fails(&diff(&it, &[], &["cluster:other"]), 2, "there is no context `other`; it has t");
    fails(&diff(&it, &[], &["--kubeconfig", "missing"]), 2, "missing");
    fs::write(path("broken"), "clusters: [").unwrap();
    fails(&diff(&it, &[], &["--kubeconfig", "broken"]), 2, "broken");
    fs::remove_dir_all(path(".kube")).unwrap();
    fails(&diff(&it, &[], &[]), 2, "there is none, and floe does not run in a pod");
}

#[test]
fn credentials_come_from_plugins() {
    let Some(cluster) = cluster() else { return };
    let it = Installation::new(cluster, "plugin");
    it.deploy();
    let whole = administrator(cluster);
    let file = it.folder.path().join("kubeconfig");
    let plugin = |script: &str| {
        let exec = json!({"apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never", "command": "sh",
            "args": ["-c", script]});
        write_kubeconfig(&file, &whole["clusters"][0]["cluster"], &json!({"exec": exec}));
        diff(&it, &[("KUBECONFIG", &file)], &[])
    };
    let credential = r#"echo '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "administrator"}}'"#;
    assert_eq!(plugin(credential).code, Some(0));
    fails(&plugin("echo 'please log in' >&2; exit 1"), 4, "there are no credentials");
}

#[test]
fn a_server_that_is_not_reached_or_not_trusted_is_named() {
    let Some(cluster) = cluster() else { return };
    let it = Installation::new(cluster, "trust");
    let file = it.folder.path().join("kubeconfig");
    let whole = administrator(cluster);
    let at = |cluster: &Value, token: &str| {
        write_kubeconfig(&file, cluster, &json!({"token": token}));
        diff(&it, &[("KUBECONFIG", &file)], &[])
    };
    let mut right = whole["clusters"][0]["cluster"].clone();
    fails(&at(&right, "expired"), 4, "does not accept the credentials");

    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    fails(&at(&json!({"server": format!("http://{closed}")}), "administrator"), 4, "cannot be reached: ");
    fails(&at(&json!({"server": "https://floe.invalid:6443"}), "administrator"), 4, "cannot be reached: ");

    let other = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let ca = it.folder.path().join("other.crt");
    fs::write(&ca, other.cert.pem()).unwrap();
    right["certificate-authority"] = json!(ca);
    fails(&at(&right, "administrator"), 4, "cannot be trusted: ");
}
