//! What each host prints, applied by kubectl: from the client and from the server, twice, without a conflict.

use std::path::Path;
use std::str;

use super::majors::{Helm, post_renderer};
use crate::cluster::{Cluster, cluster};
use crate::support::{OnPath, example_copy, project, tool};

/// The namespaces of the examples under other names, because all tests share one cluster.
fn moved(stream: &str, name: &str) -> String {
    ["floe-jobs", "floe-platform", "floe-sales-domain"].iter().fold(stream.to_owned(), |stream, namespace| {
        stream.replace(namespace, &namespace.replace("floe-", &format!("{name}-")))
    })
}

/// What kubectl says to each object of a stream.
fn apply(cluster: &Cluster, kubectl: &Path, flags: &[&str], stream: &str) -> Vec<String> {
    let mut command = assert_cmd::Command::new(kubectl);
    command.arg("--kubeconfig").arg(cluster.kubeconfig()).args(["apply", "-f", "-"]).args(flags);
    let success = command.write_stdin(stream).assert().success();
    let lines = str::from_utf8(&success.get_output().stdout).unwrap();
    lines.lines().map(str::to_owned).collect()
}

/// Applies both ways; the second time nothing changes, and then the server takes over from the client.
fn assert_applies(name: &str, stream: &str) {
    let (Some(cluster), Some(kubectl)) = (cluster(), tool("kubectl")) else { return };
    let server = moved(stream, &format!("{name}-server"));
    let first = apply(cluster, &kubectl, &["--server-side"], &server);
    assert!(first.len() > 8 && first.iter().all(|line| line.ends_with(" serverside-applied")), "{first:#?}");
    let found = |stream: &str, verb: &str| {
        let jobs = if verb == "server" { format!("{name}-server-jobs") } else { format!("{name}-client-jobs") };
        assert!(stream.contains(&jobs));
        let policy = format!("/apis/networking.k8s.io/v1/namespaces/{jobs}/networkpolicies/default-deny");
        cluster.client().get(&policy).body["metadata"]["resourceVersion"].clone()
    };
    let version = found(&server, "server");
    assert!(version.is_string());
    apply(cluster, &kubectl, &["--server-side"], &server);
    assert_eq!(version, found(&server, "server"), "{name}: the second apply changed a policy");

    let client = moved(stream, &format!("{name}-client"));
    let first = apply(cluster, &kubectl, &[], &client);
    assert!(first.iter().all(|line| line.ends_with(" created")), "{first:#?}");
    let second = apply(cluster, &kubectl, &[], &client);
    assert!(second.iter().all(|line| line.ends_with(" unchanged")), "{second:#?}");
    let taken = apply(cluster, &kubectl, &["--server-side"], &client);
    assert_eq!(taken.len(), first.len());
}

#[test]
fn output_of_both_helms() {
    let Some(helms) = Helm::both() else { return };
    for helm in &helms {
        let example = example_copy("helm3");
        let mut arguments = vec!["template", "sales", "chart", "-n", "floe-sales-domain"];
        arguments.extend(post_renderer(&["--config", "manifest.yaml"]));
        let ran = helm.run(example.path(), &arguments);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        assert_applies(&format!("helm{}", helm.major), &ran.stdout);
    }
}

#[test]
fn output_of_a_transformer_of_kustomize() {
    let Some(kustomize) = tool("kustomize") else { return };
    let folder = tempfile::tempdir().unwrap();
    super::write_kustomization(folder.path(), "");
    let on_path = OnPath::new();
    let mut command = on_path.command(&kustomize);
    command.current_dir(folder.path()).args(["build", "--enable-alpha-plugins", "--enable-exec", "."]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_applies("kustomize", str::from_utf8(&output.stdout).unwrap());
}

#[test]
fn output_of_the_filter() {
    let stream = std::fs::read_to_string(project().join("examples/platform/expected.yaml")).unwrap();
    // The server fills in volumeClaimTemplates, and kubectl then finds a difference and a conflict, with and without
    // floe.
    let documents = stream.split_inclusive("\n---\n").filter(|document| !document.contains("\nkind: StatefulSet\n"));
    let kept: Vec<&str> = documents.collect();
    assert_eq!(kept.len() + 1, stream.split_inclusive("\n---\n").count());
    assert_applies("filter", &kept.concat());
}
