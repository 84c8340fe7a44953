use super::{Workspace, both};

/// Users move from Helm 3 to Helm 4 with releases that are there: the stream is another one, the objects are the same.
#[test]
fn helm_4_takes_over_a_release_of_helm_3() {
    let Some((cluster, [three, four])) = both() else { return };
    let mut place = Workspace::new(cluster, &three, "moved");
    place.make_namespace();
    place.put_something();
    place.succeed(&["install", "web", "chart", "--take-ownership"], &[]);
    let policies = place.live("networkpolicies");
    let versions = |place: &Workspace<'_>| -> Vec<serde_json::Value> {
        let of = |name: &String| place.get(&format!("networkpolicies/{name}"))["metadata"]["generation"].clone();
        policies.iter().map(of).collect()
    };
    let before = versions(&place);
    assert!(!before.is_empty());

    place.helm = &four;
    place.succeed(&["upgrade", "web", "chart"], &[]);
    place.assert_secured("web");
    assert_eq!(policies, place.live("networkpolicies"));
    assert_eq!(before, versions(&place), "the upgrade changed a policy");
    place.succeed_alone(&["uninstall", "web"]);
    place.assert_namespaces_stay();
}

/// What would happen can be asked of the server, and nothing happens.
#[test]
fn a_dry_run_shows_the_result_and_changes_nothing() {
    let Some((cluster, helms)) = both() else { return };
    for helm in &helms {
        let place = Workspace::new(cluster, helm, "asked");
        place.make_namespace();
        let ran = place.run_with_floe(&["install", "web", "chart", "--take-ownership", "--dry-run=server"], &[]);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        assert!(ran.stdout.contains("kind: NetworkPolicy") && ran.stdout.contains("readOnlyRootFilesystem: true"));
        assert_eq!(place.live("deployments").len() + place.live("networkpolicies").len(), 0);
        assert_eq!(place.namespace("platform")["code"], 404);
    }
}

#[test]
fn pain_23_one_release_owns_the_objects_of_a_namespace() {
    let Some((cluster, helms)) = both() else { return };
    for helm in &helms {
        let place = Workspace::new(cluster, helm, "shared");
        place.make_namespace();
        place.succeed(&["install", "first", "chart", "--take-ownership"], &[]);
        let before = place.get("networkpolicies/default-deny")["metadata"]["resourceVersion"].clone();

        let ran = place.run_with_floe(&["install", "second", "chart"], &[]);
        assert_ne!(ran.code, Some(0), "Helm {}", helm.major);
        assert!(ran.stderr.contains("invalid ownership metadata"), "{}", ran.stderr);
        assert_eq!(place.live("deployments"), ["first"], "the second release left something behind");

        // The two ways that the README names.
        place.succeed(&["install", "second", "chart"], &["--only", "pods"]);
        place.configure(
            "  network_policies: {enabled: false}\n  pod_security: {namespaces: off}\n  summary: {name: of-third}\n",
        );
        cluster.namespace(&format!("{}-platform", place.name), &[]);
        place.succeed(&["install", "third", "chart"], &[]);
        for name in ["second", "third"] {
            assert_eq!(place.pod(name)["securityContext"]["runAsNonRoot"], true, "{name}");
            place.succeed_alone(&["uninstall", name]);
        }
        place.assert_secured("first");
        assert_eq!(before, place.get("networkpolicies/default-deny")["metadata"]["resourceVersion"]);
    }
}
