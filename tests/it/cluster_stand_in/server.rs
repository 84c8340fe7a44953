//! A server that answers floe as an API server does, over plain HTTP and from memory.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Ran, floe, run_with};

/// Kinds by the version that they are of: kind, name in paths, whether they are in namespaces.
const KINDS: [(&str, &str, &str, bool); 10] = [
    ("v1", "Namespace", "namespaces", false),
    ("v1", "Pod", "pods", true),
    ("v1", "Service", "services", true),
    ("v1", "ConfigMap", "configmaps", true),
    ("v1", "Node", "nodes", false),
    ("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", true),
    ("apps/v1", "Deployment", "deployments", true),
    ("apps/v1", "DaemonSet", "daemonsets", true),
    ("discovery.k8s.io/v1", "EndpointSlice", "endpointslices", true),
    ("coordination.k8s.io/v1", "Lease", "leases", true),
];

/// What is there, by the path of the object.
type Objects = Arc<Mutex<BTreeMap<String, Value>>>;

/// Whether a request of a method and path, without its query, is refused by RBAC.
type Forbids = fn(&str, &str) -> bool;

/// A cluster in memory, and a folder with a kubeconfig to run floe in.
pub(super) struct StandIn {
    objects: Objects,
    folder: TempDir,
}

impl StandIn {
    /// One that holds some objects.
    pub(super) fn new(objects: impl IntoIterator<Item = Value>) -> Self {
        Self::forbidding(objects, |_, _| false)
    }

    /// One whose user may not do everything.
    pub(super) fn forbidding(objects: impl IntoIterator<Item = Value>, forbids: Forbids) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = format!("http://{}", listener.local_addr().unwrap());
        let folder = TempDir::new().unwrap();
        let kubeconfig = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "t",
            "clusters": [{"name": "t", "cluster": {"server": server}}],
            "users": [{"name": "t", "user": {}}],
            "contexts": [{"name": "t", "context": {"cluster": "t", "user": "t"}}],
        });
        fs::write(folder.path().join("kubeconfig"), kubeconfig.to_string()).unwrap();
        let known: Objects = Arc::default();
        let stand_in = Self { objects: Arc::clone(&known), folder };
        for object in objects {
            stand_in.put(object);
        }
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let known = Arc::clone(&known);
                thread::spawn(move || serve(&stream, &known, forbids));
            }
        });
        stand_in
    }

    /// Stores an object.
    pub(super) fn put(&self, object: Value) {
        let path = path_of(&object);
        self.objects.lock().unwrap().insert(path, stored(object, None));
    }

    /// Everything that it holds.
    pub(super) fn all(&self) -> Vec<Value> {
        self.objects.lock().unwrap().values().cloned().collect()
    }

    /// Whether there is an object whose path ends so.
    pub(super) fn has(&self, end: &str) -> bool {
        self.objects.lock().unwrap().keys().any(|path| path.ends_with(end))
    }

    /// An object by the end of its path.
    pub(super) fn get(&self, end: &str) -> Value {
        let objects = self.objects.lock().unwrap();
        objects.iter().find(|(path, _)| path.ends_with(end)).map(|(_, it)| it.clone()).unwrap_or_default()
    }

    /// The folder in which floe runs.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file into the folder in which floe runs.
    pub(super) fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// Runs floe against it.
    pub(super) fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = floe();
        command
            .env_remove("KUBECONFIG")
            .current_dir(self.folder())
            .args(arguments)
            .args(["--kubeconfig", "kubeconfig"]);
        run_with(&mut command, "")
    }
}

fn path_of(object: &Value) -> String {
    let version = object["apiVersion"].as_str().unwrap();
    let kind = object["kind"].as_str().unwrap();
    let (_, _, plural, is_namespaced) = KINDS.into_iter().find(|it| (it.0, it.1) == (version, kind)).unwrap();
    let root = if version.contains('/') { "/apis" } else { "/api" };
    let name = object["metadata"]["name"].as_str().unwrap();
    match object["metadata"]["namespace"].as_str().filter(|_| is_namespaced) {
        Some(namespace) => format!("{root}/{version}/namespaces/{namespace}/{plural}/{name}"),
        None => format!("{root}/{version}/{plural}/{name}"),
    }
}

/// An object as a server keeps it: a new version where something has changed.
fn stored(mut object: Value, before: Option<&Value>) -> Value {
    let version = before.and_then(|it| it["metadata"]["resourceVersion"].as_str()?.parse().ok()).unwrap_or(0_u32);
    let same = |object: &mut Value, version: u32| {
        object["metadata"]["resourceVersion"] = json!(version.to_string());
        object["metadata"]["uid"] = json!("u");
    };
    same(&mut object, version);
    if before != Some(&object) {
        same(&mut object, version + 1);
    }
    object
}

fn serve(stream: &TcpStream, objects: &Objects, forbids: Forbids) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let mut words = line.split_whitespace().map(str::to_owned);
        let (Some(method), Some(target)) = (words.next(), words.next()) else { return };
        let mut length = 0;
        loop {
            let mut header = String::new();
            if reader.read_line(&mut header).unwrap_or(0) < 3 {
                break;
            }
            if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let (status, answer) = answer(&method, &target, &body, &mut objects.lock().unwrap(), forbids);
        let answer = answer.to_string();
        let head = format!(
            "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            answer.len()
        );
        if (&mut &*stream).write_all((head + &answer).as_bytes()).is_err() {
            return;
        }
    }
}

fn refusal(code: u16, message: &str) -> (u16, Value) {
    (code, json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "message": message}))
}

fn answer(
    method: &str,
    target: &str,
    body: &[u8],
    objects: &mut BTreeMap<String, Value>,
    forbids: Forbids,
) -> (u16, Value) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if forbids(method, path) {
        return refusal(403, &format!("forbidden: User \"limited\" cannot {method} {path}"));
    }
    if path == "/apis" {
        return (200, json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": []}));
    }
    let version = path.strip_prefix("/apis/").or_else(|| path.strip_prefix("/api/")).unwrap_or_default();
    if KINDS.iter().any(|it| it.0 == version) {
        let of = KINDS.iter().filter(|it| it.0 == version);
        let resources: Vec<Value> = of
            .map(|(_, kind, name, namespaced)| json!({"name": name, "kind": kind, "namespaced": namespaced}))
            .collect();
        return (200, json!({"kind": "APIResourceList", "apiVersion": "v1", "resources": resources}));
    }
    let last = path.rsplit('/').next().unwrap_or_default();
    match method {
        "GET" if objects.contains_key(path) => (200, objects[path].clone()),
        "GET" if ["replicasets", "jobs", "ingresses"].contains(&last) || KINDS.iter().any(|it| it.2 == last) => {
            (200, list(path, query, last, objects))
        }
        "PATCH" | "PUT" | "POST" => {
            let mut object: Value = serde_json::from_slice(body).unwrap();
            let path = if method == "POST" {
                format!("{path}/{}", object["metadata"]["name"].as_str().unwrap())
            } else {
                path.to_owned()
            };
            let before = objects.get(&path);
            if method == "POST" && before.is_some() {
                return refusal(409, "already exists");
            }
            let asked = object.pointer("/metadata/resourceVersion").cloned();
            if asked.is_some() && asked.as_ref() != before.and_then(|it| it.pointer("/metadata/resourceVersion")) {
                return refusal(409, "the object has been modified");
            }
            if let Some(namespace) = path.split("/namespaces/").nth(1).and_then(|it| it.split_once('/')) {
                object["metadata"]["namespace"] = json!(namespace.0);
            }
            let object = stored(object, before);
            let code = if before.is_some() { 200 } else { 201 };
            if !query.contains("dryRun=All") {
                objects.insert(path, object.clone());
            }
            (code, object)
        }
        "DELETE" => {
            if String::from_utf8_lossy(body).contains("dryRun") {
                return (200, json!({"kind": "Status", "status": "Success"}));
            }
            match objects.remove(path) {
                Some(_) => (200, json!({"kind": "Status", "status": "Success"})),
                None => refusal(404, "not found"),
            }
        }
        _ => refusal(404, "not found"),
    }
}

/// A list of a collection, of all namespaces or of one, of those that the query selects.
fn list(path: &str, query: &str, plural: &str, objects: &BTreeMap<String, Value>) -> Value {
    let query = query.replace("%2F", "/").replace("%3D", "=");
    let kind = KINDS.iter().find(|it| it.2 == plural);
    let (version, kind) = kind.map_or(("v1", "Other"), |it| (it.0, it.1));
    let inside = |at: &str| match path.split_once("/namespaces/") {
        Some(_) => at.starts_with(&format!("{path}/")),
        None => at.split('/').rev().nth(1) == Some(plural),
    };
    let is_selected = |object: &Value| {
        query.split('&').all(|part| match part.split_once('=') {
            Some(("labelSelector", selector)) => {
                selector.split_once('=').is_some_and(|(key, value)| object["metadata"]["labels"][key] == value)
            }
            Some(("fieldSelector", selector)) => {
                selector.strip_prefix("metadata.name=").is_some_and(|name| object["metadata"]["name"] == name)
            }
            _ => true,
        })
    };
    let items: Vec<&Value> =
        objects.iter().filter(|(at, object)| inside(at) && is_selected(object)).map(|(_, it)| it).collect();
    json!({"kind": format!("{kind}List"), "apiVersion": version, "metadata": {"resourceVersion": "1"}, "items": items})
}
