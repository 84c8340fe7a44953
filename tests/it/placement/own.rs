//! Floe's own objects in its input: kept, replaced, removed, one of each.

use floe::config::Config;
use floe::document::Error;
use floe::plan::Parts;
use insta::assert_snapshot;

use super::{CONFIG, POD, config, outline, secure};

fn stream() -> String {
    format!("---\n# Source: shop/templates/config.yaml\n{CONFIG}---\n# Source: shop/templates/pod.yaml\n{POD}")
}

fn list() -> String {
    let object = "apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: settings, namespace: shop}\n";
    format!("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- {object}")
}

fn all(input: &str, sections: &str) -> String {
    secure(input, &config(sections), Parts::ALL).unwrap()
}

#[test]
fn nothing_changes_when_nothing_changed() {
    for input in [stream(), list(), stream().replace("# Source: shop/templates", "# shop"), CONFIG.to_owned()] {
        let once = all(&input, "");
        assert_ne!(once, input);
        assert_eq!(all(&once, ""), once);
    }
}

/// A run under another configuration gives what a first run under it gives.
#[test]
fn a_change_of_configuration_arrives() {
    let sections = [
        "",
        "security: {pod_security: {jobs_level: baseline}}\n",
        "security: {network_policies: {default_deny: false, allow_external_https: false}}\n",
        "security: {network_policies: {enabled: false}}\n",
        "security: {pod_security: {enabled: false}}\n",
        "security: {summary: {enabled: false}}\n",
        "security: {summary: {name: other}}\n",
        "security: {namespaces: {jobs: batch}}\n",
        "domains: [{name: sales}]\n",
        "security: {network_policies: {enabled: false}, pod_security: {namespaces: off}, summary: {enabled: false}}\n",
    ];
    let ids = |text: &str| {
        let mut ids: Vec<String> =
            outline(text).lines().filter(|line| line.contains('<')).map(|line| line.replace("- <", "<")).collect();
        ids.sort();
        ids
    };
    for input in [stream(), list(), CONFIG.to_owned()] {
        for before in sections {
            let old = all(&input, before);
            for after in sections {
                let new = all(&old, after);
                let fresh = all(&input, after);
                assert_eq!(ids(&new), ids(&fresh), "from {before:?} to {after:?}");
                assert_eq!(all(&new, after), new, "from {before:?} to {after:?}, once more");
            }
            // With everything switched off again only the user's own bytes are left, and a separator in front or the
            // results, which tell what was removed and nothing else.
            let back = all(&old, sections[sections.len() - 1]);
            let (back, results) = back.split_once("results:").unwrap_or((&back, ""));
            assert_eq!(
                results.matches("- message:").count(),
                results.matches("floe.dev/check: object-removed").count()
            );
            assert!(results.is_empty() || results == " []\n" || results.contains("- message:"), "{results}");
            assert_eq!(back.trim_start_matches("---\n"), input.trim_start_matches("---\n"), "back from {before:?}");
        }
    }
}

#[test]
fn replaced_objects_stay_where_they_are() {
    let mut moved = all(&stream(), "");
    // The user's host has put the summary first.
    let summary = moved.split_off(moved.rfind("---\n").unwrap());
    let moved = format!("{summary}{moved}");
    assert_snapshot!("replaced_in_place", outline(&all(&moved, "domains: [{name: sales}]\n")));
    let list = all(&list(), "").replace("path: floe/floe-jobs-namespace.yaml", "path: elsewhere/ns.yaml");
    assert!(list.contains("elsewhere"), "{list}");
    let replaced = outline(&all(&list, "security: {pod_security: {jobs_level: baseline}}\n"));
    assert!(replaced.contains("<Namespace floe-jobs path=\"elsewhere/ns.yaml\" index=\"0\">"), "{replaced}");
}

#[test]
fn removed_objects_leave_no_trace() {
    let text = all(&stream(), "");
    assert_snapshot!("policies_removed", outline(&all(&text, "security: {network_policies: {enabled: false}}\n")));
}

#[test]
fn of_duplicates_the_first_stays() {
    for input in [stream(), CONFIG.to_owned()] {
        let once = all(&input, "");
        // Two layers of a host have both run floe and been joined.
        let joined = if once.starts_with("---") { format!("{once}{once}") } else { format!("{once}---\n{once}") };
        let output = all(&joined, "");
        let shown = outline(&output);
        let mut own: Vec<&str> = shown.lines().filter(|line| line.starts_with('<')).collect();
        let count = own.len();
        own.sort_unstable();
        own.dedup();
        assert_eq!(own.len(), count, "an object is there twice:\n{shown}");
        assert_eq!(all(&output, ""), output);
        // The user's documents, twice, are the user's business.
        assert_eq!(output.matches("name: settings").count(), 2);
    }
}

#[test]
fn a_name_that_is_taken_is_refused() {
    let taken = [
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: floe-network-security, namespace: floe-platform}\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  namespace: floe-platform\n  name: floe-network-security\n\
         data: {a: b}\n",
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: default-deny, namespace: floe-jobs}\n\
         spec: {podSelector: {}}\n",
    ];
    for object in taken {
        let input = format!("---\n{CONFIG}---\n{object}");
        for input in [&input, &format!("{}---\n{object}", all(CONFIG, ""))] {
            match secure(input, &Config::default(), Parts::ALL) {
                Err(Error::Input(problem)) => {
                    assert!(problem.message.contains("floe"), "{problem:?}");
                    assert!(
                        matches!(
                            &input[problem.location.span.unwrap().range()],
                            "floe-network-security" | "default-deny"
                        ),
                        "{:?}",
                        &input[problem.location.span.unwrap().range()]
                    );
                }
                other => panic!("{object}{other:?}"),
            }
        }
    }
    // The same name elsewhere, or of another kind, is no conflict; nor is one that is not wanted.
    let elsewhere = taken[0].replace("namespace: floe-platform", "namespace: shop");
    all(&format!("---\n{elsewhere}---\n{}", taken[0].replace("ConfigMap", "Secret")), "");
    all(taken[0], "security: {summary: {enabled: false}}\n");
    all(taken[0], "security: {summary: {name: other}}\n");
}
