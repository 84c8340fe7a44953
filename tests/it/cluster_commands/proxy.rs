//! A proxy before the API server that does what networks and servers in trouble do.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cluster::Cluster;

/// What becomes of a request.
#[derive(Debug, Clone)]
pub(super) enum Fate {
    /// It is passed on.
    Pass,
    /// It gets this answer: status, further headers, and a `Status` with this message.
    Answer(u16, &'static str, &'static str),
    /// It gets this JSON.
    Json(String),
    /// The first half of the answer is passed on; then the connection ends.
    Cut,
    /// It is passed on after a while.
    Delay(Duration),
    /// It is passed on, and the answer is changed so.
    Rewrite(fn(Value) -> Value),
}

/// Decides on a request: its method and path, and how many have been made to that path before, whatever their query.
type Rule = dyn Fn(&str, &str, usize) -> Fate + Send + Sync;

/// A proxy on loopback; its thread ends with the process.
pub(super) struct Proxy {
    kubeconfig: PathBuf,
    /// Requests that did not simply pass.
    disturbed: Arc<AtomicUsize>,
    _folder: TempDir,
}

impl Proxy {
    /// Starts one. Pages are shortened to two objects, so that every list has several.
    pub(super) fn start(
        cluster: &'static Cluster,
        rule: impl Fn(&str, &str, usize) -> Fate + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let folder = TempDir::new().unwrap();
        let kubeconfig = folder.path().join("kubeconfig.json");
        super::write_kubeconfig(&kubeconfig, &json!({"server": url}), &json!({"token": "administrator"}));
        let disturbed = Arc::new(AtomicUsize::new(0));
        let rule: Arc<Rule> = Arc::new(rule);
        let seen: Arc<Mutex<std::collections::BTreeMap<String, usize>>> = Arc::default();
        let counter = Arc::clone(&disturbed);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (rule, seen, counter) = (Arc::clone(&rule), Arc::clone(&seen), Arc::clone(&counter));
                // A client that goes away is not the proxy's business.
                thread::spawn(move || drop(serve(cluster, connection, &*rule, &seen, &counter)));
            }
        });
        Self { kubeconfig, disturbed, _folder: folder }
    }

    pub(super) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    pub(super) fn disturbed(&self) -> usize {
        self.disturbed.load(Ordering::SeqCst)
    }
}

/// One request of one connection, which then ends.
fn serve(
    cluster: &Cluster,
    connection: TcpStream,
    rule: &Rule,
    seen: &Mutex<std::collections::BTreeMap<String, usize>>,
    disturbed: &AtomicUsize,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(connection.try_clone()?);
    let mut writer = connection;
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let (Some(method), Some(path)) = (words.next(), words.next()) else { return Ok(()) };
    let mut request = ureq::http::Request::builder().method(method);
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap(),
            "authorization" | "accept" | "content-type" | "impersonate-user" => request = request.header(name, value),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;

    let resource = path.split('?').next().unwrap_or_default().to_owned();
    let before = {
        let mut seen = seen.lock().unwrap();
        let count = seen.entry(resource).or_default();
        *count += 1;
        *count - 1
    };
    let fate = rule(method, path, before);
    if !matches!(fate, Fate::Pass) {
        disturbed.fetch_add(1, Ordering::SeqCst);
    }
    if let Fate::Answer(status, headers, message) = fate {
        let text =
            json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": status, "message": message})
                .to_string();
        return answer(&mut writer, status, headers, "application/json", text.as_bytes(), text.len());
    }
    if let Fate::Json(text) = &fate {
        return answer(&mut writer, 200, "", "application/json", text.as_bytes(), text.len());
    }
    if let Fate::Delay(time) = fate {
        thread::sleep(time);
    }
    let (status, kind, text) = cluster.client().pass(request, &path.replace("limit=500", "limit=2"), body);
    let text = match fate {
        Fate::Rewrite(change) => change(serde_json::from_slice(&text).unwrap()).to_string().into_bytes(),
        _ => text,
    };
    let sent = if matches!(fate, Fate::Cut) { text.len() / 2 } else { text.len() };
    answer(&mut writer, status, "", &kind, &text[..sent], text.len())
}

fn answer(
    writer: &mut TcpStream,
    status: u16,
    headers: &str,
    kind: &str,
    body: &[u8],
    length: usize,
) -> std::io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status} Status\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\
         {headers}\r\n"
    );
    writer.write_all(head.as_bytes())?;
    writer.write_all(body)?;
    writer.flush()
}
