//! Clusters that change, are old, take no credentials, or are reached in other ways.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::proxy::{Fate, Proxy};
use super::{Installation, administrator, write_kubeconfig};
use crate::cluster::cluster;
use crate::support::{floe, floe_path, run_with, skip, tool};

const POLICIES: &str = "/apis/networking.k8s.io/v1/networkpolicies";

#[test]
fn pages_are_asked_for_with_a_limit() {
    let Some(cluster) = cluster() else { return };
    let it = Installation::new(cluster, "limit");
    it.deploy();
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = Arc::clone(&asked);
    let proxy = Proxy::start(cluster, move |_, path, _| {
        seen.lock().unwrap().push(path.to_owned());
        Fate::Pass
    });
    let ran = it.run_at(proxy.kubeconfig(), &["network", "diff", "config:", "cluster:"], "");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let asked = asked.lock().unwrap();
    let lists: Vec<_> = asked.iter().filter(|path| path.starts_with(POLICIES)).collect();
    assert!(lists.len() > 1 && lists.iter().all(|path| path.contains("limit=500")), "{lists:?}");
    assert!(lists[1..].iter().all(|path| path.contains("continue=")), "{lists:?}");
    let whole = asked.iter().filter(|path| path.starts_with("/api/v1/pods") && !path.contains("limit=")).count();
    assert_eq!(whole, 0, "{asked:?}");
}

#[test]
fn a_deployment_waits_as_long_as_an_overloaded_server_asks() {
    let Some(cluster) = cluster() else { return };
    let it = Installation::new(cluster, "overload");
    let start = Instant::now();
    let proxy =
        Proxy::start(cluster, |method, path, before| match (method, path.contains("overload-jobs/networkp"), before) {
            ("PATCH", true, 1) => Fate::Answer(503, "Retry-After: 1\r\n", "the server is overloaded"),
            ("PATCH", true, 2) => Fate::Answer(429, "Retry-After: 1\r\n", "too many requests"),
            _ => Fate::Pass,
        });
    let ran = it.run_at(proxy.kubeconfig(), &["deploy"], "");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(proxy.disturbed() >= 4 && start.elapsed() >= Duration::from_secs(2), "{:?}", start.elapsed());
}

const MODIFIED: &str = "Operation cannot be fulfilled on networkpolicies: the object has been modified";

/// The server answers 409 without naming a field where an object changes while it merges; asked again, it merges anew.
#[test]
fn an_object_that_changes_at_the_same_moment_is_applied_again() {
    let Some(cluster) = cluster() else { return };
    let it = Installation::new(cluster, "moment409");
    let proxy = Proxy::start(cluster, |method, path, before| {
        if method == "PATCH" && path.contains("networkpolicies") && before == 1 {
            Fate::Answer(409, "", MODIFIED)
        } else {
            Fate::Pass
        }
    });
    let ran = it.run_at(proxy.kubeconfig(), &["deploy"], "");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(proxy.disturbed() >= 2);
    assert_eq!(it.diff().code, Some(0));

    // For ever: then it is said, and the next step does not begin.
    let always = |method: &str, path: &str, _: usize| {
        if method == "PATCH" && path.contains("moment409-jobs/networkpolicies/allow") {
            Fate::Answer(409, "", MODIFIED)
        } else {
            Fate::Pass
        }
    };
    let proxy = Proxy::start(cluster, always);
    let ran = it.run_at(proxy.kubeconfig(), &["deploy"], "");
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stderr.contains("the object has been modified"), "{}", ran.stderr);
}

const DEFINED: &str = r"apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.floe.example.com}
spec:
  group: floe.example.com
  scope: Namespaced
  names: {plural: gadgets, singular: gadget, kind: Gadget}
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
---
";
const GADGET: &str = "apiVersion: floe.example.com/v1\nkind: Gadget\nmetadata: {name: g, namespace: crd-jobs}\n";

#[test]
fn a_kind_without_a_definition_is_named_and_one_with_it_is_waited_for() {
    let Some(cluster) = cluster() else { return };
    let it = Installation::new(cluster, "crd");
    let ran = it.run(&["deploy", "-f", "-"], GADGET);
    assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("the cluster has no kind Gadget of floe.example.com/v1"), "{}", ran.stderr);
    let ran = it.run(&["deploy", "-f", "-"], &format!("{DEFINED}{GADGET}"));
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.ends_with("created Gadget crd-jobs/g\n"), "{}", ran.stdout);
}

/// A server of a minor that lacks what came later: its version, and the groups of the API that it names.
fn as_of_1_27(answer: Value) -> Value {
    let mut answer = answer;
    if answer["gitVersion"].is_string() {
        answer["minor"] = json!("27");
        answer["gitVersion"] = json!("v1.27.16");
    }
    if let Some(groups) = answer["groups"].as_array_mut() {
        let newer =
            ["resource.k8s.io", "admissionregistration.k8s.io", "internal.apiserver.k8s.io", "storagemigration.k8s.io"];
        groups.retain(|group| !newer.iter().any(|name| group["name"] == *name));
    }
    answer
}

#[test]
fn a_server_of_an_older_minor_is_enough() {
    let Some(cluster) = cluster() else { return };
    let it = Installation::new(cluster, "older");
    let proxy = Proxy::start(cluster, |_, path, _| {
        if path == "/version" || path == "/apis" { Fate::Rewrite(as_of_1_27) } else { Fate::Pass }
    });
    let at = |arguments: &[&str]| it.run_at(proxy.kubeconfig(), arguments, "");
    let ran = at(&["deploy"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let ran = at(&["network", "diff", "config:", "cluster:"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "{}", ran.stderr);
    let ran = at(&["network", "audit", "-n", "older-jobs", "--cluster-version=v1.27"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert!(proxy.disturbed() > 0, "the older server was asked for what it has");
}

/// A token that expires before its time: the server says no, and the plugin is asked for another one.
#[test]
fn a_plugin_is_asked_again_for_a_token_that_has_expired() {
    let Some(cluster) = cluster() else { return };
    let it = Installation::new(cluster, "renew");
    it.deploy();
    let file = it.folder.path().join("kubeconfig");
    let count = it.folder.path().join("count");
    let whole = administrator(cluster);
    // One client may ask more than once: the first so many answers are those of the first client.
    let script = |first: usize, later: &str| {
        format!(
            "echo >> {0}; if [ $(wc -l < {0}) -gt {first} ]; then token={later}; else token=expired; fi; \
             echo '{{\"apiVersion\": \"client.authentication.k8s.io/v1\", \"kind\": \"ExecCredential\", \"status\": \
             {{\"token\": \"'$token'\"}}}}'",
            count.display()
        )
    };
    let diff = |first: usize, later: &str| {
        fs::write(&count, "").unwrap();
        let script = script(first, later);
        let exec = json!({"apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never", "command": "sh",
            "args": ["-c", script]});
        write_kubeconfig(&file, &whole["clusters"][0]["cluster"], &json!({"exec": exec}));
        let ran = it.run_at(&file, &["network", "diff", "config:", "cluster:"], "");
        (ran, fs::read_to_string(&count).unwrap().lines().count())
    };
    let (ran, once) = diff(0, "administrator");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let (ran, asked) = diff(once, "administrator");
    assert_eq!((ran.code, asked), (Some(0), 2 * once), "{}", ran.stderr);
    // It has no better one.
    let (ran, _) = diff(0, "expired");
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    assert!(ran.headline().contains("does not accept the credentials"), "{}", ran.stderr);
}

/// In a pod the files have a fixed path, so the test has a file system of its own there.
#[test]
fn in_a_pod_the_service_account_is_used() {
    let (Some(cluster), Some(unshare)) = (cluster(), tool("unshare")) else { return };
    let it = Installation::new(cluster, "inpod");
    it.deploy();
    let whole = administrator(cluster);
    let entry = &whole["clusters"][0]["cluster"];
    let (host, port) = entry["server"].as_str().unwrap().trim_start_matches("https://").split_once(':').unwrap();
    fs::copy(entry["certificate-authority"].as_str().unwrap(), it.folder.path().join("ca.crt")).unwrap();
    fs::write(it.folder.path().join("token"), "administrator").unwrap();
    fs::write(it.folder.path().join("namespace"), "inpod-jobs").unwrap();
    // The program may lie below what is covered.
    let floe = it.folder.path().join("floe");
    fs::copy(floe_path(), &floe).unwrap();
    let script = "set -e; at=/var/run/secrets/kubernetes.io/serviceaccount; mount -t tmpfs none /run; mkdir -p $at; \
                  cp ca.crt token namespace $at; exec \"$@\"";
    let inside = |arguments: &[&str]| {
        let mut command = assert_cmd::Command::new(&unshare);
        command.current_dir(it.folder.path()).env_remove("KUBECONFIG").env("HOME", it.folder.path());
        command.env("KUBERNETES_SERVICE_HOST", host).env("KUBERNETES_SERVICE_PORT", port);
        run_with(command.args(["-rm", "sh", "-c", script, "sh"]).args(arguments), "")
    };
    let tried = inside(&["true"]);
    if tried.code != Some(0) {
        skip("in_a_pod_the_service_account_is_used", &format!("no namespaces of its own: {}", tried.stderr.trim()));
        return;
    }
    let floe = floe.to_str().unwrap();
    let ran = inside(&[floe, "network", "diff", "config:", "cluster:"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "{}", ran.stderr);
    // The namespace of the pod is where an object goes that names none.
    fs::write(it.folder.path().join("map.yaml"), "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: here}\n").unwrap();
    let ran = inside(&[floe, "deploy", "-f", "map.yaml"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(cluster.client().get("/api/v1/namespaces/inpod-jobs/configmaps/here").status, 200);
}

/// A proxy that only opens tunnels, and counts them.
fn tunnel(tunnels: Arc<AtomicUsize>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let copy = |mut from: TcpStream, mut to: TcpStream| {
        // Either end may go first.
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    };
    let serve = move |client: TcpStream| -> std::io::Result<()> {
        let mut reader = BufReader::new(client.try_clone()?);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let target = line.strip_prefix("CONNECT ").and_then(|it| it.split(' ').next()).unwrap_or_default().to_owned();
        while reader.read_line(&mut line)? > 2 {}
        let server = TcpStream::connect(target)?;
        tunnels.fetch_add(1, Ordering::SeqCst);
        (&client).write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
        let (up, down) = (client.try_clone()?, server.try_clone()?);
        thread::spawn(move || copy(up, server));
        thread::spawn(move || copy(down, client));
        Ok(())
    };
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let _ = serve(client);
        }
    });
    url
}

#[test]
fn a_proxy_of_the_environment_is_used() {
    let Some(cluster) = cluster() else { return };
    let it = Installation::new(cluster, "proxied");
    it.deploy();
    let tunnels: Arc<AtomicUsize> = Arc::default();
    let url = tunnel(Arc::clone(&tunnels));
    let diff = |proxy: &str, except: &str| {
        let mut command = floe();
        command.current_dir(it.folder.path()).env("HTTPS_PROXY", proxy).env("NO_PROXY", except);
        for name in ["KUBECONFIG", "https_proxy", "no_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
            command.env_remove(name);
        }
        let config: &Path = cluster.kubeconfig();
        run_with(command.args(["network", "diff", "config:", "cluster:", "--kubeconfig"]).arg(config), "")
    };
    let ran = diff(&url, "");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let used = tunnels.load(Ordering::SeqCst);
    assert!(used > 0, "no tunnel was asked for");
    let ran = diff(&url, "127.0.0.1");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(tunnels.load(Ordering::SeqCst), used, "NO_PROXY names the server");
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ran = diff(&format!("http://{closed}"), "");
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    assert!(ran.headline().contains("cannot be reached"), "{}", ran.stderr);
}
