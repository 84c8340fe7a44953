//! A real API server with its etcd, on loopback, shared by all tests of the binary.
//!
//! There are no nodes and no controllers: what is asked is what the server admits, and dry-run requests ask that
//! without a trace.

mod certificates;
mod client;
mod server;

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

pub(crate) use client::{Client, FieldValidation, Reply};
use server::Server;

use crate::support::tool;

/// A running cluster.
pub(crate) struct Cluster {
    client: Client,
    kubeconfig: PathBuf,
    api_server: Server,
    etcd: Server,
}

/// The cluster of this binary, started when it is first asked for; `None` after reporting the skip.
pub(crate) fn cluster() -> Option<&'static Cluster> {
    static SHARED: OnceLock<Cluster> = OnceLock::new();
    let (etcd, api_server) = (tool("etcd")?, tool("kube-apiserver")?);
    Some(SHARED.get_or_init(|| Cluster::start(&etcd, &api_server)))
}

impl Cluster {
    fn start(etcd: &Path, api_server: &Path) -> Self {
        let [etcd_port, peer_port, port] = free_ports();
        let etcd_url = format!("http://127.0.0.1:{etcd_port}");
        let peer_url = format!("http://127.0.0.1:{peer_port}");
        let etcd = Server::start(etcd, |dir| {
            vec![
                format!("--data-dir={}", dir.join("data").display()),
                format!("--listen-client-urls={etcd_url}"),
                format!("--advertise-client-urls={etcd_url}"),
                format!("--listen-peer-urls={peer_url}"),
                format!("--initial-advertise-peer-urls={peer_url}"),
                format!("--initial-cluster=default={peer_url}"),
                // Nothing has to survive this process.
                "--unsafe-no-fsync".to_owned(),
            ]
        });
        let mut credentials = None;
        let api_server = Server::start(api_server, |dir| {
            let made = certificates::write(dir);
            let arguments = vec![
                format!("--etcd-servers={etcd_url}"),
                "--bind-address=127.0.0.1".to_owned(),
                format!("--secure-port={port}"),
                format!("--cert-dir={}", dir.display()),
                format!("--tls-cert-file={}", made.certificate.display()),
                format!("--tls-private-key-file={}", made.key.display()),
                "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
                // Its public half: the server does not take it from a private key in PKCS #8.
                format!("--service-account-key-file={}", made.certificate.display()),
                format!("--service-account-signing-key-file={}", made.key.display()),
                format!("--token-auth-file={}", made.tokens.display()),
                "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
                "--authorization-mode=RBAC".to_owned(),
                "--allow-privileged=true".to_owned(),
                // No controller makes the ServiceAccounts that this plugin wants every pod to have.
                "--disable-admission-plugins=ServiceAccount".to_owned(),
                // Loopback is no address that Endpoints may hold.
                "--endpoint-reconciler-type=none".to_owned(),
            ];
            credentials = Some(made);
            arguments
        });
        let credentials = credentials.expect("the server has its arguments");
        let client = Client::new(format!("https://127.0.0.1:{port}"), &credentials);
        let kubeconfig = api_server.dir().join("kubeconfig.json");
        fs::write(&kubeconfig, client.kubeconfig(&credentials).to_string()).unwrap();
        let cluster = Self { client, kubeconfig, api_server, etcd };
        cluster.wait();
        cluster
    }

    /// Waits until the server is ready; it takes seconds, on a busy machine many.
    fn wait(&self) {
        let start = Instant::now();
        while !self.client.is_ready() {
            let limit = Duration::from_secs(180);
            let logs = || format!("{}\n{}", self.etcd.log(), self.api_server.log());
            assert!(start.elapsed() < limit, "the API server is not ready: {}", logs());
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// Requests as an administrator.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// A file for `kubectl --kubeconfig`, with the rights of an administrator.
    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Makes a namespace, unless it is there.
    pub(crate) fn namespace(&self, name: &str, labels: &[(&str, &str)]) {
        let labels: Value = labels.iter().map(|&(key, value)| (key.to_owned(), Value::from(value))).collect();
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}});
        let reply = self.client.create(&namespace);
        assert!(matches!(reply.status, 201 | 409), "namespace {name}: {}", reply.message());
    }
}

/// Ports that no one listens on; held together, so that they differ.
fn free_ports() -> [u16; 3] {
    let listeners = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

/// The harness itself: the version that is pinned answers, to floe's client and to kubectl, and says no to what is no
/// object.
#[test]
fn the_cluster_is_up() {
    let (Some(cluster), Some(kubectl)) = (cluster(), tool("kubectl")) else { return };
    let version = cluster.client().get("/version");
    assert_eq!(version.body["gitVersion"], "v1.37.2", "{:#}", version.body);
    let listed = assert_cmd::Command::new(kubectl)
        .arg("--kubeconfig")
        .arg(cluster.kubeconfig())
        .args(["get", "namespaces", "--output=name"])
        .assert()
        .success();
    let listed = String::from_utf8(listed.get_output().stdout.clone()).unwrap();
    assert!(listed.contains("namespace/kube-system"), "{listed}");

    let object = |name: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "dat": {}});
    let ask = |name, validation| cluster.client().dry_run_create(&object(name), "default", validation).unwrap();
    assert_eq!(ask("fine", FieldValidation::Ignore).status, 201);
    assert_eq!(ask("No Name", FieldValidation::Ignore).status, 422);
    assert_eq!(ask("fine", FieldValidation::Strict).status, 400);
    let unknown = json!({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "t"}});
    assert!(cluster.client().dry_run_create(&unknown, "default", FieldValidation::Strict).is_none());
}
