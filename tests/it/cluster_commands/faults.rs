use std::time::{Duration, Instant};

use serde_json::json;

use super::Installation;
use super::proxy::{Fate, Proxy};
use crate::cluster::{Cluster, cluster};
use crate::support::Ran;

/// Compares an installation, that is as it should be, through a proxy.
fn diff(
    cluster: &'static Cluster,
    name: &'static str,
    rule: impl Fn(&str, &str, usize) -> Fate + Send + Sync + 'static,
) -> (Ran, usize) {
    let it = Installation::new(cluster, name);
    it.deploy();
    let proxy = Proxy::start(cluster, rule);
    let ran = it.run_at(proxy.kubeconfig(), &["network", "diff", "config:", "cluster:", "--request-timeout=20s"], "");
    (ran, proxy.disturbed())
}

fn is_clean((ran, disturbed): (Ran, usize), least: usize) {
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "{}", ran.stderr);
    assert!(disturbed >= least, "the fault did not happen");
}

const POLICIES: &str = "/apis/networking.k8s.io/v1/networkpolicies";

#[test]
fn lists_are_read_page_by_page() {
    let Some(cluster) = cluster() else { return };
    is_clean(diff(cluster, "pages", |_, _, _| Fate::Pass), 0);
}

#[test]
fn a_server_that_asks_for_patience_gets_it() {
    let Some(cluster) = cluster() else { return };
    let start = Instant::now();
    let rule = |_: &str, path: &str, before| {
        if path.starts_with(POLICIES) && before == 1 {
            Fate::Answer(429, "Retry-After: 1\r\n", "too many requests")
        } else {
            Fate::Pass
        }
    };
    is_clean(diff(cluster, "patience", rule), 1);
    assert!(start.elapsed() >= Duration::from_secs(1), "the second that was asked for");
}

#[test]
fn a_server_that_fails_for_a_moment_is_asked_again() {
    let Some(cluster) = cluster() else { return };
    let rule = |_: &str, path: &str, before| match before {
        0 if path.starts_with(POLICIES) => Fate::Answer(500, "", "etcdserver: leader changed"),
        1 if path.starts_with(POLICIES) => Fate::Answer(503, "", "apiserver is shutting down"),
        _ => Fate::Pass,
    };
    is_clean(diff(cluster, "moment", rule), 2);
}

#[test]
fn a_server_that_only_fails_is_given_up() {
    let Some(cluster) = cluster() else { return };
    let rule = |_: &str, path: &str, _| {
        if path.starts_with(POLICIES) { Fate::Answer(500, "", "etcdserver: no leader") } else { Fate::Pass }
    };
    let (ran, _) = diff(cluster, "given-up", rule);
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    assert!(ran.headline().contains("answered 500: etcdserver: no leader"), "{}", ran.stderr);
}

#[test]
fn a_connection_that_is_cut_in_the_middle_of_a_list_is_made_again() {
    let Some(cluster) = cluster() else { return };
    let rule = |_: &str, path: &str, before| {
        if path.starts_with(POLICIES) && (1..3).contains(&before) { Fate::Cut } else { Fate::Pass }
    };
    is_clean(diff(cluster, "cut", rule), 2);
}

#[test]
fn a_list_that_expires_begins_again() {
    let Some(cluster) = cluster() else { return };
    let rule = |_: &str, path: &str, before| {
        if path.starts_with(POLICIES) && path.contains("continue=") && before < 3 {
            Fate::Answer(410, "", "The provided continue parameter is too old")
        } else {
            Fate::Pass
        }
    };
    is_clean(diff(cluster, "expired", rule), 1);
    // For ever: then in one piece.
    let rule = |_: &str, path: &str, _| {
        if path.contains("continue=") { Fate::Answer(410, "", "too old") } else { Fate::Pass }
    };
    is_clean(diff(cluster, "expired", rule), 2);
}

#[test]
fn a_slow_server_is_not_waited_for_for_ever() {
    let Some(cluster) = cluster() else { return };
    let it = Installation::new(cluster, "slow");
    let proxy = Proxy::start(cluster, |_, _, _| Fate::Delay(Duration::from_secs(30)));
    let ran = it.run_at(proxy.kubeconfig(), &["network", "diff", "config:", "cluster:", "--request-timeout=1s"], "");
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    assert!(ran.headline().contains("gave no answer within 1 s"), "{}", ran.stderr);
    assert!(ran.stderr.contains("--request-timeout"), "{}", ran.stderr);
}

#[test]
fn a_deployment_through_a_bad_network_is_whole() {
    let Some(cluster) = cluster() else { return };
    let it = Installation::new(cluster, "whole");
    let rule = |method: &str, _: &str, before| match (method, before) {
        ("PATCH", 0..2) => Fate::Cut,
        ("GET", 0) => Fate::Answer(503, "", "not now"),
        _ => Fate::Pass,
    };
    let proxy = Proxy::start(cluster, rule);
    let ran = it.run_at(proxy.kubeconfig(), &["deploy"], "");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(proxy.disturbed() > 10);
    assert_eq!(it.diff().code, Some(0));
}

/// Gives a user the right to read some resources, in some namespaces or (without any) in all.
fn allow(cluster: &Cluster, user: &str, namespaces: &[&str], resources: &[(&str, &[&str])]) {
    let rules: Vec<_> = resources
        .iter()
        .map(|(group, resources)| json!({"apiGroups": [group], "resources": resources, "verbs": ["get", "list"]}))
        .collect();
    let subject = json!([{"kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io"}]);
    let make = |kind: &str, namespace: Option<&str>| {
        let name = json!({"name": user, "namespace": namespace});
        let version = "rbac.authorization.k8s.io/v1";
        let role = json!({"apiVersion": version, "kind": kind, "metadata": name, "rules": rules});
        let binding = json!({
            "apiVersion": version, "kind": format!("{kind}Binding"), "metadata": name, "subjects": subject,
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": user},
        });
        for object in [role, binding] {
            let reply = cluster.client().create(&object);
            assert!(reply.is_accepted(), "{}", reply.message());
        }
    };
    if namespaces.is_empty() {
        make("ClusterRole", None);
    }
    for namespace in namespaces {
        make("Role", Some(namespace));
    }
}

#[test]
fn what_may_not_be_seen_is_said_and_the_rest_is_compared() {
    let Some(cluster) = cluster() else { return };
    let it = Installation::new(cluster, "blind");
    it.deploy();
    let read: [(&str, &[&str]); 2] =
        [("", &["pods", "services"]), ("networking.k8s.io", &["networkpolicies", "ingresses"])];
    allow(cluster, "narrow", &["blind-platform", "blind-jobs"], &read);
    let diff = |user: &str| it.run(&["network", "diff", "config:", "cluster:", "--as", user], "");
    let ran = diff("narrow");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(4), ""), "nothing differs in what is seen: {}", ran.stderr);
    assert!(
        ran.stderr.contains("not seen: networkpolicies in other namespaces: ")
            && ran.stderr.contains("not seen: namespaces: "),
        "{}",
        ran.stderr
    );
    assert_eq!(cluster.client().delete(&it.policy("default-deny")).status, 200);
    assert_eq!(diff("narrow").code, Some(1), "a difference is one whatever else is there");

    // Policies that are not seen must not pass for missing.
    allow(cluster, "half", &["blind-platform"], &read);
    let ran = diff("half");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(4), ""), "{}", ran.stderr);
    assert!(
        ran.headline().contains("User \"half\" cannot list resource \"networkpolicies\"")
            && ran.headline().contains("blind-jobs"),
        "{}",
        ran.stderr
    );
    let ran = diff("nobody");
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    let ran = it.run(&["deploy", "--as", "nobody"], "");
    assert_eq!(ran.code, Some(4), "{}{}", ran.stdout, ran.stderr);
}

/// A right that a printed role gives: group, resource, and names if it is for some only.
type Grant = (String, String, Vec<String>);

/// Gives a user rights to list.
fn grant(cluster: &Cluster, user: &str, grants: &[&Grant]) {
    let listing = |(group, plural, names): &Grant| {
        let mut rule = json!({"apiGroups": [group], "resources": [plural], "verbs": ["list"]});
        if !names.is_empty() {
            rule["resourceNames"] = json!(names);
        }
        rule
    };
    let rules: Vec<_> = grants.iter().map(|it| listing(it)).collect();
    let version = "rbac.authorization.k8s.io/v1";
    let role = json!({"apiVersion": version, "kind": "ClusterRole", "metadata": {"name": user}, "rules": rules});
    let binding = json!({
        "apiVersion": version, "kind": "ClusterRoleBinding", "metadata": {"name": user},
        "subjects": [{"kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io"}],
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": user},
    });
    for object in [role, binding] {
        let reply = cluster.client().create(&object);
        assert!(reply.is_accepted(), "{}", reply.message());
    }
}

/// A user who may do what `--print-rbac` says sees everything; without any one resource of it, that one is not seen.
/// The server of the tests has no custom resources, so those are not missed.
#[test]
fn the_printed_role_is_enough_and_nothing_less_is() {
    let Some(cluster) = cluster() else { return };
    let it = Installation::new(cluster, "rbac");
    it.deploy();
    for (command, codes) in [("audit", [0, 1]), ("check-cni", [1, 1])] {
        let printed = it.run(&["network", command, "--print-rbac"], "");
        assert_eq!(printed.code, Some(0), "{}", printed.stderr);
        let role: serde_json::Value = serde_saphyr::from_str(&printed.stdout).unwrap();
        let mut granted: Vec<Grant> = Vec::new();
        for rule in role["rules"].as_array().unwrap() {
            assert_eq!(rule["verbs"], json!(["list"]));
            let texts = |field: &str| -> Vec<String> {
                rule[field].as_array().into_iter().flatten().map(|it| it.as_str().unwrap().to_owned()).collect()
            };
            let [group] = texts("apiGroups").try_into().unwrap();
            let names = texts("resourceNames");
            granted.extend(texts("resources").into_iter().map(|plural| (group.clone(), plural, names.clone())));
        }
        assert!(granted.len() >= 5, "{granted:?}");
        let run = |user: &str, without: Option<&Grant>| {
            let kept: Vec<&Grant> = granted.iter().filter(|it| Some(*it) != without).collect();
            grant(cluster, user, &kept);
            it.run(&["network", command, "--as", user], "")
        };
        let whole = run(&format!("{command}-all"), None);
        assert!(codes.map(Some).contains(&whole.code), "{}", whole.stderr);
        assert!(!whole.stderr.contains("not seen"), "{}", whole.stderr);
        let served = granted.iter().filter(|it| matches!(it.0.as_str(), "" | "apps" | "batch" | "networking.k8s.io"));
        let mut less = 0;
        for (number, without) in served.enumerate() {
            let ran = run(&format!("{command}-less-{number}"), Some(without));
            assert!(ran.stderr.contains(&format!("not seen: {}", without.1)), "without {without:?}: {}", ran.stderr);
            less += 1;
        }
        assert!(less >= 4, "{granted:?}");
    }
}

/// FR-082.
#[test]
fn a_live_cluster_is_audited_like_its_objects_in_a_file() {
    let Some(cluster) = cluster() else { return };
    let it = Installation::new(cluster, "live");
    it.deploy();
    assert_eq!(cluster.client().delete(&it.policy("default-deny")).status, 200);
    let only = ["-n", "live-jobs", "-n", "live-platform"];
    let live = it.run(&[&["network", "audit", "-o", "json"][..], &only].concat(), "");
    assert_eq!(live.code, Some(1), "{}", live.stderr);
    assert!(live.stdout.contains("\"policy-missing\""), "{}", live.stdout);
}
