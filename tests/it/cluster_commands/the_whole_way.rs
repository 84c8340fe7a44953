//! From an empty cluster to a secured one, and back after somebody has changed it; with kubectl as the other hand.

use std::path::{Path, PathBuf};

use super::Installation;
use crate::cluster::{Cluster, cluster};
use crate::support::{Ran, run_with, tool};

struct Kubectl<'c> {
    program: PathBuf,
    cluster: &'c Cluster,
    folder: &'c Path,
}

impl Kubectl<'_> {
    fn run(&self, arguments: &[&str], input: &str) -> Ran {
        let mut command = assert_cmd::Command::new(&self.program);
        command.current_dir(self.folder).env_remove("KUBECONFIG").arg("--kubeconfig").arg(self.cluster.kubeconfig());
        run_with(command.args(arguments), input)
    }
}

const RENDERED: &str = r"apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: NAME-jobs}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web}]}
";

/// SC-001: every object that floe makes passes `kubectl apply --dry-run=server`, and `floe deploy` takes the same ones
/// in. FR-003.
#[test]
fn sc_001_every_generated_object_passes_kubectl_apply() {
    let (Some(cluster), Some(program)) = (cluster(), tool("kubectl")) else { return };
    let it = Installation::new(cluster, "sc001");
    it.configure("domains: [{name: sales, namespace: sc001-sales}]\n");
    let kubectl = Kubectl { program, cluster, folder: it.folder.path() };
    let rendered = RENDERED.replace("NAME", "sc001");
    let secured = crate::support::run_with(crate::support::floe().current_dir(it.folder.path()), rendered.as_str());
    assert_eq!(secured.code, Some(0), "{}", secured.stderr);
    let count = secured.stdout.lines().filter(|line| line.starts_with("kind: ")).count();
    assert!(count >= 14, "three Namespaces, nine policies, a Deployment and the summary: {}", secured.stdout);
    // A dry run makes no namespace for the objects that follow.
    for namespace in ["sc001-platform", "sc001-jobs", "sc001-sales"] {
        cluster.namespace(namespace, &[]);
    }
    for arguments in [
        &["apply", "--dry-run=server", "-f", "-"][..],
        &["apply", "--server-side", "--dry-run=server", "--force-conflicts", "-f", "-"],
    ] {
        let ran = kubectl.run(arguments, &secured.stdout);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let passed = ran.stdout.lines().filter(|line| line.ends_with("(server dry run)")).count();
        assert_eq!(passed, count, "{}\n{}", ran.stdout, ran.stderr);
    }
    let ran = it.run(&["deploy", "-f", "-", "--dry-run=server"], &rendered);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(ran.stdout.lines().filter(|line| line.ends_with("(server dry run)")).count(), count, "{}", ran.stdout);
    let ran = it.run(&["deploy", "-f", "-"], &rendered);
    assert_eq!((ran.code, ran.stdout.lines().count()), (Some(0), count), "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn deploy_audit_change_diff_and_repair() {
    let (Some(cluster), Some(program)) = (cluster(), tool("kubectl")) else { return };
    let it = Installation::new(cluster, "way");
    let kubectl = Kubectl { program, cluster, folder: it.folder.path() };
    let rendered = RENDERED.replace("NAME", "way");
    let deploy = |more: &[&str]| it.run(&[&["deploy", "-f", "-"][..], more].concat(), &rendered);
    assert_eq!(it.diff().code, Some(1), "nothing is there yet");
    let ran = deploy(&[]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let audit = || {
        let only = ["-n", "way-jobs", "-n", "way-platform", "--config", "manifest.yaml"];
        it.run(&[&["network", "audit"][..], &only].concat(), "")
    };
    let ran = audit();
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(it.diff().code, Some(0));

    let opened = r#"{"spec": {"ingress": [{}], "policyTypes": ["Ingress", "Egress"]}}"#;
    let ran =
        kubectl.run(&["patch", "networkpolicy", "default-deny", "-n", "way-jobs", "--type=merge", "-p", opened], "");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let ran = it.diff();
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stdout.contains("+++ b/way-jobs/default-deny"), "{}", ran.stdout);
    let ran = audit();
    assert_eq!(ran.code, Some(1), "the audit sees it too: {}", ran.stdout);
    assert!(ran.stdout.contains("error[policy-changed]"), "{}", ran.stdout);

    // The field is kubectl's now, although floe has never written one there; that is said before it is taken back.
    let ran = deploy(&[]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stderr.contains(".spec.ingress belongs to \"kubectl-patch\""), "{}", ran.stderr);
    let ran = deploy(&["--force-conflicts"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let ran = it.diff();
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "{}", ran.stderr);
    assert_eq!(audit().code, Some(0));
}
