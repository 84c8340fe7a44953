//! `floe network check-cni` and those who ask the same of a live cluster. The server of the tests has no nodes and no
//! plugin; a proxy answers in its place with the dumps of others.

use std::collections::BTreeMap;
use std::fs;

use floe::document::objects;
use floe::stream::frame;
use serde_json::{Value, json};

use super::Installation;
use super::proxy::{Fate, Proxy};
use crate::cluster::{Cluster, cluster};
use crate::support::{Ran, project, run};

/// The lists that a server with the objects of a dump gives, by path.
fn lists(name: &str) -> BTreeMap<String, Value> {
    let text = fs::read_to_string(project().join(format!("tests/fixtures/cni/{name}.yaml"))).unwrap();
    let mut lists: BTreeMap<String, Value> = BTreeMap::new();
    let mut groups: BTreeMap<String, (String, Vec<Value>)> = BTreeMap::new();
    for path in ["/apis/apps/v1/daemonsets", "/apis/apps/v1/deployments", "/api/v1/nodes", "/api/v1/configmaps"] {
        lists.insert(path.to_owned(), json!({"items": []}));
    }
    for mut object in objects(&frame(&text)).unwrap() {
        let (version, kind) =
            (object["apiVersion"].as_str().unwrap().to_owned(), object["kind"].as_str().unwrap().to_owned());
        let plural = match kind.as_str() {
            "NodeClass" => "nodeclasses".to_owned(),
            "CiliumNetworkPolicy" => "ciliumnetworkpolicies".to_owned(),
            kind => format!("{}s", kind.to_lowercase()),
        };
        if kind == "CustomResourceDefinition" {
            groups.insert(object["spec"]["group"].as_str().unwrap().to_owned(), ("v1".to_owned(), Vec::new()));
            continue;
        }
        let root = if version.contains('/') { "/apis" } else { "/api" };
        if let Some((group, version)) = version.split_once('/')
            && group != "apps"
        {
            let (_, resources) = groups.entry(group.to_owned()).or_insert((version.to_owned(), Vec::new()));
            resources.push(json!({"name": plural, "kind": kind, "namespaced": true}));
        }
        // Items of lists name no type.
        let fields = object.as_object_mut().unwrap();
        fields.remove("apiVersion");
        fields.remove("kind");
        let list = lists.entry(format!("{root}/{version}/{plural}")).or_insert_with(|| json!({"items": []}));
        list["apiVersion"] = version.into();
        list["kind"] = format!("{kind}List").into();
        list["items"].as_array_mut().unwrap().push(object);
    }
    let named = groups.iter().map(|(name, (version, _))| json!({"name": name, "versions": [{"version": version}]}));
    lists.insert("/apis".to_owned(), json!({"groups": named.collect::<Vec<_>>()}));
    for (group, (version, resources)) in &groups {
        lists.insert(format!("/apis/{group}/{version}"), json!({"resources": resources}));
    }
    lists
}

/// A server that shows a dump for what tells of plugins, and itself for everything else.
fn showing(cluster: &'static Cluster, name: &str) -> Proxy {
    let lists = lists(name);
    Proxy::start(cluster, move |_, path, _| {
        let (resource, query) = path.split_once('?').unwrap_or((path, ""));
        let Some(list) = lists.get(resource) else { return Fate::Pass };
        let Some((_, wanted)) = query.split_once("fieldSelector=metadata.name%3D") else {
            return Fate::Json(list.to_string());
        };
        let mut list = list.clone();
        let wanted = wanted.split('&').next().unwrap();
        list["items"].as_array_mut().unwrap().retain(|item| item["metadata"]["name"] == wanted);
        Fate::Json(list.to_string())
    })
}

fn verdict(ran: &Ran) -> (Option<i32>, Value) {
    let value: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}{}", ran.stdout, ran.stderr));
    let plugins: Vec<Value> = value["plugins"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| json!([it["id"], it["enforced"], it["evidence"]]))
        .collect();
    (ran.code, json!([value["enforced"], plugins, value["nodePools"], value["notes"]]))
}

/// Every dump, read as a file and shown by a server, is judged the same.
/// FR-084.
#[test]
fn a_live_cluster_is_judged_like_its_dump() {
    let Some(cluster) = cluster() else { return };
    let it = Installation::new(cluster, "plugins");
    let mut count = 0;
    for entry in fs::read_dir(project().join("tests/fixtures/cni")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let dumped = run(&["network", "check-cni", "-o", "json", "-f", path.to_str().unwrap()], "");
        let proxy = showing(cluster, name);
        let live = it.run_at(proxy.kubeconfig(), &["network", "check-cni", "-o", "json"], "");
        assert_eq!(verdict(&live), verdict(&dumped), "{name}: {}", live.stderr);
        count += 1;
    }
    assert!(count > 50);
}

#[test]
fn a_kind_that_may_not_be_seen_is_said_and_the_rest_is_judged() {
    let Some(cluster) = cluster() else { return };
    let it = Installation::new(cluster, "blind-plugins");
    let check = |name: &str, hidden: &'static str| {
        let lists = lists(name);
        let proxy = Proxy::start(cluster, move |_, path, _| {
            let resource = path.split('?').next().unwrap();
            match lists.get(resource) {
                _ if resource.ends_with(hidden) => Fate::Answer(403, "", "no right to list it"),
                Some(list) => Fate::Json(list.to_string()),
                None => Fate::Pass,
            }
        });
        it.run_at(proxy.kubeconfig(), &["network", "check-cni"], "")
    };
    for (name, hidden, code, headline) in [
        ("calico", "/nodes", 4, "floe: network policies are enforced, by Calico"),
        ("calico", "/deployments", 4, "floe: network policies are enforced, by Calico"),
        ("flannel", "/nodes", 1, "floe: network policies are not enforced: Flannel"),
        ("calico", "/daemonsets", 4, "floe: it is not known whether network policies are enforced (Calico)"),
        ("flannel", "/daemonsets", 1, "floe: network policies are not enforced: Flannel"),
    ] {
        let ran = check(name, hidden);
        assert_eq!(ran.code, Some(code), "{name} without {hidden}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.starts_with(headline), "{name} without {hidden}: {}", ran.stdout);
        let not_seen = format!("not seen: {}", &hidden[1..]);
        assert!(ran.stderr.contains(&not_seen), "{name} without {hidden}: {}", ran.stderr);
    }
}

/// `floe deploy` and `floe network audit` ask the same question, and say the same.
#[test]
fn who_else_needs_the_plugin_gets_the_same_answer() {
    let Some(cluster) = cluster() else { return };
    let it = Installation::new(cluster, "asked");
    for (name, summary, warning) in [
        ("flannel", "unenforced (Flannel)", Some("Flannel does not enforce network policies")),
        ("flannel-netpol", "enforced (kube-network-policies)", None),
        ("aws-vpc-cni-mixed-nodes", "enforced on some nodes (Amazon VPC CNI)", Some("pool gpu (linux)")),
        ("bridge", "unknown", Some("it is not known whether the network plugin enforces policies")),
    ] {
        let mut lists = lists(name);
        // What is deployed needs the API as it is.
        lists.remove("/apis");
        let proxy = Proxy::start(cluster, move |_, path, _| match lists.get(path.split('?').next().unwrap()) {
            Some(list) if !path.contains("configmaps") || path.contains("fieldSelector") => {
                Fate::Json(list.to_string())
            }
            _ => Fate::Pass,
        });
        let ran = it.run_at(proxy.kubeconfig(), &["deploy"], "");
        assert_eq!(ran.code, Some(0), "{name}: {}", ran.stderr);
        assert_eq!(ran.stderr.contains("enforce"), warning.is_some(), "{name}: {}", ran.stderr);
        assert!(ran.stderr.contains(warning.unwrap_or_default()), "{name}: {}", ran.stderr);
        let path = "/api/v1/namespaces/asked-platform/configmaps/floe-network-security";
        assert_eq!(cluster.client().get(path).body["data"]["enforcement"], summary, "{name}");
    }
    let audit = |name: &str, more: &[&str]| {
        let mut lists = lists(name);
        lists.remove("/apis");
        lists.retain(|path, _| path != "/api/v1/configmaps");
        let proxy = Proxy::start(cluster, move |_, path, _| match lists.get(path.split('?').next().unwrap()) {
            Some(list) => Fate::Json(list.to_string()),
            None => Fate::Pass,
        });
        let arguments = [&["network", "audit", "-o", "json", "-n", "asked-jobs"], more].concat();
        it.run_at(proxy.kubeconfig(), &arguments, "")
    };
    let blocks =
        |ran: &Ran| -> Value { serde_json::from_str::<Value>(&ran.stdout).unwrap()["ipBlocksMatchPods"].clone() };
    let cilium = audit("cilium", &[]);
    assert_eq!(blocks(&cilium), false, "{}", cilium.stderr);
    assert!(cilium.stderr.contains("the network plugin is Cilium (DaemonSet kube-system/cilium"), "{}", cilium.stderr);
    assert_eq!(blocks(&audit("cilium", &["--cni", "calico"])), true, "what is named wins");
    let flannel = audit("flannel", &[]);
    assert_eq!(blocks(&flannel), true);
    assert!(flannel.stderr.contains("Flannel does not enforce policies"), "{}", flannel.stderr);
}
