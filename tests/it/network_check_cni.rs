//! `floe network check-cni` on dumps of clusters, reduced to what tells of plugins.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use floe::cni::{Enforced, Enforcers, Observed, detect, profiles};
use floe::document::objects_of_kinds;
use floe::stream::frame;
use serde_json::Value;
use tempfile::TempDir;

use crate::json_schema::faults;
use crate::support::{Ran, project, run};

/// Each dump: the plugin that decides, whether it enforces, how sure that is, and where it does not although it does.
const SETUPS: [(&str, &str, &str, &str, &[&str]); 58] = [
    ("aks-calico", "calico", "yes", "high", &[]),
    ("aks-cilium", "azure-cilium", "yes", "high", &[]),
    ("aks-none", "azure-npm", "no", "high", &[]),
    ("aks-npm", "azure-npm", "yes", "high", &["pool win (windows): unknown"]),
    ("antrea", "antrea", "yes", "high", &[]),
    ("aws-calico", "calico", "yes", "high", &[]),
    ("aws-vpc-cni", "aws-vpc-cni", "yes", "high", &[]),
    ("aws-vpc-cni-controller-off", "aws-vpc-cni", "no", "high", &[]),
    (
        "aws-vpc-cni-mixed-nodes",
        "aws-vpc-cni",
        "yes",
        "high",
        &["pool fargate (linux): no", "pool gpu (linux): no", "pool windows (windows): no"],
    ),
    ("aws-vpc-cni-off", "aws-vpc-cni", "no", "high", &[]),
    ("aws-vpc-cni-old", "aws-vpc-cni", "no", "high", &[]),
    ("bridge", "", "unknown", "", &[]),
    ("calico", "calico", "yes", "high", &[]),
    ("calico-left-over", "calico", "unknown", "low", &[]),
    ("calico-not-ready", "calico", "unknown", "high", &[]),
    ("calico-operator", "calico", "yes", "high", &[]),
    ("calico-windows", "calico", "yes", "high", &[]),
    ("canal", "canal", "yes", "high", &[]),
    ("canal-rke2", "canal", "yes", "high", &[]),
    ("cilium", "cilium", "yes", "high", &[]),
    ("cilium-kubernetes-off", "cilium", "no", "high", &[]),
    ("cilium-never", "cilium", "no", "high", &[]),
    ("cilium-with-own-policies", "cilium", "yes", "high", &[]),
    ("cilium-without-config", "cilium", "yes", "medium", &[]),
    ("eks-auto-mode", "eks-auto-mode", "yes", "high", &[]),
    ("eks-auto-mode-mixed", "eks-auto-mode", "yes", "high", &["pool general (linux): no"]),
    ("eks-auto-mode-off", "eks-auto-mode", "no", "medium", &[]),
    ("eks-auto-mode-without-class", "eks-auto-mode", "unknown", "medium", &[]),
    ("flannel", "flannel", "no", "high", &[]),
    ("flannel-by-annotation", "flannel", "no", "medium", &[]),
    ("flannel-kube-router", "kube-router", "yes", "high", &[]),
    ("flannel-multus", "flannel", "no", "high", &[]),
    ("flannel-netpol", "kube-network-policies", "yes", "high", &[]),
    ("gke-calico", "calico", "yes", "high", &[]),
    ("gke-dataplane-v2", "gke-dataplane-v2", "yes", "high", &[]),
    ("gke-off", "gke-dataplane-v2", "no", "medium", &[]),
    ("k3s", "k3s", "yes", "high", &[]),
    ("k3s-calico", "calico", "yes", "high", &[]),
    ("k3s-mixed-servers", "k3s", "unknown", "high", &[]),
    ("k3s-no-policy", "k3s", "no", "high", &[]),
    ("k3s-no-policy-from-file", "k3s", "no", "high", &[]),
    ("k3s-policy-kept", "k3s", "yes", "high", &[]),
    ("k3s-without-servers", "k3s", "unknown", "medium", &[]),
    ("kindnet", "kindnet", "yes", "high", &[]),
    ("kindnet-flag-off", "kindnet", "no", "high", &[]),
    ("kindnet-legacy", "kindnet", "no", "high", &[]),
    ("kindnet-undated", "kindnet", "unknown", "medium", &[]),
    ("kube-network-policies", "kube-network-policies", "yes", "high", &[]),
    ("kube-router", "kube-router", "yes", "high", &[]),
    ("kube-router-k0s", "kube-router", "yes", "high", &[]),
    ("kube-router-no-firewall", "kube-router", "no", "high", &[]),
    ("multus", "unknown", "unknown", "low", &[]),
    ("openshift-ovn", "ovn-kubernetes", "yes", "high", &[]),
    ("openshift-sdn", "openshift-sdn", "yes", "high", &[]),
    ("openshift-sdn-subnet", "openshift-sdn", "no", "medium", &[]),
    ("ovn-kubernetes", "ovn-kubernetes", "yes", "high", &[]),
    ("weave", "weave", "yes", "high", &[]),
    ("weave-without-npc", "weave", "no", "high", &[]),
];

fn fixture(name: &str) -> PathBuf {
    project().join("tests/fixtures/cni").join(name).with_extension("yaml")
}

fn exceptions(found: &Enforcers) -> Vec<String> {
    let exceptions = found.exceptions().filter(|_| found.enforced() == Enforced::Yes);
    exceptions.map(|pool| format!("{}: {}", pool.title(), pool.enforced.as_str())).collect()
}

#[test]
fn every_setup_is_judged_as_it_was_measured_or_documented() {
    let mut left: BTreeSet<String> = fs::read_dir(project().join("tests/fixtures/cni"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    for (name, plugin, enforced, confidence, elsewhere) in SETUPS {
        assert!(left.remove(name), "{name} has no dump");
        let found = detect(&Observed::of(parts(name)));
        let decisive = found.decisive();
        let is = (
            decisive.map_or("", |it| it.plugin.id),
            found.enforced().as_str(),
            decisive.map_or("", |it| it.confidence.as_str()),
        );
        assert_eq!(is, (plugin, enforced, confidence), "{name}: {found:#?}");
        assert_eq!(exceptions(&found), elsewhere, "{name}: {found:#?}");
        for it in &found.detections {
            assert!(!it.evidence.is_empty(), "{name}: nothing says that it is {}", it.plugin.name);
            assert!(it.enforced == Enforced::Yes || it.remediation.is_some(), "{name}: what is to be done?");
        }
    }
    assert!(left.is_empty(), "dumps of no setup: {left:?}");
}

/// The registry has no plugin that no dump shows: each decides in one at least. Those that can be off are off in one.
#[test]
fn every_plugin_has_dumps() {
    let with = |verdict: Option<&str>| -> BTreeSet<&str> {
        SETUPS.iter().filter(|it| verdict.is_none_or(|wanted| it.2 == wanted)).map(|it| it.1).collect()
    };
    let (all, on, off) = (with(None), with(Some("yes")), with(Some("no")));
    for profile in profiles() {
        assert!(all.contains(profile.id), "{} has no dump", profile.id);
        let can_enforce = !matches!(profile.id, "flannel" | "unknown");
        assert_eq!(on.contains(profile.id), can_enforce, "{}", profile.id);
    }
    assert!(off.len() >= 10, "setups that fail open: {off:?}");
}

/// Plugins are known by exact names: what only resembles them is none.
#[test]
fn resemblance_is_no_evidence() {
    for (name, ..) in SETUPS {
        let text = fs::read_to_string(fixture(name)).unwrap();
        // Every agent gets another name and an image from elsewhere.
        let mut objects =
            objects_of_kinds(&frame(&text), |gvk| matches!(gvk.kind.as_str(), "DaemonSet" | "Deployment")).unwrap();
        for object in &mut objects {
            let other = format!("my-{}", object["metadata"]["name"].as_str().unwrap());
            object["metadata"]["name"] = other.into();
            for container in object["spec"]["template"]["spec"]["containers"].as_array_mut().unwrap() {
                let image = container["image"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
                container["image"] = format!("mine/my-{image}").into();
                container["name"] = "c".into();
            }
        }
        let found = detect(&Observed::of(objects));
        assert_eq!(found.detections, [], "{name}");
    }
}

fn parts(name: &str) -> Vec<Value> {
    let text = fs::read_to_string(fixture(name)).unwrap();
    objects_of_kinds(&frame(&text), |gvk| Observed::is_telling(&gvk.group, &gvk.kind)).unwrap()
}

/// The order in which objects come does not matter.
#[test]
fn the_order_of_objects_decides_nothing() {
    for (name, ..) in SETUPS {
        let verdict = |objects: Vec<Value>| {
            let found = detect(&Observed::of(objects));
            let all: Vec<_> = found.detections.iter().map(|it| (it.plugin.id, it.enforced, it.confidence)).collect();
            (all, found.node_pools, found.notes)
        };
        let (forward, mut backward) = (parts(name), parts(name));
        backward.reverse();
        assert_eq!(verdict(forward), verdict(backward), "{name}");
    }
}

/// Every pointer to a value inside, the root left out.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(fields) => {
            fields.iter().map(|(key, child)| (key.replace('~', "~0").replace('/', "~1"), child)).collect()
        }
        Value::Array(items) => items.iter().enumerate().map(|(index, child)| (index.to_string(), child)).collect(),
        _ => Vec::new(),
    };
    for (key, child) in children {
        let path = format!("{at}/{key}");
        pointers(child, &path, found);
        found.push(path);
    }
}

/// Objects that the API would never give end in no panic and in no plugin without evidence.
#[test]
fn broken_objects_are_survived() {
    let mut tried = 0;
    for (name, ..) in SETUPS {
        let objects = parts(name);
        for (number, object) in objects.iter().enumerate() {
            let mut paths = Vec::new();
            pointers(object, "", &mut paths);
            for path in paths {
                for wrong in [
                    Value::Null,
                    Value::from(7),
                    Value::from("\u{e9}--=:@"),
                    serde_json::json!([[]]),
                    serde_json::json!({}),
                ] {
                    let mut broken = objects.clone();
                    *broken[number].pointer_mut(&path).unwrap() = wrong;
                    let found = detect(&Observed::of(broken));
                    assert!(found.detections.iter().all(|it| !it.evidence.is_empty()), "{name} {path}");
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 10_000, "{tried}");
}

fn check(more: &[&str], input: &str) -> Ran {
    run(&[&["network", "check-cni"], more].concat(), input)
}

fn json(ran: &Ran) -> Value {
    let value: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}{}", ran.stdout, ran.stderr));
    let schema = fs::read(project().join("docs/schema/network-check-cni.schema.json")).unwrap();
    assert_eq!(faults(&serde_json::from_slice(&schema).unwrap(), &value), [""; 0]);
    value
}

#[test]
fn the_exit_code_says_whether_policies_are_enforced_everywhere() {
    for (name, plugin, enforced, _, elsewhere) in SETUPS {
        let file = fixture(name);
        let ran = check(&["-f", file.to_str().unwrap(), "-o", "json"], "");
        let is_good = enforced == "yes" && elsewhere.is_empty();
        assert_eq!(ran.code, Some(i32::from(!is_good)), "{name}: {}{}", ran.stdout, ran.stderr);
        let value = json(&ran);
        assert_eq!(value["everywhere"], is_good, "{name}");
        assert_eq!(value.get("plugin").and_then(Value::as_str).unwrap_or_default(), plugin, "{name}");
    }
    for (more, input, code) in [
        (&["-f", "-"][..], "", 3),
        (&["-f", "-"], "a: [", 3),
        (&["-f", "missing.yaml"], "", 3),
        (&["-f", "-", "-o", "sarif"], "", 2),
        (&["-f", "-", "--print-rbac"], "", 2),
        (&["-f", "-"], "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n", 1),
        (&["--kubeconfig", "/missing"], "", 2),
    ] {
        let ran = check(more, input);
        assert_eq!(ran.code, Some(code), "{more:?} {}", ran.stderr);
    }
}

#[test]
fn the_report_says_what_it_rests_on_and_what_to_do() {
    let text = |name: &str| check(&["-f", "-"], &fs::read_to_string(fixture(name)).unwrap()).stdout;
    insta::assert_snapshot!("aws_vpc_cni_mixed_nodes", text("aws-vpc-cni-mixed-nodes"));
    insta::assert_snapshot!("flannel_multus", text("flannel-multus"));
    insta::assert_snapshot!("k3s_no_policy", text("k3s-no-policy"));
    insta::assert_snapshot!("bridge", text("bridge"));
}

#[test]
fn a_folder_of_dumps_is_one_cluster() {
    let folder = TempDir::new().unwrap();
    let text = fs::read_to_string(fixture("aws-vpc-cni")).unwrap();
    let items: Vec<&str> = text.split("\n- ").collect();
    let (head, rest) = items.split_first().unwrap();
    assert!(head.contains("items:"), "{head}");
    for (number, item) in rest.iter().enumerate() {
        let item = item.split("\nkind: List").next().unwrap();
        let lines: Vec<&str> = item.lines().map(|line| line.strip_prefix("  ").unwrap_or(line)).collect();
        let document = lines.join("\n") + "\n";
        fs::write(folder.path().join(format!("{number}.yaml")), document).unwrap();
    }
    let ran = check(&["-f", folder.path().to_str().unwrap(), "-o", "json"], "");
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(json(&ran)["plugins"][0]["evidence"].as_array().unwrap().len(), 4);
}
