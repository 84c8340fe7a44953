//! A static program has no libraries to ask for the address of a name: it has to find it by itself, where nothing else
//! is.

use std::fs;
use std::net::TcpListener;
use std::process::Command;
use std::thread;

use serde_json::json;
use tempfile::TempDir;

use super::archive::Release;
use crate::support::{skip, test_name, tool};

#[test]
fn names_are_resolved_in_an_empty_file_system() {
    let (Some(release), Some(unshare)) = (Release::unpack(), tool("unshare")) else { return };
    let root = TempDir::new().unwrap();
    fs::copy(release.program(), root.path().join("floe")).unwrap();
    let inside = |arguments: &[&str]| {
        let mut command = Command::new(&unshare);
        command.args(["--map-root-user", "--root"]).arg(root.path()).arg("/floe").args(arguments).env_clear();
        command.output().unwrap()
    };
    let tried = inside(&["--version"]);
    if !tried.status.success() {
        let why = format!("no namespaces of its own: {}", String::from_utf8_lossy(&tried.stderr).trim());
        skip(&test_name(), &why);
        return;
    }

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    // Whoever comes has found the address; it gets no answer.
    let visits = thread::spawn(move || listener.accept().is_ok());
    fs::create_dir(root.path().join("etc")).unwrap();
    fs::write(root.path().join("etc/hosts"), "127.0.0.1 api.cluster.test\n").unwrap();
    // An empty file system has no authorities, so the kubeconfig brings one.
    let authority = rcgen::generate_simple_self_signed(["api.cluster.test".to_owned()]).unwrap();
    fs::write(root.path().join("ca.crt"), authority.cert.pem()).unwrap();
    let ask = |name: &str| {
        let kubeconfig = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "t", "cluster": {
                "server": format!("https://{name}:{port}"), "certificate-authority": "/ca.crt",
            }}],
            "users": [{"name": "t", "user": {"token": "t"}}],
            "contexts": [{"name": "t", "context": {"cluster": "t", "user": "t"}}],
            "current-context": "t",
        });
        fs::write(root.path().join("kubeconfig"), kubeconfig.to_string()).unwrap();
        inside(&["network", "check-cni", "--kubeconfig", "/kubeconfig", "--request-timeout", "2s"])
    };
    let ran = ask("no.cluster.test");
    assert_eq!(ran.status.code(), Some(4), "{}", String::from_utf8_lossy(&ran.stderr));
    assert!(!visits.is_finished(), "a name that is nowhere has an address");
    let ran = ask("api.cluster.test");
    assert_eq!(ran.status.code(), Some(4));
    assert!(visits.is_finished(), "not found: {}", String::from_utf8_lossy(&ran.stderr));
}
