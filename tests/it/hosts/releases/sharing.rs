use super::{Place, both};

#[test]
fn pain_23_one_release_owns_the_objects_of_a_namespace() {
    let Some((cluster, helms)) = both() else { return };
    for helm in &helms {
        let place = Place::new(cluster, helm, "shared");
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
            let ran = place.run(&["uninstall", name]);
            assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        }
        place.assert_secured("first");
        assert_eq!(before, place.get("networkpolicies/default-deny")["metadata"]["resourceVersion"]);
    }
}
