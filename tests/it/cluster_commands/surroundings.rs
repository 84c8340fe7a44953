//! What is deployed is narrowed by the Services of the cluster, as `floe network diff` sees them.

use serde_json::json;

use super::Installation;
use crate::cluster::cluster;

#[test]
fn live_services_narrow_what_is_deployed() {
    let Some(cluster) = cluster() else { return };
    let it = Installation::new(cluster, "narrow");
    let wide = it.deploy();
    assert!(wide.contains("created NetworkPolicy narrow-jobs/allow-egress"), "{wide}");
    let egress = || cluster.client().get(&it.policy("allow-egress")).body["spec"]["egress"].to_string();
    assert!(!egress().contains("polaris"), "without a Service the port of every pod is open: {}", egress());

    let objects = [
        json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "polaris", "namespace": "narrow-platform"},
            "spec": {"selector": {"app": "polaris"}, "ports": [{"port": 8181, "targetPort": "catalog"}]},
        }),
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "polaris-0", "namespace": "narrow-platform", "labels": {"app": "polaris"}},
            "spec": {"containers": [{"name": "c", "image": "i",
                "ports": [{"name": "catalog", "containerPort": 9191}]}]},
        }),
    ];
    for object in objects {
        let reply = cluster.client().create(&object);
        assert!(reply.is_accepted(), "{}", reply.message());
    }
    assert_eq!(it.diff().code, Some(1), "the policies are wider than they have to be");
    let narrow = it.deploy();
    assert!(narrow.contains("configured NetworkPolicy narrow-jobs/allow-egress"), "{narrow}");
    assert!(egress().contains(r#"{"app":"polaris"}"#) && egress().contains("9191"), "{}", egress());
    let diff = it.diff();
    assert_eq!((diff.code, diff.stdout.as_str()), (Some(0), ""), "{}", diff.stderr);

    // A Service of the manifests counts before the live one of its name.
    let moved = "apiVersion: v1\nkind: Service\nmetadata: {name: polaris, namespace: narrow-platform}\n\
                 spec: {selector: {app: other}, ports: [{port: 8181}]}\n";
    let ran = it.run(&["deploy", "-f", "-", "--force-conflicts"], moved);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(egress().contains(r#"{"app":"other"}"#) && !egress().contains("9191"), "{}", egress());
}

/// Each object on a terminal, plain lines without one. `script` is the terminal.
#[test]
fn a_terminal_shows_each_object() {
    let (Some(cluster), Some(script)) = (cluster(), crate::support::tool("script")) else { return };
    let it = Installation::new(cluster, "terminal");
    let command = format!(
        "{} deploy --kubeconfig {} > out",
        crate::support::floe_path().display(),
        cluster.kubeconfig().display()
    );
    let mut terminal = assert_cmd::Command::new(script);
    terminal.env("TERM", "xterm").current_dir(it.folder.path()).args(["-qec", &command, "/dev/null"]);
    let seen = String::from_utf8(terminal.output().unwrap().stdout).unwrap();
    assert!(seen.contains("\r\x1b[Knamespaces: 1/2 Namespace terminal-"), "{seen}");
    assert!(seen.contains("NetworkPolicy terminal-jobs/"), "{seen}");
    let out = std::fs::read_to_string(it.folder.path().join("out")).unwrap();
    assert!(out.lines().count() > 5 && out.lines().all(|line| line.starts_with("created ")), "{out}");
    let plain = it.run(&["deploy"], "");
    assert!(!plain.stderr.contains('\x1b') && !plain.stderr.contains("namespaces: "), "{}", plain.stderr);
}
