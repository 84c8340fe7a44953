//! A server whose certificate is that of a certificate authority: kubectl takes it, floe says that it does not.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};
use serde_json::json;
use tempfile::TempDir;

use crate::support::{Ran, floe, run_with};

/// What `check-cni` says of a server with a certificate of its own.
fn asked(is_ca: IsCa) -> Ran {
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    params.is_ca = is_ca;
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("ca.pem"), certificate.pem()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("https://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut tls = Stream::new(&mut connection, &mut stream);
            // That the client goes away is what it is about.
            if tls.read(&mut [0; 4096]).is_ok() {
                let _ = tls.write_all(b"HTTP/1.1 403 x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
            }
        }
    });
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "t",
        "clusters": [{"name": "t", "cluster": {"server": server, "certificate-authority": "ca.pem"}}],
        "users": [{"name": "t", "user": {}}],
        "contexts": [{"name": "t", "context": {"cluster": "t", "user": "t"}}],
    });
    fs::write(folder.path().join("kubeconfig"), kubeconfig.to_string()).unwrap();
    let mut command = floe();
    command.env_remove("KUBECONFIG").current_dir(folder.path());
    run_with(command.args(["network", "check-cni", "--kubeconfig", "kubeconfig"]), "")
}

#[test]
fn a_certificate_authority_that_stands_for_a_server_is_named() {
    let ran = asked(IsCa::Ca(BasicConstraints::Unconstrained));
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    assert!(ran.stderr.contains("its certificate is itself one of a certificate authority"), "{}", ran.stderr);
    assert!(ran.stderr.contains("CA:FALSE") && !ran.stderr.contains("made anew"), "{}", ran.stderr);
}

/// The way out that the message names.
#[test]
fn one_that_signs_itself_and_is_no_authority_is_taken() {
    let ran = asked(IsCa::ExplicitNoCa);
    assert!(!ran.stderr.contains("cannot be trusted"), "{}", ran.stderr);
}
