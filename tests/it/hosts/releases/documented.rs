//! The examples' own commands for an installation, in the cluster.

use std::fs;
use std::thread;

use super::hooks::finish;
use crate::cluster::cluster;
use crate::documentation::blocks;
use crate::hosts::majors::Helm;
use crate::support::{example_copy, run_with, snapshot, tool};

/// Renames the namespaces of an example in a file of it, because all tests share one cluster.
pub(super) fn moved(text: &str, prefix: &str) -> String {
    text.replace("floe-jobs", &format!("{prefix}-jobs"))
        .replace("floe-sales-domain", &format!("{prefix}-sales"))
        .replace(
            "\nsecurity:\n",
            &format!("\nsecurity:\n  namespaces: {{platform: {prefix}-platform, jobs: {prefix}-jobs}}\n"),
        )
}

/// Runs the commands that the README shows in `console` blocks and that have this word in them, while the hook's Job is
/// ended from outside, twice: the second time is an upgrade.
fn install(helm: &Helm, example: &str, prefix: &str, hook: &str, of: &str) {
    let (Some(cluster), Some(_)) = (cluster(), tool("kubectl")) else { return };
    let folder = example_copy(example);
    for (path, text) in snapshot(folder.path()) {
        fs::write(folder.path().join(path), moved(&text, prefix)).unwrap();
    }
    let readme = fs::read_to_string(folder.path().join("README.md")).unwrap();
    let script: String = blocks(&readme, "console").into_iter().filter(|block| block.contains("--install")).collect();
    assert!(script.contains(of), "{script}");
    let job = format!("/apis/batch/v1/namespaces/{prefix}-jobs/jobs/{hook}");
    let upgrade = script.split_once("helm upgrade").map(|(_, rest)| format!("helm upgrade{rest}")).unwrap();
    for script in [script, upgrade] {
        let mut shell = helm.shell(folder.path(), &script);
        shell.env("KUBECONFIG", cluster.kubeconfig());
        thread::scope(|scope| {
            let ended = scope.spawn(|| finish(cluster, &job));
            let ran = run_with(&mut shell, "");
            assert_eq!(ran.code, Some(0), "{script}\n{}{}", ran.stdout, ran.stderr);
            ended.join().unwrap();
        });
        fs::remove_dir_all(folder.path().join(".bin")).unwrap();
        // Helm 4 keeps the Job until the next run; this one must not be taken for that of the next.
        cluster.client().delete(&format!("{job}?propagationPolicy=Background"));
    }
    let policies = format!("/apis/networking.k8s.io/v1/namespaces/{prefix}-jobs/networkpolicies/default-deny");
    assert_eq!(cluster.client().get(&policies).status, 200);
    let namespace = cluster.client().get(&format!("/api/v1/namespaces/{prefix}-jobs")).body;
    assert_eq!(namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"], "restricted", "{namespace:#}");
}

#[test]
fn the_example_for_helm_3() {
    let Some(helm) = Helm::three() else { return };
    install(&helm, "helm3", "documented3", "sales-migrate", "--take-ownership");
}

#[test]
fn the_example_for_helm_4() {
    let Some(helm) = Helm::four() else { return };
    install(&helm, "helm4", "documented4", "orders-migrate", "--create-namespace");
}
