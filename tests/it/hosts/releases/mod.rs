//! Real releases in a real cluster: what Helm 3 and Helm 4 make of what floe adds.

mod documented;
mod helmfile;
mod hooks;
mod refused;
mod removal;
mod sharing;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::majors::{DEPLOYMENT, Helm, post_renderer, write_chart};
use crate::cluster::{Cluster, cluster};
use crate::support::{Ran, run_with};

/// A chart, floe's configuration, and namespaces that no other test uses.
struct Workspace<'h> {
    cluster: &'static Cluster,
    helm: &'h Helm,
    /// What the namespaces begin with.
    name: String,
    folder: TempDir,
}

impl<'h> Workspace<'h> {
    fn new(cluster: &'static Cluster, helm: &'h Helm, name: &str) -> Self {
        let place = Self { cluster, helm, name: format!("{name}{}", helm.major), folder: TempDir::new().unwrap() };
        write_chart(place.folder(), &[("web.yaml", DEPLOYMENT)]);
        place.configure("");
        place
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes the configuration, with more at the end of `security`.
    fn configure(&self, more: &str) {
        let name = &self.name;
        let text = format!(
            "apiVersion: floe.dev/v1\nkind: Manifest\nsecurity:\n  namespaces: {{platform: {name}-platform, jobs: \
             {name}-jobs}}\n{more}"
        );
        fs::write(self.folder().join("manifest.yaml"), text).unwrap();
    }

    /// The namespace of the releases.
    fn jobs(&self) -> String {
        format!("{}-jobs", self.name)
    }

    /// A command of Helm, with the cluster.
    fn command(&self, arguments: &[&str]) -> assert_cmd::Command {
        let mut command = self.helm.command(self.folder(), arguments);
        command.args(["-n", &self.jobs(), "--kubeconfig"]).arg(self.cluster.kubeconfig());
        command
    }

    /// Runs Helm without floe.
    fn run(&self, arguments: &[&str]) -> Ran {
        run_with(&mut self.command(arguments), "")
    }

    /// Runs Helm without floe, which has to go well.
    fn succeed_alone(&self, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "Helm {} {arguments:?}: {}", self.helm.major, ran.stderr);
        ran
    }

    /// Runs Helm with floe, which gets more arguments.
    fn run_with_floe(&self, arguments: &[&str], of_floe: &[&str]) -> Ran {
        let jobs = self.jobs();
        let mut of_floe_all = vec!["--config", "manifest.yaml", "--namespace", &jobs];
        of_floe_all.extend(of_floe);
        run_with(self.command(arguments).args(post_renderer(&of_floe_all)), "")
    }

    /// Runs Helm with floe, which has to go well.
    fn succeed(&self, arguments: &[&str], of_floe: &[&str]) {
        let ran = self.run_with_floe(arguments, of_floe);
        assert_eq!(ran.code, Some(0), "Helm {} {arguments:?}: {}", self.helm.major, ran.stderr);
    }

    /// Makes the releases' namespace, as somebody else.
    fn make_namespace(&self) {
        self.cluster.namespace(&self.jobs(), &[]);
    }

    /// The objects of a kind in the releases' namespace, by name.
    fn live(&self, collection: &str) -> Vec<String> {
        let reply = self.cluster.client().get(&self.path(collection));
        let items = reply.body["items"].as_array().unwrap_or_else(|| panic!("{collection}: {:#}", reply.body));
        items.iter().map(|item| item["metadata"]["name"].as_str().unwrap().to_owned()).collect()
    }

    /// The path of a resource of the releases' namespace, such as `deployments/web`.
    fn path(&self, resource: &str) -> String {
        let group = match resource.split('/').next().unwrap() {
            "deployments" => "/apis/apps/v1",
            "jobs" => "/apis/batch/v1",
            "networkpolicies" => "/apis/networking.k8s.io/v1",
            _ => "/api/v1",
        };
        format!("{group}/namespaces/{}/{resource}", self.jobs())
    }

    /// A live object, or the status that says that there is none.
    fn get(&self, resource: &str) -> Value {
        self.cluster.client().get(&self.path(resource)).body
    }

    /// The pod spec of a live Deployment.
    fn pod(&self, deployment: &str) -> Value {
        let mut live = self.get(&format!("deployments/{deployment}"));
        live["spec"]["template"]["spec"].take()
    }

    /// A live Namespace of this place: `jobs` or `platform`.
    fn namespace(&self, role: &str) -> Value {
        self.cluster.client().get(&format!("/api/v1/namespaces/{}-{role}", self.name)).body
    }

    /// Checks that namespaces are labelled and closed, and that a release's pods are hardened.
    fn assert_secured(&self, deployment: &str) {
        let labels = &self.namespace("jobs")["metadata"]["labels"];
        assert_eq!(labels["pod-security.kubernetes.io/enforce"], "restricted", "{labels}");
        let policies = self.live("networkpolicies");
        assert!(policies.iter().any(|name| name == "default-deny"), "{policies:?}");
        assert_eq!(self.pod(deployment)["securityContext"]["runAsNonRoot"], true);
    }

    /// Checks that both Namespaces stay and are not about to go, and with them what somebody else has put there.
    fn assert_namespaces_stay(&self) {
        for role in ["jobs", "platform"] {
            let namespace = self.namespace(role);
            assert_eq!(namespace["status"]["phase"], "Active", "{namespace:#}");
            assert!(namespace["metadata"]["deletionTimestamp"].is_null(), "{namespace:#}");
        }
        assert_eq!(self.get("configmaps/of-somebody")["data"]["a"], "b");
    }

    /// Puts a ConfigMap into the releases' namespace that no release knows.
    fn put_something(&self) {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "of-somebody", "namespace": self.jobs()}, "data": {"a": "b"}});
        assert_eq!(self.cluster.client().create(&object).status, 201);
    }
}

/// Both majors and the cluster; `None` after reporting the skip.
fn both() -> Option<(&'static Cluster, [Helm; 2])> {
    Some((cluster()?, Helm::both()?))
}

/// Helm makes the namespace and floe's Namespace comes too late for Helm 3: the first run fails, the second heals it.
/// The README says to make the namespace first. Helm 4 applies over what it has made.
#[test]
fn pain_02_a_namespace_that_does_not_exist() {
    let Some((cluster, helms)) = both() else { return };
    for helm in &helms {
        let place = Workspace::new(cluster, helm, "absent");
        let install = ["upgrade", "--install", "web", "chart", "--create-namespace"];
        if helm.major == 3 {
            let ran = place.run_with_floe(&install, &[]);
            assert_ne!(ran.code, Some(0), "Helm 3 copes now: the README can say so");
            assert!(ran.stderr.contains("already exists"), "{}", ran.stderr);
        }
        place.succeed(&install, &[]);
        place.assert_secured("web");
    }
}

#[test]
fn pain_02_a_namespace_that_exists_is_taken_over_if_asked() {
    let Some((cluster, helms)) = both() else { return };
    for helm in &helms {
        let place = Workspace::new(cluster, helm, "exists");
        place.make_namespace();
        let ran = place.run_with_floe(&["install", "web", "chart"], &[]);
        assert_ne!(ran.code, Some(0));
        assert!(ran.stderr.contains("invalid ownership metadata"), "{}", ran.stderr);
        assert_eq!(place.live("deployments").len() + place.live("networkpolicies").len(), 0, "Helm {}", helm.major);
        assert_eq!(place.namespace("platform")["code"], 404);

        place.succeed(&["install", "web", "chart", "--take-ownership"], &[]);
        place.assert_secured("web");
    }
}

/// Helm 4 without server-side apply is like Helm 3 here.
#[test]
fn pain_02_helm_4_without_server_side_apply() {
    let Some((cluster, [_, helm])) = both() else { return };
    let place = Workspace::new(cluster, &helm, "clientside");
    let install = ["upgrade", "--install", "web", "chart", "--create-namespace", "--server-side=false"];
    let ran = place.run_with_floe(&install, &[]);
    assert!(ran.code != Some(0) && ran.stderr.contains("already exists"), "{:?} {}", ran.code, ran.stderr);
    place.succeed(&install, &[]);
    place.assert_secured("web");
}

/// A namespace that somebody has labelled: Helm 3 takes the label over without a word, Helm 4 asks for
/// `--force-conflicts`.
#[test]
fn pain_02_a_namespace_that_others_have_labelled() {
    let Some((cluster, helms)) = both() else { return };
    for helm in &helms {
        let place = Workspace::new(cluster, helm, "labelled");
        place.make_namespace();
        let theirs = json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "baseline", "team": "a"}}});
        let path = format!("/api/v1/namespaces/{}", place.jobs());
        assert_eq!(cluster.client().merge(&path, &theirs).status, 200);
        let install = ["upgrade", "--install", "web", "chart", "--take-ownership"];
        if helm.major == 4 {
            let ran = place.run_with_floe(&install, &[]);
            assert_ne!(ran.code, Some(0));
            for word in ["conflict", "somebody", "pod-security.kubernetes.io/enforce"] {
                assert!(ran.stderr.contains(word), "{word}: {}", ran.stderr);
            }
            // Helm 4 goes on with the rest all the same: what came must be closed and hardened.
            assert!(place.live("networkpolicies").contains(&"default-deny".to_owned()));
            assert_eq!(place.pod("web")["securityContext"]["runAsNonRoot"], true);
            let install = ["upgrade", "--install", "web", "chart", "--take-ownership", "--force-conflicts"];
            place.succeed(&install, &[]);
        } else {
            place.succeed(&install, &[]);
        }
        place.assert_secured("web");
        assert_eq!(place.namespace("jobs")["metadata"]["labels"]["team"], "a", "other labels are theirs");
    }
}

/// The other way out: somebody else labels the namespaces, and floe leaves them to him.
#[test]
fn pain_02_namespaces_can_be_left_to_others() {
    let Some((cluster, helms)) = both() else { return };
    for helm in &helms {
        let place = Workspace::new(cluster, helm, "others");
        place.configure("  pod_security: {namespaces: off}\n  summary: {enabled: false}\n");
        place.make_namespace();
        cluster.namespace(&format!("{}-platform", place.name), &[]);
        place.succeed(&["install", "web", "chart"], &[]);
        assert!(place.namespace("jobs")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"].is_null());
        assert!(place.live("networkpolicies").contains(&"default-deny".to_owned()));
        assert_eq!(place.pod("web")["securityContext"]["runAsNonRoot"], true);
    }
}

#[test]
fn upgrade_rollback_uninstall() {
    let Some((cluster, helms)) = both() else { return };
    for helm in &helms {
        let place = Workspace::new(cluster, helm, "life");
        place.make_namespace();
        place.put_something();
        place.succeed(&["install", "web", "chart", "--take-ownership"], &[]);
        let egress = |place: &Workspace<'_>| place.get("networkpolicies/allow-egress")["spec"]["egress"].clone();
        let first = egress(&place);
        assert!(first.is_array(), "{first}");

        place.configure("  network_policies: {allow_external_https: false}\n");
        place.succeed(&["upgrade", "web", "chart"], &[]);
        place.assert_secured("web");
        assert_ne!(first, egress(&place), "the upgrade did not change the policy");

        // A rollback takes the manifest of the release as it was stored, and floe is not asked.
        place.succeed_alone(&["rollback", "web", "1"]);
        place.assert_secured("web");
        assert_eq!(first, egress(&place));

        let ran = place.succeed_alone(&["uninstall", "web"]);
        assert!(ran.stdout.contains("[Namespace]"), "Helm does not say what it kept: {}", ran.stdout);
        assert_eq!(place.live("deployments").len() + place.live("networkpolicies").len(), 0);
        place.assert_namespaces_stay();

        // The Namespace still names its release, so the same one may come back.
        place.succeed(&["install", "web", "chart"], &[]);
        place.assert_secured("web");
    }
}
