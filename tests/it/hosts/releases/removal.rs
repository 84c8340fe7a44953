use serde_json::json;

use super::{Workspace, both, write_chart};

/// An object that the server refuses, so that the release fails halfway.
const REFUSED: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: No name}\n";

/// An upgrade without the post-renderer takes away all that floe added but the Namespaces; with it again all is back.
#[test]
fn pain_11_an_upgrade_without_floe_reverts_it_and_keeps_the_namespaces() {
    let Some((cluster, helms)) = both() else { return };
    for helm in &helms {
        let place = Workspace::new(cluster, helm, "forgot");
        place.make_namespace();
        place.put_something();
        place.succeed(&["install", "web", "chart", "--take-ownership"], &[]);
        place.assert_secured("web");
        let summary = format!("/api/v1/namespaces/{}-platform/configmaps/floe-network-security", place.name);
        assert_eq!(cluster.client().get(&summary).status, 200);

        place.succeed_alone(&["upgrade", "web", "chart"]);
        assert_eq!(place.live("networkpolicies"), Vec::<String>::new(), "Helm {}", helm.major);
        assert_eq!(place.pod("web")["securityContext"], json!({}));
        // CI can tell: the summary is gone.
        assert_eq!(cluster.client().get(&summary).status, 404);
        place.assert_namespaces_stay();
        // Whoever forgets floe still meets the enforced level.
        let labels = &place.namespace("jobs")["metadata"]["labels"];
        assert_eq!(labels["pod-security.kubernetes.io/enforce"], "restricted");

        place.succeed(&["upgrade", "web", "chart"], &[]);
        place.assert_secured("web");
        place.assert_namespaces_stay();
    }
}

/// A release that has been there before floe: its namespace is not the release's, so the first upgrade takes it over.
#[test]
fn floe_comes_to_a_running_release() {
    let Some((cluster, helms)) = both() else { return };
    for helm in &helms {
        let place = Workspace::new(cluster, helm, "running");
        place.make_namespace();
        place.put_something();
        place.succeed_alone(&["install", "web", "chart"]);
        let ran = place.run_with_floe(&["upgrade", "web", "chart"], &[]);
        assert!(ran.code != Some(0) && ran.stderr.contains("invalid ownership metadata"), "{}", ran.stderr);
        assert_eq!(place.live("networkpolicies"), Vec::<String>::new());
        assert_eq!(place.pod("web")["securityContext"], json!({}));

        place.succeed(&["upgrade", "web", "chart", "--take-ownership"], &[]);
        place.assert_secured("web");
        place.assert_namespaces_stay();
    }
}

/// Helm takes back what failed, and leaves the Namespaces: with `--atomic`, in Helm 4 `--rollback-on-failure`.
#[test]
fn pain_02_a_release_that_is_taken_back_keeps_the_namespaces() {
    let Some((cluster, helms)) = both() else { return };
    for helm in &helms {
        let place = Workspace::new(cluster, helm, "back");
        write_chart(place.folder(), &[("refused.yaml", REFUSED)]);
        place.make_namespace();
        place.put_something();
        let atomic = if helm.major == 3 { "--atomic" } else { "--rollback-on-failure" };
        let ran = place.run_with_floe(&["install", "web", "chart", "--take-ownership", atomic], &[]);
        assert!(ran.code != Some(0) && ran.stderr.contains("has been uninstalled"), "{}", ran.stderr);
        assert_eq!(place.live("deployments").len() + place.live("networkpolicies").len(), 0, "Helm {}", helm.major);
        place.assert_namespaces_stay();
    }
}

/// `--cleanup-on-fail` does not look at the annotation that keeps Namespaces: what the failed upgrade has made goes, as
/// the README says. A Namespace that was there before stays.
#[test]
fn pain_02_cleanup_on_fail_takes_only_what_the_upgrade_has_made() {
    let Some((cluster, helms)) = both() else { return };
    for helm in &helms {
        let place = Workspace::new(cluster, helm, "cleanup");
        place.make_namespace();
        place.put_something();
        place.succeed_alone(&["install", "web", "chart"]);
        write_chart(place.folder(), &[("refused.yaml", REFUSED)]);
        let upgrade = ["upgrade", "web", "chart", "--take-ownership", "--cleanup-on-fail"];
        let ran = place.run_with_floe(&upgrade, &[]);
        assert!(ran.code != Some(0) && ran.stderr.contains("No name"), "{}", ran.stderr);
        assert_eq!(place.get("configmaps/of-somebody")["data"]["a"], "b");
        assert!(place.namespace("jobs")["metadata"]["deletionTimestamp"].is_null());
        let made = place.namespace("platform");
        assert!(made["metadata"]["deletionTimestamp"].is_string(), "Helm {} keeps it now: {made:#}", helm.major);
    }
}
