//! What floe has written passes floe's own checks, read as the pages and `--help` say.

use std::fs;

use tempfile::TempDir;

use crate::support::{Ran, floe, run_with};

const MANIFEST: &str = "apiVersion: floe.dev/v1\nkind: Manifest\ndomains: [{name: fin}]\n";

/// A platform whose Services name the pods of its services.
fn platform(port: u16) -> String {
    let service = |name: &str, ports: &str| {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: floe-platform}}\nspec:\n  selector: \
             {{app: {name}}}\n  ports: [{ports}]\n---\n"
        )
    };
    [
        service("polaris", &format!("{{port: 8181, targetPort: {port}}}")),
        service("otel-collector", "{name: grpc, port: 4317}, {name: http, port: 4318}"),
        service("minio", "{port: 9000}"),
    ]
    .concat()
}

fn folder(input: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("manifest.yaml"), MANIFEST).unwrap();
    fs::write(folder.path().join("input.yaml"), input).unwrap();
    folder
}

fn at(folder: &TempDir, arguments: &[&str]) -> Ran {
    run_with(floe().current_dir(folder.path()).args(arguments), "")
}

#[test]
fn policies_that_services_narrow_are_as_configured_without_the_services() {
    let folder = folder(&platform(8181));
    assert_eq!(at(&folder, &["compile", "-f", "input.yaml"]).code, Some(0));
    assert!(folder.path().join("target/network/floe-platform-allow-ingress.yaml").is_file());
    for from in ["target/network", "target"] {
        let ran = at(&folder, &["network", "validate", "-f", from]);
        assert_eq!(ran.code, Some(0), "{from}: {}", ran.stdout);
        let ran = at(&folder, &["network", "diff", "config:manifest.yaml", from]);
        assert_eq!(ran.code, Some(0), "{from}: {}", ran.stdout);
    }
    assert_eq!(at(&folder, &["network", "generate", "-f", "input.yaml", "--out", "net"]).code, Some(0));
    assert_eq!(at(&folder, &["network", "validate", "-f", "net"]).code, Some(0));
}

/// More than configured is never taken for narrowed.
#[test]
fn a_policy_that_opens_another_port_is_changed_all_the_same() {
    let folder = folder(&platform(8181));
    assert_eq!(at(&folder, &["compile", "-f", "input.yaml"]).code, Some(0));
    let file = folder.path().join("target/network/floe-jobs-allow-egress.yaml");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("port: 9000"), "{text}");
    fs::write(&file, text.replace("port: 9000", "port: 22")).unwrap();
    let ran = at(&folder, &["network", "validate", "-f", "target/network"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stdout);
    assert!(ran.stdout.contains("policy-changed"), "{}", ran.stdout);
}

/// Where a Service leads to another port than its own, only the manifests can tell.
#[test]
fn what_only_the_manifests_can_tell_is_asked_for() {
    let folder = folder(&platform(9191));
    assert_eq!(at(&folder, &["compile", "-f", "input.yaml"]).code, Some(0));
    let ran = at(&folder, &["network", "validate", "-f", "target/network"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stdout);
    assert!(ran.stdout.contains("give the manifests, too"), "{}", ran.stdout);
    let ran = at(&folder, &["network", "validate", "-f", "target"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
}

/// kubectl takes folders in the order of their names, so Namespaces have a command of their own.
#[test]
fn the_example_of_compile_applies_namespaces_first() {
    let help = at(&folder(""), &["compile", "--help"]).stdout;
    assert!(help.contains("kubectl apply -f target/namespaces && kubectl apply -R -f target"), "{help}");
}
